"""Functions that take an axis together on TensorFlow."""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf

from dualnet.errors import ShapeError
from dualnet.typing import Axis
from dualnet_tf.ops._common import (
    FLOATING,
    NUMERIC,
    REAL,
    REAL_FLOATING,
    Function,
    beside,
    require,
    widened,
)
from dualnet_tf.ops.manipulation import moveaxis

HALF = (tf.float16, tf.bfloat16)


def _inside_float32(function: Function) -> Function:
    """TensorFlow adds float16 and bfloat16 up in themselves, and loses most of the digits."""

    def call(x: Any, *args: Any, **kwargs: Any) -> Any:
        if x.dtype in HALF:
            return tf.cast(function(tf.cast(x, tf.float32), *args, **kwargs), x.dtype)
        return function(x, *args, **kwargs)

    return call


def all(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
    return tf.reduce_all(tf.cast(x, tf.bool), axis, keepdims)


def any(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
    return tf.reduce_any(tf.cast(x, tf.bool), axis, keepdims)


def argmax(x: Any, /, *, axis: int | None = None, keepdims: bool = False) -> Any:
    require(x, REAL, "argmax")
    return _first(tf.argmax, x, axis, keepdims)


def argmin(x: Any, /, *, axis: int | None = None, keepdims: bool = False) -> Any:
    require(x, REAL, "argmin")
    return _first(tf.argmin, x, axis, keepdims)


def count_nonzero(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
    return tf.math.count_nonzero(x, axis, keepdims)


def cumulative_prod(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Any:
    require(x, NUMERIC, "cumulative_prod")
    x, axis = widened(x, dtype), _only_axis(x, axis)
    products = _running_products(x, axis)
    return tf.concat((_edge(x, axis, 1), products), axis) if include_initial else products


def cumulative_sum(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Any:
    require(x, NUMERIC, "cumulative_sum")
    x, axis = widened(x, dtype), _only_axis(x, axis)
    sums = _cumsum(x, axis)
    return tf.concat((_edge(x, axis, 0), sums), axis) if include_initial else sums


def diff(x: Any, /, *, axis: int = -1, n: int = 1, prepend: Any = None, append: Any = None) -> Any:
    require(x, NUMERIC, "diff")
    parts = [beside(x, part) for part in (prepend, x, append) if part is not None]
    x = tf.concat(parts, axis) if len(parts) > 1 else x
    for _ in range(n):  # TensorFlow has none
        x = _layers(x, axis, 1, None) - _layers(x, axis, None, -1)
    return x


def logsumexp(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
    require(x, REAL_FLOATING, "logsumexp")
    return tf.reduce_logsumexp(x, axis, keepdims)


def max(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
    require(x, REAL, "max")
    return _extreme(tf.reduce_max, x, axis, keepdims)


def mean(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
    require(x, FLOATING, "mean")
    return _mean(x, axis, keepdims)


def min(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
    require(x, REAL, "min")
    return _extreme(tf.reduce_min, x, axis, keepdims)


def prod(x: Any, /, *, axis: Axis = None, dtype: Any = None, keepdims: bool = False) -> Any:
    x = widened(x, dtype)
    if x.dtype.is_integer:
        return tf.reduce_prod(x, axis, keepdims)
    return _product(x, axis, keepdims)


def std(x: Any, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    require(x, REAL_FLOATING, "std")
    square = var(x, axis=axis, correction=correction, keepdims=keepdims)
    # The gradient of the root is NaN where all values are equal; ours is 0.
    flat = square == 0
    return tf.where(
        flat, tf.zeros_like(square), tf.sqrt(tf.where(flat, tf.ones_like(square), square))
    )


def sum(x: Any, /, *, axis: Axis = None, dtype: Any = None, keepdims: bool = False) -> Any:
    return _sum(widened(x, dtype), axis, keepdims)


def var(x: Any, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    require(x, REAL_FLOATING, "var")
    return _var(x, axis, correction, keepdims)


_cumsum = _inside_float32(tf.cumsum)
_mean = _inside_float32(tf.reduce_mean)
_sum = _inside_float32(tf.reduce_sum)


@_inside_float32
def _var(x: Any, axis: Axis, correction: float, keepdims: bool) -> Any:
    """TensorFlow divides by n only."""
    biased = tf.math.reduce_variance(x, axis, keepdims)
    if correction == 0:
        return biased
    n = tf.cast(tf.size(x) / tf.size(biased), x.dtype)
    left = tf.maximum(n - correction, 0)
    return biased * tf.where(left > 0, n / left, tf.constant(math.nan, x.dtype))


@_inside_float32
def _product(x: Any, axis: Axis, keepdims: bool) -> Any:
    """By halving, or one by one: the gradient of TensorFlow's gradient is wrong at zeros."""
    for each in _descending(x, axis):
        part = moveaxis(x, each, 0)
        if part.shape[0] is None:
            part = tf.foldl(tf.math.multiply, part, tf.ones_like(tf.reduce_sum(part, 0)))[None]
        while part.shape[0] > 1:
            half = part.shape[0] // 2
            part = tf.concat((part[:half] * part[half : 2 * half], part[2 * half :]), 0)
        if part.shape[0] == 0:
            part = tf.reduce_prod(part, 0, keepdims=True)
        x = moveaxis(part, 0, each) if keepdims else tf.squeeze(part, 0)
    return x


def _extreme(function: Function, x: Any, axis: Axis, keepdims: bool) -> Any:
    result = function(x, axis, keepdims)
    if 0 in [x.shape[a] for a in _axes(x, axis)]:  # TensorFlow gives an infinity
        raise ShapeError(f"max and min of nothing: shape {tuple(x.shape)} along axis {axis}")
    if tf.executing_eagerly() or not x.dtype.is_floating:
        return result
    # Compiled by XLA, TensorFlow's maximum drops NaN.
    unknown = tf.reduce_any(tf.math.is_nan(x), axis, keepdims)
    return tf.where(unknown, tf.constant(math.nan, x.dtype), result)


def _first(function: Function, x: Any, axis: int | None, keepdims: bool) -> Any:
    """The first extreme place; a NaN, which TensorFlow passes over, is one."""
    flat = tf.reshape(x, (-1,)) if axis is None else x
    along = axis or 0
    if flat.shape[along] == 0:
        raise ShapeError(f"argmax and argmin of nothing: shape {tuple(x.shape)} along axis {axis}")
    found = function(flat, along, tf.int64)
    if x.dtype.is_floating:
        unknown = tf.math.is_nan(flat)
        first = tf.argmax(unknown, along, tf.int64)
        found = tf.where(tf.reduce_any(unknown, along), first, found)
    if not keepdims:
        return found
    return tf.reshape(found, (1,) * x.shape.rank) if axis is None else tf.expand_dims(found, axis)


def _axes(x: Any, axis: Axis) -> Any:
    """The axes named, as a sequence; every one where none is."""
    return range(x.shape.rank) if axis is None else (axis,) if isinstance(axis, int) else axis


def _descending(x: Any, axis: Axis) -> list[int]:
    """The axes from the last to the first, so that one taken away moves no other."""
    return sorted({a % x.shape.rank for a in _axes(x, axis)}, reverse=True)


def _running_products(x: Any, axis: int) -> Any:
    """By doubling, or one by one: tf.math.cumprod divides, so its gradient is wrong at zeros."""
    n, reach = x.shape[axis], 1
    if n is None:
        return moveaxis(tf.scan(tf.math.multiply, moveaxis(x, axis, 0)), 0, axis)
    while reach < n:
        shifted = tf.concat(
            (tf.ones_like(_layers(x, axis, None, reach)), _layers(x, axis, None, n - reach)), axis
        )
        x, reach = x * shifted, 2 * reach
    return x


def _layers(x: Any, axis: int, start: int | None, stop: int | None) -> Any:
    """``x[start:stop]`` along an axis."""
    return x[(slice(None),) * (axis % x.shape.rank) + (slice(start, stop),)]


def _edge(x: Any, axis: int, value: int) -> Any:
    """One layer of ``value`` to put before an axis."""
    layer = tf.reduce_sum(tf.zeros_like(x), axis, keepdims=True)
    return tf.fill(tf.shape(layer), tf.cast(value, x.dtype))


def _only_axis(x: Any, axis: int | None) -> int:
    """The axis to go along; it may be left out of a vector only."""
    if axis is None and x.shape.rank != 1:
        raise ShapeError(
            f"cumulative functions need an axis for a tensor of shape {tuple(x.shape)}"
        )
    return 0 if axis is None else axis
