"""Affine maps and look-ups on TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from dualnet.ops import explain


def embedding(ids: tf.Tensor, table: tf.Tensor, /) -> tf.Tensor:
    if not ids.dtype.is_integer:
        raise explain.embedding_dtype(ids.dtype.name)
    if ids.dtype not in (tf.int32, tf.int64):  # the only two that the kernel takes
        ids = tf.cast(ids, tf.int64)
    if tf.executing_eagerly():
        _check_range(ids, table)  # the kernel of a GPU would give zeros
    return tf.custom_gradient(_rows)(tf.convert_to_tensor(table), ids)


def linear(x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor | None = None, /) -> tf.Tensor:
    try:
        y = tf.matmul(x, kernel) if x.shape.rank == 2 else tf.tensordot(x, kernel, 1)
        return y if bias is None else y + bias
    except (
        tf.errors.InvalidArgumentError,
        tf.errors.NotFoundError,  # no kernel for the dtype
        TypeError,
        ValueError,
    ) as error:
        raise explain.linear(x, kernel) or error from error


def _check_range(ids: tf.Tensor, table: tf.Tensor) -> None:
    wrong = ids[(ids < 0) | (ids >= table.shape[0])]
    if len(wrong):
        raise explain.embedding_range(int(wrong[0]), table.shape[0])


def _rows(table: tf.Tensor, ids: tf.Tensor) -> tuple[tf.Tensor, Callable[..., Any]]:
    """``tf.gather`` and a dense gradient: its own, sparse, has no second derivative."""

    def backward(upstream: tf.Tensor) -> tuple[tf.Tensor, None]:
        return tf.math.unsorted_segment_sum(upstream, ids, tf.shape(table)[0]), None

    return tf.gather(table, ids), backward
