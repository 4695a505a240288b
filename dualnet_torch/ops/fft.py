"""Discrete Fourier transforms on PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from dualnet.ops._host import check_fft, default_float, fft_axes
from dualnet_torch.ops._common import ANY, COMPLEX, WIDE_FLOATING, require
from dualnet_torch.ops.creation import asarray

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


def _one(function: Callable[..., Any], kind: Any = WIDE) -> Callable[..., Any]:
    """A transform along one axis."""
    name = function.__name__.removeprefix("fft_")

    def call(x: Any, /, *, n: int | None = None, axis: int = -1, norm: Any = "backward") -> Any:
        require(x, kind, name)
        check_fft(norm, n)
        fft_axes(x, n if n is None else (n,), (axis,))
        return function(x, n, axis, norm)

    return call


def _several(function: Callable[..., Any], kind: Any = WIDE) -> Callable[..., Any]:
    """A transform along several axes."""
    name = function.__name__.removeprefix("fft_")

    def call(x: Any, /, *, s: Any = None, axes: Any = None, norm: Any = "backward") -> Any:
        require(x, kind, name)
        check_fft(norm, *(s or ()))
        chosen = [axis for _, axis in fft_axes(x, s, axes)]
        return function(x, s, chosen, norm)

    return call


fft = _one(torch.fft.fft)


def fftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Any:
    check_fft("backward", n)
    return asarray(np.fft.fftfreq(n, d), dtype=dtype or default_float(), device=device)


fftn = _several(torch.fft.fftn)


def fftshift(x: Any, /, *, axes: Any = None) -> Any:
    require(x, ANY, "fftshift")
    return torch.fft.fftshift(x, axes)


hfft = _one(torch.fft.hfft)
ifft = _one(torch.fft.ifft)
ifftn = _several(torch.fft.ifftn)


def ifftshift(x: Any, /, *, axes: Any = None) -> Any:
    require(x, ANY, "ifftshift")
    return torch.fft.ifftshift(x, axes)


ihfft = _one(torch.fft.ihfft, WIDE_FLOATING)
irfft = _one(torch.fft.irfft)
irfftn = _several(torch.fft.irfftn)
rfft = _one(torch.fft.rfft, WIDE_FLOATING)


def rfftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Any:
    check_fft("backward", n)
    return asarray(np.fft.rfftfreq(n, d), dtype=dtype or default_float(), device=device)


rfftn = _several(torch.fft.rfftn, WIDE_FLOATING)
