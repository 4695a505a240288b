"""What attention needs, on TensorFlow."""

from __future__ import annotations

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
    return tf.reshape(tf.transpose(x, (0, 2, 1, 3)), (batch, time, heads * features))


def split_heads(x: tf.Tensor, /, *, heads: int) -> tf.Tensor:
    batch, time, features = sizes(x)
    cut = tf.reshape(x, (batch, time, heads, features // heads))
    return tf.transpose(cut, (0, 2, 1, 3))


def write_steps(x: tf.Tensor, steps: tf.Tensor, start: tf.Tensor, /, *, axis: int) -> tf.Tensor:
    count, size = steps.shape[axis], x.shape[axis]
    if tf.executing_eagerly() and int(start) + count > size:
        raise explain.no_room(int(start), count, size)
    ranges = [tf.range(tf.cast(n, tf.int64)) for n in sizes(steps)[: axis + 1]]
    ranges[-1] += start
    return tf.tensor_scatter_nd_update(x, tf.stack(tf.meshgrid(*ranges, indexing="ij"), -1), steps)
