"""Likely causes of a parting, each tried on the layer alone before it is named."""

from __future__ import annotations

from dataclasses import dataclass

from dualnet.parity.foreign.parting import Parting

__all__ = ["Cause", "explain"]


@dataclass(frozen=True)
class Cause:
    """Why two layers part, and what mends it.

    Attributes:
        name: its entry in the catalogue.
        text: the cause, in a sentence.
        correction: what to change, and on which side.
        before: the relative distance as found.
        after: the relative distance once the correction was tried.
    """

    name: str
    text: str
    correction: str
    before: float
    after: float


def explain(parting: Parting) -> Cause | None:
    """The cause whose correction makes the two sides agree; ``None`` if none does."""
    return None
