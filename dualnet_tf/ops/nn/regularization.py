"""Dropout on TensorFlow."""

from __future__ import annotations

import tensorflow as tf

from dualnet_tf import random
from dualnet_tf.state import NAMES


def dropout(
    x: tf.Tensor,
    /,
    *,
    rate: float,
    key: int,
    site: int,
    step: int | tf.Tensor,
    noise_shape: tuple[int | None, ...] | None = None,
    shared: bool = True,
) -> tf.Tensor:
    shape = tf.shape(x)
    if noise_shape is not None:
        shape = tf.stack([shape[i] if n is None else n for i, n in enumerate(noise_shape)])
    if shared:
        keep = random.keep(shape, rate=rate, key=key, site=site, step=step, device=None)
    else:
        keep = random.native_keep(shape, rate=rate, device=None)
    return tf.where(keep, x / ((1 - rate) or 1), tf.zeros((), x.dtype))


def normal_like(
    x: tf.Tensor, /, *, key: int, site: int, step: int | tf.Tensor, shared: bool = True
) -> tf.Tensor:
    if not shared:
        return tf.random.normal(tf.shape(x), dtype=x.dtype)
    dtype = NAMES[x.dtype]
    y = random.normal(tf.shape(x), key=key, site=site, step=step, dtype=dtype, device=None)
    return tf.ensure_shape(y, x.shape)
