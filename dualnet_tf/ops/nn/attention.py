"""What attention needs, on TensorFlow."""

from __future__ import annotations

import tensorflow as tf


def masked_softmax(x: tf.Tensor, mask: tf.Tensor, /) -> tf.Tensor:
    # The lowest number, not -inf: the softmax of an emptied row, and its gradient, are finite.
    lowest = tf.where(mask, x, tf.constant(x.dtype.min, x.dtype))
    return tf.where(mask, tf.nn.softmax(lowest), tf.zeros((), x.dtype))


def merge_heads(x: tf.Tensor, /) -> tf.Tensor:
    batch, time = _sizes(x, 0, 2)
    return tf.reshape(tf.transpose(x, (0, 2, 1, 3)), (batch, time, x.shape[1] * x.shape[3]))


def split_heads(x: tf.Tensor, /, *, heads: int) -> tf.Tensor:
    batch, time = _sizes(x, 0, 1)
    cut = tf.reshape(x, (batch, time, heads, x.shape[-1] // heads))
    return tf.transpose(cut, (0, 2, 1, 3))


def _sizes(x: tf.Tensor, *axes: int) -> tuple[int | tf.Tensor, ...]:
    """Sizes of axes: numbers, or tensors where a graph does not know them."""
    return tuple(tf.shape(x)[axis] if x.shape[axis] is None else x.shape[axis] for axis in axes)
