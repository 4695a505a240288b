"""Tensors kept beside a variable: slots, sums of gradients."""

from __future__ import annotations

from dualnet.dtypes import wide
from dualnet.protocols import Backend
from dualnet.typing import NDArray, Tensor

__all__ = ["beside"]


def beside(backend: Backend, variable: Tensor, value: NDArray) -> Tensor:
    """A tensor on the device of a variable, in its dtype or, for half precision, in float32."""
    dtype = wide(backend.state.dtype_name(variable))
    return backend.optim.beside(variable, value, dtype=dtype)
