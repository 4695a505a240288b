"""Functions of each element."""

from __future__ import annotations

from typing import Protocol

from dualnet.typing import Scalar, Tensor

__all__ = ["Elementwise"]


class Elementwise(Protocol):
    """Dtypes meet by :func:`dualnet.dtypes.promote`; shapes broadcast.

    Of two arguments, one may be a Python scalar: it takes the dtype of the other.  "Integer",
    "real", "floating" are the array API standard's kinds of dtype.  Each function raises
    ``DtypeError`` for a dtype of another kind or a pair of dtypes that do not meet, and
    ``ShapeError`` for shapes that do not broadcast.

    TensorFlow flushes denormal numbers (below 1.2e-38 in float32, 2.2e-308 in float64) to 0.
    """

    def abs(self, x: Tensor, /) -> Tensor:
        """``|x|``; the derivative at 0 is 0.

        Dtype: numeric, complex gives its real dtype.
        """
        ...

    def acos(self, x: Tensor, /) -> Tensor:
        """The angle in ``[0, π]`` whose cosine is ``x``.

        Dtype: floating.
        """
        ...

    def acosh(self, x: Tensor, /) -> Tensor:
        """The number ``≥ 0`` whose hyperbolic cosine is ``x``.

        Dtype: floating.
        """
        ...

    def add(self, x1: Tensor, x2: Tensor, /) -> Tensor:
        """``x1 + x2``.

        Dtype: numeric.
        """
        ...

    def asin(self, x: Tensor, /) -> Tensor:
        """The angle in ``[-π/2, π/2]`` whose sine is ``x``.

        Dtype: floating.
        """
        ...

    def asinh(self, x: Tensor, /) -> Tensor:
        """The number whose hyperbolic sine is ``x``.

        Dtype: floating.
        """
        ...

    def atan(self, x: Tensor, /) -> Tensor:
        """The angle in ``(-π/2, π/2)`` whose tangent is ``x``.

        Dtype: floating.
        """
        ...

    def atan2(self, x1: Tensor, x2: Tensor, /) -> Tensor:
        """The angle in ``[-π, π]`` of the point ``(x2, x1)``; the gradient at the origin is 0.

        Dtype: real floating.
        """
        ...

    def atanh(self, x: Tensor, /) -> Tensor:
        """The number whose hyperbolic tangent is ``x``.

        Dtype: floating.
        """
        ...

    def bitwise_and(self, x1: Tensor, x2: Tensor, /) -> Tensor:
        """The bits set in both.

        Dtype: bool or integer.
        """
        ...

    def bitwise_invert(self, x: Tensor, /) -> Tensor:
        """Each bit flipped.

        Dtype: bool or integer.
        """
        ...

    def bitwise_left_shift(self, x1: Tensor, x2: Tensor, /) -> Tensor:
        """``x1 · 2**x2`` modulo the integer's range: 0 where all bits are shifted out.

        Dtype: integer.
        """
        ...

    def bitwise_or(self, x1: Tensor, x2: Tensor, /) -> Tensor:
        """The bits set in either.

        Dtype: bool or integer.
        """
        ...

    def bitwise_right_shift(self, x1: Tensor, x2: Tensor, /) -> Tensor:
        """``floor(x1 / 2**x2)``: 0, or -1 of a negative number, where all bits are shifted out.

        Dtype: integer.
        """
        ...

    def bitwise_xor(self, x1: Tensor, x2: Tensor, /) -> Tensor:
        """The bits set in one of the two.

        Dtype: bool or integer.
        """
        ...

    def ceil(self, x: Tensor, /) -> Tensor:
        """The least whole number ``≥ x``; gradient 0.

        Dtype: real.
        """
        ...

    def clip(
        self, x: Tensor, /, min: Tensor | Scalar | None = None, max: Tensor | Scalar | None = None
    ) -> Tensor:
        """``min(max(x, min), max)``, a bound of None being no bound.

        NaN stays NaN.  The gradient is 1 for ``x`` from bound to bound, both included.

        Dtype: real; that of ``x``.

        Raises:
            ConfigError: both bounds are Python scalars, and ``min > max``.
            DtypeError: a bound is a tensor of another dtype.
        """
        ...

    def conj(self, x: Tensor, /) -> Tensor:
        """``re(x) - i·im(x)``.

        Dtype: numeric.
        """
        ...

    def copysign(self, x1: Tensor, x2: Tensor, /) -> Tensor:
        """``|x1|`` with the sign of ``x2``, also of a zero.

        Dtype: real floating.
        """
        ...

    def cos(self, x: Tensor, /) -> Tensor:
        """The cosine.

        Dtype: floating.
        """
        ...

    def cosh(self, x: Tensor, /) -> Tensor:
        """The hyperbolic cosine.

        Dtype: floating.
        """
        ...

    def divide(self, x1: Tensor, x2: Tensor, /) -> Tensor:
        """``x1 / x2``.

        Dtype: numeric; integers give the current default float dtype.
        """
        ...

    def equal(self, x1: Tensor, x2: Tensor, /) -> Tensor:
        """``x1 = x2``.

        Dtype: any; the result is bool.
        """
        ...

    def erf(self, x: Tensor, /) -> Tensor:
        """``2/√π · ∫_0^x exp(-t²) dt``.

        Dtype: real floating.
        """
        ...

    def exp(self, x: Tensor, /) -> Tensor:
        """``e**x``.

        Dtype: floating.
        """
        ...

    def expm1(self, x: Tensor, /) -> Tensor:
        """``e**x - 1``, exact near 0.

        Dtype: floating.
        """
        ...

    def floor(self, x: Tensor, /) -> Tensor:
        """The greatest whole number ``≤ x``; gradient 0.

        Dtype: real.
        """
        ...

    def floor_divide(self, x1: Tensor, x2: Tensor, /) -> Tensor:
        """``floor(x1 / x2)``; gradient 0.

        Floats are divided after the exact remainder is taken away: ``1.0 // 0.1`` is 9.  With an
        infinity, the quotient is not rounded: ``-1 // inf`` is -0, ``inf // 2`` is infinite.

        Dtype: real.

        Raises:
            NonFiniteError: an integer is divided by 0.
        """
        ...

    def greater(self, x1: Tensor, x2: Tensor, /) -> Tensor:
        """``x1 > x2``.

        Dtype: real; the result is bool.
        """
        ...

    def greater_equal(self, x1: Tensor, x2: Tensor, /) -> Tensor:
        """``x1 ≥ x2``.

        Dtype: real; the result is bool.
        """
        ...

    def hypot(self, x1: Tensor, x2: Tensor, /) -> Tensor:
        """``√(x1² + x2²)`` without overflow; the gradient at the origin is 0.

        Dtype: real floating.
        """
        ...

    def imag(self, x: Tensor, /) -> Tensor:
        """The imaginary part.

        Dtype: complex.
        """
        ...

    def isfinite(self, x: Tensor, /) -> Tensor:
        """Neither NaN nor infinite.

        Dtype: numeric; the result is bool.
        """
        ...

    def isinf(self, x: Tensor, /) -> Tensor:
        """Infinite, of either sign.

        Dtype: numeric; the result is bool.
        """
        ...

    def isnan(self, x: Tensor, /) -> Tensor:
        """Not a number.

        Dtype: numeric; the result is bool.
        """
        ...

    def less(self, x1: Tensor, x2: Tensor, /) -> Tensor:
        """``x1 < x2``.

        Dtype: real; the result is bool.
        """
        ...

    def less_equal(self, x1: Tensor, x2: Tensor, /) -> Tensor:
        """``x1 ≤ x2``.

        Dtype: real; the result is bool.
        """
        ...

    def log(self, x: Tensor, /) -> Tensor:
        """The natural logarithm.

        Dtype: floating.
        """
        ...

    def log10(self, x: Tensor, /) -> Tensor:
        """The logarithm to base 10.

        Dtype: floating.
        """
        ...

    def log1p(self, x: Tensor, /) -> Tensor:
        """``log(1 + x)``, exact near 0.

        Dtype: floating.
        """
        ...

    def log2(self, x: Tensor, /) -> Tensor:
        """The logarithm to base 2.

        Dtype: floating.
        """
        ...

    def logaddexp(self, x1: Tensor, x2: Tensor, /) -> Tensor:
        """``log(e**x1 + e**x2)`` without overflow.

        Dtype: real floating.
        """
        ...

    def logical_and(self, x1: Tensor, x2: Tensor, /) -> Tensor:
        """Both.

        Dtype: bool.
        """
        ...

    def logical_not(self, x: Tensor, /) -> Tensor:
        """Not so.

        Dtype: bool.
        """
        ...

    def logical_or(self, x1: Tensor, x2: Tensor, /) -> Tensor:
        """Either.

        Dtype: bool.
        """
        ...

    def logical_xor(self, x1: Tensor, x2: Tensor, /) -> Tensor:
        """One of the two.

        Dtype: bool.
        """
        ...

    def maximum(self, x1: Tensor, x2: Tensor, /) -> Tensor:
        """The larger; NaN if either is NaN; at a tie half of the gradient to each.

        Dtype: real.
        """
        ...

    def minimum(self, x1: Tensor, x2: Tensor, /) -> Tensor:
        """The smaller; NaN if either is NaN; at a tie half of the gradient to each.

        Dtype: real.
        """
        ...

    def multiply(self, x1: Tensor, x2: Tensor, /) -> Tensor:
        """``x1 · x2``.

        Dtype: numeric.
        """
        ...

    def negative(self, x: Tensor, /) -> Tensor:
        """``-x``.

        Dtype: numeric.
        """
        ...

    def nextafter(self, x1: Tensor, x2: Tensor, /) -> Tensor:
        """The next number after ``x1`` towards ``x2``.

        Dtype: float32 and float64.
        """
        ...

    def not_equal(self, x1: Tensor, x2: Tensor, /) -> Tensor:
        """``x1 ≠ x2``.

        Dtype: any; the result is bool.
        """
        ...

    def positive(self, x: Tensor, /) -> Tensor:
        """``+x``.

        Dtype: numeric.
        """
        ...

    def pow(self, x1: Tensor, x2: Tensor, /) -> Tensor:
        """``x1**x2``.

        Gradients are 0 where they have no value: of ``x**0`` at 0 in the base, of a negative
        base in the exponent.

        Dtype: numeric.

        Raises:
            DtypeError: a negative power of an integer (found eagerly, not in compiled code).
        """
        ...

    def real(self, x: Tensor, /) -> Tensor:
        """The real part.

        Dtype: complex.
        """
        ...

    def reciprocal(self, x: Tensor, /) -> Tensor:
        """``1 / x``.

        Dtype: floating.
        """
        ...

    def remainder(self, x1: Tensor, x2: Tensor, /) -> Tensor:
        """``x1 - floor(x1 / x2) · x2``, of the sign of ``x2``.

        Dtype: real.

        Raises:
            NonFiniteError: an integer is divided by 0.
        """
        ...

    def round(self, x: Tensor, /) -> Tensor:
        """The nearest whole number, halves to the even one; gradient 0.

        Dtype: numeric; of a complex number, both parts are rounded.
        """
        ...

    def rsqrt(self, x: Tensor, /) -> Tensor:
        """``1 / √x``.

        Dtype: floating.
        """
        ...

    def sign(self, x: Tensor, /) -> Tensor:
        """-1, 0 or 1; NaN for NaN; ``x / |x|`` for complex numbers; gradient 0.

        Dtype: numeric.
        """
        ...

    def signbit(self, x: Tensor, /) -> Tensor:
        """Whether the sign is minus, also of -0.0.

        Dtype: real floating; the result is bool.
        """
        ...

    def sin(self, x: Tensor, /) -> Tensor:
        """The sine.

        Dtype: floating.
        """
        ...

    def sinh(self, x: Tensor, /) -> Tensor:
        """The hyperbolic sine.

        Dtype: floating.
        """
        ...

    def sqrt(self, x: Tensor, /) -> Tensor:
        """``√x``.

        Dtype: floating.
        """
        ...

    def square(self, x: Tensor, /) -> Tensor:
        """``x²``.

        Dtype: numeric.
        """
        ...

    def subtract(self, x1: Tensor, x2: Tensor, /) -> Tensor:
        """``x1 - x2``.

        Dtype: numeric.
        """
        ...

    def tan(self, x: Tensor, /) -> Tensor:
        """The tangent.

        Dtype: floating.
        """
        ...

    def tanh(self, x: Tensor, /) -> Tensor:
        """The hyperbolic tangent.

        Dtype: floating.
        """
        ...

    def trunc(self, x: Tensor, /) -> Tensor:
        """The whole number next to ``x`` towards 0; gradient 0.

        Dtype: real.
        """
        ...
