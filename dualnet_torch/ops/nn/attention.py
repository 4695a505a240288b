"""What attention needs, on PyTorch."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from dualnet.ops import explain
from dualnet.ops.nn import attention
from dualnet_torch.jit import tracing


def dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    /,
    *,
    mask: Tensor | None = None,
    scale: float | None = None,
    causal: bool = False,
) -> Tensor:
    # The kernel takes one of mask and causal; what it gives for a row that a mask empties is 0 on
    # a CPU, and elsewhere another kernel's affair.
    masked = mask is not None and (causal or query.device.type != "cpu")
    if masked or _differentiable(query, key, value):
        define = attention.dot_product_attention
        return define(query, key, value, mask=mask, scale=scale, causal=causal)
    return F.scaled_dot_product_attention(query, key, value, mask, 0.0, causal, scale=scale)


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
    if not tracing() and int(start) + count > size:
        raise explain.no_room(int(start), count, size)
    return x.index_copy(axis, start + torch.arange(count, device=x.device), steps)


def _differentiable(*tensors: Tensor) -> bool:
    """Whether somebody may ask for derivatives: the kernel has no second one, and no forward one.

    A compiler finds a kernel by itself.
    """
    return tracing() or (torch.is_grad_enabled() and any(x.requires_grad for x in tensors))
