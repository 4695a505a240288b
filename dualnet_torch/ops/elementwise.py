"""Functions of each element on PyTorch.  The kinds of dtype are the array API standard's."""

from __future__ import annotations

from typing import Any

import torch

from dualnet.errors import DtypeError
from dualnet.ops._host import check_bounds, default_float
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
    beside,
    binary,
    native,
    promote,
    require,
    unary,
)

abs = unary(torch.abs, NUMERIC)
acos = unary(torch.acos, FLOATING)
acosh = unary(torch.acosh, FLOATING)
add = binary(torch.add, NUMERIC)
asin = unary(torch.asin, FLOATING)
asinh = unary(torch.asinh, FLOATING)
atan = unary(torch.atan, FLOATING)
atan2 = binary(torch.atan2, REAL_FLOATING)
atanh = unary(torch.atanh, FLOATING)
bitwise_and = binary(torch.bitwise_and, BITS)
bitwise_invert = unary(torch.bitwise_not, BITS)
bitwise_left_shift = binary(torch.bitwise_left_shift, INTEGER)
bitwise_or = binary(torch.bitwise_or, BITS)
bitwise_right_shift = binary(torch.bitwise_right_shift, INTEGER)
bitwise_xor = binary(torch.bitwise_xor, BITS)
ceil = unary(torch.ceil, REAL)


def clip(x: Any, /, min: Any = None, max: Any = None) -> Any:
    require(x, REAL, "clip")
    check_bounds(min, max)
    low, high = (None if bound is None else beside(x, bound) for bound in (min, max))
    return x if low is high is None else torch.clamp(x, low, high)


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
expm1 = unary(torch.expm1, FLOATING)
floor = unary(torch.floor, REAL)


def floor_divide(x1: Any, x2: Any, /) -> Any:
    x1, x2 = promote(x1, x2)
    require(x1, REAL, "floor_divide")
    # torch.floor_divide has no gradient; this one's is 0.
    return torch.div(x1, x2, rounding_mode="floor")


greater = binary(torch.gt, REAL)
greater_equal = binary(torch.ge, REAL)


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
less = binary(torch.lt, REAL)
less_equal = binary(torch.le, REAL)
log = unary(torch.log, FLOATING)
log10 = unary(torch.log10, FLOATING)
log1p = unary(torch.log1p, FLOATING)
log2 = unary(torch.log2, FLOATING)
logaddexp = binary(torch.logaddexp, REAL_FLOATING)
logical_and = binary(torch.logical_and, BOOL)
logical_not = unary(torch.logical_not, BOOL)
logical_or = binary(torch.logical_or, BOOL)
logical_xor = binary(torch.logical_xor, BOOL)
maximum = binary(torch.maximum, REAL)
minimum = binary(torch.minimum, REAL)
multiply = binary(torch.multiply, NUMERIC)
negative = unary(torch.negative, NUMERIC)
nextafter = binary(torch.nextafter, WIDE_FLOATING)
not_equal = binary(torch.ne, ANY)
positive = unary(torch.positive, NUMERIC)


def pow(x1: Any, x2: Any, /) -> Any:
    x1, x2 = promote(x1, x2)
    require(x1, NUMERIC, "pow")
    if x1.dtype in INTEGER and not torch.compiler.is_compiling() and (x2 < 0).any():
        raise DtypeError("pow: an integer has no negative integer power; cast with ops.astype")
    if not x2.requires_grad or x2.is_complex():
        return torch.pow(x1, x2)
    # PyTorch's gradient of the exponent is NaN where the base is negative; ours is 0.
    negative = x1 < 0
    of_base = torch.pow(x1, x2.detach())
    return torch.where(negative, of_base, torch.pow(torch.where(negative, 1.0, x1), x2))


real = unary(torch.real, COMPLEX)
reciprocal = unary(torch.reciprocal, FLOATING)
remainder = binary(torch.remainder, REAL)
round = unary(torch.round, REAL)
rsqrt = unary(torch.rsqrt, FLOATING)


def sign(x: Any, /) -> Any:
    require(x, NUMERIC, "sign")
    if x.dtype in COMPLEX:
        return torch.sgn(x)
    return torch.where(torch.isnan(x), x.detach(), torch.sign(x))  # PyTorch: sign(nan) = 0


signbit = unary(torch.signbit, REAL_FLOATING)
sin = unary(torch.sin, FLOATING)
sinh = unary(torch.sinh, FLOATING)
sqrt = unary(torch.sqrt, FLOATING)
square = unary(torch.square, NUMERIC)
subtract = binary(torch.subtract, NUMERIC)
tan = unary(torch.tan, FLOATING)
tanh = unary(torch.tanh, FLOATING)
trunc = unary(torch.trunc, REAL)
