"""Products with a kernel, in NumPy: dense, convolutions and their transposes, embedding."""

from __future__ import annotations

import itertools
import math

import numpy as np

from dualnet import windows
from dualnet.parity.foreign.causes.definition.activations import activated
from dualnet.parity.foreign.facts import Facts
from dualnet.typing import NDArray, Shape

__all__ = ["conv", "conv_transpose", "dense", "depthwise", "embedding"]


def _finished(facts: Facts, y: NDArray) -> NDArray:
    """``activation(y + bias)``."""
    return activated(y + facts.weights.get("bias", 0.0), facts.options)


def dense(facts: Facts, x: NDArray) -> NDArray:
    """``activation(x @ kernel + bias)``."""
    return _finished(facts, x @ facts.weights["kernel"])


def conv(facts: Facts, x: NDArray) -> NDArray:
    """``activation(conv(x, kernel) + bias)``, channels last."""
    return _finished(
        facts, _conv(facts, x, facts.weights["kernel"], facts.options.get("groups", 1))
    )


def depthwise(facts: Facts, x: NDArray) -> NDArray:
    """Each channel by itself; output channel ``c·multiplier + j``."""
    kernel = facts.weights["kernel"]
    *window, channels, _ = kernel.shape
    return _finished(facts, _conv(facts, x, kernel.reshape(*window, 1, -1), channels))


def _conv(facts: Facts, x: NDArray, kernel: NDArray, groups: int) -> NDArray:
    *window, inner, filters = kernel.shape
    rank = len(window)
    strides = windows.per_axis(facts.options.get("strides", 1), rank, "strides")
    dilation = windows.per_axis(facts.options.get("dilation_rate", 1), rank, "dilation_rate")
    extent = windows.effective(tuple(window), dilation)
    pads = windows.pads(facts.options.get("padding", "valid"), x.shape[1:-1], extent, strides)
    seen = _windows(np.pad(x, ((0, 0), *pads, (0, 0))), extent, strides, dilation)
    batch, *spatial = seen.shape[: rank + 1]
    places = batch * math.prod(spatial)
    columns = seen.reshape(places, groups, inner * math.prod(window)).swapaxes(0, 1)
    rows = np.moveaxis(kernel, -2, 0).reshape(-1, groups, filters // groups).swapaxes(0, 1)
    y = (columns @ rows).swapaxes(0, 1)
    return y.reshape(batch, *spatial, filters)


def _windows(x: NDArray, extent: Shape, strides: Shape, dilation: Shape) -> NDArray:
    """``(batch, *places, channels, *window)``."""
    axes = tuple(range(1, len(extent) + 1))
    seen = np.lib.stride_tricks.sliding_window_view(x, extent, axis=axes)
    places = tuple(slice(None, None, step) for step in strides)
    inside = tuple(slice(None, None, step) for step in dilation)
    return seen[(slice(None), *places, slice(None), *inside)]


def conv_transpose(facts: Facts, x: NDArray) -> NDArray:
    """The adjoint of a convolution, cropped as ``padding`` says (``docs/conventions.md``)."""
    kernel = facts.weights["kernel"]
    window = kernel.shape[:-2]
    rank, options = len(window), facts.options
    strides = windows.per_axis(options.get("strides", 1), rank, "strides")
    dilation = windows.per_axis(options.get("dilation_rate", 1), rank, "dilation_rate")
    extent = windows.effective(window, dilation)
    y = _spread(x, kernel, strides, dilation, extent)
    for axis in range(rank):
        low, size = _crop(facts, axis, x.shape[axis + 1], extent[axis], strides[axis])
        y = _cut(y, axis + 1, low, size)
    return _finished(facts, y)


def _spread(x: NDArray, kernel: NDArray, strides: Shape, dilation: Shape, extent: Shape) -> NDArray:
    """Every input value times the kernel, added up where it falls."""
    spatial = x.shape[1:-1]
    axes = list(zip(spatial, strides, extent, strict=True))
    y = np.zeros((x.shape[0], *((n - 1) * s + k for n, s, k in axes), kernel.shape[-1]))
    for place in itertools.product(*map(range, kernel.shape[:-2])):
        offsets = [k * d for k, d in zip(place, dilation, strict=True)]
        where = tuple(
            slice(at, at + (n - 1) * s + 1, s) for at, (n, s, _) in zip(offsets, axes, strict=True)
        )
        y[(slice(None), *where)] += x @ kernel[place]
    return y


def _crop(facts: Facts, axis: int, size: int, extent: int, stride: int) -> tuple[int, int]:
    """Where the output begins in the full one, and how long it is."""
    padding = facts.options.get("padding", "valid")
    shift = facts.options.get("shift", 0)
    if padding == "same":
        return max(extent - stride, 0) // 2 + shift, size * stride
    if padding == "valid":
        return shift, size * stride + max(extent - stride, 0) + _extra(facts, axis)
    entry = padding[axis] if isinstance(padding, tuple) else padding
    low, high = entry if isinstance(entry, tuple) else (entry, entry)
    return low + shift, (size - 1) * stride + extent - low - high + _extra(facts, axis)


def _extra(facts: Facts, axis: int) -> int:
    extra = facts.options.get("output_padding") or 0
    return int(extra[axis] if isinstance(extra, tuple) else extra)


def _cut(y: NDArray, axis: int, low: int, size: int) -> NDArray:
    """``size`` values from ``low`` on, zeros where there are none."""
    have = y.shape[axis]
    pads = [(0, 0)] * y.ndim
    pads[axis] = (max(-low, 0), max(low + size - have, 0))
    padded = np.pad(y, pads)
    return padded.take(range(max(low, 0), max(low, 0) + size), axis=axis)


def embedding(facts: Facts, ids: NDArray) -> NDArray:
    """``embeddings[ids]``."""
    return facts.weights["embeddings"][ids.astype(np.int64)]
