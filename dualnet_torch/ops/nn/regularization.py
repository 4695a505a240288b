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
    shape = tuple(n or size for n, size in zip(noise_shape or x.shape, x.shape, strict=True))
    if shared:
        keep = random.keep(shape, rate=rate, key=key, site=site, step=step, device=x.device)
    else:
        keep = random.native_keep(shape, rate=rate, device=x.device)
    kept = (1 - rate) or 1
    if x.device.type != "cpu" or not x.is_floating_point() or tracing():
        return torch.where(keep, x / kept, 0)
    made: Tensor = _Thinned.apply(x, keep.view(torch.int8).neg().to(WORDS[x.itemsize]), kept)
    return made


#: Integers as wide as the numbers of so many bytes.
WORDS = {2: torch.int16, 4: torch.int32, 8: torch.int64}


class _Thinned(torch.autograd.Function):
    """``where(mask, x / kept, 0)`` for a mask whose bits are all set, or none.

    A processor guesses wrong at every other element of ``where`` with a random mask, which takes
    ten times as long as this.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, mask: Tensor, kept: float) -> Tensor:
        ctx.save_for_backward(mask)
        ctx.kept = kept
        return _thinned(x, mask, kept)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> Any:
        (mask,) = ctx.saved_tensors
        if tracing():
            return torch.where(mask != 0, upstream / ctx.kept, 0), None, None
        thinned = _Thinned.apply if torch.is_grad_enabled() else _thinned
        return thinned(upstream, mask, ctx.kept), None, None


def _thinned(x: Tensor, mask: Tensor, kept: float) -> Tensor:
    y = x / kept
    y.view(mask.dtype).bitwise_and_(mask)
    return y


def normal_like(
    x: Tensor, /, *, key: int, site: int, step: int | Tensor, shared: bool = True
) -> Tensor:
    if not shared:
        return torch.randn_like(x)
    dtype = NAMES[x.dtype]
    return random.normal(x.shape, key=key, site=site, step=step, dtype=dtype, device=x.device)
