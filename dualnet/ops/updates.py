"""Tensors with some elements changed: new tensors, of which every order of gradient exists."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dualnet import dtypes
from dualnet.errors import DtypeError, ShapeError
from dualnet.ops._composed import constants, dtype_of, tensor
from dualnet.ops._places import flat_places, is_mask
from dualnet.typing import Tensor

if TYPE_CHECKING:
    ops: Any  # the checker cannot follow the circle of imports
else:
    from dualnet import ops

__all__ = ["at", "scatter", "scatter_update"]


class Updates:
    """What can be done with the elements that :func:`at` has chosen."""

    def __init__(self, x: Tensor, index: Any) -> None:
        self._x = x
        self._mask = index if is_mask(index) else None
        self._index = index

    def set(self, y: Tensor) -> Tensor:
        """``x`` with ``y`` there; of several for one element, the last."""
        return self._updated(y, lambda old, new: new, _last)

    def add(self, y: Tensor) -> Tensor:
        """``x`` with ``y`` added there; several for one element add up."""
        return self._updated(y, ops.add, _added)

    def multiply(self, y: Tensor) -> Tensor:
        """``x`` times ``y`` there; several for one element are multiplied."""
        return self._updated(y, ops.multiply, _folded(ops.multiply))

    def min(self, y: Tensor) -> Tensor:
        """The smaller of ``x`` and ``y`` there; NaN wins, a tie shares the gradient."""
        return self._updated(y, ops.minimum, _folded(ops.minimum))

    def max(self, y: Tensor) -> Tensor:
        """The larger of ``x`` and ``y`` there; NaN wins, a tie shares the gradient."""
        return self._updated(y, ops.maximum, _folded(ops.maximum))

    def _updated(self, y: Any, masked: Callable[..., Tensor], placed: Callable[..., Tensor]) -> Any:
        x = self._x
        y = _value(y, x)
        if self._mask is not None:
            mask = _mask_for(tensor(self._mask), x)
            changed = masked(x, y)
            return ops.where(mask, changed, x)
        places, sizes, depth = flat_places(x, self._index)
        rest = [ops.nn.axis_size(x, axis=a) for a in range(depth, len(x.shape))]
        if 0 in sizes:
            return x
        y = ops.broadcast_to(y, (*sizes, *rest))
        rows = ops.reshape(x, (math.prod(x.shape[:depth]), *rest))
        new = placed(rows, places, ops.reshape(y, (-1, *rest)))
        return ops.reshape(new, (*x.shape[:depth], *rest))


def at(x: Tensor, index: Any, /) -> Updates:
    """``x`` with the elements at ``x[index]`` changed: ``at(x, index).set(y)``; ``x`` stays.

    There are ``set``, ``add``, ``multiply``, ``min`` and ``max``, each of a ``y`` that
    broadcasts to the shape of ``x[index]``.  Where an index names an element several times,
    ``set`` keeps the last of them and the others take all; gradients follow.

    Args:
        index: as NumPy's: integers, slices, an ellipsis, integer tensors, arrays and lists
            (which broadcast), or a tuple of these; negative integers count from the end.  Or one
            mask, a bool tensor of the shape of ``x`` or of its first axes: then ``y``
            broadcasts to the shape of ``x``, not to the number of True.

    >>> from dualnet import ops
    >>> x = ops.asarray([1.0, 2.0, 3.0])
    >>> ops.at(x, [0, 0, 2]).add(10.0).tolist()
    [21.0, 2.0, 13.0]
    >>> ops.at(x, x > 1).set(0.0).tolist()
    [1.0, 0.0, 0.0]

    Raises:
        IndexRangeError: an index is out of range (eagerly; compiled code does not look).
        ShapeError: too many indices, or ``y`` does not broadcast.
        DtypeError: ``y`` is of a dtype that ``x`` cannot hold.
        ConfigError: something else as an index.
    """
    return Updates(tensor(x), index)


def scatter(indices: Tensor, values: Tensor, shape: Sequence[int], /) -> Tensor:
    """Zeros of a shape, with ``values`` added at ``indices``; duplicates add up.

    Args:
        indices: ``(…, k)`` integers, each row a place along the first ``k`` axes.
        values: ``(…, *shape[k:])``, or what broadcasts to it.

    >>> from dualnet import ops
    >>> ops.scatter(ops.asarray([[1], [1], [3]]), ops.asarray([1.0, 2.0, 5.0]), (4,)).tolist()
    [0.0, 3.0, 0.0, 5.0]

    Raises:
        IndexRangeError, ShapeError, DtypeError: as :func:`at`.
    """
    values = tensor(values)
    zeros = ops.broadcast_to(constants((0,), values, dtype_of(values))[0], tuple(shape))
    return at(zeros, _columns(indices, zeros)).add(values)


def scatter_update(x: Tensor, indices: Tensor, updates: Tensor, /) -> Tensor:
    """``x`` with ``updates`` at ``indices``; of duplicates the last stays.

    Args:
        indices: ``(…, k)`` integers, each row a place along the first ``k`` axes of ``x``.
        updates: ``(…, *x.shape[k:])``, or what broadcasts to it.

    Raises:
        IndexRangeError, ShapeError, DtypeError: as :func:`at`.
    """
    x = tensor(x)
    return at(x, _columns(indices, x)).set(updates)


def _columns(indices: Any, x: Tensor) -> tuple[Tensor, ...]:
    """Rows of places as one index for each axis."""
    indices = tensor(indices)
    depth = indices.shape[-1] if len(indices.shape) else None
    if depth is None or depth > len(x.shape):
        raise ShapeError(
            f"indices of shape {tuple(indices.shape)} for a tensor of {len(x.shape)} axes; the "
            "last axis holds one index for each of the first axes"
        )
    return tuple(indices[..., axis] for axis in range(depth))


def _value(y: Any, x: Tensor) -> Tensor:
    """What is put into ``x``, in its dtype.

    Raises:
        DtypeError: that would lose something.
    """
    name = dtype_of(x)
    if isinstance(y, dtypes.SCALARS):
        return constants((y,), x, dtypes.weak(y, name))[0]
    y = y.astype(name) if isinstance(y, np.generic) else tensor(y)
    if dtype_of(y) != name and (
        "bool" in (name, dtype_of(y)) or dtypes.promote(name, dtype_of(y)) != name
    ):
        raise DtypeError(f"{dtype_of(y)} does not fit into {name}; cast it with ops.astype")
    return ops.astype(y, x.dtype)


def _mask_for(mask: Tensor, x: Tensor) -> Tensor:
    """A mask over the first axes of ``x``, with axes of size 1 for the others."""
    over, whole = tuple(mask.shape), tuple(x.shape)
    if len(over) > len(whole) or any(
        a != b for a, b in zip(over, whole, strict=False) if None not in (a, b)
    ):
        raise ShapeError(f"a mask of shape {over} is not over the first axes of {whole}")
    for _ in whole[len(over) :]:
        mask = ops.expand_dims(mask, axis=-1)
    return mask


def _last(rows: Tensor, places: Tensor, values: Tensor) -> Tensor:
    """Rows with the last value of each place: no kernel says which of several it writes."""
    order = ops.nn.places(rows, ops.nn.axis_size(places, axis=0))
    last = ops.nn.segment_max(
        ops.astype(order, "float64"), places, num_segments=rows.shape[0]
    )  # -inf where there is none
    hit = last >= 0.0
    chosen = ops.take(values, ops.astype(ops.where(hit, last, 0.0), "int64"), axis=0)
    return ops.where(_over(hit, rows), chosen, rows)


def _added(rows: Tensor, places: Tensor, values: Tensor) -> Tensor:
    return rows + ops.nn.segment_sum(values, places, num_segments=rows.shape[0])


def _folded(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Rows updated by an associative function: first of all values of a place, then of the row."""

    def joined(one: tuple[Tensor, Tensor], other: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Values up to here; those of another place before count no more."""
        (begins, value), (begins_too, new) = one, other
        value = ops.where(begins_too, new, function(value, new))
        return ops.logical_or(begins, begins_too), value

    def placed(rows: Tensor, places: Tensor, values: Tensor) -> Tensor:
        order = ops.argsort(places)
        places, values = ops.take(places, order, axis=0), ops.take(values, order, axis=0)
        begins = ops.not_equal(places, ops.roll(places, 1))
        # The first has nothing before it, whatever it is compared with.
        _, totals = ops.associative_scan(joined, (_over(begins, values), values))
        return _last(rows, places, function(ops.take(rows, places, axis=0), totals))

    return placed


def _over(flags: Tensor, rows: Tensor) -> Tensor:
    """A flag for each row, with axes for its elements."""
    return ops.reshape(flags, (-1, *[1] * (len(rows.shape) - 1)))
