"""Convolutions on PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor

from dualnet import windows
from dualnet.ops import explain
from dualnet.windows import Padding, Sizes
from dualnet_torch.ops.nn._layout import channels_first, channels_last, pad_spatial


def conv(
    x: Tensor,
    kernel: Tensor,
    bias: Tensor | None = None,
    /,
    *,
    strides: Sizes = 1,
    padding: Padding = "valid",
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    rank = kernel.ndim - 2
    steps = windows.per_axis(strides, rank, "strides")
    gaps = windows.per_axis(dilation, rank, "dilation")
    extent = windows.effective(kernel.shape[:rank], gaps)
    pads = windows.pads(padding, x.shape[1:-1], extent, steps)
    native = channels_first(x)
    both_ends = [before for before, _ in pads]
    if any(before != after for before, after in pads):
        native, both_ends = pad_spatial(native, pads, 0), [0] * rank
    weight = kernel.permute(rank + 1, rank, *range(rank))
    try:
        y = torch.convolution(
            native, weight, bias, steps, both_ends, gaps, False, [0] * rank, groups
        )
    except RuntimeError as error:
        raise (
            explain.another_dtype(x, kernel)
            or windows.explain_conv(x.shape, kernel.shape, extent, groups)
        ) from error
    return channels_last(y)


def conv_transpose(
    x: Tensor,
    kernel: Tensor,
    bias: Tensor | None = None,
    /,
    *,
    strides: Sizes = 1,
    padding: Padding = "valid",
    output_padding: Sizes | None = None,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    rank = kernel.ndim - 2
    steps = windows.per_axis(strides, rank, "strides")
    gaps = windows.per_axis(dilation, rank, "dilation")
    extent = windows.effective(kernel.shape[:rank], gaps)
    cuts = windows.transposed(padding, extent, steps, output_padding)
    both_ends = [max(min(pair), 0) for pair in cuts]  # what the kernel itself cuts off
    rest = tuple(
        (p - before, p - after) for p, (before, after) in zip(both_ends, cuts, strict=True)
    )
    weight = kernel.permute(rank, rank + 1, *range(rank))
    try:
        y = torch.convolution(
            channels_first(x), weight, None, steps, both_ends, gaps, True, [0] * rank, groups
        )
        y = channels_last(pad_spatial(y, rest, 0))
    except RuntimeError as error:
        raise (
            explain.another_dtype(x, kernel)
            or windows.explain_transposed(x.shape, kernel.shape, cuts, groups)
        ) from error
    if 0 in y.shape[1:-1]:
        raise windows.explain_transposed(x.shape, kernel.shape, cuts, groups)
    return y if bias is None else y + bias


def depthwise_conv(
    x: Tensor,
    kernel: Tensor,
    bias: Tensor | None = None,
    /,
    *,
    strides: Sizes = 1,
    padding: Padding = "valid",
    dilation: Sizes = 1,
) -> Tensor:
    groups = x.shape[-1]
    return conv(x, kernel, bias, strides=strides, padding=padding, dilation=dilation, groups=groups)
