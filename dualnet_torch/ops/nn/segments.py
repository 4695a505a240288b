"""Reductions of rows by a label for each, on PyTorch."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from dualnet.ops import explain
from dualnet_torch.ops._common import NUMERIC, REAL_FLOATING, Kind, require
from dualnet_torch.ops.nn._ids import check_integer, check_range


def segment_max(x: Tensor, ids: Tensor, /, *, num_segments: int) -> Tensor:
    _check(x, ids, num_segments, REAL_FLOATING, "segment_max")
    least = x.new_full((num_segments, *x.shape[1:]), -math.inf)
    index = ids.to(torch.int64).reshape(-1, *[1] * (x.ndim - 1)).expand_as(x)
    return least.scatter_reduce(0, index, x, "amax", include_self=False)


def segment_mean(x: Tensor, ids: Tensor, /, *, num_segments: int) -> Tensor:
    _check(x, ids, num_segments, REAL_FLOATING, "segment_mean")
    counts = segment_sum(torch.ones_like(ids, dtype=x.dtype), ids, num_segments=num_segments)
    total = segment_sum(x, ids, num_segments=num_segments)
    return total / counts.clamp(min=1).reshape(-1, *[1] * (x.ndim - 1))


def segment_min(x: Tensor, ids: Tensor, /, *, num_segments: int) -> Tensor:
    _check(x, ids, num_segments, REAL_FLOATING, "segment_min")
    return -segment_max(-x, ids, num_segments=num_segments)


def segment_sum(x: Tensor, ids: Tensor, /, *, num_segments: int) -> Tensor:
    _check(x, ids, num_segments, NUMERIC, "segment_sum")
    zeros = x.new_zeros((num_segments, *x.shape[1:]))
    return zeros.index_add(0, ids.to(torch.int64), x)


def _check(x: Tensor, ids: Tensor, num_segments: int, kind: Kind, name: str) -> None:
    require(x, kind, name)
    check_integer(ids)
    explain.check_segments(x.shape, ids.shape, num_segments)
    if not torch.compiler.is_compiling():
        check_range(ids, num_segments, "range", "segments")
