"""Functions that move elements about on TensorFlow."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from dualnet.ops._host import check_squeeze, no_new_axis
from dualnet.padding import Pads, pairs, source
from dualnet.typing import Axis
from dualnet_tf.ops._common import INTEGER, Function, promote_all, require


def broadcast_arrays(*arrays: Any) -> Sequence[Any]:
    shape = functools.reduce(tf.broadcast_dynamic_shape, [tf.shape(x) for x in arrays])
    static = functools.reduce(tf.broadcast_static_shape, [x.shape for x in arrays])
    return [tf.ensure_shape(tf.broadcast_to(x, shape), static) for x in arrays]


def broadcast_to(x: Any, /, shape: Any) -> Any:
    return tf.broadcast_to(x, shape)


def concat(arrays: Sequence[Any], /, *, axis: int | None = 0) -> Any:
    arrays = promote_all(arrays)
    if axis is None:
        return tf.concat([tf.reshape(x, (-1,)) for x in arrays], 0)
    return tf.concat(arrays, axis)


def expand_dims(x: Any, /, axis: int = 0) -> Any:
    try:
        return tf.expand_dims(x, axis)
    except (ValueError, tf.errors.InvalidArgumentError):  # traced, eager
        raise no_new_axis(axis, x.shape) from None


def flip(x: Any, /, *, axis: Axis = None) -> Any:
    return tf.reverse(x, _axes(x, axis))


def moveaxis(x: Any, source: Any, destination: Any, /) -> Any:
    rank = x.shape.rank
    sources, targets = ([a % rank for a in _axes(x, axes)] for axes in (source, destination))
    order = [a for a in range(rank) if a not in sources]
    for target, moved in sorted(zip(targets, sources, strict=True)):
        order.insert(target, moved)
    return tf.transpose(x, order)


def pad(x: Any, pads: Pads, /, *, mode: str = "constant", value: Any = 0) -> Any:
    found = pairs(x.shape, pads, mode)
    if mode == "constant":
        x = x[tuple(slice(max(-before, 0), min(after, 0) or None) for before, after in found)]
        wider = [[max(part, 0) for part in pair] for pair in found]
        return tf.pad(x, wider, constant_values=tf.constant(value, x.dtype))
    for axis, (before, after) in enumerate(found):
        if before or after:
            size = tf.shape(x, tf.int64)[axis]
            places = tf.range(-before, size + after, dtype=tf.int64)
            x = tf.gather(x, source(places, size, mode), axis=axis)
    return x


def permute_dims(x: Any, /, axes: Sequence[int]) -> Any:
    return tf.transpose(x, axes)


def repeat(x: Any, repeats: Any, /, *, axis: int | None = None) -> Any:
    if not isinstance(repeats, int):
        require(repeats, INTEGER, "repeat")
    return _multiplied(tf.repeat, x, repeats, axis)


def reshape(x: Any, /, shape: Any, *, copy: bool | None = None) -> Any:
    return tf.reshape(x, shape)


def roll(x: Any, /, shift: Any, *, axis: Axis = None) -> Any:
    if axis is None:
        return tf.reshape(tf.roll(tf.reshape(x, (-1,)), shift, 0), tf.shape(x))
    return tf.roll(x, shift, axis)


def split(x: Any, sections: int | Sequence[int], /, *, axis: int = 0) -> Sequence[Any]:
    return tuple(tf.split(x, sections, axis))


def squeeze(x: Any, /, axis: Axis) -> Any:
    axes = _axes(x, axis)
    try:
        return tf.squeeze(x, axes)
    except (ValueError, tf.errors.InvalidArgumentError):  # traced, eager
        check_squeeze(x, axes)
        raise


def stack(arrays: Sequence[Any], /, *, axis: int = 0) -> Any:
    return tf.stack(promote_all(arrays), axis)


def tile(x: Any, repetitions: Sequence[int], /) -> Any:
    new = len(repetitions) - x.shape.rank  # TensorFlow wants as many as there are axes
    x = tf.reshape(x, tf.concat(([1] * new, tf.shape(x)), 0)) if new > 0 else x
    return _multiplied(tf.tile, x, [1] * -new + list(repetitions))


def unstack(x: Any, /, *, axis: int = 0) -> Sequence[Any]:
    return tuple(tf.unstack(x, axis=axis))


def _axes(x: Any, axis: Axis) -> Any:
    """The axes named, as a sequence; every one where none is."""
    return (
        tuple(range(x.shape.rank)) if axis is None else (axis,) if isinstance(axis, int) else axis
    )


def _multiplied(function: Function, x: Any, *args: Any) -> Any:
    """``function``, of uint16 in int32: TensorFlow has a kernel for each dtype but this one."""
    if x.dtype != tf.uint16:
        return function(x, *args)
    return tf.cast(function(tf.cast(x, tf.int32), *args), tf.uint16)
