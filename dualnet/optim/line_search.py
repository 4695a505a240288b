"""A step length along a direction that meets the strong Wolfe conditions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from dualnet.typing import Tensor

__all__ = ["StrongWolfe", "Trial"]

#: How much of the decrease that the first slope promises is enough, and how much of that slope
#: may be left.
DECREASE, CURVATURE = 1e-4, 0.9


@dataclass(frozen=True)
class Trial:
    """A point on the line ``x + length · direction``.

    Attributes:
        loss: infinite where it is NaN, so that such a point is never taken.
        gradient: of all variables, as a vector.
        slope: ``gradient · direction``.
    """

    length: float
    loss: float
    gradient: Tensor
    slope: float


class StrongWolfe:
    """A search for ``t`` with ``f(t) ≤ f(0) + c₁ · t · f'(0)`` and ``|f'(t)| ≤ -c₂ · f'(0)``.

    An interval that holds such a point is bracketed, then narrowed by cubic interpolation:
    Nocedal & Wright, "Numerical Optimization", 2006, algorithms 3.5 and 3.6 with equation 3.59
    and ``c₁`` = 1e-4, ``c₂`` = 0.9, with the safeguards of minFunc (Schmidt 2005), which are
    those of ``torch.optim.LBFGS``.

    Args:
        evaluate: gives the point at a length.
        start: the point at length zero.
        longest: the largest element of the direction: an interval times this which is below
            ``tolerance`` is not narrowed further.
        tolerance: see ``longest``.
        most: how many points may be tried after the first.

    Attributes:
        evaluations: how many points were evaluated.
    """

    def __init__(
        self,
        evaluate: Callable[[float], Trial],
        start: Trial,
        *,
        longest: float,
        tolerance: float,
        most: int,
    ) -> None:
        self._evaluate = evaluate
        self._start = start
        self._longest = longest
        self._tolerance = tolerance
        self._most = most
        self.evaluations = 0

    def run(self, length: float) -> Trial:
        """The point found, or the best one of those tried.

        Args:
            length: the first that is tried.
        """
        ends = self._bracket(length)
        return ends[0] if len(ends) == 1 else self._narrowed(ends)

    @property
    def _tried(self) -> int:
        return self.evaluations - 1

    def _at(self, length: float) -> Trial:
        self.evaluations += 1
        return self._evaluate(length)

    def _rises(self, trial: Trial) -> bool:
        """Whether the loss has not fallen enough for this length."""
        return trial.loss > self._start.loss + DECREASE * trial.length * self._start.slope

    def _flat(self, trial: Trial) -> bool:
        return abs(trial.slope) <= -CURVATURE * self._start.slope

    def _bracket(self, length: float) -> list[Trial]:
        """The point sought, or two points with one between them."""
        before, trial = self._start, self._at(length)
        while self._tried < self._most:
            if self._rises(trial) or (self._tried > 1 and trial.loss >= before.loss):
                return [before, trial]
            if self._flat(trial):
                return [trial]
            if trial.slope >= 0:
                return [before, trial]
            least = trial.length + 0.01 * (trial.length - before.length)
            length = cubic_minimum(before, trial, (least, 10 * trial.length))
            before, trial = trial, self._at(length)
        return [self._start, trial]

    def _narrowed(self, ends: list[Trial]) -> Trial:
        """The point sought between two, or the lower of the last two."""
        low, stuck = _lower(ends), False
        while self._tried < self._most:
            if abs(ends[1].length - ends[0].length) * self._longest < self._tolerance:
                break
            length, stuck = _inside(ends, stuck)
            trial, high = self._at(length), 1 - low
            if self._rises(trial) or trial.loss >= ends[low].loss:
                ends[high] = trial
                low = _lower(ends)
                continue
            if self._flat(trial):
                return trial
            if trial.slope * (ends[high].length - ends[low].length) >= 0:
                ends[high] = ends[low]
            ends[low] = trial
        return ends[low]


def _lower(ends: list[Trial]) -> int:
    return 0 if ends[0].loss <= ends[1].loss else 1


def _inside(ends: list[Trial], stuck: bool) -> tuple[float, bool]:
    """The next length to try, and whether it is near an end as such.

    Args:
        stuck: whether the last one was.
    """
    first, last = sorted(end.length for end in ends)
    length = cubic_minimum(ends[0], ends[1], (first, last))
    margin = 0.1 * (last - first)
    if min(last - length, length - first) >= margin:
        return length, False
    if not (stuck or length >= last or length <= first):
        return length, True
    return (last - margin if abs(length - last) < abs(length - first) else first + margin), False


def cubic_minimum(a: Trial, b: Trial, bounds: tuple[float, float]) -> float:
    """Where the cubic through two points, with their slopes, is least, kept within bounds.

    The middle of the bounds where it has no minimum, or a loss is not finite.
    """
    if a.length > b.length:
        a, b = b, a
    least, most = bounds
    chord = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.length - b.length)
    square = chord**2 - a.slope * b.slope
    if not (math.isfinite(square) and square >= 0):
        return (least + most) / 2
    root = math.sqrt(square)
    part = (b.slope + root - chord) / (b.slope - a.slope + 2 * root)
    return min(max(b.length - (b.length - a.length) * part, least), most)
