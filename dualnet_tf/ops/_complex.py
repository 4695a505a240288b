"""Complex functions whose kernels TensorFlow has wrong at the edges of the plane, or lacks."""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf

from dualnet_tf.ops._common import divisor, sign_bit


def expm1(z: Any) -> Any:
    """``(e^x cos y - 1) + i e^x sin y`` without cancellation; TensorFlow's is NaN at infinities."""
    x, y = tf.math.real(z), tf.math.imag(z)
    zero = tf.zeros_like(x)
    real = tf.math.expm1(x) * tf.math.cos(y) - 2 * tf.math.square(tf.math.sin(y / 2))
    real = tf.where(x == -math.inf, zero - 1, real) + 0.0  # -0.0 becomes 0.0
    imag = tf.math.exp(x) * tf.math.sin(y)
    imag = tf.where((y == 0) & ~tf.math.is_finite(x), y, imag)
    turning = tf.math.is_inf(x) & ~tf.math.is_finite(y)
    real = tf.where(turning & (x > 0), zero + math.inf, real)
    imag = tf.where(turning & (x < 0), zero, imag)
    return tf.complex(real, imag)


def log(z: Any) -> Any:
    """``log(z / s) + log(s)``: TensorFlow squares the parts, which overflow or vanish."""
    near, scale = _scaled(z)
    found = tf.math.log(near)
    return tf.complex(tf.math.real(found) + tf.math.log(scale), tf.math.imag(found))


def log1p(z: Any) -> Any:
    """``½ log1p(x (2 + x) + y²) + i atan2(y, 1 + x)`` near 0, where TensorFlow loses digits."""
    x, y = tf.math.real(z), tf.math.imag(z)
    far = log(tf.complex(1 + x, y))
    near = tf.math.maximum(tf.math.abs(x), tf.math.abs(y)) < 0.5
    excess = tf.where(near, x * (2 + x) + y * y, tf.zeros_like(x))
    real = tf.where(near, 0.5 * tf.math.log1p(excess), tf.math.real(far))
    return tf.complex(real, tf.math.imag(far))


def round(z: Any) -> Any:
    # TensorFlow has none.
    return tf.complex(tf.math.round(tf.math.real(z)), tf.math.round(tf.math.imag(z)))


def sign(z: Any) -> Any:
    """``sign(z / s)``: TensorFlow's own is lost where the squares of the parts are."""
    return tf.math.sign(_scaled(z)[0])


def sqrt(z: Any) -> Any:
    # TensorFlow: sqrt(-4 - 0j) = 2j, which is the root of the other side of the cut.
    return _turned(tf.math.sqrt, z, sign_bit(tf.math.imag(z)))


def tanh(z: Any) -> Any:
    # TensorFlow: tanh(inf + 2j) = 1 - 0j; the imaginary part must have the sign of that of z.
    x, y = tf.math.real(z), tf.math.imag(z)
    zero = tf.zeros_like(y)
    limit = tf.complex(tf.math.sign(x), tf.where(sign_bit(y), -zero, zero))
    return tf.where(tf.math.is_inf(x), limit, tf.math.tanh(z))


def _scaled(z: Any) -> tuple[Any, Any]:
    """Numbers whose squares neither overflow nor vanish, and by what ``z`` was divided."""
    x, y = tf.math.real(z), tf.math.imag(z)
    scale = divisor(tf.math.maximum(tf.math.abs(x), tf.math.abs(y)))
    return tf.complex(x / scale, y / scale), scale


def _turned(function: Any, z: Any, where: Any) -> Any:
    """``conj(function(conj(z)))`` at some places, ``function(z)`` at the others."""
    found = function(tf.where(where, tf.math.conj(z), z))
    return tf.where(where, tf.math.conj(found), found)
