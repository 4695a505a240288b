"""Products of vectors, matrices and tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from dualnet.typing import Tensor

__all__ = ["Einsum", "LinearAlgebra"]


class Einsum(Protocol):
    """Dtypes meet by :func:`dualnet.dtypes.promote`; numeric ones only (``DtypeError``)."""

    def einsum(self, equation: str, /, *operands: Tensor) -> Tensor:
        """The sum of products that ``equation`` describes, such as ``"bij,bjk->bik"``.

        Raises:
            ShapeError: the operands do not fit the equation.
        """
        ...


class LinearAlgebra(Protocol):
    """What the standard has both in the main namespace and in ``linalg``.

    Dtypes meet by :func:`dualnet.dtypes.promote`; numeric ones only (``DtypeError``).
    """

    def matmul(self, x1: Tensor, x2: Tensor, /) -> Tensor:
        """``Σ_k x1[…, i, k] · x2[…, k, j]``; leading axes broadcast.

        A vector on the left is a row, on the right a column, and that axis is dropped again.

        Raises:
            ShapeError: the inner sizes differ, or an argument has no axis.
        """
        ...

    def matrix_transpose(self, x: Tensor, /) -> Tensor:
        """The last two axes exchanged.

        Raises:
            ShapeError: there are fewer than two.
        """
        ...

    def tensordot(
        self, x1: Tensor, x2: Tensor, /, *, axes: int | tuple[Sequence[int], Sequence[int]] = 2
    ) -> Tensor:
        """The sum over pairs of axes: the last of ``x1`` with the first of ``x2``, or those listed.

        Raises:
            ShapeError: paired axes differ in size.
        """
        ...

    def vecdot(self, x1: Tensor, x2: Tensor, /, *, axis: int = -1) -> Tensor:
        """``Σ conj(x1) · x2`` along an axis; the other axes broadcast.

        Raises:
            ShapeError: the axis, counted from the end, differs in size.
        """
        ...
