"""Dropout on PyTorch."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from dualnet_torch import random
from dualnet_torch.jit import tracing
from dualnet_torch.state import NAMES


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
    shape: Any = x.shape
    if noise_shape is not None:
        shape = tuple(n or size for n, size in zip(noise_shape, shape, strict=True))
    if shared:
        keep = random.keep(shape, rate=rate, key=key, site=site, step=step, device=x.device)
    else:
        keep = random.native_keep(shape, rate=rate, device=x.device)
    y = x / ((1 - rate) or 1)
    if x.device.type != "cpu" or not x.is_floating_point() or tracing():
        return torch.where(keep, y, 0)
    # This is where(keep, y, 0) and its gradient by a kernel without branches, in a quarter of the
    # time: a processor guesses wrong at every other element of a random mask.
    mask = keep.view(torch.int8).to(y.dtype)  # bytes are widened many at once, booleans are not
    chosen: Tensor = torch.ops.aten.threshold_backward(y, mask, 0)
    return chosen


def normal_like(
    x: Tensor, /, *, key: int, site: int, step: int | Tensor, shared: bool = True
) -> Tensor:
    if not shared:
        return torch.randn_like(x)
    dtype = NAMES[x.dtype]
    return random.normal(x.shape, key=key, site=site, step=step, dtype=dtype, device=x.device)
