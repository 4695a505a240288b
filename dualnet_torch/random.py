"""The shared random numbers in PyTorch; the twin is ``dualnet_tf/random.py``.

PyTorch has no such generator.  Eagerly on the CPU, NumPy's words are the quickest (they
take half the time of the same arithmetic on tensors); on other devices and in compiled
code the rounds are tensor arithmetic, which the compiler fuses.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

from dualnet.random import ahead, host
from dualnet.random.layout import LOW_HALF, WORD_BITS, keep_threshold, significant_bits
from dualnet.random.philox import MASK, MULTIPLIERS, round_keys

if TYPE_CHECKING:
    from torch import Tensor


def words(
    shape: Any, *, key: int, site: int, step: int | Tensor, device: torch.device | None
) -> Tensor:
    if _on_host(device):
        return torch.from_numpy(host.words(shape, key=key, site=site, step=int(step)))
    return _words(math.prod(shape), key, site, step, device).reshape(shape)


def uniform(
    shape: Any,
    *,
    key: int,
    site: int,
    step: int | Tensor,
    dtype: str,
    device: torch.device | None,
) -> Tensor:
    native = getattr(torch, dtype)
    if _on_host(device):
        made = host.uniform(shape, key=key, site=site, step=int(step), dtype=dtype)
        return torch.from_numpy(made).to(native)
    bits, count = significant_bits(dtype), math.prod(shape)
    top = _words(count, key, site, step, device).to(torch.int64)  # uint32 has no shifts
    if bits > WORD_BITS:
        low = _words(count, key, site, step, device, LOW_HALF).to(torch.int64)
        u = (top << (bits - WORD_BITS) | low >> (64 - bits)).to(torch.float64) * 2.0**-bits
    else:
        u = (top >> (WORD_BITS - bits)).to(torch.float32) * 2.0**-bits
    return u.to(native).reshape(shape)


def normal(
    shape: Any,
    *,
    key: int,
    site: int,
    step: int | Tensor,
    dtype: str,
    device: torch.device | None,
) -> Tensor:
    native = getattr(torch, dtype)
    if _on_host(device):
        made = host.normal(shape, key=key, site=site, step=int(step), dtype=dtype)
        return torch.from_numpy(made).to(native)
    count = math.prod(shape)
    pairs = ((count + 1) // 2, 2)
    u = uniform(pairs, key=key, site=site, step=step, dtype="float64", device=device)
    radius, angle = torch.sqrt(-2.0 * torch.log(1.0 - u[:, 0])), 2.0 * math.pi * u[:, 1]
    z = torch.stack((radius * torch.cos(angle), radius * torch.sin(angle)), dim=-1)
    z = z.reshape(-1)[:count].reshape(shape)
    return z if dtype == "float64" else z.to(torch.float32).to(native)


def keep(
    shape: Any,
    *,
    rate: float,
    key: int,
    site: int,
    step: int | Tensor,
    device: torch.device | None,
) -> Tensor:
    if _on_host(device):
        made = ahead.keep(shape, rate=rate, key=key, site=site, step=int(step))
        return torch.from_numpy(made)
    drawn = words(shape, key=key, site=site, step=step, device=device)
    return drawn.to(torch.int64) >= keep_threshold(rate)  # uint32 has no comparisons


def native_keep(shape: Any, *, rate: float, device: torch.device | None) -> Tensor:
    return torch.rand(shape, device=device) >= rate


def seed_native(seed: int) -> None:
    torch.manual_seed(seed)


def _on_host(device: torch.device | None) -> bool:
    if torch.compiler.is_compiling():
        return False
    return (device or torch.get_default_device()).type == "cpu"


def _words(
    count: int,
    key: int,
    site: int,
    step: int | Tensor,
    device: torch.device | None,
    offset: int = 0,
) -> Tensor:
    """The rounds of ``dualnet/random/philox.py`` on int64, for want of uint32 arithmetic.

    A product wraps into the sign bit; its low and high halves, once masked, are right.
    """
    block = torch.arange((count + 3) // 4, device=device)
    c0, c1 = block & MASK, (block >> 32) | (offset // 4 >> 32)
    c2, c3 = torch.full_like(block, site), torch.zeros_like(block) + (step & MASK)
    for k0, k1 in round_keys(key):
        p0, p1 = c0 * MULTIPLIERS[0], c2 * MULTIPLIERS[1]
        c0, c2 = (p1 >> 32 & MASK) ^ c1 ^ k0, (p0 >> 32 & MASK) ^ c3 ^ k1
        c1, c3 = p1 & MASK, p0 & MASK
    # Narrowed to uint32 at once: the compiler then keeps words, not int64, for the backward.
    return torch.stack((c0, c1, c2, c3), dim=-1).reshape(-1)[:count].to(torch.uint32)
