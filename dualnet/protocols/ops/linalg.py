"""Decompositions, inverses and norms of matrices: the ``linalg`` extension of the standard."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, Protocol

from dualnet.protocols.ops.linear_algebra import LinearAlgebra
from dualnet.typing import Axis, Tensor

__all__ = ["Eigh", "Linalg", "MatrixOrd", "QR", "SVD", "Slogdet"]

#: The norms of a matrix: Frobenius, nuclear, of columns, of rows, spectral.
MatrixOrd = float | Literal["fro", "nuc"]


class Eigh(NamedTuple):
    """What ``eigh`` gives."""

    eigenvalues: Tensor
    eigenvectors: Tensor


class QR(NamedTuple):
    """What ``qr`` gives."""

    Q: Tensor
    R: Tensor


class SVD(NamedTuple):
    """What ``svd`` gives."""

    U: Tensor
    S: Tensor
    Vh: Tensor


class Slogdet(NamedTuple):
    """What ``slogdet`` gives."""

    sign: Tensor
    logabsdet: Tensor


class Linalg(LinearAlgebra, Protocol):
    """Matrices are the last two axes; the axes before them are a batch.

    Dtypes are float32, float64 and complex ones unless said otherwise (``DtypeError``); a
    matrix that is not square where it must be is a ``ShapeError``.  Errors about values
    (singular, not positive definite) are raised eagerly; compiled code may give NaN.

    Decompositions are unique up to signs (phases, of complex matrices), which the frameworks
    choose in different ways.  Here a vector's entry of largest magnitude is positive; of
    entries that are equal to 0.1 % in magnitude, the first.
    """

    def cholesky(self, x: Tensor, /, *, upper: bool = False) -> Tensor:
        """The lower triangular ``L`` with ``x = L·Lᴴ``, or the upper ``U`` with ``x = Uᴴ·U``.

        Only that triangle of ``x`` is read.

        Raises:
            NonFiniteError: ``x`` is not positive definite.
        """
        ...

    def cross(self, x1: Tensor, x2: Tensor, /, *, axis: int = -1) -> Tensor:
        """The vector product of vectors of three, which lie along an axis.

        Dtype: numeric.

        Raises:
            ShapeError: the axis is not 3 long.
        """
        ...

    def det(self, x: Tensor, /) -> Tensor:
        """The determinant."""
        ...

    def diagonal(self, x: Tensor, /, *, offset: int = 0) -> Tensor:
        """The elements ``x[…, i, i + offset]``.

        Dtype: any.
        """
        ...

    def eigh(self, x: Tensor, /) -> Eigh:
        """Eigenvalues in ascending order and orthonormal eigenvectors, in columns.

        They are those of the Hermitian part ``(x + xᴴ) / 2``.
        """
        ...

    def eigvalsh(self, x: Tensor, /) -> Tensor:
        """The eigenvalues that :meth:`eigh` gives."""
        ...

    def inv(self, x: Tensor, /) -> Tensor:
        """``x⁻¹``.

        Raises:
            NonFiniteError: ``x`` is singular.
        """
        ...

    def matrix_norm(
        self, x: Tensor, /, *, keepdims: bool = False, ord: MatrixOrd | None = "fro"
    ) -> Tensor:
        """A norm of a matrix; its gradient at 0 is 0.

        ``"fro"`` (or None): ``√Σ|x|²``; ``"nuc"``: the sum of the singular values; 2 and -2: the
        largest and the smallest of them; 1, -1, ``inf``, ``-inf``: the largest and the smallest
        sum of ``|x|`` over columns (1) or rows (``inf``).

        Raises:
            ConfigError: another ``ord``.
        """
        ...

    def matrix_power(self, x: Tensor, n: int, /) -> Tensor:
        """``x`` times itself ``n`` times; of the inverse if ``n < 0``.

        Raises:
            NonFiniteError: ``n < 0``, and ``x`` is singular.
        """
        ...

    def matrix_rank(self, x: Tensor, /, *, rtol: float | Tensor | None = None) -> Tensor:
        """How many singular values are above ``rtol`` times the largest.

        Without ``rtol``, the longer side of the matrix times the epsilon of the dtype.  Dtype:
        int64.
        """
        ...

    def outer(self, x1: Tensor, x2: Tensor, /) -> Tensor:
        """``x1[i] · x2[j]`` of two vectors.

        Dtype: numeric.

        Raises:
            ShapeError: an argument is no vector.
        """
        ...

    def pinv(self, x: Tensor, /, *, rtol: float | Tensor | None = None) -> Tensor:
        """The pseudo-inverse of Moore and Penrose; ``rtol`` as in :meth:`matrix_rank`."""
        ...

    def qr(self, x: Tensor, /, *, mode: Literal["reduced", "complete"] = "reduced") -> QR:
        """Orthonormal columns ``Q`` and an upper triangular ``R`` with ``x = Q·R``.

        The diagonal of ``R`` is not negative.  ``Q`` is square if ``mode`` is ``"complete"``.

        Raises:
            ConfigError: another ``mode``.
        """
        ...

    def slogdet(self, x: Tensor, /) -> Slogdet:
        """The sign (phase) of the determinant and the logarithm of its magnitude."""
        ...

    def solve(self, x1: Tensor, x2: Tensor, /) -> Tensor:
        """The ``y`` with ``x1·y = x2``; a single vector ``x2`` is a column.

        Raises:
            NonFiniteError: ``x1`` is singular.
        """
        ...

    def svd(self, x: Tensor, /, *, full_matrices: bool = True) -> SVD:
        """``x = U·diag(S)·Vh``, the singular values ``S`` descending.

        The signs are those that the columns of ``U`` have by the rule above.  Gradients exist
        with ``full_matrices=False``, where the singular values differ.
        """
        ...

    def svdvals(self, x: Tensor, /) -> Tensor:
        """The singular values in descending order."""
        ...

    def trace(self, x: Tensor, /, *, offset: int = 0, dtype: Any = None) -> Tensor:
        """The sum of the elements that :meth:`diagonal` gives.

        Dtype: numeric; that of the result as for ``sum``.
        """
        ...

    def vector_norm(
        self, x: Tensor, /, *, axis: Axis = None, keepdims: bool = False, ord: float = 2
    ) -> Tensor:
        """``(Σ |x|ᵖ)^(1/p)`` for ``ord`` p over one axis, several, or all; its gradient at 0 is 0.

        ``inf`` and ``-inf`` give the largest and the smallest ``|x|``, 0 how many are not 0.

        Dtype: floating.
        """
        ...
