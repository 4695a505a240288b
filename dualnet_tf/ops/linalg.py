"""Decompositions, inverses and norms of matrices on TensorFlow."""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf

from dualnet.errors import NonFiniteError, ShapeError
from dualnet.ops._host import check_matrix_ord, check_qr_mode
from dualnet.protocols.ops.linalg import QR, SVD, Eigh, Slogdet
from dualnet.typing import Axis
from dualnet_tf.ops._common import (
    ANY,
    COMPLEX,
    FLOATING,
    NUMERIC,
    TENSORS,
    WIDE_FLOATING,
    divisor,
    promote,
    require,
    unary,
)
from dualnet_tf.ops.creation import triu
from dualnet_tf.ops.data_types import finfo
from dualnet_tf.ops.elementwise import multiply, sign
from dualnet_tf.ops.linear_algebra import matmul, matrix_transpose, tensordot, vecdot
from dualnet_tf.ops.reductions import sum

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

WIDE = WIDE_FLOATING | COMPLEX  # the kernels have no half precision


def cholesky(x: Any, /, *, upper: bool = False) -> Any:
    require(x, WIDE, "cholesky")
    if upper:
        return tf.linalg.adjoint(cholesky(tf.linalg.adjoint(x)))
    factor = tf.linalg.cholesky(x)
    # TensorFlow gives NaN where there is none.
    if tf.executing_eagerly() and tf.reduce_any(tf.math.is_nan(tf.math.abs(factor))):
        raise NonFiniteError("cholesky: the matrix is not positive definite")
    return factor


def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    x1, x2 = promote(x1, x2)
    require(x1, NUMERIC, "cross")
    if {x1.shape[axis], x2.shape[axis]} - {3, None}:
        raise ShapeError(f"cross: axis {axis} of {x1.shape} and {x2.shape} must be 3 long")
    # TensorFlow's own takes the last axis of real tensors of one shape.
    forth = tf.roll(x1, -1, axis) * tf.roll(x2, -2, axis)
    return forth - tf.roll(x1, -2, axis) * tf.roll(x2, -1, axis)


det = unary(tf.linalg.det, WIDE)


def diagonal(x: Any, /, *, offset: int = 0) -> Any:
    require(x, ANY, "diagonal")
    rows, columns = x.shape[-2:]
    if None not in (rows, columns) and not -rows < offset < columns:  # TensorFlow refuses
        return x[..., 0, :0] if rows else x[..., :0, 0]
    return tf.linalg.diag_part(x, k=offset)


def eigh(x: Any, /) -> Eigh:
    require(x, WIDE, "eigh")
    values, vectors = tf.linalg.eigh(_hermitian(x))
    return Eigh(_real(values), vectors * tf.math.conj(_phases(vectors)))


def eigvalsh(x: Any, /) -> Any:
    require(x, WIDE, "eigvalsh")
    return _real(tf.linalg.eigvalsh(_hermitian(x)))


inv = unary(tf.linalg.inv, WIDE)


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    require(x, WIDE, "matrix_norm")
    kind = check_matrix_ord(ord)
    if kind == "fro":
        return vector_norm(x, axis=(-2, -1), keepdims=keepdims)
    # TensorFlow's own knows few of them.
    if kind in ("nuc", 2, -2):
        sizes = svdvals(x)
        reduce = tf.reduce_sum if kind == "nuc" else _extreme(kind)
        norm = reduce(sizes, -1)
    else:
        norm = _extreme(kind)(tf.reduce_sum(tf.math.abs(x), -2 if kind in (1, -1) else -1), -1)
    return norm[..., None, None] if keepdims else norm


def matrix_power(x: Any, n: int, /) -> Any:
    require(x, WIDE, "matrix_power")
    power, square = None, inv(x) if n < 0 else x
    for bit in reversed(f"{abs(n):b}"):  # TensorFlow has none
        if bit == "1":
            power = square if power is None else tf.matmul(power, square)
        square = tf.matmul(square, square)
    return tf.eye(tf.shape(x)[-1], batch_shape=tf.shape(x)[:-2], dtype=x.dtype) if n == 0 else power


def matrix_rank(x: Any, /, *, rtol: Any = None) -> Any:
    require(x, WIDE, "matrix_rank")
    sizes = svdvals(x)
    least = tf.reduce_max(sizes, -1, keepdims=True) * _tolerance(x, sizes, rtol)
    return tf.math.count_nonzero(sizes > least, -1)


def outer(x1: Any, x2: Any, /) -> Any:
    if x1.shape.rank != 1 or x2.shape.rank != 1:
        raise ShapeError(f"outer takes two vectors, got {tuple(x1.shape)} and {tuple(x2.shape)}")
    return multiply(x1[:, None], x2)


def pinv(x: Any, /, *, rtol: Any = None) -> Any:
    require(x, WIDE, "pinv")
    s, u, v = tf.linalg.svd(x)
    least = tf.reduce_max(s, -1, keepdims=True) * _tolerance(x, s, rtol)
    kept = s > least
    inverse = tf.where(kept, 1 / tf.where(kept, s, tf.ones_like(s)), tf.zeros_like(s))
    return tf.matmul(v * tf.cast(inverse, x.dtype)[..., None, :], u, adjoint_b=True)


def qr(x: Any, /, *, mode: Any = "reduced") -> QR:
    require(x, WIDE, "qr")
    # TensorFlow squares the elements, which overflow or vanish.
    by = tf.cast(divisor(tf.reduce_max(tf.math.abs(x), (-2, -1), keepdims=True)), x.dtype)
    q, r = tf.linalg.qr(x / by, full_matrices=check_qr_mode(mode) == "complete")
    r *= by
    phases = tf.stop_gradient(_unit(tf.linalg.diag_part(r)))
    count = tf.shape(phases)[-1]
    q = tf.concat((q[..., :count] * phases[..., None, :], q[..., count:]), -1)
    r = tf.concat((r[..., :count, :] * tf.math.conj(phases)[..., None], r[..., count:, :]), -2)
    return QR(q, triu(r))  # a phase of -1 makes its zeros -0.0


def slogdet(x: Any, /) -> Slogdet:
    require(x, WIDE, "slogdet")
    direction, size = tf.linalg.slogdet(x)
    return Slogdet(direction, _real(size))


def solve(x1: Any, x2: Any, /) -> Any:
    x1, x2 = promote(x1, x2)
    require(x1, WIDE, "solve")
    if x2.shape.rank == 1:
        return tf.squeeze(solve(x1, x2[:, None]), -1)
    batch = tf.broadcast_dynamic_shape(tf.shape(x1)[:-2], tf.shape(x2)[:-2])  # its own must agree
    wide = [tf.broadcast_to(x, tf.concat((batch, tf.shape(x)[-2:]), 0)) for x in (x1, x2)]
    return tf.linalg.solve(*wide)


def svd(x: Any, /, *, full_matrices: bool = True) -> SVD:
    require(x, WIDE, "svd")
    s, u, v = tf.linalg.svd(x, full_matrices)
    phases, count, vh = _phases(u), tf.shape(s)[-1], tf.linalg.adjoint(v)
    rows = vh[..., :count, :] * tf.linalg.matrix_transpose(phases[..., :count])
    return SVD(u * tf.math.conj(phases), s, tf.concat((rows, vh[..., count:, :]), -2))


def svdvals(x: Any, /) -> Any:
    require(x, WIDE, "svdvals")
    return tf.linalg.svd(x, compute_uv=False)


def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    require(x, NUMERIC, "trace")
    return sum(diagonal(x, offset=offset), axis=-1, dtype=dtype)


def vector_norm(x: Any, /, *, axis: Axis = None, keepdims: bool = False, ord: float = 2) -> Any:
    require(x, FLOATING, "vector_norm")
    sizes = tf.math.abs(x)
    if math.isinf(ord):
        return _extreme(ord)(sizes, axis, keepdims)
    if ord == 0:
        return tf.cast(tf.math.count_nonzero(x, axis, keepdims), sizes.dtype)
    if ord == 1:
        return tf.reduce_sum(sizes, axis, keepdims)
    # The gradient of the root is NaN at 0; ours is 0.
    total = tf.reduce_sum(tf.square(sizes) if ord == 2 else sizes**ord, axis, keepdims)
    zero = total == 0
    safe = tf.where(zero, tf.ones_like(total), total)
    return tf.where(zero, tf.zeros_like(total), tf.sqrt(safe) if ord == 2 else safe ** (1 / ord))


def _extreme(ord: Any) -> Any:
    """The largest for a positive ``ord``, the smallest for a negative one."""
    return tf.reduce_max if ord > 0 else tf.reduce_min


def _hermitian(x: Any) -> Any:
    """``(x + xᴴ) / 2``, so that gradients are Hermitian, too."""
    return (x + tf.linalg.adjoint(x)) / 2


def _phases(vectors: Any) -> Any:
    """Of each column, the phase of the first of its largest entries: a row of units."""
    vectors = tf.stop_gradient(vectors)
    sizes = tf.math.abs(vectors)
    largest = sizes >= 0.999 * tf.reduce_max(sizes, -2, keepdims=True)
    rank = tf.cumsum(tf.cast(largest, tf.int32), -2)
    first = largest & (rank == 1)
    found = tf.reduce_sum(tf.where(first, vectors, tf.zeros_like(vectors)), -2, keepdims=True)
    return _unit(found)


def _real(x: Any) -> Any:
    """TensorFlow gives some real results in a complex dtype."""
    return tf.math.real(x) if x.dtype.is_complex else x


def _tolerance(x: Any, sizes: Any, rtol: Any) -> Any:
    """``rtol`` for each matrix; by default its longer side times the epsilon of the dtype."""
    if rtol is None:
        longer = tf.reduce_max(tf.shape(x)[-2:])
        return tf.cast(longer, sizes.dtype) * finfo(sizes).eps
    return tf.cast(rtol, sizes.dtype)[..., None] if isinstance(rtol, TENSORS) else rtol


def _unit(x: Any) -> Any:
    """``x / |x|``, and 1 for 0."""
    return tf.where(x == 0, tf.ones_like(x), sign(x))
