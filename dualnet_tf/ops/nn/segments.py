"""Reductions of rows by a label for each, on TensorFlow."""

from __future__ import annotations

import math

import tensorflow as tf

from dualnet.ops import explain
from dualnet_tf.ops._common import NUMERIC, REAL_FLOATING, Kind, require
from dualnet_tf.ops.nn._ids import check_integer, check_range


def segment_max(x: tf.Tensor, ids: tf.Tensor, /, *, num_segments: int) -> tf.Tensor:
    _check(x, ids, num_segments, REAL_FLOATING, "segment_max")
    y = tf.math.unsorted_segment_max(x, ids, num_segments)
    # The kernel drops NaN, and starts from the lowest finite number.
    missing = tf.cast(tf.math.is_nan(x), x.dtype)
    missing = tf.math.unsorted_segment_sum(missing, ids, num_segments)
    y = tf.where(missing > 0, tf.constant(math.nan, x.dtype), y)
    return tf.where(y <= x.dtype.min, tf.constant(-math.inf, x.dtype), y)


def segment_mean(x: tf.Tensor, ids: tf.Tensor, /, *, num_segments: int) -> tf.Tensor:
    _check(x, ids, num_segments, REAL_FLOATING, "segment_mean")
    ones = tf.ones_like(ids, x.dtype)
    counts = tf.maximum(tf.math.unsorted_segment_sum(ones, ids, num_segments), 1)
    total = tf.math.unsorted_segment_sum(x, ids, num_segments)
    return total / tf.reshape(counts, (-1, *[1] * (x.shape.rank - 1)))


def segment_min(x: tf.Tensor, ids: tf.Tensor, /, *, num_segments: int) -> tf.Tensor:
    _check(x, ids, num_segments, REAL_FLOATING, "segment_min")
    return -segment_max(-x, ids, num_segments=num_segments)


def segment_sum(x: tf.Tensor, ids: tf.Tensor, /, *, num_segments: int) -> tf.Tensor:
    _check(x, ids, num_segments, NUMERIC, "segment_sum")
    return tf.math.unsorted_segment_sum(x, ids, num_segments)


def _check(x: tf.Tensor, ids: tf.Tensor, num_segments: int, kind: Kind, name: str) -> None:
    require(x, kind, name)
    check_integer(ids)
    explain.check_segments(tuple(x.shape), tuple(ids.shape), num_segments)
    if tf.executing_eagerly():
        check_range(ids, num_segments, "range", "segments")
