"""Heat: how a distance compares with what rounding explains, in ten steps."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dualnet.report.wording import number

__all__ = ["BEYOND", "Cell", "LEVELS", "cell", "level"]

#: The upper ends of the steps, as parts of the gate, with their names; the last has none.
LEVELS = (
    (0.0, "the same bits"),
    (1e-4, "≤ 1e-4"),
    (1e-3, "≤ 1e-3"),
    (1e-2, "≤ 1e-2"),
    (1e-1, "≤ 0.1"),
    (1.0, "≤ 1 gate"),
    (1e1, "≤ 10"),
    (1e3, "≤ 1e3"),
    (1e6, "≤ 1e6"),
    (math.inf, "more"),
)
#: The first step that is beyond the gate.
BEYOND = 6


@dataclass(frozen=True)
class Cell:
    """One square of a heat map: its step of heat, and what it says when pointed at."""

    level: int
    title: str


def level(relative: float, gate: float) -> int:
    """The step of heat of a relative distance.

    >>> level(0.0, 1e-12), level(5e-13, 1e-12), level(2e-12, 1e-12), level(float("nan"), 1e-12)
    (0, 5, 6, 9)
    """
    part = relative / gate
    return next((place for place, (end, _) in enumerate(LEVELS) if part <= end), len(LEVELS) - 1)


def cell(name: str, relative: float, gate: float) -> Cell:
    """The square of a relative distance."""
    text = f"{name}: relative {number(relative)}, gate {number(gate)}"
    return Cell(level(relative, gate), text)
