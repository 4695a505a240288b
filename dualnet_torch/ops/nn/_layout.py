"""Between channels last and what PyTorch's spatial kernels take."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from dualnet.windows import Pads


def channels_first(x: Tensor) -> Tensor:
    """A view; what was contiguous is in PyTorch's channels-last memory format."""
    return x.permute(0, -1, *range(1, x.ndim - 1))


def channels_last(x: Tensor) -> Tensor:
    """The way back, a view too."""
    return x.permute(0, *range(2, x.ndim), 1)


def pad_spatial(x: Tensor, pads: Pads, value: float) -> Tensor:
    """Pads the axes after the second; PyTorch lists the last axis first."""
    if not any(map(any, pads)):
        return x
    return F.pad(x, [side for pair in reversed(pads) for side in pair], value=value)
