"""The case tables of the standard's extensions, ``linalg`` and ``fft``, and of what came later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.ops_cases import Row, between, i, normal, p, whole, x, y

LAPACK = (400, "a decomposition's error grows with the condition number of its matrix")
OUTSIDE = "TensorFlow refuses a diagonal outside the matrix"
SUMS = (64, "sums of a dozen products, and their cancellation")


def spd(*shape: int) -> np.ndarray:
    """Symmetric matrices with eigenvalues that are well apart."""
    rows = normal(*shape)
    return rows @ rows.swapaxes(-1, -2) + np.diag(np.arange(1.0, 1.0 + shape[-1]))


def regular(*shape: int) -> np.ndarray:
    return normal(*shape) + 3 * np.eye(shape[-1])


def symmetric(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of the symmetric part, so that one element can be moved alone."""
    return lambda a, **kw: function((a + np.conj(a.swapaxes(-1, -2))) / 2, **kw)


def phases(vectors: np.ndarray) -> np.ndarray:
    """Of each column, the phase of its largest entry."""
    place = np.argmax(np.abs(vectors), -2)[..., None, :]
    largest = np.take_along_axis(vectors, place, -2)
    return largest / np.abs(largest)


def eigh(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values, vectors = np.linalg.eigh(a)
    return values, vectors / phases(vectors)


def svd(a: np.ndarray, *, full_matrices: bool = True) -> tuple[np.ndarray, ...]:
    u, s, vh = np.linalg.svd(a, full_matrices=full_matrices)
    by = phases(u)
    count = s.shape[-1]
    vh[..., :count, :] *= by[..., :count].swapaxes(-1, -2)
    return u / by, s, vh


def qr(a: np.ndarray, *, mode: str = "reduced") -> tuple[np.ndarray, np.ndarray]:
    q, r = np.linalg.qr(a, mode=mode)
    diagonal = np.diagonal(r, 0, -2, -1)
    by, count = diagonal / np.abs(diagonal), diagonal.shape[-1]
    q[..., :count] *= by[..., None, :]
    r[..., :count, :] *= np.conj(by)[..., None]
    return q, r


def solve(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.linalg.solve(a, b[:, None])[..., 0] if b.ndim == 1 else np.linalg.solve(a, b)


def cholesky(a: np.ndarray, *, upper: bool = False) -> np.ndarray:
    return np.linalg.cholesky(a, upper=upper)


def trace(a: np.ndarray, *, offset: int = 0, dtype: Any = None) -> np.ndarray:
    return np.linalg.trace(a, offset=offset, dtype=dtype)


positive = spd(2, 3, 3)
square, squares = regular(3, 3), regular(2, 4, 4)
wide, tall, batch = normal(3, 5), normal(5, 3), normal(2, 4, 3)
complex_square = regular(3, 3) + 1j * normal(3, 3)
hermitian = complex_square @ complex_square.conj().T
low_rank = np.round(normal(4, 2) * 9) @ np.round(normal(2, 3) * 9)  # exact in float32
signal, signals = normal(7), normal(2, 6, 5)
complex_signal, complex_signals = normal(6) + 1j * normal(6), normal(2, 4, 5) + 1j * normal(2, 4, 5)

LINALG = [
    Row("linalg.cholesky", (positive,), symmetric(cholesky), grad=(0,), ulps=LAPACK),
    Row("linalg.cholesky", (hermitian,), cholesky, {"upper": True}, ulps=LAPACK),
    Row("linalg.cross", (normal(4, 3), normal(3)), np.cross, grad=(0, 1)),
    Row("linalg.cross", (normal(3, 2), normal(3, 1)), np.linalg.cross, {"axis": 0}, grad=(0, 1)),
    Row("linalg.cross", (whole(-9, 9, 3), whole(-9, 9, 3)), np.cross),
    Row("linalg.det", (squares,), np.linalg.det, grad=(0,), ulps=LAPACK),
    Row("linalg.det", (complex_square,), np.linalg.det, ulps=LAPACK),
    Row("linalg.diagonal", (batch,), np.linalg.diagonal, grad=(0,)),
    Row("linalg.diagonal", (i,), np.linalg.diagonal, {"offset": -1}),
    Row("linalg.diagonal", (i,), np.linalg.diagonal, {"offset": 9}, sizes=OUTSIDE),
    Row("linalg.eigh", (positive,), symmetric(eigh), grad=(0,), ulps=LAPACK),
    Row("linalg.eigh", (hermitian,), eigh, ulps=LAPACK),
    Row("linalg.eigvalsh", (positive,), symmetric(np.linalg.eigvalsh), grad=(0,), ulps=LAPACK),
    Row("linalg.eigvalsh", (hermitian,), np.linalg.eigvalsh, ulps=LAPACK),
    Row("linalg.inv", (squares,), np.linalg.inv, grad=(0,), ulps=LAPACK),
    Row("linalg.inv", (complex_square,), np.linalg.inv, ulps=LAPACK),
    Row("linalg.matmul", (x, y.T.copy()), np.matmul, grad=(0, 1)),
    Row("linalg.matrix_norm", (batch,), np.linalg.matrix_norm, grad=(0,)),
    Row("linalg.matrix_norm", (complex_square,), np.linalg.matrix_norm, {"keepdims": True}),
    *[
        Row("linalg.matrix_norm", (wide,), np.linalg.matrix_norm, {"ord": o}, (0,), LAPACK)
        for o in ("nuc", 1, -1, 2, -2, np.inf, -np.inf)
    ],
    *[
        Row("linalg.matrix_power", (squares, n), np.linalg.matrix_power, grad=(0,), ulps=LAPACK)
        for n in (3, -2)
    ],
    Row("linalg.matrix_power", (squares, 0), np.linalg.matrix_power),
    Row("linalg.matrix_rank", (low_rank,), np.linalg.matrix_rank),
    Row("linalg.matrix_rank", (positive,), np.linalg.matrix_rank, {"rtol": 0.2}),
    Row("linalg.matrix_transpose", (batch,), np.matrix_transpose, grad=(0,)),
    Row("linalg.outer", (x[0], y[1]), np.outer, grad=(0, 1)),
    Row("linalg.pinv", (wide,), np.linalg.pinv, grad=(0,), ulps=LAPACK),
    Row("linalg.pinv", (batch,), np.linalg.pinv, grad=(0,), ulps=LAPACK),
    Row("linalg.pinv", (complex_square[:, :2],), np.linalg.pinv, {"rtol": 1e-3}, ulps=LAPACK),
    Row("linalg.qr", (squares,), qr, grad=(0,), ulps=LAPACK),
    Row("linalg.qr", (batch,), qr, grad=(0,), ulps=LAPACK),
    Row("linalg.qr", (wide,), qr, {"mode": "complete"}, ulps=LAPACK),
    Row("linalg.qr", (complex_square,), qr, ulps=LAPACK),
    Row("linalg.slogdet", (squares,), np.linalg.slogdet, grad=(0,), ulps=LAPACK),
    Row("linalg.slogdet", (complex_square,), np.linalg.slogdet, ulps=LAPACK),
    Row("linalg.solve", (squares, normal(4)), solve, grad=(0, 1), ulps=LAPACK),
    Row("linalg.solve", (square, normal(2, 3, 2)), solve, grad=(0, 1), ulps=LAPACK),
    Row("linalg.solve", (regular(2, 2, 2), normal(2, 2)), solve, grad=(0, 1), ulps=LAPACK),
    Row("linalg.svd", (batch,), svd, {"full_matrices": False}, grad=(0,), ulps=LAPACK),
    Row("linalg.svd", (squares,), svd, ulps=LAPACK),
    Row("linalg.svd", (complex_square,), svd, ulps=LAPACK),
    Row("linalg.svdvals", (wide,), np.linalg.svdvals, grad=(0,), ulps=LAPACK),
    Row("linalg.tensordot", (x, y), np.tensordot, {"axes": 2}, grad=(0, 1)),
    Row("linalg.trace", (batch,), trace, {"offset": 1}, grad=(0,)),
    Row("linalg.trace", (i.astype("int8"),), trace, {"dtype": "int64"}),
    Row("linalg.vecdot", (x, y), np.vecdot, grad=(0, 1)),
    Row("linalg.vector_norm", (batch,), np.linalg.vector_norm, grad=(0,)),
    *[
        Row("linalg.vector_norm", (batch,), np.linalg.vector_norm, {"axis": a, "ord": o}, (0,))
        for a, o in ((1, 1), ((0, 2), 3), (-1, np.inf), (0, -np.inf), (1, 0.5))
    ],
    Row("linalg.vector_norm", (np.round(x),), np.linalg.vector_norm, {"axis": 0, "ord": 0}),
    Row("linalg.vector_norm", (complex_square,), np.linalg.vector_norm, {"keepdims": True}),
]


def transforms(name: str, values: np.ndarray, n: int) -> list[Row]:
    """A transform of one axis: as it is, cropped or padded, and with each norm."""
    function = getattr(np.fft, name)
    real = name in ("irfft", "hfft") and values.dtype.kind == "f"
    return [
        Row(f"fft.{name}", (values,), function, kwargs, (0,) if real else (), SUMS)
        for kwargs in ({}, {"n": n, "axis": 0}, {"n": 3, "norm": "ortho"}, {"norm": "forward"})
    ]


def several(name: str, values: np.ndarray) -> list[Row]:
    """A transform of several axes."""
    function = getattr(np.fft, name)
    return [
        Row(f"fft.{name}", (values,), function, kwargs, (), SUMS)
        for kwargs in (
            {},
            {"axes": (0, 2), "norm": "ortho"},
            {"s": (3, 6), "axes": (1, 2), "norm": "forward"},
        )
    ]


FFT = [
    *transforms("fft", complex_signal, 9),
    *transforms("fft", signals, 5),
    *transforms("hfft", complex_signal, 9),
    *transforms("hfft", signals, 5),
    *transforms("ifft", complex_signals, 3),
    *transforms("ihfft", signal, 9),
    *transforms("irfft", complex_signal, 9),
    *transforms("irfft", signals, 5),
    *transforms("rfft", signals, 5),
    *several("fftn", complex_signals),
    *several("ifftn", complex_signals),
    *several("irfftn", complex_signals),
    *several("rfftn", signals),
    Row("fft.fftshift", (signals,), np.fft.fftshift, grad=(0,)),
    Row("fft.fftshift", (i,), np.fft.fftshift, {"axes": 1}),
    Row("fft.ifftshift", (signals,), np.fft.ifftshift, {"axes": (0, 2)}, grad=(0,)),
    Row("fft.ifftshift", (p,), np.fft.ifftshift),
]


def frequencies(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda n, d=1.0, dtype=None: function(n, d).astype(dtype)


FREQUENCIES = [
    Row("fft.fftfreq", (5,), frequencies(np.fft.fftfreq), {"dtype": "float64"}),
    Row("fft.fftfreq", (6,), frequencies(np.fft.fftfreq), {"d": 0.1, "dtype": "float64"}),
    Row("fft.rfftfreq", (7,), frequencies(np.fft.rfftfreq), {"d": 2.0, "dtype": "float64"}),
]

EXCHANGE = [
    Row("from_dlpack", (between(0.0, 1.0, 3, 4),), np.asarray),
    Row("from_dlpack", (whole(0, 9, 5, dtype="int32"),), np.asarray, {"copy": True}),
]
