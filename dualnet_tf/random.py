"""The shared random numbers in TensorFlow; the twin is ``dualnet_torch/random.py``.

TensorFlow's stateless kernels are this generator.  Only their words are taken: TensorFlow
makes floats of the low bits of a word eagerly and of the high bits under XLA.
"""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import tensorflow as tf

from dualnet.random.layout import LOW_HALF, WORD_BITS, keep_threshold, significant_bits
from dualnet.random.philox import MASK

PHILOX = 1  # tf.random.Algorithm.PHILOX


def words(shape: Any, *, key: int, site: int, step: Any, device: Any) -> Any:
    with _scope(device):
        return _words(shape, key, site, step)


def uniform(shape: Any, *, key: int, site: int, step: Any, dtype: str, device: Any) -> Any:
    bits = significant_bits(dtype)
    with _scope(device):
        top = _words(shape, key, site, step)
        if bits > WORD_BITS:
            low = tf.cast(_words(shape, key, site, step, LOW_HALF), tf.int64)
            top = tf.cast(top, tf.int64) * 2 ** (bits - WORD_BITS)
            return tf.cast(top | low // 2 ** (64 - bits), tf.float64) * 2.0**-bits
        u = tf.cast(tf.bitwise.right_shift(top, WORD_BITS - bits), tf.float32) * 2.0**-bits
        return tf.cast(u, dtype)


def normal(shape: Any, *, key: int, site: int, step: Any, dtype: str, device: Any) -> Any:
    with _scope(device):
        count = tf.reduce_prod(tf.cast(shape, tf.int64))
        pairs = tf.stack(((count + 1) // 2, 2))
        u = uniform(pairs, key=key, site=site, step=step, dtype="float64", device=device)
        even, odd = tf.unstack(u, axis=1)
        radius, angle = tf.sqrt(-2.0 * tf.math.log(1.0 - even)), 2.0 * math.pi * odd
        z = tf.stack((radius * tf.cos(angle), radius * tf.sin(angle)), axis=-1)
        z = tf.reshape(tf.reshape(z, (-1,))[:count], shape)
        return z if dtype == "float64" else tf.cast(tf.cast(z, tf.float32), dtype)


def keep(shape: Any, *, rate: float, key: int, site: int, step: Any, device: Any) -> Any:
    threshold = keep_threshold(rate)
    with _scope(device):
        if threshold >> WORD_BITS:
            return tf.zeros(shape, tf.bool)  # rate 1: 2**32 is no uint32
        return _words(shape, key, site, step) >= tf.constant(threshold, tf.uint32)


def native_keep(shape: Any, *, rate: float, device: Any) -> Any:
    with _scope(device):
        return tf.random.uniform(shape) >= rate


def seed_native(seed: int) -> None:
    tf.random.set_seed(seed & 2**63 - 1)  # an int64


def _scope(device: Any) -> AbstractContextManager[Any]:
    return nullcontext() if device is None else tf.device(device)


def _words(shape: Any, key: int, site: int, step: Any, offset: int = 0) -> Any:
    if isinstance(step, int) or tf.executing_eagerly():
        counter = _uint64(offset // 4, site | (int(step) & MASK) << 32)
    else:
        address = tf.bitwise.left_shift(tf.cast(step, tf.uint64), 32) | site
        counter = tf.stack((offset // 4, address))
    return tf.raw_ops.StatelessRandomUniformFullIntV2(
        shape=tf.cast(shape, tf.int32),
        key=_uint64(key),
        counter=counter,
        alg=tf.constant(PHILOX),  # a tensor: with a number the eager call takes 50 µs more
        dtype=tf.uint32,
    )


def _uint64(*values: int) -> Any:
    # Through NumPy: of Python integers, tf.constant in a graph makes floats from 2**63 on.
    return tf.constant(np.array(values, np.uint64))
