"""Activation functions on TensorFlow.

Several of TensorFlow's own hold their constants in float32; a Python number in a formula
takes the tensor's dtype.
"""

from __future__ import annotations

import math

import tensorflow as tf

from dualnet.errors import unknown_name

relu = tf.nn.relu
sigmoid = tf.math.sigmoid

SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


def celu(x: tf.Tensor, /, *, alpha: float = 1.0) -> tf.Tensor:
    return tf.where(x > 0, x, alpha * tf.math.expm1(_negative_part(x) / alpha))


def elu(x: tf.Tensor, /, *, alpha: float = 1.0) -> tf.Tensor:
    return tf.where(x > 0, x, alpha * tf.math.expm1(_negative_part(x)))


def gelu(x: tf.Tensor, /, *, approximate: str = "none") -> tf.Tensor:
    if approximate not in ("none", "tanh"):
        raise unknown_name("GELU approximation", approximate, ("none", "tanh"))
    if approximate == "tanh":
        return 0.5 * x * (1 + tf.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))
    return 0.5 * x * (1 + tf.math.erf(x * math.sqrt(0.5)))


def glu(x: tf.Tensor, /, *, axis: int = -1) -> tf.Tensor:
    value, gate = tf.split(x, 2, axis)
    return value * tf.sigmoid(gate)


def hard_sigmoid(x: tf.Tensor, /) -> tf.Tensor:
    return tf.nn.relu6(x + 3) / 6


def hard_silu(x: tf.Tensor, /) -> tf.Tensor:
    return x * hard_sigmoid(x)


def hard_tanh(x: tf.Tensor, /) -> tf.Tensor:
    return tf.clip_by_value(x, -1, 1)


def leaky_relu(x: tf.Tensor, /, *, negative_slope: float = 0.01) -> tf.Tensor:
    return tf.where(x > 0, x, negative_slope * x)


def log_sigmoid(x: tf.Tensor, /) -> tf.Tensor:
    return tf.math.log_sigmoid(x)


def log_softmax(x: tf.Tensor, /, *, axis: int = -1) -> tf.Tensor:
    return tf.nn.log_softmax(x, axis)


def mish(x: tf.Tensor, /) -> tf.Tensor:
    return x * tf.tanh(tf.math.softplus(x))


def relu6(x: tf.Tensor, /) -> tf.Tensor:
    return tf.nn.relu6(x)


def selu(x: tf.Tensor, /) -> tf.Tensor:
    return SELU_SCALE * elu(x, alpha=SELU_ALPHA)


def silu(x: tf.Tensor, /) -> tf.Tensor:
    return x * tf.sigmoid(x)


def softmax(x: tf.Tensor, /, *, axis: int = -1) -> tf.Tensor:
    if x.dtype == tf.float16:  # whose kernel rounds every term of the sum
        return tf.cast(tf.nn.softmax(tf.cast(x, tf.float32), axis), x.dtype)
    return tf.nn.softmax(x, axis)


def softplus(x: tf.Tensor, /) -> tf.Tensor:
    return tf.math.softplus(x)


def softsign(x: tf.Tensor, /) -> tf.Tensor:
    return x / (1 + tf.abs(x))  # tf.nn.softsign has no second derivative


def _negative_part(x: tf.Tensor) -> tf.Tensor:
    """``x`` where it is not positive; its derivative at 0 is 1."""
    return tf.where(x > 0, tf.zeros_like(x), x)
