"""Arithmetic of one number that is a Python float eagerly and a float64 tensor in a graph.

A schedule, a bias correction or a learning rate is computed from the step counter.  Eagerly
the counter is a Python number and so is all that follows from it; inside a compiled function
it is a 0-dim float64 tensor.  ``+ - * / **`` and comparisons work on both as they are; these
are the functions that do not.
"""

from __future__ import annotations

import builtins
import math
from typing import Any

from dualnet import ops
from dualnet.typing import Tensor

__all__ = [
    "Number",
    "constant",
    "cos",
    "floor",
    "is_python",
    "log",
    "maximum",
    "minimum",
    "round",
    "where",
]

#: A Python number, or a 0-dim float64 tensor.
Number = Any


def is_python(x: Number) -> bool:
    """Whether the value is known here and now."""
    return isinstance(x, (bool, int, float))


def constant(like: Number, value: float) -> Number:
    """``value`` as the same kind of number as ``like``, exact in float64."""
    return 0.0 * like + value


def cos(x: Number) -> Number:
    """``cos x``."""
    return math.cos(x) if is_python(x) else ops.cos(x)


def floor(x: Number) -> Number:
    """The largest integer that is not above ``x``."""
    return math.floor(x) if is_python(x) else ops.floor(x)


def log(x: Number) -> Number:
    """``log x``."""
    return math.log(x) if is_python(x) else ops.log(x)


def maximum(x: Number, bound: float) -> Number:
    """The larger of a number and a constant."""
    return max(x, bound) if is_python(x) else ops.maximum(x, bound)


def minimum(x: Number, bound: float) -> Number:
    """The smaller of a number and a constant."""
    return min(x, bound) if is_python(x) else ops.minimum(x, bound)


def round(x: Number) -> Number:  # noqa: A001 - the name of the function it stands for
    """The integer nearest to ``x``."""
    return float(builtins.round(x)) if is_python(x) else ops.round(x)


def where(condition: bool | Tensor, a: Number, b: Number) -> Number:
    """``a`` where the condition holds, else ``b``."""
    return (a if condition else b) if is_python(condition) else ops.where(condition, a, b)
