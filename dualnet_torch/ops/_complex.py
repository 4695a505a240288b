"""Complex functions whose kernels PyTorch has wrong at the edges of the plane, or lacks."""

from __future__ import annotations

import math
from typing import Any

import torch


def acos(z: Any) -> Any:
    # PyTorch: acos(0 + 0j) = π/2 + 0j, where the imaginary part must have the other sign.
    return _turned(torch.acos, z, ~torch.signbit(z.imag))


def expm1(z: Any) -> Any:
    """``(e^x cos y - 1) + i e^x sin y`` without cancellation; PyTorch's is NaN at infinities."""
    x, y = z.real, z.imag
    real = torch.expm1(x) * torch.cos(y) - 2 * torch.square(torch.sin(y / 2))
    real = torch.where(x == -math.inf, -1.0, real) + 0.0  # -0.0 becomes 0.0
    imag = torch.exp(x) * torch.sin(y)
    imag = torch.where((y == 0) & ~torch.isfinite(x), y, imag)
    turning = torch.isinf(x) & ~torch.isfinite(y)
    real = torch.where(turning & (x > 0), math.inf, real)
    imag = torch.where(turning & (x < 0), 0.0, imag)
    return torch.complex(real, imag)


def log1p(z: Any) -> Any:
    """``½ log1p(x (2 + x) + y²) + i atan2(y, 1 + x)`` near 0, where PyTorch loses digits."""
    x, y = z.real, z.imag
    far = torch.log(torch.complex(1 + x, y))
    near = torch.maximum(torch.abs(x), torch.abs(y)) < 0.5
    excess = torch.where(near, x * (2 + x) + y * y, 0.0)
    return torch.complex(torch.where(near, 0.5 * torch.log1p(excess), far.real), far.imag)


def round(z: Any) -> Any:
    return torch.complex(torch.round(z.real), torch.round(z.imag))  # PyTorch has none


def tanh(z: Any) -> Any:
    # PyTorch: tanh(inf + 2j) = 1 - 0j; the imaginary part must have the sign of that of z.
    x, y = z.real, z.imag
    limit = torch.complex(
        torch.copysign(torch.ones_like(x), x), torch.copysign(torch.zeros_like(y), y)
    )
    return torch.where(torch.isinf(x), limit, torch.tanh(z))


def _turned(function: Any, z: Any, where: Any) -> Any:
    """``conj(function(conj(z)))`` at some places, ``function(z)`` at the others."""
    found = function(torch.where(where, torch.conj_physical(z), z))
    return torch.where(where, torch.conj_physical(found), found)
