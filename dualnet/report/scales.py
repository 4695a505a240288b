"""Axes: where numbers lie on a drawing, and where their labels go."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

__all__ = [
    "Axis",
    "Linear",
    "Logarithmic",
    "Places",
    "StepAxis",
    "Steps",
    "linear",
    "logarithmic",
    "spaced",
]

#: About how many labels an axis has.
TICKS = 6
#: A step axis of a longer run is logarithmic: measured steps lie close together at first.
LONG = 64

#: Width of a character of a label.
CHARACTER = 6.5

#: A place on an axis, and its label.
Tick = tuple[float, str]


class Axis(Protocol):
    """Numbers to places."""

    def at(self, value: float, /) -> float:
        """Where a number lies."""
        ...

    def ticks(self) -> Iterator[Tick]:
        """The labels."""
        ...


class StepAxis(Axis, Protocol):
    """Training steps to places."""

    @property
    def title(self) -> str:
        """What the axis counts."""
        ...


@dataclass(frozen=True)
class Linear:
    """From ``low`` at ``begin`` to ``high`` at ``end``; what lies outside is at the edge."""

    low: float
    high: float
    begin: float
    end: float

    def at(self, value: float, /) -> float:
        """Where a number lies."""
        part = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.begin + (self.end - self.begin) * part

    def ticks(self) -> Iterator[Tick]:
        """Multiples of 1, 2 or 5 times a power of ten."""
        step = _round_step((self.high - self.low) / TICKS)
        for k in range(math.ceil(self.low / step), math.floor(self.high / step) + 1):
            yield self.at(k * step), f"{k * step:.6g}"


@dataclass(frozen=True)
class Logarithmic:
    """Decades, and beyond their ends a place for zero, below, and for infinity, above.

    Attributes:
        low, high: powers of ten.
        zero, infinite: whether there are such places.
    """

    low: int
    high: int
    begin: float
    end: float
    zero: bool
    infinite: bool

    def at(self, value: float, /) -> float:
        """Where a number lies."""
        bottom, top = self.low - self.zero, self.high + self.infinite
        if value <= 0:
            place: float = bottom
        elif math.isinf(value):
            place = top
        else:
            place = min(max(math.log10(value), self.low), self.high)
        return self.begin + (self.end - self.begin) * (place - bottom) / (top - bottom)

    def ticks(self) -> Iterator[Tick]:
        """Powers of ten, zero and infinity."""
        if self.zero:
            yield self.at(0.0), "0"
        for power in range(self.low, self.high + 1, max(1, -(-(self.high - self.low) // TICKS))):
            yield self.at(10.0**power), f"1e{power}" if power else "1"
        if self.infinite:
            yield self.at(math.inf), "∞"


@dataclass(frozen=True)
class Steps:
    """Training steps from 0; of a long run, on a logarithmic scale."""

    last: int
    begin: float
    end: float

    @property
    def title(self) -> str:
        """What the axis counts."""
        return "step, on a logarithmic scale" if self.last > LONG else "step"

    def at(self, value: float, /) -> float:
        """Where a step lies."""
        part = self._scaled(value) / max(self._scaled(self.last), 1e-9)
        return self.begin + (self.end - self.begin) * part

    def _scaled(self, step: float) -> float:
        return math.log1p(step) if self.last > LONG else step

    def ticks(self) -> Iterator[Tick]:
        """Round numbers of steps, and the last."""
        shown = [step for step in self._round() if step <= self.last]
        room = (self.end - self.begin) / (2 * TICKS)
        for step in shown:
            if self.at(self.last) - self.at(step) > room:
                yield self.at(step), str(step)
        yield self.at(self.last), str(self.last)

    def _round(self) -> Iterator[int]:
        if self.last <= LONG:
            step = max(1, round(_round_step(max(self.last, 1) / TICKS)))
            yield from range(0, self.last + 1, step)
            return
        yield from (0, 1, 3)
        yield from (10**power for power in range(1, math.ceil(math.log10(self.last)) + 1))


@dataclass(frozen=True)
class Places:
    """Steps side by side, each with the same room, however far apart they are in the run."""

    steps: Sequence[int]
    begin: float
    end: float

    @property
    def title(self) -> str:
        """What the axis counts."""
        gaps = any(b != a + 1 for a, b in pairwise(self.steps))
        return "step; lines break where steps were left out" if gaps else "step"

    def at(self, value: float, /) -> float:
        """Where a step lies that is one of them."""
        place = self.steps.index(int(value))
        return self.begin + (self.end - self.begin) * (place + 0.5) / len(self.steps)

    def ticks(self) -> Iterator[Tick]:
        """As many of the steps as have room for their numbers."""
        yield from spaced((self.at(step), str(step)) for step in self.steps)


def linear(values: Iterable[float], begin: float, end: float) -> Linear:
    """An axis that holds the finite ones of some numbers."""
    finite = [value for value in values if math.isfinite(value)] or [0.0]
    low, high = min(finite), max(finite)
    room = 0.05 * (high - low) or 0.1 * abs(high) or 1.0
    return Linear(low - room, high + room, begin, end)


def logarithmic(values: Iterable[float], begin: float, end: float) -> Logarithmic:
    """An axis of decades that holds some numbers; zeros and infinities have their own places."""
    known = [value for value in values if not math.isnan(value)]
    sizes = [math.log10(value) for value in known if 0 < value < math.inf] or [0.0]
    low, high = math.floor(min(sizes)), math.ceil(max(sizes))
    return Logarithmic(
        low,
        max(high, low + 1),
        begin,
        end,
        any(value <= 0 for value in known),
        any(math.isinf(value) for value in known),
    )


def spaced(ticks: Iterable[Tick]) -> Iterator[Tick]:
    """Labels side by side without those that would lie over the one before.

    >>> list(spaced([(0.0, "0"), (20.0, "1"), (40.0, "2000"), (60.0, "3000")]))
    [(0.0, '0'), (20.0, '1'), (60.0, '3000')]
    """
    end = -math.inf
    for place, label in ticks:
        half = CHARACTER * len(label) / 2
        if place - half >= end:
            yield place, label
            end = place + half + CHARACTER


def _round_step(least: float) -> float:
    """The smallest of 1, 2, 5, 10, … that is no smaller."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= least)
