"""Pools in NumPy.

Beside the options of :class:`~dualnet.parity.foreign.facts.Facts`: ``ceil_mode``, whether a
last window that begins inside the input may end outside; ``fill``, what padding holds for a
maximum.
"""

from __future__ import annotations

import math

import numpy as np

from dualnet import windows
from dualnet.parity.foreign.facts import Facts
from dualnet.typing import NDArray, Shape

__all__ = ["global_pool", "pool"]


def pool(facts: Facts, x: NDArray) -> NDArray:
    """Maxima or means over windows."""
    options, rank = facts.options, x.ndim - 2
    window, strides, pads = windows.pool(
        x.shape,
        options.get("pool_size", 2),
        options.get("strides"),
        options.get("padding", "valid"),
    )
    if options.get("ceil_mode", False):
        pads = tuple(map(_raised, x.shape[1:-1], pads, window, strides))
    if facts.kind.startswith("Max"):
        filled = _padded(x, pads, options.get("fill", -math.inf))
        return _windows(filled, window, strides).max(axis=tuple(range(-rank, 0)))
    total = _windows(_padded(x, pads, 0.0), window, strides).sum(axis=tuple(range(-rank, 0)))
    return total / _counts(facts, x, window, strides, pads)


def _raised(size: int, pads: tuple[int, int], window: int, stride: int) -> tuple[int, int]:
    """Padding as it must be for the last window, unless that would begin in the padding."""
    low, high = pads
    places = math.ceil((size + low + high - window) / stride) + 1
    if (places - 1) * stride >= size + low:
        places -= 1
    return low, max((places - 1) * stride + window - size - low, high)


def _counts(
    facts: Facts, x: NDArray, window: Shape, strides: Shape, pads: tuple[tuple[int, int], ...]
) -> NDArray:
    """How many values each mean is over."""
    ones = np.ones((1, *x.shape[1:-1], 1))
    if facts.options.get("count_include_pad", False):
        declared = windows.pads(
            facts.options.get("padding", "valid"), x.shape[1:-1], window, strides
        )
        ones = _padded(ones, declared, 1.0)
        pads = tuple((0, high - have[1]) for (_, high), have in zip(pads, declared, strict=True))
    return _windows(_padded(ones, pads, 0.0), window, strides).sum(
        axis=tuple(range(-len(window), 0))
    )


def _padded(x: NDArray, pads: tuple[tuple[int, int], ...], fill: float) -> NDArray:
    return np.pad(x, ((0, 0), *pads, (0, 0)), constant_values=fill)


def _windows(x: NDArray, window: Shape, strides: Shape) -> NDArray:
    axes = tuple(range(1, len(window) + 1))
    seen = np.lib.stride_tricks.sliding_window_view(x, window, axis=axes)
    return seen[(slice(None), *(slice(None, None, step) for step in strides))]


def global_pool(facts: Facts, x: NDArray) -> NDArray:
    """Maximum or mean over all spatial axes."""
    axes, keep = tuple(range(1, x.ndim - 1)), bool(facts.options.get("keepdims", False))
    if "Max" in facts.kind:
        return x.max(axis=axes, keepdims=keep)
    return x.mean(axis=axes, keepdims=keep)
