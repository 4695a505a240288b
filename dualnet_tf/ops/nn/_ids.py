"""Integers that point at rows, on TensorFlow."""

from __future__ import annotations

import tensorflow as tf

from dualnet.ops import explain


def check_integer(ids: tf.Tensor) -> None:
    """Refuses what cannot point at anything."""
    if not ids.dtype.is_integer:
        raise explain.embedding_dtype(ids.dtype.name)


def check_range(ids: tf.Tensor, count: int, whole: str, parts: str) -> None:
    """Refuses ids outside ``[0, count)``; eagerly only, for it looks at values."""
    ids = tf.reshape(ids, (-1,))  # a mask of a single number is none
    wrong = ids[(ids < 0) | (ids >= count)]
    if len(wrong):
        raise explain.id_range(int(wrong[0]), count, whole, parts)
