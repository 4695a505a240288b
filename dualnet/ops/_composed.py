"""What the functions share that are composed of others: their arguments as tensors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from dualnet import dtypes, registry
from dualnet.errors import DtypeError, ShapeError
from dualnet.protocols import Backend
from dualnet.typing import Axis, DtypeName, Tensor

if TYPE_CHECKING:
    ops: Any  # the checker cannot follow the circle of imports
else:
    from dualnet import ops

__all__ = [
    "axes_of",
    "backend_of",
    "constants",
    "dtype_of",
    "eager",
    "is_tensor",
    "merged_last",
    "require_floating",
    "tensor",
]

#: What numbers are in before they are a tensor.
HOST = (*dtypes.SCALARS, np.ndarray, np.generic)


def is_tensor(x: Any) -> bool:
    """Whether this is a native tensor; compilers trace it for what is none, too."""
    return not isinstance(x, (*HOST, list, tuple)) and registry.of_type(type(x)) is not None


def tensor(x: Any) -> Tensor:
    """An array or a number as a tensor of the current backend; a tensor as it is.

    Raises:
        DtypeError: it is something else.
    """
    if isinstance(x, HOST):
        return ops.asarray(x)
    if not is_tensor(x):
        raise DtypeError(
            f"tensors, NumPy arrays and numbers are taken, got {type(x).__name__}; make a tensor "
            "of it with ops.asarray"
        )
    return x


def backend_of(x: Tensor) -> Backend:
    """The backend of what is known to be a tensor."""
    return cast(Backend, registry.of_type(type(x)))


def dtype_of(x: Tensor) -> DtypeName:
    """The canonical name of a tensor's dtype."""
    return backend_of(x).state.dtype_name(x)


def eager(x: Tensor) -> bool:
    """Whether the tensor's values can be looked at here."""
    return not backend_of(x).jit.tracing()


def require_floating(x: Tensor, name: str) -> None:
    """Refuses a dtype for which ``name`` has no meaning.

    Raises:
        DtypeError: ``x`` is not real floating.
    """
    if not dtypes.is_floating(dtype_of(x)):
        raise DtypeError(dtypes.refusal(name, dtype_of(x), dtypes.FLOATING))


def constants(values: Iterable[complex], like: Tensor, dtype: DtypeName) -> Tensor:
    """Numbers as a vector on the device of ``like``, in a way that every compiler can trace."""
    zero = ops.nn.places(like, 1)[0]
    return ops.stack([ops.full_like(zero, value, dtype=dtype) for value in values])


def axes_of(x: Tensor, axis: Axis) -> tuple[int, ...]:
    """The axes that a reduction takes, ascending, counted from the front.

    Raises:
        ShapeError: an axis is not there, or is named twice.
    """
    rank = len(x.shape)
    given: Any = (axis,) if not isinstance(axis, (list, tuple)) else axis
    given = range(rank) if axis is None else given
    counted = {a % rank for a in given if isinstance(a, int) and -rank <= a < rank}
    if len(counted) != len(given):
        raise ShapeError(
            f"axis={axis!r} does not name axes of a tensor of shape {tuple(x.shape)}, each once"
        )
    return tuple(sorted(counted))


def merged_last(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """``x`` with these axes as one, the last."""
    kept = [a for a in range(len(x.shape)) if a not in axes]
    turned = ops.permute_dims(x, (*kept, *axes))
    if len(axes) == 1:
        return turned
    sizes = [ops.nn.axis_size(turned, axis=place) for place in range(len(kept))]
    return ops.reshape(turned, (*sizes, -1))
