"""Affine maps and look-ups on PyTorch."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from dualnet.ops import explain


def embedding(ids: Tensor, table: Tensor, /) -> Tensor:
    if ids.is_floating_point() or ids.dtype == torch.bool:
        raise explain.embedding_dtype(ids.dtype)
    if ids.dtype not in (torch.int32, torch.int64):  # the only two that the kernel takes
        ids = ids.to(torch.int64)
    if ids.device.type != "cpu" and not torch.compiler.is_compiling():
        _check_range(ids, table)  # the kernel of a GPU would end the process
    try:
        return F.embedding(ids, table)
    except IndexError:
        _check_range(ids, table)
        raise


def linear(x: Tensor, kernel: Tensor, bias: Tensor | None = None, /) -> Tensor:
    try:
        if bias is None:
            return torch.matmul(x, kernel)
        if x.ndim == 2:
            return torch.addmm(bias, x, kernel)
        return torch.matmul(x, kernel) + bias
    except RuntimeError as error:
        raise explain.linear(x, kernel) or error from error


def _check_range(ids: Tensor, table: Tensor) -> None:
    wrong = ids[(ids < 0) | (ids >= table.shape[0])]
    if len(wrong):
        raise explain.embedding_range(int(wrong[0]), table.shape[0])
