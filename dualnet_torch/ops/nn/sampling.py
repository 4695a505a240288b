"""Numbers that say where on an axis values are taken from, on PyTorch."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def axis_size(x: Tensor, /, *, axis: int) -> int:
    return x.shape[axis]


def places(x: Tensor, count: Any, /) -> Tensor:
    return torch.arange(count, device=x.device)
