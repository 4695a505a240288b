"""Making tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from dualnet.typing import Scalar, Shape, Tensor

__all__ = ["Creation", "CreationFrom"]


class Creation(Protocol):
    """Making tensors from nothing: in ``dualnet.ops``, on the current backend and device.

    ``dtype`` is a name or the framework's own; without one, floats are of the current dtype
    policy's weights (float32 unless changed).  ``device`` is a canonical name or the
    framework's own handle; a backend's function without one leaves the choice to the
    framework, as the array API standard says, and ``dualnet.ops`` names the current device.
    """

    def arange(
        self,
        start: float,
        /,
        stop: float | None = None,
        step: float = 1,
        *,
        dtype: Any = None,
        device: Any = None,
    ) -> Tensor:
        """``start + i·step`` before ``stop``; from 0 up to ``start`` if there is no ``stop``.

        The default dtype is int64 if all three are whole numbers.
        """
        ...

    def asarray(
        self, obj: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None
    ) -> Tensor:
        """A tensor from a Python number, nested lists, a NumPy array or a tensor.

        Memory of NumPy's is copied.  Without ``dtype``, a NumPy array keeps its own; Python's
        numbers become bool, int64, the default float dtype, or complex of that precision.  A
        tensor stays on its framework.

        Raises:
            DtypeError: not numbers.
        """
        ...

    def empty(self, shape: Shape, *, dtype: Any = None, device: Any = None) -> Tensor:
        """A tensor of zeros: what was in memory before would differ between backends."""
        ...

    def eye(
        self,
        n_rows: int,
        n_cols: int | None = None,
        /,
        *,
        k: int = 0,
        dtype: Any = None,
        device: Any = None,
    ) -> Tensor:
        """Ones on diagonal ``k``, counted to the right, zeros elsewhere."""
        ...

    def from_dlpack(self, x: Any, /, *, device: Any = None, copy: bool | None = None) -> Tensor:
        """A tensor over the memory of another library's array, by DLPack.

        The array gives ``__dlpack__``; in ``dualnet.ops`` the tensor is one of the current
        backend, whatever the array is.  With ``copy`` of None, memory that the framework cannot
        share is copied; with True all is copied, with False nothing.

        Raises:
            BufferError: ``copy=False``, and the memory cannot be shared.
        """
        ...

    def full(
        self, shape: Shape, fill_value: Scalar, *, dtype: Any = None, device: Any = None
    ) -> Tensor:
        """A tensor of one value; the default dtype is that of :meth:`asarray`."""
        ...

    def linspace(
        self,
        start: float,
        stop: float,
        /,
        num: int,
        *,
        dtype: Any = None,
        device: Any = None,
        endpoint: bool = True,
    ) -> Tensor:
        """``num`` points at equal distances from ``start`` to ``stop``, with it or before it.

        Computed in float64, then rounded to ``dtype``.
        """
        ...

    def ones(self, shape: Shape, *, dtype: Any = None, device: Any = None) -> Tensor:
        """A tensor of ones."""
        ...

    def zeros(self, shape: Shape, *, dtype: Any = None, device: Any = None) -> Tensor:
        """A tensor of zeros."""
        ...


class CreationFrom(Protocol):
    """Making tensors after others: on their backend and device, in their dtype."""

    def empty_like(self, x: Tensor, /, *, dtype: Any = None, device: Any = None) -> Tensor:
        """A tensor of zeros in the shape of ``x``."""
        ...

    def full_like(
        self, x: Tensor, /, fill_value: Scalar, *, dtype: Any = None, device: Any = None
    ) -> Tensor:
        """A tensor of one value in the shape of ``x``."""
        ...

    def meshgrid(self, *arrays: Tensor, indexing: str = "xy") -> Sequence[Tensor]:
        """The coordinates of a grid, one tensor per vector.

        ``"ij"`` keeps the order of the vectors, ``"xy"`` exchanges the first two axes.
        """
        ...

    def ones_like(self, x: Tensor, /, *, dtype: Any = None, device: Any = None) -> Tensor:
        """A tensor of ones in the shape of ``x``."""
        ...

    def tril(self, x: Tensor, /, *, k: int = 0) -> Tensor:
        """``x`` with zeros above diagonal ``k`` of its last two axes."""
        ...

    def triu(self, x: Tensor, /, *, k: int = 0) -> Tensor:
        """``x`` with zeros below diagonal ``k`` of its last two axes."""
        ...

    def zeros_like(self, x: Tensor, /, *, dtype: Any = None, device: Any = None) -> Tensor:
        """A tensor of zeros in the shape of ``x``."""
        ...
