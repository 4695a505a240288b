"""Pools on TensorFlow."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from dualnet import windows
from dualnet.windows import Padding, Sizes
from dualnet_tf.ops.nn._layout import pad_spatial, sizes


def avg_pool(
    x: tf.Tensor,
    /,
    *,
    pool_size: Sizes,
    strides: Sizes | None = None,
    padding: Padding = "valid",
) -> tf.Tensor:
    same = padding == "same"  # TensorFlow's own does not count the padding either
    window, steps, pads = windows.pool(x.shape, pool_size, strides, "valid" if same else padding)
    y = _pooled(tf.nn.avg_pool, pad_spatial(x, pads, 0), window, steps, same)
    if any(map(any, pads)):
        ones = tf.ones_like(x[:1, ..., :1])
        y = y / _pooled(tf.nn.avg_pool, pad_spatial(ones, pads, 0), window, steps, same)
    return y


def max_pool(
    x: tf.Tensor,
    /,
    *,
    pool_size: Sizes,
    strides: Sizes | None = None,
    padding: Padding = "valid",
) -> tf.Tensor:
    # In a graph, the kernel's own padding gives wrong second derivatives where all strides are 1.
    same = padding == "same" and strides not in (1, (1,) * (x.shape.rank - 2))
    window, steps, pads = windows.pool(x.shape, pool_size, strides, "valid" if same else padding)
    y = _pooled(tf.nn.max_pool, pad_spatial(x, pads, -math.inf), window, steps, same)

    def careful() -> tf.Tensor:
        # The kernel drops NaN: another pool finds the windows that have one.
        missing = tf.cast(tf.math.is_nan(x), x.dtype)
        missing = _pooled(tf.nn.max_pool, pad_spatial(missing, pads, 0), window, steps, same)
        marked = tf.where(missing > 0, tf.constant(math.nan, x.dtype), y)
        # It also starts from the lowest finite number, which nothing but -inf leaves standing.
        return tf.where(marked <= x.dtype.min, tf.constant(-math.inf, x.dtype), marked)

    # A sum is much cheaper than all that, and finite only where every number is.
    return tf.cond(tf.math.is_finite(tf.reduce_sum(x)), lambda: tf.identity(y), careful)


def _pooled(
    pool: Callable[..., Any],
    x: tf.Tensor,
    window: tuple[int, ...],
    strides: tuple[int, ...],
    same: bool,
) -> tf.Tensor:
    """The pool, or why there is none."""
    try:
        if len(window) < 3:
            y = pool(x, window, strides, "SAME" if same else "VALID")
        else:
            y = _pooled_in_turn(pool, x, window, strides, same)
    except (tf.errors.InvalidArgumentError, tf.errors.AbortedError, ValueError) as error:
        raise windows.explain_window(x.shape, window) from error  # oneDNN aborts
    if 0 in y.shape[1:-1]:
        raise windows.explain_window(x.shape, window)
    return y


def _pooled_in_turn(
    pool: Callable[..., Any],
    x: tf.Tensor,
    window: tuple[int, ...],
    strides: tuple[int, ...],
    same: bool,
) -> tf.Tensor:
    """Three axes as two, then one, for want of float64 kernels in three.

    A mean of means (of equal windows, and a border's counts multiply) and a maximum of
    maxima are exact, and the first maximum of the first plane is the first of all.
    """
    padding = "SAME" if same else "VALID"
    batch, depth, *plane, channels = sizes(x)
    y = tf.reshape(x, (batch * depth, *plane, channels))
    y = pool(y, window[1:], strides[1:], padding)
    _, height, width, _ = sizes(y)
    y = tf.reshape(y, (batch, depth, height * width, channels))
    y = pool(y, (window[0], 1), (strides[0], 1), padding)
    return tf.reshape(y, (batch, sizes(y)[1], height, width, channels))
