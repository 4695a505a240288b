"""The rows of the catalogue, and what they are asked about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from dualnet.parity.foreign.causes.case import Case, Values
from dualnet.parity.foreign.facts import Facts

__all__ = ["Change", "Entry", "Trial", "title"]


class Change(NamedTuple):
    """One correction to try.

    Attributes:
        finding: what each side does, if the correction is right.
        advice: what to change in the user's code then.
        case: the corrected computation.
    """

    finding: str
    advice: str
    case: Case


@dataclass(frozen=True, eq=False)
class Trial:
    """A side whose computation is known, and another one that it is to be turned into.

    Attributes:
        case: the known side; where no definition reproduces it, what was recorded of it.
        other: the facts of the other side.
        target: what the other side gave.
        this, that: how the two sides are called in messages.
        alone: the layers without a partner that the other side has in between.
    """

    case: Case
    other: Facts
    target: Values
    this: str
    that: str
    alone: tuple[Facts, ...] = ()

    @property
    def facts(self) -> Facts:
        """The facts of the known side."""
        return self.case.facts


@dataclass(frozen=True)
class Entry:
    """One likely cause.

    Attributes:
        name: as it is reported.
        signature: how the two sides differ by it.
        verified: what is tried on the layer alone.
        phases: where it may show.
        kinds: the layers, optimizers or losses it applies to, by the beginnings of their
            names; any if empty.
        propose: the corrections to try.
    """

    name: str
    signature: str
    verified: str
    phases: tuple[str, ...]
    kinds: tuple[str, ...]
    propose: Callable[[Trial], Iterator[Change]]

    def applies(self, trial: Trial) -> bool:
        """Whether it may be the cause at all."""
        if trial.case.phase not in self.phases:
            return False
        return not self.kinds or trial.facts.kind.startswith(self.kinds)


def title(facts: Facts, side: str) -> str:
    """A side in a message, such as ``BatchNorm2d 'bn1' (a)``."""
    where = f" {facts.path!r}" if facts.path else ""
    return f"{facts.native}{where} ({side})"
