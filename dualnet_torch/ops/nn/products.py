"""Affine maps and look-ups on PyTorch."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from dualnet.ops import explain
from dualnet_torch.ops._common import native
from dualnet_torch.ops.nn._ids import check_integer, check_range


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


def one_hot(ids: Tensor, num_classes: int, /, *, axis: int = -1, dtype: str = "float32") -> Tensor:
    check_integer(ids)
    if not torch.compiler.is_compiling():
        check_range(ids, num_classes, "range", "classes")
    classes = torch.arange(num_classes, device=ids.device)
    return (ids[..., None] == classes).movedim(-1, axis).to(native(dtype))
