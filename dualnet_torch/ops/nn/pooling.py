"""Pools on PyTorch."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch.nn.functional as F
from torch import Tensor

from dualnet import windows
from dualnet.windows import Padding, Sizes
from dualnet_torch.ops.nn._layout import channels_first, channels_last, pad_spatial


def avg_pool(
    x: Tensor,
    /,
    *,
    pool_size: Sizes,
    strides: Sizes | None = None,
    padding: Padding = "valid",
) -> Tensor:
    window, steps, pads = windows.pool(x.shape, pool_size, strides, padding)
    native = channels_first(x)
    y = _pooled(AVERAGES, pad_spatial(native, pads, 0), window, steps)
    if any(map(any, pads)):  # count_include_pad=False needs equal padding at both ends
        ones = native.new_ones((1, 1, *native.shape[2:]))
        y = y / _pooled(AVERAGES, pad_spatial(ones, pads, 0), window, steps)
    return channels_last(y)


def max_pool(
    x: Tensor,
    /,
    *,
    pool_size: Sizes,
    strides: Sizes | None = None,
    padding: Padding = "valid",
) -> Tensor:
    window, steps, pads = windows.pool(x.shape, pool_size, strides, padding)
    native = pad_spatial(channels_first(x), pads, -math.inf)
    return channels_last(_pooled(MAXIMA, native, window, steps))


AVERAGES = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}
MAXIMA = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}


def _pooled(
    pools: Mapping[int, Callable[..., Tensor]], x: Tensor, window: tuple[int, ...], strides: object
) -> Tensor:
    """The pool of the window's rank, or why there is none; ``x`` is channels first."""
    if any(n < k for n, k in zip(x.shape[2:], window, strict=True)):
        raise windows.explain_window(channels_last(x).shape, window)
    return pools[len(window)](x, window, strides)
