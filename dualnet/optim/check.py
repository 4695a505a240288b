"""Ranges of hyperparameters of optimizers, schedules and callbacks; what is said outside them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from dualnet.errors import ConfigError

__all__ = [
    "check_between",
    "check_decay",
    "check_finite",
    "check_fraction",
    "check_increasing",
    "check_integer",
    "check_nonnegative",
    "check_nonpositive",
    "check_positive",
]


def _number(value: Any) -> bool:
    real = isinstance(value, (int, float)) and not isinstance(value, bool)
    return real and math.isfinite(value)


def _check(owner: str, values: dict[str, Any], good: Callable[[Any], bool], wanted: str) -> None:
    for name, value in values.items():
        if not good(value):
            raise ConfigError(f"{owner}: {name}={value!r} must be {wanted}")


def check_finite(owner: str, **values: Any) -> None:
    """Each value is a finite number."""
    _check(owner, values, _number, "a finite number")


def check_nonnegative(owner: str, **values: Any) -> None:
    """Each value is a finite number, zero or more."""
    _check(owner, values, lambda v: _number(v) and v >= 0, "a finite number, zero or more")


def check_nonpositive(owner: str, **values: Any) -> None:
    """Each value is a finite number, zero or less."""
    _check(owner, values, lambda v: _number(v) and v <= 0, "a finite number, zero or less")


def check_positive(owner: str, **values: Any) -> None:
    """Each value is a finite number above zero."""
    _check(owner, values, lambda v: _number(v) and v > 0, "a finite number above zero")


def check_decay(owner: str, **values: Any) -> None:
    """Each value is a decay rate of a moving average, in ``[0, 1)``."""
    _check(owner, values, lambda v: _number(v) and 0 <= v < 1, "a number in [0, 1)")


def check_between(owner: str, **values: Any) -> None:
    """Each value is a number between 0 and 1, and neither of them."""
    _check(owner, values, lambda v: _number(v) and 0 < v < 1, "a number between 0 and 1")


def check_fraction(owner: str, **values: Any) -> None:
    """Each value is a number in ``[0, 1]``."""
    _check(owner, values, lambda v: _number(v) and 0 <= v <= 1, "a number in [0, 1]")


def check_integer(owner: str, **values: Any) -> None:
    """Each value is a positive integer."""
    integer = "a positive integer"
    _check(owner, values, lambda v: type(v) is int and v > 0, integer)


def check_increasing(owner: str, **values: Any) -> None:
    """Each value is a tuple of positive integers that increase."""
    for name, steps in values.items():
        if not isinstance(steps, tuple):
            raise ConfigError(f"{owner}: {name}={steps!r} must be a tuple of step numbers")
        check_integer(owner, **{f"{name}[{place}]": step for place, step in enumerate(steps)})
        if list(steps) != sorted(set(steps)):
            raise ConfigError(f"{owner}: {name}={steps} must increase")
