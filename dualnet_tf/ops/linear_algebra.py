"""Products on TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from dualnet.ops._host import check_vecdot
from dualnet_tf.ops._common import (
    INTEGER,
    NUMERIC,
    Function,
    binary,
    promote,
    promote_all,
    require,
)


def einsum(equation: str, /, *operands: Any) -> Any:
    return tf.einsum(equation, *promote_all(operands))


def _matmul(x1: Any, x2: Any) -> Any:
    """TensorFlow multiplies matrices only."""
    if x1.dtype.is_integer and x1.dtype != tf.int64:
        return _in_int64(_matmul, x1, x2)
    if x1.shape.rank > 1 and x2.shape.rank > 1:
        return tf.matmul(x1, x2)
    if x1.shape.rank == 1:
        return tf.squeeze(_matmul(x1[None], x2), -2 if x2.shape.rank > 1 else -1)
    return tf.squeeze(tf.matmul(x1, x2[:, None]), -1)


matmul = binary(_matmul, NUMERIC)


def matrix_transpose(x: Any, /) -> Any:
    return tf.linalg.matrix_transpose(x)


def tensordot(x1: Any, x2: Any, /, *, axes: int | tuple[Sequence[int], Sequence[int]] = 2) -> Any:
    x1, x2 = promote(x1, x2)
    require(x1, NUMERIC, "tensordot")
    if x1.dtype in INTEGER:
        return _in_int64(tf.tensordot, x1, x2, axes)
    return tf.tensordot(x1, x2, axes)


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    x1, x2 = promote(x1, x2)
    require(x1, NUMERIC, "vecdot")
    check_vecdot(x1, x2, axis)
    return tf.reduce_sum(tf.math.conj(x1) * x2, axis)


def _in_int64(function: Function, x1: Any, x2: Any, *args: Any) -> Any:
    """``function`` of integers, of which TensorFlow multiplies few: the same modulo their range."""
    return tf.cast(function(tf.cast(x1, tf.int64), tf.cast(x2, tf.int64), *args), x1.dtype)
