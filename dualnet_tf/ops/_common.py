"""What every chapter of the TensorFlow functions shares: dtypes, their kinds, their meeting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from dualnet import dtypes
from dualnet.dtypes import canonical
from dualnet.errors import DtypeError, ShapeError
from dualnet_tf import device as devices
from dualnet_tf.state import DTYPES, NAMES

Function = Callable[..., Any]
Kind = frozenset[Any]
TENSORS = (tf.Tensor, tf.Variable)


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
    """A block in which tensors are made on a device, given by our name or TensorFlow's."""
    ours = isinstance(device, str) and "/" not in device
    return tf.device(devices.native(device) if ours else device)


def cast(x: Any, dtype: Any) -> Any:
    return x if x.dtype is dtype else tf.cast(x, dtype)


def scalar(value: Any, dtype: Any) -> Any:
    """A Python scalar as a tensor of the dtype it stands beside."""
    met = DTYPES[dtypes.weak(value, NAMES[dtype])]
    # An array where it is 0: TensorFlow's cache of Python scalars takes -0.0 for 0.0.
    return tf.constant(value or np.asarray(value), met)


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
    """Tensors in the dtype in which they meet, where TensorFlow wants them to agree.

    Raises:
        TypeError: there is something else than tensors, which TensorFlow would convert.
    """
    if not tensors:
        raise ShapeError("no tensors were given; this needs at least one")
    if not all(isinstance(x, TENSORS) for x in tensors):
        raise TypeError(f"not tensors of TensorFlow: {[type(x).__name__ for x in tensors]}")
    first = tensors[0].dtype
    if all(x.dtype is first for x in tensors):
        return tensors
    met = native(dtypes.promote_all([canonical(x.dtype) for x in tensors]))
    return [tf.cast(x, met) for x in tensors]


def require(x: Any, kind: Kind, name: str) -> None:
    """Refuses a dtype for which ``name`` has no meaning.

    Raises:
        DtypeError: ``x`` is of another kind.
    """
    if x.dtype not in kind:
        raise DtypeError(dtypes.refusal(name, x.dtype, [NAMES[dtype] for dtype in kind]))


def divisor(size: Any) -> Any:
    """``size`` where its square overflows or vanishes, else 1: what to divide by before squaring.

    It is a constant for the gradient.
    """
    size = tf.stop_gradient(size)
    extreme = tf.math.is_finite(size) & (size > 0) & ((size < 1e-9) | (size > 1e9))
    return tf.where(extreme, size, tf.ones_like(size))


def sign_bit(x: Any) -> Any:
    """Whether the sign of floats is negative, that of 0 and NaN included; TensorFlow has none."""
    return tf.bitcast(x, getattr(tf, f"int{8 * x.dtype.size}")) < 0


def unary(function: Function, kind: Kind, *, of_complex: Function | None = None) -> Function:
    """``function`` of one tensor whose dtype is of a kind; ``of_complex`` of complex numbers."""
    name = function.__name__
    plain, other = (kind - COMPLEX, of_complex) if of_complex else (kind, function)

    def call(x: Any, /) -> Any:
        if x.dtype not in plain:
            require(x, kind, name)
            return other(x)
        return function(x)

    return call


def binary(function: Function, kind: Kind) -> Function:
    """``function`` of two tensors in the dtype in which they meet, which is of a kind."""
    name = function.__name__

    def call(x1: Any, x2: Any, /) -> Any:
        x1, x2 = promote(x1, x2)
        if x1.dtype not in kind:
            require(x1, kind, name)
        return function(x1, x2)

    return call


def widened(x: Any, dtype: Any) -> Any:
    """``x`` in the dtype asked for, else in the one in which it is summed or multiplied up."""
    return cast(x, native(dtype) or ACCUMULATORS[x.dtype])
