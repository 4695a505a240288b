"""Tensors and variables on PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch._C import _functorch as functorch
from torch._functorch import pyfunctorch

from dualnet.dtypes import ALL, canonical
from dualnet.errors import DtypeError, ShapeError, StateError
from dualnet.typing import DtypeName, NDArray, Shape

DTYPES: dict[str, torch.dtype] = {name: getattr(torch, name) for name in ALL}
NAMES: dict[torch.dtype, DtypeName] = {dtype: canonical(name) for name, dtype in DTYPES.items()}


class Variable(torch.nn.Parameter):
    """A parameter that can be assigned to, as a ``tf.Variable`` can."""

    def assign(self, value: Any) -> Variable:
        """Overwrites the values."""
        assign(self, self._fitting(value))
        return self

    def assign_add(self, delta: Any) -> Variable:
        """Adds to the values."""
        with torch.no_grad():
            self.add_(self._fitting(delta))
        return self

    def assign_sub(self, delta: Any) -> Variable:
        """Subtracts from the values."""
        with torch.no_grad():
            self.sub_(self._fitting(delta))
        return self

    def _fitting(self, value: Any) -> torch.Tensor:
        """A tensor, array or number of this variable's shape and dtype; PyTorch would adapt it."""
        if not isinstance(value, torch.Tensor):
            value = torch.as_tensor(value, dtype=self.dtype, device=self.device)
        if value.shape != self.shape:
            raise ShapeError(f"shape {tuple(value.shape)} for a variable of {tuple(self.shape)}")
        if value.dtype != self.dtype:
            raise DtypeError(f"{value.dtype} for a variable of {self.dtype}; cast it first")
        return value


TENSOR_TYPES = (torch.Tensor, torch.nn.Parameter, Variable)


def is_tensor_type(cls: type, /) -> bool:
    return issubclass(cls, torch.Tensor)


def is_variable(tensor: torch.Tensor, /) -> bool:
    return isinstance(tensor, torch.nn.Parameter)


def dtype_name(tensor: torch.Tensor, /) -> DtypeName:
    return NAMES.get(tensor.dtype) or canonical(tensor.dtype)


def shape(tensor: torch.Tensor, /) -> Shape:
    return tuple(tensor.shape)


def from_numpy(
    array: NDArray, /, *, dtype: DtypeName | None = None, device: torch.device | None = None
) -> torch.Tensor:
    copy = torch.from_numpy(np.array(array, order="C"))  # torch.tensor takes no [::-1]
    return copy.to(device=device, dtype=DTYPES[dtype] if dtype else None)


def to_numpy(tensor: torch.Tensor, /) -> NDArray:
    tensor = tensor.detach()
    if tensor.dtype == torch.bfloat16:  # NumPy has no bfloat16
        tensor = tensor.float()
    return tensor.numpy(force=True).copy()  # by force: there are lazy conjugates and zeros


def variable(
    array: NDArray,
    /,
    *,
    dtype: DtypeName | None = None,
    device: torch.device | None = None,
    trainable: bool = True,
    name: str | None = None,
) -> torch.Tensor:
    value = from_numpy(array, dtype=dtype, device=device)
    return Variable(value, requires_grad=trainable and value.is_floating_point())


def assign(variable: torch.Tensor, value: torch.Tensor, /) -> None:
    if not torch.compiler.is_compiling() and functorch.maybe_current_level() is not None:
        _assign_through_transforms(variable, value)
        return
    with torch.no_grad():
        variable.copy_(value)


def _assign_through_transforms(variable: torch.Tensor, value: torch.Tensor) -> None:
    """Assigns inside ``torch.func`` transformations, which forbid it: a gradient is cut anyway."""
    while functorch.is_functorch_wrapped_tensor(value):
        if functorch.is_batchedtensor(value):
            raise StateError(
                "under vmap a layer's state would be another for every example; "
                "run the model in evaluation mode there"
            )
        value = functorch.get_unwrapped(value)
    with pyfunctorch.temporarily_clear_interpreter_stack(), torch.no_grad():
        variable.copy_(value)


def from_dlpack(tensor: object, /, *, copy: bool) -> torch.Tensor:
    try:
        shared = torch.utils.dlpack.from_dlpack(tensor)
    except RuntimeError as error:  # the standard's exception, which PyTorch does not raise
        raise BufferError(str(error)) from error
    return shared.clone() if copy else shared
