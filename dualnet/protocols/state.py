"""Tensors and variables: making them from NumPy, reading them back, assigning."""

from __future__ import annotations

from typing import Protocol

from dualnet.typing import Device, DtypeName, NDArray, Shape, Tensor


class State(Protocol):
    """NumPy on one side, native tensors on the other."""

    @property
    def TENSOR_TYPES(self) -> tuple[type, ...]:  # noqa: N802 - it is a constant
        """The classes that most tensors are of, entered in dispatch tables beforehand."""
        ...

    def is_tensor_type(self, cls: type, /) -> bool:
        """Whether instances of this class are this framework's tensors or variables."""
        ...

    def is_variable(self, tensor: Tensor, /) -> bool:
        """Whether the tensor can be assigned to."""
        ...

    def dtype_name(self, tensor: Tensor, /) -> DtypeName:
        """The canonical dtype name of a tensor."""
        ...

    def shape(self, tensor: Tensor, /) -> Shape:
        """The static shape; ``-1`` where a compiled function does not know a size."""
        ...

    def from_numpy(
        self, array: NDArray, /, *, dtype: DtypeName | None = None, device: Device | None = None
    ) -> Tensor:
        """A tensor holding a copy of the array."""
        ...

    def to_numpy(self, tensor: Tensor, /) -> NDArray:
        """A NumPy copy, detached from any gradient; bfloat16 comes back as float32."""
        ...

    def variable(
        self,
        array: NDArray,
        /,
        *,
        dtype: DtypeName | None = None,
        device: Device | None = None,
        trainable: bool = True,
        name: str | None = None,
    ) -> Tensor:
        """A variable with ``assign``, ``assign_add`` and ``assign_sub``."""
        ...

    def assign(self, variable: Tensor, value: Tensor, /) -> None:
        """Overwrites a variable (or a layer's state) in place, outside any gradient."""
        ...

    def from_dlpack(self, tensor: Tensor, /, *, copy: bool) -> Tensor:
        """A tensor of this framework over another framework's memory, or a copy of it.

        Raises:
            BufferError: DLPack does not carry its dtype or layout between the two.
        """
        ...
