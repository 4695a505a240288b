"""What attention needs, on PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor

from dualnet.ops import explain


def masked_softmax(x: Tensor, mask: Tensor, /) -> Tensor:
    # The lowest number, not -inf: the softmax of an emptied row, and its gradient, are finite.
    lowest = torch.where(mask, x, torch.finfo(x.dtype).min)
    return torch.where(mask, torch.softmax(lowest, -1), 0)


def merge_heads(x: Tensor, /) -> Tensor:
    return x.transpose(1, 2).flatten(2)


def split_heads(x: Tensor, /, *, heads: int) -> Tensor:
    return x.unflatten(-1, (heads, x.shape[-1] // heads)).transpose(1, 2)


def write_steps(x: Tensor, steps: Tensor, start: Tensor, /, *, axis: int) -> Tensor:
    count, size = steps.shape[axis], x.shape[axis]
    if not torch.compiler.is_compiling() and int(start) + count > size:
        raise explain.no_room(int(start), count, size)
    return x.index_copy(axis, start + torch.arange(count, device=x.device), steps)
