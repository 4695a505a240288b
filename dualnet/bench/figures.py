"""What is measured, and what is made of several measurements of it."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["FIGURES", "Figure", "Spread", "beside", "spread"]


@dataclass(frozen=True)
class Figure:
    """A quantity.

    Attributes:
        name: of the field in JSON.
        title: with the unit.
        more_is_better: whether more of it is better.
        differs: whether two are told apart by their difference, and not by their ratio.
        everywhere: whether the workload has no part in it, so that the first one's tells all.
        places: decimals that are shown.
    """

    name: str
    title: str
    more_is_better: bool = False
    differs: bool = False
    everywhere: bool = False
    places: int = 1


FIGURES = (
    Figure("train", "training, steps/s", more_is_better=True),
    Figure("predict", "predict, samples/s", more_is_better=True, places=0),
    Figure("first_step", "to the first step, s", differs=True, places=2),
    Figure("import", "import, s", differs=True, everywhere=True, places=2),
    Figure("peak", "peak memory, MiB", places=0),
    Figure("op", "µs per eager operation", differs=True, places=2),
    Figure("call", "µs per eager call of a layer", places=2),
    Figure("step", "µs per step of a layer"),
)


@dataclass(frozen=True)
class Spread:
    """A median, and the lowest and highest of the values."""

    median: float
    low: float
    high: float

    @property
    def relative(self) -> float:
        """Half the range over the median."""
        return (self.high - self.low) / (2 * self.median) if self.median else 0.0


def spread(values: Iterable[float]) -> Spread:
    """Of one value or more.

    >>> found = spread([9.0, 10.0, 12.0])
    >>> found.median, found.relative
    (10.0, 0.15)
    """
    known = sorted(values)
    return Spread(statistics.median(known), known[0], known[-1])


def beside(figure: Figure, values: Sequence[float], native: Sequence[float]) -> Spread:
    """The ratios, or the differences, to what was measured in the same round.

    Rounds are compared with themselves, so that what slows down a whole round does not count.

    >>> beside(FIGURES[0], [20.0, 9.0], [10.0, 5.0]).median
    1.9
    """
    pairs = zip(values, native, strict=True)
    return spread(ours - theirs if figure.differs else ours / theirs for ours, theirs in pairs)
