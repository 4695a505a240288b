"""What every chapter of the PyTorch functions shares: dtypes, their kinds, their meeting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from dualnet import dtypes
from dualnet.dtypes import canonical
from dualnet.errors import DtypeError, ShapeError
from dualnet_torch import device as devices
from dualnet_torch.state import DTYPES, NAMES

Function = Callable[..., Any]
Kind = frozenset[torch.dtype]


def _kind(*names: str) -> Kind:
    return frozenset(DTYPES[name] for name in names)


BOOL = _kind("bool")
INTEGER = _kind(*dtypes.INTEGER)
BITS = BOOL | INTEGER
REAL_FLOATING = _kind(*dtypes.FLOATING)
WIDE_FLOATING = _kind("float32", "float64")
COMPLEX = _kind(*dtypes.COMPLEX)
FLOATING = REAL_FLOATING | COMPLEX
REAL = INTEGER | REAL_FLOATING
NUMERIC = REAL | COMPLEX
ANY = NUMERIC | BOOL

ACCUMULATORS: dict[Any, Any] = {d: DTYPES[dtypes.accumulator(name)] for d, name in NAMES.items()}


def native(dtype: Any) -> Any:
    """The framework's dtype for a canonical name (or for itself)."""
    return None if dtype is None else DTYPES[canonical(dtype)]


def place(device: Any) -> Any:
    """A device name as PyTorch's own handle; a handle, or None, as it is."""
    return devices.native(device) if isinstance(device, str) else device


def cast(x: Any, dtype: Any) -> Any:
    return x if x.dtype is dtype else x.to(dtype)


def scalar(value: Any, dtype: Any) -> Any:
    """A Python scalar as a tensor of the dtype it stands beside."""
    # Without a device: PyTorch lets a scalar of the CPU meet tensors of any device.
    return torch.scalar_tensor(value, dtype=DTYPES[dtypes.weak(value, NAMES[dtype])])


def beside(x: Any, value: Any) -> Any:
    """A bound or an edge of ``x``: a scalar as a tensor, a tensor if its dtype is that of ``x``.

    Raises:
        DtypeError: it is of another dtype.
    """
    if isinstance(value, dtypes.SCALARS):
        return scalar(value, x.dtype)
    if value.dtype is not x.dtype:
        raise DtypeError(f"{value.dtype} beside {x.dtype}; cast one of the two with ops.astype")
    return value


def promote(x1: Any, x2: Any) -> tuple[Any, Any]:
    """Both in the dtype in which they meet; a Python scalar takes the other's."""
    if isinstance(x2, dtypes.SCALARS):
        return x1, scalar(x2, x1.dtype)
    if isinstance(x1, dtypes.SCALARS):
        return scalar(x1, x2.dtype), x2
    if x1.dtype is x2.dtype:
        return x1, x2
    x1, x2 = promote_all((x1, x2))
    return x1, x2


def promote_all(tensors: Sequence[Any]) -> Sequence[Any]:
    """Tensors in the dtype in which they meet, where PyTorch lets integers and 0-d give way."""
    if not tensors:
        raise ShapeError("no tensors were given; this needs at least one")
    first = tensors[0].dtype
    if all(x.dtype is first for x in tensors):
        return tensors
    met = native(dtypes.promote_all([canonical(x.dtype) for x in tensors]))
    return [x.to(met) for x in tensors]


def require(x: Any, kind: Kind, name: str) -> None:
    """Refuses a dtype for which ``name`` has no meaning.

    Raises:
        DtypeError: ``x`` is of another kind.
    """
    if x.dtype not in kind:
        raise DtypeError(dtypes.refusal(name, x.dtype, [NAMES[dtype] for dtype in kind]))


#: PyTorch has dtypes for these, but few kernels.
WIDE_UNSIGNED = _kind("uint16", "uint32", "uint64")


def instead(call: Any, function: Function) -> Function:
    """``call``, which is ``function`` but for wide unsigned integers."""
    call.__name__ = function.__name__
    call.usual = function
    made: Function = call
    return made


def signed(function: Function) -> Function:
    """``function``, of wide unsigned integers in int64: the same modulo the dtype's range."""

    def call(x: Any, *args: Any, **kwargs: Any) -> Any:
        if x.dtype not in WIDE_UNSIGNED:
            return function(x, *args, **kwargs)
        wide = [a.to(torch.int64) if isinstance(a, torch.Tensor) else a for a in args]
        result = function(x.to(torch.int64), *wide, **kwargs)
        return result.to(x.dtype) if result.dtype is torch.int64 else result

    return instead(call, function)


def ordered(function: Function) -> Function:
    """``function``, of wide unsigned integers in int64, in the same order."""

    def call(x: Any, *args: Any, **kwargs: Any) -> Any:
        if x.dtype not in WIDE_UNSIGNED:
            return function(x, *args, **kwargs)
        others = [ranked(a) if isinstance(a, torch.Tensor) else a for a in args]
        result = function(ranked(x), *others, **kwargs)
        return result if result.dtype is torch.bool else (result - _shift(x)).to(x.dtype)

    return instead(call, function)


def ranked(x: Any) -> Any:
    """``x``, or integers in the same order where PyTorch cannot compare those of ``x``."""
    return x.to(torch.int64) + _shift(x) if x.dtype in WIDE_UNSIGNED else x


def _shift(x: Any) -> int:
    return -(2**63) if x.dtype is torch.uint64 else 0  # adding it turns the top bit


def _direct(function: Function, kind: Kind) -> tuple[Function, Kind]:
    """The function that most dtypes of a kind are given to, and these; see :func:`instead`."""
    return getattr(function, "usual", function), kind - WIDE_UNSIGNED


def unary(function: Function, kind: Kind, *, of_complex: Function | None = None) -> Function:
    """``function`` of one tensor whose dtype is of a kind; ``of_complex`` of complex numbers."""
    name = function.__name__
    direct, plain = _direct(function, kind - COMPLEX if of_complex else kind)

    def call(x: Any, /) -> Any:
        if x.dtype in plain:
            return direct(x)
        require(x, kind, name)
        return of_complex(x) if of_complex and x.dtype in COMPLEX else function(x)

    return call


def binary(function: Function, kind: Kind) -> Function:
    """``function`` of two tensors in the dtype in which they meet, which is of a kind."""
    name = function.__name__
    direct, plain = _direct(function, kind)

    def call(x1: Any, x2: Any, /) -> Any:
        if type(x1) is not type(x2) or x1.dtype is not x2.dtype:  # asked here: a call costs
            x1, x2 = promote(x1, x2)
        if x1.dtype in plain:
            return direct(x1, x2)
        require(x1, kind, name)
        return function(x1, x2)

    return call


def widened(x: Any, dtype: Any) -> Any:
    """``x`` in the dtype asked for, else in the one in which it is summed or multiplied up."""
    return cast(x, native(dtype) or ACCUMULATORS[x.dtype])
