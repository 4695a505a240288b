"""Discrete Fourier transforms on TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from dualnet.ops._host import check_fft, default_float, fft_axes
from dualnet_tf.ops._common import ANY, COMPLEX, WIDE_FLOATING, require
from dualnet_tf.ops.creation import asarray
from dualnet_tf.ops.manipulation import moveaxis

__all__ = [
    "fft",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "ifft",
    "ifftn",
    "ifftshift",
    "ihfft",
    "irfft",
    "irfftn",
    "rfft",
    "rfftfreq",
    "rfftn",
]

WIDE = WIDE_FLOATING | COMPLEX

#: The norm of the opposite direction.
OPPOSITE = {"backward": "forward", "ortho": "ortho", "forward": "backward"}


def _one(kernel: Callable[..., Any], kind: Any = WIDE) -> Callable[..., Any]:
    """A transform along one axis."""
    name = kernel.__name__.strip("_")

    def call(x: Any, /, *, n: int | None = None, axis: int = -1, norm: Any = "backward") -> Any:
        require(x, kind, name)
        check_fft(norm, n)
        fft_axes(x, n if n is None else (n,), (axis,))
        return _along(kernel, x, n, axis, norm)

    return call


def _several(
    last: Callable[..., Any], others: Callable[..., Any], kind: Any = WIDE, *, real: bool = False
) -> Callable[..., Any]:
    """A transform along several axes: a real one (``irfftn``) takes the last axis at the end."""
    name = last.__name__.strip("_") + "n"

    def call(x: Any, /, *, s: Any = None, axes: Any = None, norm: Any = "backward") -> Any:
        require(x, kind, name)
        check_fft(norm, *(s or ()))
        *first, final = fft_axes(x, s, axes)
        steps = [(others, *place) for place in first]
        at_end = [(last, *final)]
        for kernel, n, axis in steps + at_end if real else at_end + steps:
            x = _along(kernel, x, n, axis, norm)
        return x

    return call


def _along(kernel: Callable[..., Any], x: Any, n: int | None, axis: int, norm: str) -> Any:
    """TensorFlow transforms the last axis, and knows no norms."""
    return moveaxis(kernel(moveaxis(x, axis, -1), n, norm), -1, axis)


def _fft(x: Any, n: int | None, norm: str) -> Any:
    x = _resized(_complex(x), n)
    return _scaled(tf.signal.fft(x), tf.shape(x)[-1], norm)


def _ifft(x: Any, n: int | None, norm: str) -> Any:
    x = _resized(_complex(x), n)
    return _scaled(tf.signal.ifft(x), tf.shape(x)[-1], norm, inverse=True)


def _rfft(x: Any, n: int | None, norm: str) -> Any:
    x = _resized(x, n)
    return _scaled(tf.signal.rfft(x), tf.shape(x)[-1], norm)


def _irfft(x: Any, n: int | None, norm: str) -> Any:
    size = x.shape[-1] or tf.shape(x)[-1]
    x = _resized(_complex(x), n and n // 2 + 1)
    n = n or 2 * (size - 1)
    return _scaled(tf.signal.irfft(x, [n]), n, norm, inverse=True)


def _hfft(x: Any, n: int | None, norm: str) -> Any:
    return _irfft(tf.math.conj(_complex(x)), n, OPPOSITE[norm])


def _ihfft(x: Any, n: int | None, norm: str) -> Any:
    return tf.math.conj(_rfft(x, n, OPPOSITE[norm]))


fft = _one(_fft)


def fftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Any:
    check_fft("backward", n)
    return asarray(np.fft.fftfreq(n, d), dtype=dtype or default_float(), device=device)


fftn = _several(_fft, _fft)


def fftshift(x: Any, /, *, axes: Any = None) -> Any:
    require(x, ANY, "fftshift")
    return tf.signal.fftshift(x, axes)


hfft = _one(_hfft)
ifft = _one(_ifft)
ifftn = _several(_ifft, _ifft)


def ifftshift(x: Any, /, *, axes: Any = None) -> Any:
    require(x, ANY, "ifftshift")
    return tf.signal.ifftshift(x, axes)


ihfft = _one(_ihfft, WIDE_FLOATING)
irfft = _one(_irfft)
irfftn = _several(_irfft, _ifft, real=True)
rfft = _one(_rfft, WIDE_FLOATING)


def rfftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Any:
    check_fft("backward", n)
    return asarray(np.fft.rfftfreq(n, d), dtype=dtype or default_float(), device=device)


rfftn = _several(_rfft, _fft, WIDE_FLOATING)


def _complex(x: Any) -> Any:
    if x.dtype.is_complex:
        return x
    return tf.cast(x, tf.complex64 if x.dtype == tf.float32 else tf.complex128)


def _resized(x: Any, n: int | None) -> Any:
    """The last axis cropped, or padded with zeros, to ``n`` points."""
    if n is None or x.shape[-1] == n:
        return x
    x = x[..., :n]
    missing = n - tf.shape(x)[-1]
    return tf.pad(x, [[0, 0]] * (x.shape.rank - 1) + [[0, missing]])


def _scaled(y: Any, n: Any, norm: str, *, inverse: bool = False) -> Any:
    """TensorFlow divides the inverse by the number of points: the norm "backward"."""
    if norm == "backward":
        return y
    count = tf.cast(n, y.dtype)
    if norm == "ortho":
        return y * tf.sqrt(count) if inverse else y / tf.sqrt(count)
    return y * count if inverse else y / count
