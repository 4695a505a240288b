"""What an explanation is."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Cause"]


@dataclass(frozen=True)
class Cause:
    """Why two layers part, and what mends it.

    Attributes:
        name: its entry in the catalogue; two joined by ``" and "`` where both are needed.
        text: what each side does, and the distance before and after the correction.
        correction: what to change, and on which side.
        before: the relative distance as found.
        after: the relative distance once the correction was tried.
    """

    name: str
    text: str
    correction: str
    before: float
    after: float

    def __str__(self) -> str:
        return f"{self.name}: {self.text}: {self.correction}"
