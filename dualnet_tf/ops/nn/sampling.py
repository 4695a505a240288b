"""Numbers that say where on an axis values are taken from, on TensorFlow."""

from __future__ import annotations

import tensorflow as tf


def axis_size(x: tf.Tensor, /, *, axis: int) -> int | tf.Tensor:
    known = x.shape[axis]
    return tf.shape(x, tf.int64)[axis] if known is None else known


def places(x: tf.Tensor, count: int | tf.Tensor, /) -> tf.Tensor:
    return tf.range(count, dtype=tf.int64)
