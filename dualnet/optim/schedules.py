"""Learning rates as functions of the step: frozen values, computed in float64.

``schedule(step)`` is the learning rate of the update that follows ``step`` updates, so the
first one uses ``schedule(0)``.  ``step`` is a Python number, or a 0-dim float64 tensor inside
a compiled function; the result is of the same kind, and equal.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from dualnet.config import Configurable
from dualnet.errors import ConfigError
from dualnet.optim import scalar
from dualnet.optim.check import (
    check_fraction,
    check_increasing,
    check_integer,
    check_nonnegative,
    check_positive,
)
from dualnet.optim.scalar import Number

__all__ = [
    "Chained",
    "ConstantRate",
    "CosineDecay",
    "CosineRestarts",
    "Cyclic",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LinearWarmup",
    "MultiStepDecay",
    "OneCycle",
    "PiecewiseConstant",
    "PolynomialDecay",
    "Schedule",
    "StepDecay",
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


class InverseTimeDecay(Schedule):
    """``lr(t) = lr₀ / (1 + rate · t / decay_steps)``.

    Robbins & Monro, "A Stochastic Approximation Method", 1951, for steps of this order.

    Args:
        initial_learning_rate: ``lr₀``.
        decay_steps: updates that count as one.
        decay_rate: how much the divisor grows in them.
        staircase: whether ``t / decay_steps`` is rounded down.

    >>> InverseTimeDecay(0.1, decay_steps=10, decay_rate=0.5)(20)
    0.05
    """

    initial_learning_rate: float
    decay_steps: int
    decay_rate: float
    staircase: bool = False

    def check(self) -> None:
        name = type(self).__name__
        check_nonnegative(name, initial_learning_rate=self.initial_learning_rate)
        check_nonnegative(name, decay_rate=self.decay_rate)
        check_integer(name, decay_steps=self.decay_steps)

    def __call__(self, step: Number) -> Number:
        progress = step / self.decay_steps
        if self.staircase:
            progress = scalar.floor(progress)
        return self.initial_learning_rate / (1.0 + self.decay_rate * progress)


class PolynomialDecay(Schedule):
    """``lr(t) = (lr₀ - lr₁) · (1 - min(t / T, 1))^power + lr₁``.

    Chen et al., "DeepLab", 2018, section 4.1, with an end; linear with ``power=1``.

    Args:
        initial_learning_rate: ``lr₀``.
        decay_steps: ``T``.
        end_learning_rate: ``lr₁``, kept after ``T``.
        power: the exponent.
        cycle: whether ``T`` is stretched to its next multiple that is not below ``t``, so that
            the learning rate leaps up after every ``T`` updates, as in Keras.

    >>> schedule = PolynomialDecay(0.1, decay_steps=10, end_learning_rate=0.02, power=2)
    >>> schedule(0), schedule(5), schedule(10), schedule(99)
    (0.1, 0.04, 0.02, 0.02)
    """

    initial_learning_rate: float
    decay_steps: int
    end_learning_rate: float = 1e-4
    power: float = 1.0
    cycle: bool = False

    def check(self) -> None:
        name = type(self).__name__
        check_nonnegative(name, initial_learning_rate=self.initial_learning_rate)
        check_nonnegative(name, end_learning_rate=self.end_learning_rate)
        check_integer(name, decay_steps=self.decay_steps)
        check_positive(name, power=self.power)

    def __call__(self, step: Number) -> Number:
        periods = step / self.decay_steps
        if self.cycle:
            left = 1.0 - periods / scalar.maximum(-scalar.floor(-periods), 1.0)
        else:
            left = 1.0 - scalar.minimum(periods, 1.0)
        fall = self.initial_learning_rate - self.end_learning_rate
        return fall * left**self.power + self.end_learning_rate


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


class CosineRestarts(Schedule):
    """:class:`CosineDecay` begun anew again and again.

    Period ``i`` is ``T · t_mulⁱ`` updates long and starts from ``lr₀ · m_mulⁱ``.

    Loshchilov & Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017, equation
    5, with ``η_min = α`` times the period's first learning rate (Keras's ``η_min`` does not fall
    with the periods).

    Args:
        initial_learning_rate: ``lr₀``.
        first_decay_steps: ``T``.
        t_mul: how many times longer each period is; an integer.
        m_mul: the factor of each period's first learning rate.
        alpha: ``α``.

    >>> schedule = CosineRestarts(0.1, first_decay_steps=10, m_mul=0.5)
    >>> schedule(0), schedule(5), schedule(10), schedule(30)
    (0.1, 0.05, 0.05, 0.025)
    """

    initial_learning_rate: float
    first_decay_steps: int
    t_mul: int = 2
    m_mul: float = 1.0
    alpha: float = 0.0

    def check(self) -> None:
        name = type(self).__name__
        check_nonnegative(name, initial_learning_rate=self.initial_learning_rate)
        check_integer(name, first_decay_steps=self.first_decay_steps, t_mul=self.t_mul)
        check_positive(name, m_mul=self.m_mul)
        check_fraction(name, alpha=self.alpha)

    def __call__(self, step: Number) -> Number:
        restarts, progress = self._place(step / self.first_decay_steps)
        first = self.initial_learning_rate * self.m_mul**restarts
        cosine = 0.5 * (1.0 + scalar.cos(math.pi * progress))
        return first * (self.alpha + (1.0 - self.alpha) * cosine)

    def _place(self, periods: Number) -> tuple[Number, Number]:
        """How many periods are over, and how much of this one.

        Args:
            periods: the step, in first periods.
        """
        if self.t_mul == 1:
            restarts = scalar.floor(periods)
            return restarts, periods - restarts
        grown = periods * (self.t_mul - 1) + 1.0
        # A whole power's logarithm may come out just below a whole number; a step is never this
        # close to a restart without being at it.
        restarts = scalar.floor(scalar.log(grown) / math.log(self.t_mul) + 1e-12)
        length = scalar.round(self.t_mul**restarts)
        return restarts, (grown / length - 1.0) / (self.t_mul - 1)


class OneCycle(Schedule):
    """Up to a large learning rate, and down to a very small one.

    With ``P = warmup · total - 1`` and ``E = total - 1``, between neighbours of ``(0, lr₀)``,
    ``(P, lr_max)``, ``(E, lr₁)`` the learning rate follows half a cosine or a line, where
    ``lr₀ = lr_max / div_factor`` and ``lr₁ = lr₀ / final_div_factor``; it then stays.

    Smith & Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large
    Learning Rates", 2018; names and defaults are PyTorch's ``OneCycleLR``.

    Args:
        max_learning_rate: ``lr_max``.
        total_steps: ``total``.
        warmup: the part of the steps in which the learning rate rises.
        anneal: ``"cos"`` or ``"linear"``.
        div_factor: ``lr_max / lr₀``.
        final_div_factor: ``lr₀ / lr₁``.

    >>> schedule = OneCycle(0.1, total_steps=101, warmup=0.5, anneal="linear", div_factor=10.0)
    >>> round(schedule(0), 12), schedule(49.5)
    (0.01, 0.1)
    """

    max_learning_rate: float
    total_steps: int
    warmup: float = 0.3
    anneal: str = "cos"
    div_factor: float = 25.0
    final_div_factor: float = 1e4

    def check(self) -> None:
        name = type(self).__name__
        check_positive(
            name,
            max_learning_rate=self.max_learning_rate,
            div_factor=self.div_factor,
            final_div_factor=self.final_div_factor,
        )
        check_integer(name, total_steps=self.total_steps)
        check_fraction(name, warmup=self.warmup)
        if self.anneal not in ("cos", "linear"):
            raise ConfigError(f"{name}: anneal={self.anneal!r}; choose 'cos' or 'linear'")
        if not 1.0 < self.warmup * self.total_steps < self.total_steps:
            raise ConfigError(
                f"{name}: warmup={self.warmup!r} of {self.total_steps} steps leaves no step to "
                "rise or none to fall; lengthen it or choose another part"
            )

    def __call__(self, step: Number) -> Number:
        first = self.max_learning_rate / self.div_factor
        peak, end = self.warmup * self.total_steps - 1.0, self.total_steps - 1.0
        rising = self._between(first, self.max_learning_rate, step / peak)
        part = scalar.minimum((step - peak) / (end - peak), 1.0)
        falling = self._between(self.max_learning_rate, first / self.final_div_factor, part)
        return scalar.where(step < peak, rising, falling)

    def _between(self, start: float, stop: float, part: Number) -> Number:
        left = 1.0 - part if self.anneal == "linear" else 0.5 * (1.0 + scalar.cos(math.pi * part))
        return stop + (start - stop) * left


class Cyclic(Schedule):
    """``lr(t) = lr₀ + (lr_max - lr₀) · h(t) · m_mulⁱ · gammaᵗ``, up and down again and again.

    In cycle ``i`` (from 0) the height ``h`` rises in a line from 0 to 1 and falls back to 0.

    Smith, "Cyclical Learning Rates for Training Neural Networks", 2017, section 3; PyTorch's
    ``CyclicLR`` has ``m_mul=0.5`` as ``"triangular2"`` and ``gamma`` as ``"exp_range"``.

    Args:
        initial_learning_rate: ``lr₀``, the lowest.
        max_learning_rate: ``lr_max``.
        step_size_up: updates in which the learning rate rises.
        step_size_down: updates in which it falls; as many if not given.
        m_mul: the factor of each cycle's height.
        gamma: the factor of the height with each update.

    >>> schedule = Cyclic(0.25, 0.75, step_size_up=2, m_mul=0.5)
    >>> [schedule(step) for step in range(7)]
    [0.25, 0.5, 0.75, 0.5, 0.25, 0.375, 0.5]
    """

    initial_learning_rate: float
    max_learning_rate: float
    step_size_up: int = 2000
    step_size_down: int | None = None
    m_mul: float = 1.0
    gamma: float = 1.0

    def check(self) -> None:
        name = type(self).__name__
        check_nonnegative(name, initial_learning_rate=self.initial_learning_rate)
        check_nonnegative(name, max_learning_rate=self.max_learning_rate)
        check_integer(name, step_size_up=self.step_size_up)
        if self.step_size_down is not None:
            check_integer(name, step_size_down=self.step_size_down)
        check_positive(name, m_mul=self.m_mul, gamma=self.gamma)
        if self.max_learning_rate < self.initial_learning_rate:
            raise ConfigError(
                f"{name}: max_learning_rate={self.max_learning_rate!r} must not be below "
                f"initial_learning_rate={self.initial_learning_rate!r}"
            )

    def __call__(self, step: Number) -> Number:
        up = self.step_size_up
        down = self.step_size_down or up
        cycle = scalar.floor(step / (up + down))
        inside = step - cycle * (up + down)
        height = scalar.where(inside < up, inside / up, 1.0 - (inside - up) / down)
        span = (self.max_learning_rate - self.initial_learning_rate) * height
        return self.initial_learning_rate + span * self.m_mul**cycle * self.gamma**step


class StepDecay(Schedule):
    """``lr(t) = lr₀ · gamma^⌊t / step_size⌋``: PyTorch's ``StepLR``.

    Args:
        initial_learning_rate: ``lr₀``.
        step_size: updates between two falls.
        gamma: the factor.

    >>> schedule = StepDecay(0.8, step_size=10, gamma=0.5)
    >>> schedule(9), schedule(10), schedule(20)
    (0.8, 0.4, 0.2)
    """

    initial_learning_rate: float
    step_size: int
    gamma: float = 0.1

    def check(self) -> None:
        name = type(self).__name__
        check_nonnegative(name, initial_learning_rate=self.initial_learning_rate)
        check_integer(name, step_size=self.step_size)
        check_positive(name, gamma=self.gamma)

    def __call__(self, step: Number) -> Number:
        return self.initial_learning_rate * self.gamma ** scalar.floor(step / self.step_size)


class MultiStepDecay(Schedule):
    """``lr(t) = lr₀ · gammaⁿ``, with ``n`` milestones reached: PyTorch's ``MultiStepLR``.

    Args:
        initial_learning_rate: ``lr₀``.
        milestones: increasing step numbers.
        gamma: the factor.

    >>> schedule = MultiStepDecay(0.8, milestones=(10, 15), gamma=0.5)
    >>> schedule(9), schedule(10), schedule(15)
    (0.8, 0.4, 0.2)
    """

    initial_learning_rate: float
    milestones: tuple[int, ...]
    gamma: float = 0.1

    def check(self) -> None:
        name = type(self).__name__
        check_nonnegative(name, initial_learning_rate=self.initial_learning_rate)
        check_increasing(name, milestones=self.milestones)
        check_positive(name, gamma=self.gamma)

    def __call__(self, step: Number) -> Number:
        falls = range(len(self.milestones) + 1)
        rates = [self.initial_learning_rate * self.gamma**n for n in falls]
        return _piece(step, self.milestones, rates)


class Chained(Schedule):
    """One schedule after another, each from its own step 0: PyTorch's ``SequentialLR``.

    Args:
        schedules: schedules, or learning rates.
        boundaries: increasing step numbers, at which the next one begins; one fewer.

    >>> schedule = Chained((0.01, CosineDecay(0.1, 100)), boundaries=(5,))
    >>> schedule(4), schedule(5), schedule(55)
    (0.01, 0.1, 0.05)
    """

    schedules: tuple[float | Schedule, ...]
    boundaries: tuple[int, ...]

    def check(self) -> None:
        name = type(self).__name__
        rates = {f"schedules[{i}]": s for i, s in enumerate(self.schedules)}
        check_nonnegative(name, **{k: s for k, s in rates.items() if not isinstance(s, Schedule)})
        check_increasing(name, boundaries=self.boundaries)
        if len(self.schedules) != len(self.boundaries) + 1:
            raise ConfigError(
                f"{name}: {len(self.boundaries)} boundaries part {len(self.boundaries) + 1} "
                f"schedules, got {len(self.schedules)}"
            )

    def __call__(self, step: Number) -> Number:
        first, *others = [as_schedule(schedule) for schedule in self.schedules]
        current = first(step)
        for boundary, schedule in zip(self.boundaries, others, strict=True):
            # Before its time a schedule is asked for its step 0, where each is defined.
            rate = schedule(scalar.maximum(step - boundary, 0.0))
            current = scalar.where(step < boundary, current, rate)
        return current


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
        check_increasing(name, boundaries=self.boundaries)
        check_nonnegative(name, **{f"values[{i}]": v for i, v in enumerate(self.values)})
        if len(self.values) != len(self.boundaries) + 1:
            raise ConfigError(
                f"{name}: {len(self.boundaries)} boundaries part {len(self.boundaries) + 1} "
                f"values, got {len(self.values)}"
            )

    def __call__(self, step: Number) -> Number:
        return _piece(step, self.boundaries, self.values)


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


def _piece(step: Number, boundaries: Sequence[int], values: Sequence[float]) -> Number:
    """The value of the piece that a step lies in."""
    current, *later = [scalar.constant(step, float(value)) for value in values]
    for boundary, value in zip(boundaries, later, strict=True):
        current = scalar.where(step < boundary, current, value)
    return current


def as_schedule(learning_rate: float | Schedule) -> Callable[[Number], Number]:
    """A learning rate, constant or not, as a function of the step; compilers trace it."""
    if isinstance(learning_rate, Schedule):
        return learning_rate
    return lambda step: scalar.constant(step, float(learning_rate))
