"""Looking up, sorting and sets on TensorFlow."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from dualnet.dtypes import SCALARS
from dualnet.errors import ShapeError
from dualnet.ops._host import outside, taken_from
from dualnet.protocols.ops.indexing import TopK, UniqueAll, UniqueCounts, UniqueInverse
from dualnet_tf.ops._common import BOOL, COMPLEX, INTEGER, REAL, promote, require
from dualnet_tf.ops.manipulation import moveaxis


def argsort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    require(x, REAL, "argsort")
    direction = "DESCENDING" if descending else "ASCENDING"
    return tf.cast(tf.argsort(_sort_key(x), axis, direction, stable=True), tf.int64)


def nonzero(x: Any, /) -> tuple[Any, ...]:
    if x.shape.rank == 0:
        raise ShapeError("nonzero of a tensor without axes; use x != 0")
    return tuple(tf.unstack(tf.where(x), num=x.shape.rank, axis=1))


def searchsorted(x1: Any, x2: Any, /, *, side: str = "left", sorter: Any = None) -> Any:
    x1, x2 = promote(x1, x2)
    require(x1, REAL, "searchsorted")
    if sorter is not None:
        require(sorter, INTEGER, "searchsorted")
    x1 = x1 if sorter is None else tf.gather(x1, sorter)
    found = tf.searchsorted(x1, tf.reshape(x2, (-1,)), side, tf.int64)
    return tf.reshape(found, tf.shape(x2))


def sort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    return take_along_axis(x, argsort(x, axis=axis, descending=descending), axis=axis)


def take(x: Any, indices: Any, /, *, axis: int | None = None) -> Any:
    require(indices, INTEGER, "take")
    axis = taken_from(x, axis)
    return tf.gather(x, _wrapped(indices, tf.shape(x)[axis]), axis=axis)


def take_along_axis(x: Any, indices: Any, /, *, axis: int = -1) -> Any:
    require(indices, INTEGER, "take_along_axis")
    last = x.shape.rank - 1
    x, indices = moveaxis(x, axis, -1), moveaxis(indices, axis, -1)
    indices = _wrapped(indices, tf.shape(x)[-1])
    # TensorFlow does not broadcast here.  Sizes unknown in both are taken to be equal.
    if x.shape[:-1] != indices.shape[:-1]:
        x, indices = _batches_broadcast(x, indices)
    return moveaxis(tf.gather(x, indices, batch_dims=last), -1, axis)


def top_k(x: Any, k: int, /, *, axis: int = -1) -> TopK:
    require(x, REAL, "top_k")
    _, indices = tf.math.top_k(_sort_key(moveaxis(x, axis, -1)), k)
    indices = moveaxis(tf.cast(indices, tf.int64), -1, axis)
    return TopK(take_along_axis(x, indices, axis=axis), indices)


def unique_all(x: Any, /) -> UniqueAll:
    flat = tf.reshape(x, (-1,))
    order = _order(flat)
    ranked = tf.gather(flat, order)
    new = tf.concat((tf.ones_like(ranked[:1], tf.bool), ranked[1:] != ranked[:-1]), 0)
    starts = tf.where(new)[:, 0]
    counts = tf.concat((starts[1:], [tf.size(x, tf.int64)]), 0) - starts
    groups = tf.cumsum(tf.cast(new, tf.int64)) - 1
    inverse = tf.gather(groups, tf.argsort(order))
    firsts = tf.gather(order, starts)
    return UniqueAll(tf.gather(ranked, starts), firsts, tf.reshape(inverse, tf.shape(x)), counts)


def unique_counts(x: Any, /) -> UniqueCounts:
    values, _, _, counts = unique_all(x)
    return UniqueCounts(values, counts)


def unique_inverse(x: Any, /) -> UniqueInverse:
    values, _, inverse, _ = unique_all(x)
    return UniqueInverse(values, inverse)


def unique_values(x: Any, /) -> Any:
    return unique_all(x).values


def where(condition: Any, x1: Any, x2: Any, /) -> Any:
    x1, x2 = promote(x1, x2)
    if not isinstance(condition, SCALARS):
        require(condition, BOOL, "where")
    return tf.where(condition, x1, x2)


def _batches_broadcast(x: Any, indices: Any) -> tuple[Any, Any]:
    """Both with the axes before the last broadcast against each other."""
    shapes = tf.shape(x), tf.shape(indices)
    batch = tf.broadcast_dynamic_shape(shapes[0][:-1], shapes[1][:-1])
    both = (x, shapes[0]), (indices, shapes[1])
    wide = [tf.broadcast_to(part, tf.concat((batch, s[-1:]), 0)) for part, s in both]
    return wide[0], wide[1]


def _order(x: Any) -> Any:
    """Places of a vector's elements in ascending order; complex numbers by parts, as in NumPy."""
    if x.dtype in BOOL:
        return argsort(tf.cast(x, tf.uint8))
    if x.dtype not in COMPLEX:
        return argsort(x)
    order = argsort(tf.math.imag(x))
    return tf.gather(order, argsort(tf.gather(tf.math.real(x), order)))


def _sort_key(x: Any) -> Any:
    """Integers in the order of the floats, NaN the largest: TensorFlow's sort is lost at NaN.

    The bits of a float, read as an integer, rise with positive values and fall with
    negative ones, which are therefore mirrored.
    """
    if x.dtype.is_integer:
        return x
    x = tf.cast(x, tf.float32) if x.dtype.size == 2 else x
    whole = getattr(tf, f"int{8 * x.dtype.size}")
    bits = tf.bitcast(tf.where(x == 0, tf.zeros_like(x), x), whole)  # -0.0 ties with 0.0
    bits = tf.where(bits < 0, whole.min - bits, bits)
    return tf.where(tf.math.is_nan(x), tf.constant(whole.max, whole), bits)


def _wrapped(indices: Any, size: Any) -> Any:
    """Indices in int64, negative ones counted from the end, as TensorFlow does not."""
    indices, size = tf.cast(indices, tf.int64), tf.cast(size, tf.int64)
    indices = tf.where(indices < 0, indices + size, indices)
    unchecked = (
        tf.executing_eagerly() and "CPU" not in indices.device
    )  # by the kernel, which would give zeros
    if unchecked and tf.reduce_any((indices < 0) | (indices >= size)):
        raise outside(int(size))
    return indices
