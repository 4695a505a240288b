"""Dropout on PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor

from dualnet_torch import random
from dualnet_torch.ops._common import NAMES


def dropout(
    x: Tensor,
    /,
    *,
    rate: float,
    key: int,
    site: int,
    step: int | Tensor,
    noise_shape: tuple[int | None, ...] | None = None,
    shared: bool = True,
) -> Tensor:
    shape = tuple(n or size for n, size in zip(noise_shape or x.shape, x.shape, strict=True))
    if shared:
        keep = random.keep(shape, rate=rate, key=key, site=site, step=step, device=x.device)
    else:
        keep = random.native_keep(shape, rate=rate, device=x.device)
    return torch.where(keep, x / ((1 - rate) or 1), 0)


def normal_like(
    x: Tensor, /, *, key: int, site: int, step: int | Tensor, shared: bool = True
) -> Tensor:
    if not shared:
        return torch.randn_like(x)
    dtype = NAMES[x.dtype]
    return random.normal(x.shape, key=key, site=site, step=step, dtype=dtype, device=x.device)
