"""Making tensors.  These run on the current backend; all others on their arguments'."""

from __future__ import annotations

from typing import Any, Protocol

from dualnet.typing import Scalar, Shape, Tensor


class Creation(Protocol):
    """``dtype`` is a name (default float32, int64 for integers); ``device`` a name."""

    def asarray(
        self, obj: Any, /, *, dtype: str | None = None, device: str | None = None
    ) -> Tensor:
        """A tensor from a Python scalar, nested lists, a NumPy array or a tensor."""
        ...

    def zeros(
        self, shape: Shape, *, dtype: str | None = None, device: str | None = None
    ) -> Tensor:
        """A tensor of zeros."""
        ...

    def ones(self, shape: Shape, *, dtype: str | None = None, device: str | None = None) -> Tensor:
        """A tensor of ones."""
        ...

    def full(
        self,
        shape: Shape,
        fill_value: Scalar,
        *,
        dtype: str | None = None,
        device: str | None = None,
    ) -> Tensor:
        """A tensor of one value."""
        ...
