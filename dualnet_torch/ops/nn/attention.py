"""What attention needs, on PyTorch."""

from __future__ import annotations

from typing import Any

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
    # a CPU, its gradient there, and the row elsewhere, another kernel's affair.  A compiler finds
    # a kernel by itself.
    followed = torch.is_grad_enabled() and any(x.requires_grad for x in (query, key, value))
    masked = mask is not None and (causal or followed or query.device.type != "cpu")
    if masked or tracing():
        define = attention.dot_product_attention
        return define(query, key, value, mask=mask, scale=scale, causal=causal)
    if followed:
        return _Attention.apply(query, key, value, causal, scale)
    return F.scaled_dot_product_attention(query, key, value, mask, 0.0, causal, scale=scale)


class _Attention(torch.autograd.Function):
    """PyTorch's kernel, and the definition where its gradient shall have one: it has no second."""

    @staticmethod
    def forward(
        ctx: Any, query: Tensor, key: Tensor, value: Tensor, causal: bool, scale: float | None
    ) -> Tensor:
        ctx.save_for_backward(query, key, value)
        ctx.options = {"causal": causal, "scale": scale}
        pairs = zip((query, key, value), ctx.needs_input_grad[:3], strict=True)
        ctx.inner = q, k, v = [x.detach().requires_grad_(needed) for x, needed in pairs]
        with torch.enable_grad():
            ctx.y = F.scaled_dot_product_attention(q, k, v, None, 0.0, causal, scale=scale)
        return ctx.y.detach()

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> Any:
        again = torch.is_grad_enabled() or tracing()
        inputs, y = ctx.inner, ctx.y
        if again:
            with torch.enable_grad():
                inputs = [x.view_as(x) for x in ctx.saved_tensors]  # one may stand for several
                y = attention.dot_product_attention(*inputs, **ctx.options)
        needed = ctx.needs_input_grad[:3]
        followed = [x for x, asked in zip(inputs, needed, strict=True) if asked]
        found = torch.autograd.grad(y, followed, upstream, retain_graph=True, create_graph=again)
        stream = iter(found)
        return *(next(stream) if asked else None for asked in needed), None, None


def masked_softmax(x: Tensor, mask: Tensor, /) -> Tensor:
    # The lowest number, not -inf: the softmax of an emptied row, and its gradient, are finite.
    lowest = torch.where(mask, x, torch.finfo(x.dtype).min)
    return torch.where(mask, torch.softmax(lowest, -1), 0)


def merge_heads(x: Tensor, /) -> Tensor:
    return x.transpose(1, 2).flatten(2)


def split_heads(x: Tensor, /, *, heads: int) -> Tensor:
    return x.unflatten(-1, (heads, x.shape[-1] // heads)).transpose(1, 2)


def write_steps(
    x: Tensor, steps: Tensor, start: Tensor, /, *, axis: int, reuse: bool = False
) -> Tensor:
    count, size = steps.shape[axis], x.shape[axis]
    if tracing() or x.dtype != steps.dtype:  # which one function refuses, and the other casts
        return x.index_copy(axis, start + torch.arange(count, device=x.device), steps)
    first = int(start)
    if first + count > size:
        raise explain.no_room(first, count, size)
    if not reuse or torch.is_grad_enabled():
        return torch.slice_scatter(x, steps, axis, first, first + count)
    room = x.narrow(axis, first, count)
    ours = getattr(x, "_written", None) == first and room.shape == steps.shape
    if ours and (torch.is_inference_mode_enabled() or not x.is_inference()):
        room.copy_(steps)
    else:
        x = torch.slice_scatter(x, steps, axis, first, first + count)
    x._written = first + count  # type: ignore[attr-defined]  # tensors take attributes
    return x
