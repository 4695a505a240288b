"""How many elements there are of each kind: whole numbers, or bins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dualnet import dtypes
from dualnet.errors import ConfigError, DtypeError, NonFiniteError, ShapeError
from dualnet.ops._composed import constants, dtype_of, eager, is_tensor, require_floating, tensor
from dualnet.random.layout import checked_integer
from dualnet.typing import Tensor

if TYPE_CHECKING:
    ops: Any  # the checker cannot follow the circle of imports
else:
    from dualnet import ops

__all__ = ["bincount", "histogram"]


def bincount(
    x: Tensor,
    /,
    *,
    weights: Tensor | None = None,
    minlength: int = 0,
    length: int | None = None,
) -> Tensor:
    """``y_k = Σ_(i: x_i = k) w_i``, how often each whole number is there; NumPy's meaning.

    Args:
        x: ``(n,)`` integers, not negative.
        weights: ``(n,)``; 1 each if not given.
        minlength: the result is at least this long; else as long as the largest ``x`` asks.
        length: how long the result is; compiled code, which does not know ``x``, needs it.

    Returns:
        int64, or of the dtype of ``weights``, which have a gradient.

    >>> from dualnet import ops
    >>> ops.bincount(ops.asarray([0, 2, 2, 5])).tolist()
    [1, 0, 2, 0, 0, 1]

    Raises:
        ShapeError: ``x`` is no vector, or ``weights`` are not one for each element.
        DtypeError: ``x`` are no integers.
        IndexRangeError: one is negative, or ``length`` or larger (eagerly).
        ConfigError: no ``length`` in compiled code, or a negative one.
    """
    x = tensor(x)
    if len(x.shape) != 1:
        raise ShapeError(
            f"bincount takes a vector, got shape {tuple(x.shape)}; flatten it with "
            "ops.reshape(x, (-1,))"
        )
    if not dtypes.is_integer(dtype_of(x)):
        raise DtypeError(dtypes.refusal("bincount", dtype_of(x), dtypes.INTEGER))
    x = ops.astype(x, "int64")  # ids of segments are
    minlength = checked_integer("minlength", minlength, 0, 1 << 63)
    size = (
        _length(x, minlength) if length is None else checked_integer("length", length, 0, 1 << 63)
    )
    weights = ops.ones_like(x) if weights is None else tensor(weights)
    counts = ops.nn.segment_sum(weights, x, num_segments=max(size, 1))
    return counts if size else counts[:0]


def _length(x: Tensor, minlength: int) -> int:
    """As many numbers as there are up to the largest."""
    if not eager(x):
        raise ConfigError(
            "bincount: compiled code does not know how long the result is; pass length="
        )
    return max(minlength, int(ops.max(x)) + 1 if x.shape[0] else 0)


def histogram(
    x: Tensor,
    /,
    *,
    bins: int | Sequence[float] | Tensor = 10,
    range: tuple[float, float] | None = None,
    weights: Tensor | None = None,
    density: bool = False,
) -> tuple[Tensor, Tensor]:
    """How many elements fall into each bin, and the edges of the bins; NumPy's meaning.

    Bin ``k`` is ``edges[k] <= x < edges[k + 1]``, the last one with its right edge.  What lies
    outside all of them, and NaN, is not counted.

    Args:
        x: real floating, of any shape; it is taken as a vector.
        bins: how many of equal width, or their edges, ascending.
        range: the outer edges of bins of equal width; the extremes of ``x`` if not given (one
            half to each side where they are the same; 0 and 1 where there are none).
        weights: of the shape of ``x``; 1 each if not given.  They have a gradient.
        density: whether to divide by the width of the bin and by the sum over all of them.

    Returns:
        The counts, ``(bins,)``: int64, or of the dtype of ``weights``, or of the edges for a
        density; and the edges, ``(bins + 1,)``.

    >>> from dualnet import ops
    >>> counts, edges = ops.histogram(ops.asarray([0.0, 1.0, 1.0, 4.0]), bins=2)
    >>> counts.tolist(), edges.tolist()
    ([3, 1], [0.0, 2.0, 4.0])

    Raises:
        DtypeError: ``x`` is not floating; cast integers first.
        ConfigError: no bins, edges that do not ascend, or a ``range`` that is none.
        ShapeError: ``weights`` of another shape than ``x``.
        NonFiniteError: the extremes of ``x`` are not finite (eagerly).
    """
    x = tensor(x)
    require_floating(x, "histogram")
    if weights is not None and tuple(tensor(weights).shape) != tuple(x.shape):
        raise ShapeError(
            f"weights of shape {tuple(tensor(weights).shape)} for a tensor of shape "
            f"{tuple(x.shape)}; the two must be equal"
        )
    x = ops.reshape(x, (-1,))
    weights = ops.ones_like(x, dtype="int64") if weights is None else tensor(weights)
    edges = _given_edges(x, bins) if _are_edges(bins) else _equal_bins(x, bins, range)
    counts = _counts(x, edges, ops.reshape(weights, (-1,)))
    if density:
        counts = ops.astype(counts, edges.dtype)
        counts = counts / ops.diff(edges) / ops.sum(counts)
    return counts, edges


def _counts(x: Tensor, edges: Tensor, weights: Tensor) -> Tensor:
    """The sum of the weights in each bin."""
    bins = edges.shape[0] - 1
    place = ops.searchsorted(edges, x, side="right") - 1
    place = ops.where(x == edges[-1], bins - 1, place)
    inside = ops.logical_and(x >= edges[0], x <= edges[-1])
    return ops.nn.segment_sum(
        ops.where(inside, weights, 0), ops.where(inside, place, 0), num_segments=bins
    )


def _are_edges(bins: Any) -> bool:
    """Whether these are edges, and not how many bins there are."""
    array = isinstance(bins, np.ndarray) and bins.ndim > 0
    return array or isinstance(bins, (list, tuple)) or is_tensor(bins)


def _given_edges(x: Tensor, edges: Any) -> Tensor:
    """Edges in the dtype of ``x``.

    Raises:
        ConfigError: there are fewer than two, or they do not ascend.
    """
    if isinstance(edges, (list, tuple)):
        edges = constants(edges, x, dtype_of(x))
    edges = ops.astype(tensor(edges), x.dtype)
    if len(edges.shape) != 1 or edges.shape[0] is None or edges.shape[0] < 2:
        raise ConfigError(
            f"bins of shape {tuple(edges.shape)}; edges are a vector of two or more, and compiled "
            "code must know how many"
        )
    if eager(edges) and not bool(ops.all(ops.diff(edges) >= 0)):
        raise ConfigError("the edges of the bins must ascend; sort them with ops.sort")
    return edges


def _equal_bins(x: Tensor, bins: Any, range: tuple[float, float] | None) -> Tensor:
    """The edges of bins of equal width."""
    bins = checked_integer("bins", bins, 1, 1 << 63)
    low, high = _extremes(x) if range is None else _limits(x, range)
    same = low == high
    low, high = ops.where(same, low - 0.5, low), ops.where(same, high + 0.5, high)
    steps = ops.astype(ops.nn.places(x, bins), x.dtype)
    edges = steps * ((high - low) / bins) + low
    return ops.concat([edges, ops.reshape(high, (1,))])


def _extremes(x: Tensor) -> tuple[Tensor, Tensor]:
    """The smallest and the largest element; 0 and 1 if there are none."""
    if x.shape[0] == 0:
        return _limits(x, (0.0, 1.0))
    low, high = ops.min(x), ops.max(x)
    if eager(x) and not bool(ops.isfinite(high - low)):
        raise NonFiniteError("histogram of values that are not all finite; pass range=(low, high)")
    return low, high


def _limits(x: Tensor, range: tuple[float, float]) -> tuple[Tensor, Tensor]:
    """The outer edges that were asked for.

    Raises:
        ConfigError: they are not finite, or cross.
    """
    if not _is_range(range):
        raise ConfigError(f"range={range!r} must be two finite numbers, the smaller one first")
    low, high = range
    edges = constants((low, high), x, dtype_of(x))
    return edges[0], edges[1]


def _is_range(range: Any) -> bool:
    """Whether these are two finite numbers in order."""
    try:
        low, high = map(float, range)
    except (TypeError, ValueError):
        return False
    return math.isfinite(low) and math.isfinite(high) and low <= high
