"""Means, deviations and Student's confidence intervals over a few values."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

__all__ = ["CONFIDENCE", "Spread", "spread", "t_quantile"]

#: How often an interval, over many studies, holds the true mean.
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Spread:
    """A mean, and how far single values lie from it.

    Attributes:
        n: how many values there are.
        mean: ``m = Σ x / n``.
        deviation: of the sample, ``s = √(Σ (x - m)² / (n - 1))``; ``None`` for one value.
        margin: half the 95 % confidence interval of the mean, ``t(0.975, n - 1) · s / √n``;
            ``None`` for one value.
    """

    n: int
    mean: float
    deviation: float | None
    margin: float | None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % confidence interval of the mean; ``None`` for one value.

        Student ("The probable error of a mean", Biometrika 6, 1908): exact for any ``n`` where
        the values are independent and normally distributed.
        """
        return None if self.margin is None else (self.mean - self.margin, self.mean + self.margin)


def spread(values: Iterable[float]) -> Spread:
    """Mean, deviation and margin of one value or more; NaN and infinity spread to them.

    >>> found = spread([1.0, 2.0, 4.0])
    >>> found.n, round(found.mean, 3), round(found.deviation, 3), round(found.margin, 3)
    (3, 2.333, 1.528, 3.795)
    """
    x = np.array(list(values), np.float64)
    with np.errstate(invalid="ignore"):  # inf - inf
        mean = float(x.mean())
        if x.size == 1:
            return Spread(1, mean, None, None)
        deviation = float(x.std(ddof=1))
    margin = t_quantile(x.size - 1) * deviation / math.sqrt(x.size)
    return Spread(int(x.size), mean, deviation, margin)


def t_quantile(degrees: int, confidence: float = CONFIDENCE) -> float:
    """``t`` with ``P(|T| <= t) = confidence`` for Student's distribution.

    The probability is the finite sum that Abramowitz & Stegun, "Handbook of Mathematical
    Functions" (1964), give for whole degrees of freedom, in 26.7.3 and 26.7.4; it is inverted by
    bisection.

    >>> round(t_quantile(1), 4), round(t_quantile(4), 4)
    (12.7062, 2.7764)
    """
    low, high = 0.0, math.pi / 2
    while low < (angle := (low + high) / 2) < high:
        if _within(angle, degrees) < confidence:
            low = angle
        else:
            high = angle
    return math.sqrt(degrees) * math.tan(angle)


def _within(angle: float, degrees: int) -> float:
    """``P(|T| <= √degrees · tan(angle))``."""
    square = math.cos(angle) ** 2
    odd = degrees % 2
    term = math.sin(angle) * (math.cos(angle) if odd else 1.0)
    total = 0.0
    for k in range(odd, degrees - 1, 2):
        total += term
        term *= square * (k + 1) / (k + 2)
    return (angle + total) * 2 / math.pi if odd else total
