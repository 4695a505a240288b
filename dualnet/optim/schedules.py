"""Learning rates as functions of the step: frozen values, computed in float64.

``schedule(step)`` is the learning rate of the update that follows ``step`` updates, so the
first one uses ``schedule(0)``.  ``step`` is a Python number, or a 0-dim float64 tensor inside
a compiled function; the result is of the same kind, and equal.
"""

from __future__ import annotations

import math

from dualnet.config import Configurable
from dualnet.errors import ConfigError
from dualnet.optim import scalar
from dualnet.optim.check import check_fraction, check_integer, check_nonnegative, check_positive
from dualnet.optim.scalar import Number

__all__ = [
    "ConstantRate",
    "CosineDecay",
    "ExponentialDecay",
    "LinearWarmup",
    "PiecewiseConstant",
    "Schedule",
    "as_schedule",
]


class Schedule(Configurable):
    """Base of every schedule; a subclass computes ``__call__(step)``."""

    def __call__(self, step: Number) -> Number:
        """The learning rate after ``step`` updates."""
        raise NotImplementedError(f"{type(self).__name__} defines no __call__(self, step)")


class ConstantRate(Schedule):
    """``lr(t) = value``."""

    value: float

    def check(self) -> None:
        check_nonnegative(type(self).__name__, value=self.value)

    def __call__(self, step: Number) -> Number:
        return scalar.constant(step, float(self.value))


class ExponentialDecay(Schedule):
    """``lr(t) = lr₀ · rate^(t / decay_steps)``.

    Args:
        initial_learning_rate: ``lr₀``.
        decay_steps: updates in which the learning rate falls by ``decay_rate``.
        decay_rate: the factor.
        staircase: whether ``t / decay_steps`` is rounded down, so that it falls in steps.

    >>> ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5)(20)
    0.025
    """

    initial_learning_rate: float
    decay_steps: int
    decay_rate: float
    staircase: bool = False

    def check(self) -> None:
        name = type(self).__name__
        check_nonnegative(name, initial_learning_rate=self.initial_learning_rate)
        check_integer(name, decay_steps=self.decay_steps)
        check_positive(name, decay_rate=self.decay_rate)

    def __call__(self, step: Number) -> Number:
        exponent = step / self.decay_steps
        if self.staircase:
            exponent = scalar.floor(exponent)
        return self.initial_learning_rate * self.decay_rate**exponent


class CosineDecay(Schedule):
    """``lr(t) = lr₀ · (α + (1 - α) · ½ (1 + cos(π · min(t / T, 1))))``.

    Loshchilov & Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017,
    equation 5, for one period, with ``η_min = α · lr₀``; after ``T`` it stays there.

    Args:
        initial_learning_rate: ``lr₀``.
        decay_steps: ``T``.
        alpha: ``α``, the last learning rate as a part of the first.

    >>> schedule = CosineDecay(0.1, decay_steps=100, alpha=0.1)
    >>> schedule(0), schedule(100), schedule(1000)
    (0.1, 0.01, 0.01)
    """

    initial_learning_rate: float
    decay_steps: int
    alpha: float = 0.0

    def check(self) -> None:
        name = type(self).__name__
        check_nonnegative(name, initial_learning_rate=self.initial_learning_rate)
        check_integer(name, decay_steps=self.decay_steps)
        check_fraction(name, alpha=self.alpha)

    def __call__(self, step: Number) -> Number:
        progress = scalar.minimum(step / self.decay_steps, 1.0)
        cosine = 0.5 * (1.0 + scalar.cos(math.pi * progress))
        return self.initial_learning_rate * (self.alpha + (1.0 - self.alpha) * cosine)


class PiecewiseConstant(Schedule):
    """``lr(t) = values[i]``, where ``i`` is the number of boundaries that ``t`` has reached.

    The first ``boundaries[0]`` updates use ``values[0]``.

    Args:
        boundaries: increasing step numbers.
        values: learning rates, one more than boundaries.

    >>> schedule = PiecewiseConstant([100, 200], [0.1, 0.01, 0.001])
    >>> schedule(99), schedule(100), schedule(200)
    (0.1, 0.01, 0.001)
    """

    boundaries: tuple[int, ...]
    values: tuple[float, ...]

    def check(self) -> None:
        name = type(self).__name__
        check_integer(name, **{f"boundaries[{i}]": b for i, b in enumerate(self.boundaries)})
        check_nonnegative(name, **{f"values[{i}]": v for i, v in enumerate(self.values)})
        if list(self.boundaries) != sorted(set(self.boundaries)):
            raise ConfigError(f"{name}: boundaries={self.boundaries} must increase")
        if len(self.values) != len(self.boundaries) + 1:
            raise ConfigError(
                f"{name}: {len(self.boundaries)} boundaries part {len(self.boundaries) + 1} "
                f"values, got {len(self.values)}"
            )

    def __call__(self, step: Number) -> Number:
        rates = [scalar.constant(step, float(value)) for value in self.values]
        current = rates[0]
        for boundary, rate in zip(self.boundaries, rates[1:], strict=True):
            current = scalar.where(step < boundary, current, rate)
        return current


class LinearWarmup(Schedule):
    """``lr(t) = start + (then(0) - start) · t / steps`` below ``steps``, ``then(t - steps)`` after.

    Goyal et al., "Accurate, Large Minibatch SGD", 2017, section 2.2.

    Args:
        steps: updates in which the learning rate rises.
        then: the learning rate, or the schedule, that follows.
        start: the first learning rate.

    >>> schedule = LinearWarmup(10, then=CosineDecay(0.1, decay_steps=100))
    >>> schedule(0), schedule(5), schedule(10)
    (0.0, 0.05, 0.1)
    """

    steps: int
    then: float | Schedule
    start: float = 0.0

    def check(self) -> None:
        name = type(self).__name__
        check_integer(name, steps=self.steps)
        check_nonnegative(name, start=self.start)
        if not isinstance(self.then, Schedule):
            check_nonnegative(name, then=self.then)

    def __call__(self, step: Number) -> Number:
        after = as_schedule(self.then)
        rising = self.start + (after(0) - self.start) * (step / self.steps)
        return scalar.where(
            step < self.steps, rising, after(scalar.maximum(step - self.steps, 0.0))
        )


def as_schedule(learning_rate: float | Schedule) -> Schedule:
    """A learning rate, constant or not, as a schedule."""
    return learning_rate if isinstance(learning_rate, Schedule) else ConstantRate(learning_rate)
