"""Values that a part of all elements does not exceed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from dualnet.errors import ConfigError, ShapeError, unknown_name
from dualnet.ops._composed import (
    axes_of,
    constants,
    eager,
    is_tensor,
    merged_last,
    require_floating,
    tensor,
)
from dualnet.typing import Axis, Tensor

if TYPE_CHECKING:
    ops: Any  # the checker cannot follow the circle of imports
else:
    from dualnet import ops

__all__ = [
    "median",
    "nanmedian",
    "nanpercentile",
    "nanquantile",
    "percentile",
    "quantile",
]


def _beyond(place: Tensor) -> Tensor:
    """1 where a place is between two elements, else 0."""
    return ops.astype(place > ops.floor(place), "float64")


#: Method to the weight of the upper neighbour; ``place`` counts elements from the smallest.
METHODS: dict[str, Callable[[Tensor], Tensor]] = {
    "higher": _beyond,
    "linear": lambda place: place - ops.floor(place),
    "lower": lambda place: 0.0 * place,
    "midpoint": lambda place: 0.5 * _beyond(place),
    "nearest": lambda place: ops.round(place) - ops.floor(place),
}


def quantile(
    x: Tensor,
    q: float | Any,
    /,
    *,
    axis: Axis = None,
    method: str = "linear",
    keepdims: bool = False,
) -> Tensor:
    """The value at place ``q·(n - 1)`` of the ``n`` elements in order; NumPy's meaning.

    Between two elements ``a`` and ``b``, at ``t`` of the way, it is

    ============  ==========================================
    ``linear``    ``(1 - t)·a + t·b`` (Hyndman & Fan 1996, 7)
    ``lower``     ``a``
    ``higher``    ``b``
    ``midpoint``  ``(a + b)/2``
    ``nearest``   the nearer one; halfway, that at the even place
    ============  ==========================================

    NaN gives NaN, and so does what lies between two infinities of different sign.  The gradient
    goes to the two neighbours.

    Args:
        x: real floating.
        q: between 0 and 1: a number, or a sequence or vector of them, which makes the first
            axis of the result.
        axis: one, several, or None for all.

    >>> from dualnet import ops
    >>> ops.quantile(ops.asarray([3.0, 1.0, 2.0]), [0.0, 0.25]).tolist()
    [1.0, 1.5]

    Raises:
        ConfigError: ``q`` is outside 0 to 1.
        UnknownName: the method is none of these.
        ShapeError: an axis is not there, or of nothing.
        DtypeError: ``x`` is not floating; cast integers first.
    """
    return _quantile("quantile", x, q, axis, method, keepdims)


def nanquantile(
    x: Tensor,
    q: float | Any,
    /,
    *,
    axis: Axis = None,
    method: str = "linear",
    keepdims: bool = False,
) -> Tensor:
    """:func:`quantile` of the elements that are not NaN; NaN where there are none."""
    return _nanquantile("nanquantile", x, q, axis, method, keepdims)


def percentile(
    x: Tensor,
    q: float | Any,
    /,
    *,
    axis: Axis = None,
    method: str = "linear",
    keepdims: bool = False,
) -> Tensor:
    """:func:`quantile` at ``q/100``."""
    return _quantile("percentile", x, _hundredths(q), axis, method, keepdims)


def nanpercentile(
    x: Tensor,
    q: float | Any,
    /,
    *,
    axis: Axis = None,
    method: str = "linear",
    keepdims: bool = False,
) -> Tensor:
    """:func:`nanquantile` at ``q/100``."""
    return _nanquantile("nanpercentile", x, _hundredths(q), axis, method, keepdims)


def median(x: Tensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The middle element, or the mean of the two in the middle; NaN gives NaN.

    Raises:
        ShapeError, DtypeError: as :func:`quantile`.
    """
    return _quantile("median", x, 0.5, axis, "linear", keepdims)


def nanmedian(x: Tensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """:func:`median` of the elements that are not NaN; NaN where there are none."""
    return _nanquantile("nanmedian", x, 0.5, axis, "linear", keepdims)


def _hundredths(q: Any) -> Any:
    """Percentiles as quantiles; what is no number stays, to be refused as one."""
    if isinstance(q, (list, tuple)):
        return [_hundredths(part) for part in q]
    return q if isinstance(q, str) or q is None else q / 100


def _quantile(name: str, x: Any, q: Any, axis: Axis, method: str, keepdims: bool) -> Tensor:
    """:func:`quantile`, under the name that errors have."""
    x, axes, q = _checked(name, x, q, axis, method)
    rows = ops.sort(merged_last(x, axes), axis=-1)
    values = _at(rows, ops.nn.axis_size(rows, axis=-1), q, method)
    values = ops.where(ops.isnan(rows[..., -1:]), float("nan"), values)
    return _shaped(values, axes, q, keepdims)


def _nanquantile(name: str, x: Any, q: Any, axis: Axis, method: str, keepdims: bool) -> Tensor:
    """:func:`nanquantile`, under the name that errors have."""
    x, axes, q = _checked(name, x, q, axis, method)
    rows = ops.sort(merged_last(x, axes), axis=-1)  # NaN last
    there = ops.count_nonzero(ops.logical_not(ops.isnan(rows)), axis=-1, keepdims=True)
    return _shaped(_at(rows, there, q, method), axes, q, keepdims)


def _checked(
    name: str, x: Any, q: Any, axis: Axis, method: str
) -> tuple[Tensor, tuple[int, ...], Tensor]:
    """The tensor, its axes, and the quantiles as a float64 tensor."""
    if method not in METHODS:
        raise unknown_name("method of quantiles", method, METHODS)
    x = tensor(x)
    require_floating(x, name)
    axes = axes_of(x, axis)
    if any(x.shape[a] == 0 for a in axes):
        raise ShapeError(f"{name} of nothing: a tensor of shape {tuple(x.shape)}, axis={axis}")
    return x, axes, _between_0_and_1(q, x)


def _between_0_and_1(q: Any, like: Tensor) -> Tensor:
    """Quantiles in float64, in which whole places are whole."""
    q = q.tolist() if isinstance(q, (np.ndarray, np.generic)) else q
    if is_tensor(q):
        q = ops.astype(q, "float64")
        inside = not eager(q) or bool(ops.all(ops.logical_and(q >= 0, q <= 1)))
    else:
        values = q if isinstance(q, (list, tuple)) else (q,)
        inside = all(isinstance(value, (int, float)) and 0 <= value <= 1 for value in values)
        found = constants(values, like, "float64") if inside else None
        q = found if values is q or found is None else found[0]
    if not inside or len(q.shape) > 1:
        raise ConfigError(
            "quantiles must be numbers between 0 and 1 (percentiles: 0 and 100), one or a vector"
        )
    return q


def _at(rows: Tensor, count: int | Tensor, q: Tensor, method: str) -> Tensor:
    """The quantiles of rows in order, of which the first ``count`` elements are there."""
    last = ops.astype(count, "float64") - 1 if is_tensor(count) else count - 1
    place = ops.maximum(ops.reshape(q, (-1,)) * last, 0.0)
    below = ops.astype(ops.floor(place), "int64")
    above = ops.astype(ops.ceil(place), "int64")
    low, high = (_chosen(rows, index) for index in (below, above))
    weight = ops.astype(METHODS[method](place), rows.dtype)
    mixed = (1 - weight) * low + weight * high  # high - low may be more than there are numbers
    # Infinities: a weight of 0 makes NaN of them.
    return ops.where(ops.logical_or(low == high, weight == 0), low, mixed)


def _chosen(rows: Tensor, index: Tensor) -> Tensor:
    if len(index.shape) == 1:
        return ops.take(rows, index, axis=-1)
    return ops.take_along_axis(rows, index, axis=-1)


def _shaped(values: Tensor, axes: tuple[int, ...], q: Tensor, keepdims: bool) -> Tensor:
    """The quantiles, the last axis, as the first one, or as none if there is only one."""
    values = ops.moveaxis(values, -1, 0) if len(q.shape) else values[..., 0]
    for axis in axes if keepdims else ():
        values = ops.expand_dims(values, axis=axis + len(q.shape))
    return values
