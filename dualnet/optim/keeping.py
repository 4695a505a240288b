"""Tensors kept beside a variable: slots, sums of gradients."""

from __future__ import annotations

from dualnet.dtypes import wide
from dualnet.protocols import Backend
from dualnet.typing import NDArray, Tensor

__all__ = ["beside"]


def beside(backend: Backend, variable: Tensor, value: NDArray) -> Tensor:
    """A tensor on the device of a variable, in its dtype or, for half precision, in float32."""
    state, device = backend.state, backend.device
    return state.variable(
        value,
        dtype=wide(state.dtype_name(variable)),
        device=device.native(device.device_of(variable)),
        trainable=False,
    )
