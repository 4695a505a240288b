"""Functions that take an axis together on PyTorch."""

from __future__ import annotations

import math
from typing import Any

import torch

from dualnet.errors import ShapeError
from dualnet.typing import Axis
from dualnet_torch.ops._common import (
    FLOATING,
    NUMERIC,
    REAL,
    REAL_FLOATING,
    WIDE_UNSIGNED,
    Function,
    beside,
    cast,
    ordered,
    ranked,
    require,
    signed,
    widened,
)


def _in_itself(function: Function) -> Function:
    """PyTorch adds up and multiplies integers in int64; here in their dtype, as int64 modulo it."""

    def call(x: Any, *args: Any, **kwargs: Any) -> Any:
        return cast(signed(function)(x, *args, **kwargs), x.dtype)

    return call


def all(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
    if axis == ():
        return _each(all, x)
    return torch.all(x.bool(), dim=_axes(x, axis), keepdim=keepdims)


def any(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
    if axis == ():
        return _each(any, x)
    return torch.any(x.bool(), dim=_axes(x, axis), keepdim=keepdims)


def argmax(x: Any, /, *, axis: int | None = None, keepdims: bool = False) -> Any:
    require(x, REAL, "argmax")
    return torch.argmax(ranked(x), dim=axis, keepdim=keepdims)


def argmin(x: Any, /, *, axis: int | None = None, keepdims: bool = False) -> Any:
    require(x, REAL, "argmin")
    return torch.argmin(ranked(x), dim=axis, keepdim=keepdims)


def count_nonzero(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
    if axis == ():
        return _each(count_nonzero, x)
    return torch.sum(x != 0, dim=axis, keepdim=keepdims)


def cumulative_prod(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Any:
    require(x, NUMERIC, "cumulative_prod")
    x, axis = widened(x, dtype), _only_axis(x, axis)
    products = _cumprod(x, axis)
    return torch.cat((_edge(x, axis, 1), products), axis) if include_initial else products


def cumulative_sum(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Any:
    require(x, NUMERIC, "cumulative_sum")
    x, axis = widened(x, dtype), _only_axis(x, axis)
    sums = _cumsum(x, axis)
    return torch.cat((_edge(x, axis, 0), sums), axis) if include_initial else sums


def diff(x: Any, /, *, axis: int = -1, n: int = 1, prepend: Any = None, append: Any = None) -> Any:
    require(x, NUMERIC, "diff")
    before, after = (None if edge is None else beside(x, edge) for edge in (prepend, append))
    return signed(torch.diff)(x, n, axis, before, after)


def logsumexp(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
    require(x, REAL_FLOATING, "logsumexp")
    if axis == ():
        return _each(logsumexp, x)
    return torch.logsumexp(x, dim=_axes(x, axis), keepdim=keepdims)


def max(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
    require(x, REAL, "max")
    if axis == ():
        return _each(max, x)
    largest = _amax if x.dtype in WIDE_UNSIGNED else torch.amax  # torch.max favours one of a tie
    return largest(x, dim=_axes(x, axis), keepdim=keepdims)


def mean(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
    require(x, FLOATING, "mean")
    if axis == ():
        return _each(mean, x)
    return torch.mean(x, dim=axis, keepdim=keepdims)


def min(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
    require(x, REAL, "min")
    if axis == ():
        return _each(min, x)
    smallest = _amin if x.dtype in WIDE_UNSIGNED else torch.amin  # torch.min favours one of a tie
    return smallest(x, dim=_axes(x, axis), keepdim=keepdims)


def prod(x: Any, /, *, axis: Axis = None, dtype: Any = None, keepdims: bool = False) -> Any:
    x = widened(x, dtype)
    for each in _descending(x, axis):  # torch.prod takes one axis
        x = _prod(x, each, keepdim=keepdims)
    return x


def std(x: Any, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    require(x, REAL_FLOATING, "std")
    return _spread(torch.std, x, axis, correction, keepdims)


def sum(x: Any, /, *, axis: Axis = None, dtype: Any = None, keepdims: bool = False) -> Any:
    if axis == ():
        return _each(sum, x, dtype=dtype)
    return _sum(widened(x, dtype), dim=axis, keepdim=keepdims)


def var(x: Any, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    require(x, REAL_FLOATING, "var")
    return _spread(torch.var, x, axis, correction, keepdims)


_amax = ordered(torch.amax)
_amin = ordered(torch.amin)
_cumprod = _in_itself(torch.cumprod)
_cumsum = _in_itself(torch.cumsum)
_prod = _in_itself(torch.prod)
_sum = _in_itself(torch.sum)


def _spread(function: Function, x: Any, axis: Axis, correction: float, keepdims: bool) -> Any:
    if axis == ():
        return _spread(function, x[..., None], -1, correction, False)
    count = math.prod([x.shape[a] for a in _axes(x, axis)])
    if count <= correction:  # PyTorch warns, and may give an infinity
        return torch.sum(x * math.nan, dim=axis, keepdim=keepdims) + math.nan
    return function(x, dim=axis, correction=correction, keepdim=keepdims)


def _axes(x: Any, axis: Axis) -> Any:
    """The axes named, as a sequence; every one where none is."""
    return tuple(range(x.ndim)) if axis is None else (axis,) if isinstance(axis, int) else axis


def _descending(x: Any, axis: Axis) -> list[int]:
    """The axes from the last to the first, so that one taken away moves no other."""
    return sorted({a % x.ndim for a in _axes(x, axis)}, reverse=True)


def _each(function: Function, x: Any, **kwargs: Any) -> Any:
    """``function`` along no axis, which PyTorch takes for all of them: along a new one."""
    return function(x[..., None], axis=-1, **kwargs)


def _edge(x: Any, axis: int, value: int) -> Any:
    """One layer of ``value`` to put before an axis."""
    return x.new_full([1 if a == axis % x.ndim else n for a, n in enumerate(x.shape)], value)


def _only_axis(x: Any, axis: int | None) -> int:
    """The axis to go along; it may be left out of a vector only."""
    if axis is None and x.ndim != 1:
        raise ShapeError(
            f"cumulative functions need an axis for a tensor of shape {tuple(x.shape)}"
        )
    return 0 if axis is None else axis
