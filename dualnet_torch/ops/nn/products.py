"""Affine maps and look-ups on PyTorch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from dualnet.ops import explain
from dualnet_torch.jit import tracing
from dualnet_torch.ops._common import native
from dualnet_torch.ops.nn._ids import check_integer, check_range

#: Numbers of an input from which on one product costs less than several, and a copy of their
#: kernels.  Where a gradient follows, several cost less: that of one is taken apart again.
MANY = 1 << 16


def embedding(ids: Tensor, table: Tensor, /) -> Tensor:
    check_integer(ids)
    if ids.dtype not in (torch.int32, torch.int64):  # the only two that the kernel takes
        ids = ids.to(torch.int64)
    if ids.device.type != "cpu" and not torch.compiler.is_compiling():
        check_range(ids, table.shape[0], "table", "rows")  # the kernel would end the process
    try:
        return F.embedding(ids, table)
    except IndexError:
        check_range(ids, table.shape[0], "table", "rows")
        raise


def linear(x: Tensor, kernel: Tensor, bias: Tensor | None = None, /) -> Tensor:
    try:
        if bias is None:
            return torch.matmul(x, kernel)
        if x.ndim == 2:
            return torch.addmm(bias, x, kernel)
        return F.linear(x, kernel.t(), bias)  # one product of all rows, which adds the bias too
    except RuntimeError as error:
        raise explain.linear(x, kernel) or error from error


def linears(
    x: Tensor, kernels: Sequence[Tensor], biases: Sequence[Tensor | None], /
) -> tuple[Tensor, ...]:
    alike = len({(kernel.shape[0], kernel.dtype) for kernel in kernels}) == 1
    added = [bias for bias in biases if bias is not None]
    whole = alike and len(added) == len(kernels)
    if torch.is_grad_enabled() or x.numel() < MANY or not whole or tracing():
        return tuple(linear(x, *pair) for pair in zip(kernels, biases, strict=True))
    kernel = torch.cat([kernel.t() for kernel in kernels]).t()
    return linear(x, kernel, torch.cat(added)).split([k.shape[1] for k in kernels], -1)


def one_hot(ids: Tensor, num_classes: int, /, *, axis: int = -1, dtype: str = "float32") -> Tensor:
    check_integer(ids)
    if not torch.compiler.is_compiling():
        check_range(ids, num_classes, "range", "classes")
    classes = torch.arange(num_classes, device=ids.device)
    return (ids[..., None] == classes).movedim(-1, axis).to(native(dtype))
