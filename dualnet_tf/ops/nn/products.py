"""Affine maps and look-ups on TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from dualnet.ops import explain
from dualnet_tf.ops._common import native
from dualnet_tf.ops.nn._ids import check_integer, check_range
from dualnet_tf.ops.nn._layout import biased, sizes


def embedding(ids: tf.Tensor, table: tf.Tensor, /) -> tf.Tensor:
    check_integer(ids)
    if ids.dtype not in (tf.int32, tf.int64):  # the only two that the kernel takes
        ids = tf.cast(ids, tf.int64)
    if tf.executing_eagerly():
        check_range(ids, table.shape[0], "table", "rows")  # the kernel of a GPU would give zeros
    return tf.custom_gradient(_rows)(tf.convert_to_tensor(table), ids)


def linear(x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor | None = None, /) -> tf.Tensor:
    try:
        y = tf.matmul(x, kernel) if x.shape.rank == 2 else _rows_times(x, kernel)
        return y if bias is None else biased(y, bias)
    except (
        tf.errors.InvalidArgumentError,
        tf.errors.NotFoundError,  # no kernel for the dtype
        TypeError,
        ValueError,
    ) as error:
        raise explain.linear(x, kernel) or error from error


def linears(
    x: tf.Tensor, kernels: Sequence[tf.Tensor], biases: Sequence[tf.Tensor | None], /
) -> tuple[tf.Tensor, ...]:
    return tuple(linear(x, *pair) for pair in zip(kernels, biases, strict=True))


def one_hot(
    ids: tf.Tensor, num_classes: int, /, *, axis: int = -1, dtype: str = "float32"
) -> tf.Tensor:
    check_integer(ids)
    if tf.executing_eagerly():
        check_range(ids, num_classes, "range", "classes")
    return tf.one_hot(tf.cast(ids, tf.int64), num_classes, axis=axis, dtype=native(dtype))


def _rows_times(x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """One product of all rows: that of ``tf.tensordot``, which traces several times as long."""
    *batch, features = sizes(x)
    if not batch or features != kernel.shape[0]:
        return tf.tensordot(x, kernel, 1)
    y = tf.matmul(tf.reshape(x, (-1, features)), kernel)
    return tf.reshape(y, (*batch, kernel.shape[1]))


def _rows(table: tf.Tensor, ids: tf.Tensor) -> tuple[tf.Tensor, Callable[..., Any]]:
    """``tf.gather`` and a dense gradient: its own, sparse, has no second derivative."""

    def backward(upstream: tf.Tensor) -> tuple[tf.Tensor, None]:
        return tf.math.unsorted_segment_sum(upstream, ids, tf.shape(table)[0]), None

    return tf.gather(table, ids), backward
