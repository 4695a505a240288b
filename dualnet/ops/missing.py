"""Reductions that take NaN for a value that is missing; each has a gradient of 0 there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualnet import dtypes
from dualnet.errors import NonFiniteError
from dualnet.ops._composed import dtype_of, eager, require_floating, tensor
from dualnet.typing import Axis, Tensor

if TYPE_CHECKING:
    ops: Any  # the checker cannot follow the circle of imports
else:
    from dualnet import ops

__all__ = [
    "nanargmax",
    "nanargmin",
    "nancumprod",
    "nancumsum",
    "nanmax",
    "nanmean",
    "nanmin",
    "nanprod",
    "nanstd",
    "nansum",
    "nanvar",
]

NAN, INFINITY = float("nan"), float("inf")


def nansum(x: Tensor, /, *, axis: Axis = None, dtype: Any = None, keepdims: bool = False) -> Tensor:
    """``Σ x`` of the elements that are not NaN; 0 where there are none."""
    return ops.sum(_filled(x, 0), axis=axis, dtype=dtype, keepdims=keepdims)


def nanprod(
    x: Tensor, /, *, axis: Axis = None, dtype: Any = None, keepdims: bool = False
) -> Tensor:
    """``Π x`` of the elements that are not NaN; 1 where there are none."""
    return ops.prod(_filled(x, 1), axis=axis, dtype=dtype, keepdims=keepdims)


def nanmean(x: Tensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """``Σ x / n`` of the ``n`` elements that are not NaN; NaN where there are none.

    >>> from dualnet import ops
    >>> float(ops.nanmean(ops.asarray([1.0, float("nan"), 4.0])))
    2.5

    Raises:
        DtypeError: not floating; cast integers first.
    """
    x = tensor(x)
    require_floating(x, "nanmean")
    return ops.astype(_mean(_widened(x), axis, keepdims), x.dtype)


def nanvar(
    x: Tensor, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False
) -> Tensor:
    """``Σ (x - mean)² / (n - correction)`` of the ``n`` elements that are not NaN.

    NaN where nothing is left to divide by.

    Raises:
        DtypeError: not floating; cast integers first.
    """
    x = tensor(x)
    require_floating(x, "nanvar")
    return ops.astype(_variance(_widened(x), axis, correction, keepdims), x.dtype)


def nanstd(
    x: Tensor, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False
) -> Tensor:
    """``√nanvar``; the gradient is 0 where all elements are equal."""
    x = tensor(x)
    require_floating(x, "nanstd")
    variance = _variance(_widened(x), axis, correction, keepdims)
    some = variance > 0
    root = ops.where(some, ops.sqrt(ops.where(some, variance, 1)), 0 * variance)
    return ops.astype(root, x.dtype)


def nanmax(x: Tensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest of the elements that are not NaN; NaN where there are none.

    A tie shares the gradient evenly.
    """
    found = ops.max(_filled(x, -INFINITY), axis=axis, keepdims=keepdims)
    return _or_nan(found, x, axis, keepdims)


def nanmin(x: Tensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The smallest of the elements that are not NaN; NaN where there are none.

    A tie shares the gradient evenly.
    """
    found = ops.min(_filled(x, INFINITY), axis=axis, keepdims=keepdims)
    return _or_nan(found, x, axis, keepdims)


def nanargmax(x: Tensor, /, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index of the first largest element that is not NaN; of all without ``axis``.  int64.

    Raises:
        NonFiniteError: there are only NaN along the axis (eagerly).
    """
    x = tensor(x)
    _check_some(x, axis, "nanargmax")
    return _first(x, nanmax(x, axis=axis, keepdims=True), axis, keepdims)


def nanargmin(x: Tensor, /, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index of the first smallest element that is not NaN; of all without ``axis``.  int64.

    Raises:
        NonFiniteError: there are only NaN along the axis (eagerly).
    """
    x = tensor(x)
    _check_some(x, axis, "nanargmin")
    return _first(x, nanmin(x, axis=axis, keepdims=True), axis, keepdims)


def nancumsum(
    x: Tensor,
    /,
    *,
    axis: int | None = None,
    dtype: Any = None,
    include_initial: bool = False,
) -> Tensor:
    """``cumulative_sum`` with 0 for NaN."""
    x = _filled(x, 0)
    return ops.cumulative_sum(x, axis=axis, dtype=dtype, include_initial=include_initial)


def nancumprod(
    x: Tensor,
    /,
    *,
    axis: int | None = None,
    dtype: Any = None,
    include_initial: bool = False,
) -> Tensor:
    """``cumulative_prod`` with 1 for NaN."""
    x = _filled(x, 1)
    return ops.cumulative_prod(x, axis=axis, dtype=dtype, include_initial=include_initial)


def _widened(x: Tensor) -> Tensor:
    """``x`` in the dtype of sums: half precision holds neither them nor counts."""
    return ops.astype(x, dtypes.wide(dtype_of(x)))


def _mean(x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    """:func:`nanmean` in the dtype of ``x`` throughout."""
    return nansum(x, axis=axis, keepdims=keepdims) / _count(x, axis, keepdims)


def _variance(x: Tensor, axis: Axis, correction: float, keepdims: bool) -> Tensor:
    """:func:`nanvar` in the dtype of ``x`` throughout."""
    away = _filled(x - _mean(x, axis, True), 0)
    left = _count(x, axis, keepdims) - correction
    total = ops.sum(away * away, axis=axis, keepdims=keepdims)
    return ops.where(left > 0, total, NAN) / ops.where(left > 0, left, 1)


def _may_miss(x: Tensor) -> bool:
    """Whether the dtype has a NaN."""
    return dtype_of(x) in (*dtypes.FLOATING, *dtypes.COMPLEX)


def _filled(x: Tensor, value: float) -> Tensor:
    """``x`` with a number for NaN."""
    x = tensor(x)
    return ops.where(ops.isnan(x), value, x) if _may_miss(x) else x


def _count(x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    """How many elements are not NaN, in the dtype of ``x``."""
    there = ops.count_nonzero(ops.logical_not(ops.isnan(x)), axis=axis, keepdims=keepdims)
    return ops.astype(there, x.dtype)


def _none(x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    """Whether all elements are NaN."""
    return ops.all(ops.isnan(x), axis=axis, keepdims=keepdims)


def _or_nan(found: Tensor, x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    """What was found, NaN where there was nothing."""
    x = tensor(x)
    return ops.where(_none(x, axis, keepdims), NAN, found) if _may_miss(x) else found


def _first(x: Tensor, value: Tensor, axis: int | None, keepdims: bool) -> Tensor:
    """The index of the first element of a value."""
    return ops.argmax(ops.astype(x == value, "int64"), axis=axis, keepdims=keepdims)


def _check_some(x: Tensor, axis: int | None, name: str) -> None:
    if _may_miss(x) and eager(x) and bool(ops.any(_none(x, axis, False))):
        raise NonFiniteError(
            f"{name}: there is nothing but NaN along axis={axis}; leave such rows out"
        )
