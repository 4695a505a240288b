"""Integers that point at rows, on PyTorch."""

from __future__ import annotations

from torch import Tensor

from dualnet.ops import explain
from dualnet_torch.ops._common import INTEGER


def check_integer(ids: Tensor) -> None:
    """Refuses what cannot point at anything."""
    if ids.dtype not in INTEGER:
        raise explain.embedding_dtype(ids.dtype)


def check_range(ids: Tensor, count: int, whole: str, parts: str) -> None:
    """Refuses ids outside ``[0, count)``; eagerly only, for it looks at values."""
    wrong = ids[(ids < 0) | (ids >= count)]
    if len(wrong):
        raise explain.id_range(int(wrong[0]), count, whole, parts)
