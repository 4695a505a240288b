"""What attention needs, on TensorFlow."""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf

from dualnet.ops import explain
from dualnet.ops.nn import attention
from dualnet_tf.ops.nn._layout import sizes
from dualnet_tf.ops.nn.activations import softmax

dot_product_attention = attention.dot_product_attention


def masked_softmax(x: tf.Tensor, mask: tf.Tensor, /) -> tf.Tensor:
    # The lowest number, not -inf: the softmax of an emptied row, and its gradient, are finite.
    lowest = tf.where(mask, x, tf.constant(x.dtype.min, x.dtype))
    return tf.where(mask, softmax(lowest), tf.zeros((), x.dtype))


def merge_heads(x: tf.Tensor, /) -> tf.Tensor:
    batch, heads, time, features = sizes(x)
    return tf.reshape(_swapped(x), (batch, time, heads * features))


def split_heads(x: tf.Tensor, /, *, heads: int) -> tf.Tensor:
    batch, time, features = sizes(x)
    return _swapped(tf.reshape(x, (batch, time, heads, features // heads)))


def write_steps(
    x: tf.Tensor, steps: tf.Tensor, start: tf.Tensor, /, *, axis: int, reuse: bool = False
) -> tf.Tensor:
    count, size = sizes(steps)[axis], sizes(x)[axis]
    if tf.executing_eagerly() and int(start) + count > size:
        raise explain.no_room(int(start), count, size)
    # As rows of a matrix: few indices, and those past the end are past the end of the last row.
    *lead, _ = sizes(x)[: axis + 1]
    firsts = _count_by(size, math.prod(lead)) + start
    several = not isinstance(count, int) or count > 1
    places = firsts[:, None] + tf.range(tf.cast(count, tf.int64)) if several else firsts
    row = sizes(x)[axis + 1 :]
    written = tf.tensor_scatter_nd_update(
        tf.reshape(x, (-1, *row)), tf.reshape(places, (-1, 1)), tf.reshape(steps, (-1, *row))
    )
    return tf.reshape(written, sizes(x))


def _count_by(step: int | tf.Tensor, times: int | tf.Tensor) -> tf.Tensor:
    """``0, step, 2·step, …``: as a constant where a graph knows how many."""
    if isinstance(times, int) and isinstance(step, int):
        return tf.constant(step * np.arange(times))
    return tf.cast(step, tf.int64) * tf.range(tf.cast(times, tf.int64))


def _swapped(x: tf.Tensor) -> tf.Tensor:
    """Axes 1 and 2 in each other's place; where one has size 1, that moves nothing in memory."""
    batch, first, second, last = sizes(x)
    if 1 in x.shape[1:3].as_list():
        return tf.reshape(x, (batch, second, first, last))
    return tf.transpose(x, (0, 2, 1, 3))
