"""Changing dtypes on TensorFlow."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from dualnet_tf.ops._common import native


def astype(x: Any, dtype: Any, /, *, copy: bool = True) -> Any:
    return tf.cast(x, native(dtype))  # never changed in place: a copy makes no difference
