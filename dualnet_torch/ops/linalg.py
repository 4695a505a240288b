"""Decompositions, inverses and norms of matrices on PyTorch."""

from __future__ import annotations

from typing import Any

import torch

from dualnet.errors import ShapeError
from dualnet.ops._host import check_matrix_ord, check_qr_mode
from dualnet.protocols.ops.linalg import QR, SVD, Eigh, Slogdet
from dualnet.typing import Axis
from dualnet_torch.ops._common import (
    ANY,
    COMPLEX,
    FLOATING,
    NUMERIC,
    WIDE_FLOATING,
    promote,
    require,
    signed,
    unary,
)
from dualnet_torch.ops.elementwise import multiply
from dualnet_torch.ops.linear_algebra import matmul, matrix_transpose, tensordot, vecdot
from dualnet_torch.ops.reductions import sum

__all__ = [
    "cholesky",
    "cross",
    "det",
    "diagonal",
    "eigh",
    "eigvalsh",
    "inv",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensordot",
    "trace",
    "vecdot",
    "vector_norm",
]

WIDE = WIDE_FLOATING | COMPLEX  # LAPACK has no half precision


def cholesky(x: Any, /, *, upper: bool = False) -> Any:
    require(x, WIDE, "cholesky")
    return torch.linalg.cholesky(x, upper=upper)


def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    x1, x2 = promote(x1, x2)
    require(x1, NUMERIC, "cross")
    return signed(torch.linalg.cross)(*torch.broadcast_tensors(x1, x2), dim=axis)


det = unary(torch.linalg.det, WIDE)


def diagonal(x: Any, /, *, offset: int = 0) -> Any:
    require(x, ANY, "diagonal")
    return torch.diagonal(x, offset, -2, -1)


def eigh(x: Any, /) -> Eigh:
    require(x, WIDE, "eigh")
    values, vectors = torch.linalg.eigh(_hermitian(x))
    return Eigh(values, vectors * _phases(vectors).conj())


def eigvalsh(x: Any, /) -> Any:
    require(x, WIDE, "eigvalsh")
    return torch.linalg.eigvalsh(_hermitian(x))


inv = unary(torch.linalg.inv, WIDE)


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    require(x, WIDE, "matrix_norm")
    return torch.linalg.matrix_norm(x, check_matrix_ord(ord), keepdim=keepdims)


def matrix_power(x: Any, n: int, /) -> Any:
    require(x, WIDE, "matrix_power")
    return torch.linalg.matrix_power(x, n)


def matrix_rank(x: Any, /, *, rtol: Any = None) -> Any:
    require(x, WIDE, "matrix_rank")
    return torch.linalg.matrix_rank(x, rtol=rtol)


def outer(x1: Any, x2: Any, /) -> Any:
    if x1.ndim != 1 or x2.ndim != 1:
        raise ShapeError(f"outer takes two vectors, got {tuple(x1.shape)} and {tuple(x2.shape)}")
    return multiply(x1[:, None], x2)


def pinv(x: Any, /, *, rtol: Any = None) -> Any:
    require(x, WIDE, "pinv")
    return torch.linalg.pinv(x, rtol=rtol)


def qr(x: Any, /, *, mode: Any = "reduced") -> QR:
    require(x, WIDE, "qr")
    q, r = torch.linalg.qr(x, check_qr_mode(mode))
    phases = _unit(torch.diagonal(r, 0, -2, -1)).detach()
    count = phases.shape[-1]
    q = torch.cat((q[..., :count] * phases[..., None, :], q[..., count:]), -1)
    r = torch.cat((r[..., :count, :] * phases.conj()[..., None], r[..., count:, :]), -2)
    return QR(q, torch.triu(r))  # a phase of -1 makes its zeros -0.0


def slogdet(x: Any, /) -> Slogdet:
    require(x, WIDE, "slogdet")
    return Slogdet(*torch.linalg.slogdet(x))


def solve(x1: Any, x2: Any, /) -> Any:
    x1, x2 = promote(x1, x2)
    require(x1, WIDE, "solve")
    if x2.ndim == 1:
        return torch.linalg.solve(x1, x2[:, None])[..., 0]
    # PyTorch would read a matrix of the shape of a batch of vectors as one.
    return torch.linalg.solve(x1, x2[None] if x2.ndim == x1.ndim - 1 else x2)


def svd(x: Any, /, *, full_matrices: bool = True) -> SVD:
    require(x, WIDE, "svd")
    u, s, vh = torch.linalg.svd(x, full_matrices=full_matrices)
    phases, count = _phases(u), s.shape[-1]
    rows = vh[..., :count, :] * phases[..., :count].mT
    return SVD(u * phases.conj(), s, torch.cat((rows, vh[..., count:, :]), -2))


svdvals = unary(torch.linalg.svdvals, WIDE)


def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    require(x, NUMERIC, "trace")
    return sum(diagonal(x, offset=offset), axis=-1, dtype=dtype)


def vector_norm(x: Any, /, *, axis: Axis = None, keepdims: bool = False, ord: float = 2) -> Any:
    require(x, FLOATING, "vector_norm")
    return torch.linalg.vector_norm(x, ord, axis, keepdims)


def _hermitian(x: Any) -> Any:
    """``(x + xᴴ) / 2``, so that gradients are Hermitian, too."""
    return (x + x.mH) / 2


def _phases(vectors: Any) -> Any:
    """Of each column, the phase of the first of its largest entries: a row of units."""
    if vectors.shape[-2] == 0:
        return torch.ones_like(vectors.sum(-2, keepdim=True))
    sizes = vectors.detach().abs()
    largest = sizes >= 0.999 * sizes.amax(-2, keepdim=True)
    first = torch.argmax(largest.to(torch.int8), -2, keepdim=True)
    return _unit(torch.gather(vectors.detach(), -2, first))


def _unit(x: Any) -> Any:
    """``x / |x|``, and 1 for 0."""
    return torch.where(x == 0, 1.0, torch.sgn(x))
