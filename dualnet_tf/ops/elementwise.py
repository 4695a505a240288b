"""Functions of each element on TensorFlow.  The kinds of dtype are the array API standard's."""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf

from dualnet.ops._host import check_bounds, default_float
from dualnet_tf.ops import _complex
from dualnet_tf.ops._common import (
    ANY,
    BITS,
    BOOL,
    COMPLEX,
    FLOATING,
    INTEGER,
    NUMERIC,
    REAL,
    REAL_FLOATING,
    WIDE_FLOATING,
    Function,
    beside,
    binary,
    native,
    promote,
    require,
    sign_bit,
    unary,
)


def _linked(value: Any, *xs: Any) -> Any:
    """``value`` with gradient 0 to ``xs``, where TensorFlow's is None."""
    for x in xs:
        value = tf.where(True, value, x)
    return value


def _steps(function: Function) -> Function:
    """A function of steps, whose gradient is 0; integers stay as they are."""

    def call(x: Any, /) -> Any:
        return _linked(function(x), x) if x.dtype.is_floating else tf.identity(x)

    call.__name__ = function.__name__
    return call


def _on_floats(function: Function, join: Function, *, of_integers: bool) -> Function:
    """A test of floats, which TensorFlow does not have for integers and complex numbers."""

    def call(x: Any, /) -> Any:
        if x.dtype.is_integer:
            return tf.fill(tf.shape(x), of_integers)
        if x.dtype.is_complex:
            return join(function(tf.math.real(x)), function(tf.math.imag(x)))
        return function(x)

    call.__name__ = function.__name__
    return call


def _or_unsigned(function: Function, unsigned: Function) -> Function:
    """``function``, and what it comes to for unsigned integers, which TensorFlow leaves out."""

    def call(x: Any, /) -> Any:
        return unsigned(x) if x.dtype.is_unsigned else function(x)

    call.__name__ = function.__name__
    return call


def _even(function: Function) -> Function:
    """``maximum`` or ``minimum`` with half of the gradient to each side of a tie."""

    def call(x1: Any, x2: Any, /) -> Any:
        if x1.dtype.is_integer:
            return function(x1, x2)
        return 0.5 * function(x1, x2) + 0.5 * function(x2, x1)  # each favours its first

    call.__name__ = function.__name__
    return call


abs = unary(_or_unsigned(tf.math.abs, tf.identity), NUMERIC)
acos = unary(tf.math.acos, FLOATING)
acosh = unary(tf.math.acosh, FLOATING)
add = binary(tf.math.add, NUMERIC)
asin = unary(tf.math.asin, FLOATING)
asinh = unary(tf.math.asinh, FLOATING)
atan = unary(tf.math.atan, FLOATING)


def atan2(x1: Any, x2: Any, /) -> Any:
    x1, x2 = promote(x1, x2)
    require(x1, REAL_FLOATING, "atan2")
    # TensorFlow's gradient at (0, 0) is NaN: there, the derivative of a constant.
    origin = (x1 == 0) & (x2 == 0)
    angle = tf.math.atan2(tf.where(origin, tf.ones_like(x1), x1), x2)
    return tf.where(origin, tf.math.atan2(tf.stop_gradient(x1), tf.stop_gradient(x2)), angle)


atanh = unary(tf.math.atanh, FLOATING)


def bitwise_and(x1: Any, x2: Any, /) -> Any:
    return _bits(tf.bitwise.bitwise_and, tf.math.logical_and, x1, x2)


def bitwise_invert(x: Any, /) -> Any:
    require(x, BITS, "bitwise_invert")
    return tf.math.logical_not(x) if x.dtype in BOOL else tf.bitwise.invert(x)


def bitwise_left_shift(x1: Any, x2: Any, /) -> Any:
    x1, x2 = promote(x1, x2)
    require(x1, INTEGER, "bitwise_left_shift")
    return _emptied(tf.bitwise.left_shift, x1, x2)


def bitwise_or(x1: Any, x2: Any, /) -> Any:
    return _bits(tf.bitwise.bitwise_or, tf.math.logical_or, x1, x2)


def bitwise_right_shift(x1: Any, x2: Any, /) -> Any:
    x1, x2 = promote(x1, x2)
    require(x1, INTEGER, "bitwise_right_shift")
    if x1.dtype.is_unsigned:
        return _emptied(tf.bitwise.right_shift, x1, x2)
    return tf.bitwise.right_shift(x1, x2)  # leaves the sign, however far


def bitwise_xor(x1: Any, x2: Any, /) -> Any:
    return _bits(tf.bitwise.bitwise_xor, tf.math.logical_xor, x1, x2)


ceil = unary(_steps(tf.math.ceil), REAL)


def clip(x: Any, /, min: Any = None, max: Any = None) -> Any:
    require(x, REAL, "clip")
    check_bounds(min, max)
    low, high = (None if bound is None else beside(x, bound) for bound in (min, max))
    # tf.clip_by_value wants both bounds.  At a tie these favour x: the gradient there is 1.
    x = x if low is None else tf.math.maximum(x, low)
    return x if high is None else tf.math.minimum(x, high)


conj = unary(tf.math.conj, NUMERIC)


def copysign(x1: Any, x2: Any, /) -> Any:
    x1, x2 = promote(x1, x2)
    require(x1, REAL_FLOATING, "copysign")
    size = tf.math.abs(x1)
    return _linked(tf.where(sign_bit(x2), -size, size), x2)


cos = unary(tf.math.cos, FLOATING)
cosh = unary(tf.math.cosh, FLOATING)


def divide(x1: Any, x2: Any, /) -> Any:
    x1, x2 = promote(x1, x2)
    require(x1, NUMERIC, "divide")
    if x1.dtype in INTEGER:  # TensorFlow would take float64
        x1, x2 = tf.cast(x1, native(default_float())), tf.cast(x2, native(default_float()))
    return tf.math.divide(x1, x2)


equal = binary(tf.math.equal, ANY)
erf = unary(tf.math.erf, REAL_FLOATING)
exp = unary(tf.math.exp, FLOATING)
expm1 = unary(tf.math.expm1, FLOATING, of_complex=_complex.expm1)
floor = unary(_steps(tf.math.floor), REAL)


def floor_divide(x1: Any, x2: Any, /) -> Any:
    x1, x2 = promote(x1, x2)
    require(x1, REAL, "floor_divide")
    if x1.dtype in INTEGER:
        return tf.math.floordiv(x1, x2)
    # TensorFlow floors the rounded quotient (1.0 // 0.1 = 10); PyTorch and Python take the
    # exact remainder away first (9).  The gradient is 0, not None.
    quotient, whole = x1 / x2, tf.round((x1 - tf.math.floormod(x1, x2)) / x2)
    exact = (x2 == 0) | tf.math.is_inf(x1) | tf.math.is_inf(x2)
    whole = tf.where(whole == 0, copysign(whole, quotient), whole)
    return _linked(tf.stop_gradient(tf.where(exact, quotient, whole)), x1, x2)


greater = binary(tf.math.greater, REAL)
greater_equal = binary(tf.math.greater_equal, REAL)


def hypot(x1: Any, x2: Any, /) -> Any:
    x1, x2 = promote(x1, x2)
    require(x1, REAL_FLOATING, "hypot")
    # TensorFlow has none.  Scaled so that squares neither overflow nor vanish; the scale is
    # a constant for the gradient, which is 0 at (0, 0).
    scale = tf.stop_gradient(tf.math.maximum(tf.math.abs(x1), tf.math.abs(x2)))
    infinite = tf.math.is_inf(x1) | tf.math.is_inf(x2)
    plain = (scale > 0) & ~infinite
    safe = tf.where(plain, scale, tf.ones_like(scale))
    one, two = (tf.where(plain, x, tf.ones_like(scale)) / safe for x in (x1, x2))
    length = safe * tf.math.sqrt(one * one + two * two)
    limit = tf.where(infinite, tf.constant(math.inf, x1.dtype), scale)
    return tf.where(plain, length, limit)


imag = unary(tf.math.imag, COMPLEX)


isfinite = unary(_on_floats(tf.math.is_finite, tf.logical_and, of_integers=True), NUMERIC)
isinf = unary(_on_floats(tf.math.is_inf, tf.logical_or, of_integers=False), NUMERIC)
isnan = unary(_on_floats(tf.math.is_nan, tf.logical_or, of_integers=False), NUMERIC)
less = binary(tf.math.less, REAL)
less_equal = binary(tf.math.less_equal, REAL)
log = unary(tf.math.log, FLOATING, of_complex=_complex.log)


def log10(x: Any, /) -> Any:
    return log(x) / math.log(10.0)  # TensorFlow has the natural logarithm only


log1p = unary(tf.math.log1p, FLOATING, of_complex=_complex.log1p)


def log2(x: Any, /) -> Any:
    return log(x) / math.log(2.0)  # TensorFlow has the natural logarithm only


def logaddexp(x1: Any, x2: Any, /) -> Any:
    x1, x2 = promote(x1, x2)
    require(x1, REAL_FLOATING, "logaddexp")
    return tf.math.reduce_logsumexp(tf.stack(_together(x1, x2)), axis=0)


logical_and = binary(tf.math.logical_and, BOOL)
logical_not = unary(tf.math.logical_not, BOOL)
logical_or = binary(tf.math.logical_or, BOOL)
logical_xor = binary(tf.math.logical_xor, BOOL)
maximum = binary(_even(tf.math.maximum), REAL)
minimum = binary(_even(tf.math.minimum), REAL)
multiply = binary(tf.math.multiply, NUMERIC)
negative = unary(_or_unsigned(tf.math.negative, lambda x: tf.zeros_like(x) - x), NUMERIC)
nextafter = binary(tf.math.nextafter, WIDE_FLOATING)
not_equal = binary(tf.math.not_equal, ANY)
positive = unary(tf.identity, NUMERIC)


def pow(x1: Any, x2: Any, /) -> Any:
    x1, x2 = promote(x1, x2)
    require(x1, NUMERIC, "pow")
    if x1.dtype.is_unsigned:  # TensorFlow has no power of these; int64 comes to the same
        return tf.cast(tf.math.pow(tf.cast(x1, tf.int64), tf.cast(x2, tf.int64)), x1.dtype)
    if x1.dtype in INTEGER:
        return tf.math.pow(x1, x2)
    # TensorFlow's gradient of x**0 at 0 is NaN; ours is 0.
    corner = (x1 == 0) & (x2 == 0)
    return tf.math.pow(tf.where(corner, tf.ones_like(x1), x1), x2)


real = unary(tf.math.real, COMPLEX)
reciprocal = unary(tf.math.reciprocal, FLOATING)


def remainder(x1: Any, x2: Any, /) -> Any:
    x1, x2 = promote(x1, x2)
    require(x1, REAL, "remainder")
    rest = tf.math.floormod(x1, x2)
    if x1.dtype in INTEGER:
        return rest
    # TensorFlow's 0 has the sign of x1.  What is taken from it is 0, with the gradient of rest.
    zero = tf.stop_gradient(copysign(rest, x2)) - (tf.stop_gradient(rest) - rest)
    return tf.where(rest == 0, zero, rest)


round = unary(_steps(tf.math.round), NUMERIC, of_complex=_complex.round)
rsqrt = unary(tf.math.rsqrt, FLOATING)
sign = unary(
    _or_unsigned(tf.math.sign, lambda x: tf.cast(x > 0, x.dtype)),
    NUMERIC,
    of_complex=_complex.sign,
)


def signbit(x: Any, /) -> Any:
    require(x, REAL_FLOATING, "signbit")
    return sign_bit(x)


sin = unary(tf.math.sin, FLOATING)
sinh = unary(tf.math.sinh, FLOATING)
sqrt = unary(tf.math.sqrt, FLOATING, of_complex=_complex.sqrt)
square = unary(tf.math.square, NUMERIC)
subtract = binary(tf.math.subtract, NUMERIC)
tan = unary(tf.math.tan, FLOATING)
tanh = unary(tf.math.tanh, FLOATING, of_complex=_complex.tanh)


def _truncated(x: Any) -> Any:
    """TensorFlow has none for floats."""
    return tf.where(x < 0, tf.math.ceil(x), tf.math.floor(x))


trunc = unary(_steps(_truncated), REAL)


def _bits(integers: Function, bools: Function, x1: Any, x2: Any) -> Any:
    """TensorFlow's bitwise functions leave bools to the logical ones."""
    x1, x2 = promote(x1, x2)
    require(x1, BITS, integers.__name__)
    return bools(x1, x2) if x1.dtype in BOOL else integers(x1, x2)


def _emptied(shift: Function, x: Any, places: Any) -> Any:
    """A shift that leaves 0 of all bits, where TensorFlow goes no further than the last."""
    return tf.where(places < 8 * x.dtype.size, shift(x, places), tf.zeros_like(x))


def _together(x1: Any, x2: Any) -> tuple[Any, Any]:
    shape = tf.broadcast_dynamic_shape(tf.shape(x1), tf.shape(x2))
    return tf.broadcast_to(x1, shape), tf.broadcast_to(x2, shape)
