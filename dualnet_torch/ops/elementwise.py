"""Functions of each element on PyTorch.  The kinds of dtype are the array API standard's."""

from __future__ import annotations

from typing import Any

import torch

from dualnet.errors import DtypeError
from dualnet.ops._host import check_bounds, default_float
from dualnet_torch.ops import _complex
from dualnet_torch.ops._common import (
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
    WIDE_UNSIGNED,
    Function,
    beside,
    binary,
    instead,
    native,
    ordered,
    promote,
    require,
    signed,
    unary,
)


def _or_unsigned(function: Function, unsigned: Function) -> Function:
    """``function``, and what it comes to for wide unsigned integers, which PyTorch leaves out."""

    def call(x: Any, /, *others: Any) -> Any:
        return (unsigned if x.dtype in WIDE_UNSIGNED else function)(x, *others)

    return instead(call, function)


def _shifted(x: Any, places: Any) -> Any:
    """``x >> places``: the first place by hand, after which the top bit is clear."""
    wide, places = x.to(torch.int64), places.to(torch.int64)
    rest = ((wide >> 1) & (2**63 - 1)) >> torch.clamp(places - 1, 0)
    return torch.where(places == 0, wide, rest).to(x.dtype)


def _quotient(x1: Any, x2: Any) -> Any:
    """``x1 // x2`` by way of half of ``x1`` (Warren, Hacker's Delight, 2nd ed., section 9-3)."""
    one, two = x1.to(torch.int64), x2.to(torch.int64)
    half = (one >> 1) & (2**63 - 1)
    guess = torch.div(half, two, rounding_mode="floor") << 1
    rest = one - guess * two
    small = guess + greater_equal(rest.to(torch.uint64), two.to(torch.uint64))
    large = greater_equal(one.to(torch.uint64), two.to(torch.uint64)).to(torch.int64)
    return torch.where(two < 0, large, small).to(x1.dtype)


def _rest(x1: Any, x2: Any) -> Any:
    """``x1`` modulo ``x2``."""
    whole = _quotient(x1, x2).to(torch.int64)
    return (x1.to(torch.int64) - whole * x2.to(torch.int64)).to(x1.dtype)


abs = unary(_or_unsigned(torch.abs, torch.clone), NUMERIC)
acos = unary(torch.acos, FLOATING, of_complex=_complex.acos)
acosh = unary(torch.acosh, FLOATING)
add = binary(signed(torch.add), NUMERIC)
asin = unary(torch.asin, FLOATING)
asinh = unary(torch.asinh, FLOATING)
atan = unary(torch.atan, FLOATING)
atan2 = binary(torch.atan2, REAL_FLOATING)
atanh = unary(torch.atanh, FLOATING)
bitwise_and = binary(signed(torch.bitwise_and), BITS)
bitwise_invert = unary(signed(torch.bitwise_not), BITS)
bitwise_left_shift = binary(signed(torch.bitwise_left_shift), INTEGER)
bitwise_or = binary(signed(torch.bitwise_or), BITS)
bitwise_right_shift = binary(_or_unsigned(torch.bitwise_right_shift, _shifted), INTEGER)
bitwise_xor = binary(signed(torch.bitwise_xor), BITS)
ceil = unary(torch.ceil, REAL)


def clip(x: Any, /, min: Any = None, max: Any = None) -> Any:
    require(x, REAL, "clip")
    check_bounds(min, max)
    low, high = (None if bound is None else beside(x, bound) for bound in (min, max))
    return x if low is high is None else ordered(torch.clamp)(x, low, high)


conj = unary(torch.conj_physical, NUMERIC)
copysign = binary(torch.copysign, REAL_FLOATING)
cos = unary(torch.cos, FLOATING)
cosh = unary(torch.cosh, FLOATING)


def divide(x1: Any, x2: Any, /) -> Any:
    x1, x2 = promote(x1, x2)
    require(x1, NUMERIC, "divide")
    if x1.dtype in INTEGER:  # PyTorch would take its own default
        x1, x2 = x1.to(native(default_float())), x2.to(native(default_float()))
    return torch.divide(x1, x2)


equal = binary(torch.eq, ANY)
erf = unary(torch.erf, REAL_FLOATING)
exp = unary(torch.exp, FLOATING)
expm1 = unary(torch.expm1, FLOATING, of_complex=_complex.expm1)
floor = unary(torch.floor, REAL)


def floor_divide(x1: Any, x2: Any, /) -> Any:
    x1, x2 = promote(x1, x2)
    require(x1, REAL, "floor_divide")
    if x1.dtype in WIDE_UNSIGNED:
        return _quotient(x1, x2)
    # torch.floor_divide has no gradient; this one's is 0.
    whole = torch.div(x1, x2, rounding_mode="floor")
    if x1.dtype in INTEGER:
        return whole
    # PyTorch: inf // 2 = nan, -1 // inf = -1.
    return torch.where(torch.isinf(x1) | torch.isinf(x2), (x1 / x2).detach(), whole)


greater = binary(ordered(torch.gt), REAL)
greater_equal = binary(ordered(torch.ge), REAL)


def hypot(x1: Any, x2: Any, /) -> Any:
    x1, x2 = promote(x1, x2)
    require(x1, REAL_FLOATING, "hypot")
    # PyTorch's gradient at (0, 0) is NaN: there, the derivative of a constant.
    origin = (x1 == 0) & (x2 == 0)
    return torch.where(origin, 0.0, torch.hypot(torch.where(origin, 1.0, x1), x2))


imag = unary(torch.imag, COMPLEX)
isfinite = unary(torch.isfinite, NUMERIC)
isinf = unary(torch.isinf, NUMERIC)
isnan = unary(torch.isnan, NUMERIC)
less = binary(ordered(torch.lt), REAL)
less_equal = binary(ordered(torch.le), REAL)
log = unary(torch.log, FLOATING)
log10 = unary(torch.log10, FLOATING)
log1p = unary(torch.log1p, FLOATING, of_complex=_complex.log1p)
log2 = unary(torch.log2, FLOATING)
logaddexp = binary(torch.logaddexp, REAL_FLOATING)
logical_and = binary(torch.logical_and, BOOL)
logical_not = unary(torch.logical_not, BOOL)
logical_or = binary(torch.logical_or, BOOL)
logical_xor = binary(torch.logical_xor, BOOL)
maximum = binary(ordered(torch.maximum), REAL)
minimum = binary(ordered(torch.minimum), REAL)
multiply = binary(signed(torch.multiply), NUMERIC)
negative = unary(signed(torch.negative), NUMERIC)
nextafter = binary(torch.nextafter, WIDE_FLOATING)
not_equal = binary(torch.ne, ANY)
positive = unary(torch.positive, NUMERIC)


def pow(x1: Any, x2: Any, /) -> Any:
    x1, x2 = promote(x1, x2)
    require(x1, NUMERIC, "pow")
    if x1.dtype in INTEGER and not torch.compiler.is_compiling() and less(x2, 0).any():
        raise DtypeError("pow: an integer has no negative integer power; cast with ops.astype")
    if not x2.requires_grad or x2.is_complex():
        return signed(torch.pow)(x1, x2)
    # PyTorch's gradient of the exponent is NaN where the base is negative; ours is 0.
    negative = x1 < 0
    of_base = torch.pow(x1, x2.detach())
    return torch.where(negative, of_base, torch.pow(torch.where(negative, 1.0, x1), x2))


real = unary(torch.real, COMPLEX)
reciprocal = unary(torch.reciprocal, FLOATING)


def remainder(x1: Any, x2: Any, /) -> Any:
    x1, x2 = promote(x1, x2)
    require(x1, REAL, "remainder")
    if x1.dtype in WIDE_UNSIGNED:
        return _rest(x1, x2)
    rest = torch.remainder(x1, x2)
    if x1.dtype in INTEGER:
        return rest
    # PyTorch's 0 has the sign of x1.  What is taken from it is 0, with the gradient of rest.
    zero = torch.copysign(rest.detach(), x2.detach()) - (rest.detach() - rest)
    return torch.where(rest == 0, zero, rest)


round = unary(torch.round, NUMERIC, of_complex=_complex.round)
rsqrt = unary(torch.rsqrt, FLOATING)


def sign(x: Any, /) -> Any:
    require(x, NUMERIC, "sign")
    if x.dtype in COMPLEX:
        return torch.sgn(x)
    if x.dtype in WIDE_UNSIGNED:
        return (x != 0).to(x.dtype)
    return torch.where(torch.isnan(x), x.detach(), torch.sign(x))  # PyTorch: sign(nan) = 0


signbit = unary(torch.signbit, REAL_FLOATING)
sin = unary(torch.sin, FLOATING)
sinh = unary(torch.sinh, FLOATING)
sqrt = unary(torch.sqrt, FLOATING)
square = unary(signed(torch.square), NUMERIC)
subtract = binary(signed(torch.subtract), NUMERIC)
tan = unary(torch.tan, FLOATING)
tanh = unary(torch.tanh, FLOATING, of_complex=_complex.tanh)
trunc = unary(torch.trunc, REAL)
