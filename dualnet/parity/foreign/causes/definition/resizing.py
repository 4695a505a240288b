"""Resizing in NumPy: one matrix per spatial axis.

Beside the options of :class:`~dualnet.parity.foreign.facts.Facts`:

===============  ==========================================================================
``half_pixel``   whether pixels are squares with centres at ``i + 1/2``
``cubic``        Keys' constant ``a`` of the bicubic kernel
``renormalised`` whether the kernel loses what lies outside the image, instead of seeing
                 the border's pixel repeated there
===============  ==========================================================================
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dualnet.parity.foreign.facts import Facts
from dualnet.typing import NDArray

__all__ = ["resize"]


def resize(facts: Facts, x: NDArray) -> NDArray:
    """``(batch, *spatial, channels)`` in another size."""
    for axis, size in enumerate(_sizes(facts, x.shape[1:-1]), 1):
        matrix = _matrix(facts, x.shape[axis], size)
        x = np.moveaxis(np.tensordot(matrix, x, axes=(1, axis)), 0, axis)
    return x


def _sizes(facts: Facts, have: tuple[int, ...]) -> tuple[int, ...]:
    size, scale = facts.options.get("size"), facts.options.get("scale", 2)
    if size is not None:
        return tuple(size) if isinstance(size, (tuple, list)) else (size,) * len(have)
    scales = scale if isinstance(scale, (tuple, list)) else (scale,) * len(have)
    return tuple(int(n * s) for n, s in zip(have, scales, strict=True))


def _matrix(facts: Facts, have: int, wanted: int) -> NDArray:
    """``(wanted, have)``: what each new pixel takes of each old one."""
    options = facts.options
    form = options.get("interpolation", "nearest")
    if form in ("nearest", "nearest-exact", "nearest-floor"):
        half = form != "nearest-floor" and options.get("half_pixel", True)
        source = np.floor((np.arange(wanted) + 0.5 * half) * have / wanted + 1e-9)
        return np.eye(have)[np.clip(source, 0, have - 1).astype(int)]
    return _interpolated(facts, _centres(facts, have, wanted), have, wanted, form)


def _centres(facts: Facts, have: int, wanted: int) -> NDArray:
    """Where each new pixel's centre lies among the old ones."""
    places = np.arange(wanted, dtype=np.float64)
    if facts.options.get("align_corners", False):
        return places * (have - 1) / max(wanted - 1, 1)
    if facts.options.get("half_pixel", True):
        return (places + 0.5) * have / wanted - 0.5
    return places * have / wanted


def _interpolated(facts: Facts, centres: NDArray, have: int, wanted: int, form: str) -> NDArray:
    kernel, reach = _kernel(facts, form)
    wide = max(have / wanted, 1.0) if facts.options.get("antialias", False) else 1.0
    drops = facts.options.get("renormalised", bool(facts.options.get("antialias", False)))
    margin = int(np.ceil(reach * wide)) + 1
    old = np.arange(-margin, have + margin)
    weights = kernel((old[None, :] - centres[:, None]) / wide)
    matrix = np.zeros((wanted, have))
    inside = (old >= 0) & (old < have)
    for column, place in enumerate(old):
        if inside[column] or not drops:
            matrix[:, int(np.clip(place, 0, have - 1))] += weights[:, column]
    return matrix / matrix.sum(axis=1, keepdims=True)


def _kernel(facts: Facts, form: str) -> tuple[Callable[[NDArray], NDArray], float]:
    """The interpolation kernel, and how far it reaches."""
    if form != "bicubic":
        return lambda t: np.maximum(1.0 - np.abs(t), 0.0), 1.0
    a = facts.options.get("cubic", -0.5)

    def cubic(t: NDArray) -> NDArray:
        t = np.abs(t)
        near = ((a + 2.0) * t - (a + 3.0)) * t * t + 1.0
        far = a * (((t - 5.0) * t + 8.0) * t - 4.0)
        return np.where(t < 1.0, near, np.where(t < 2.0, far, 0.0))

    return cubic, 2.0
