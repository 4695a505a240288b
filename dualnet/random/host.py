"""The draws of ``dualnet.protocols.Random``, made by NumPy: their definition.

The twins are ``dualnet_torch/random.py`` and ``dualnet_tf/random.py``, which give the same
bits on their devices.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from dualnet.random import philox
from dualnet.random.layout import LOW_HALF, WORD_BITS, keep_threshold, significant_bits
from dualnet.typing import NDArray, Shape

__all__ = ["keep", "normal", "uniform", "wide", "words"]


def words(shape: Shape, *, key: int, site: int, step: int) -> npt.NDArray[np.uint32]:
    """The first words of the stream, in row-major order."""
    return philox.words(math.prod(shape), key=key, site=site, step=step).reshape(shape)


def wide(shape: Shape, *, key: int, site: int, step: int) -> npt.NDArray[np.uint64]:
    """The 64 bits of each index: its word above, the word at ``LOW_HALF`` below."""
    count = math.prod(shape)
    bits = philox.words(count, key=key, site=site, step=step).astype(np.uint64)
    bits <<= np.uint64(WORD_BITS)
    bits |= philox.words(count, key=key, site=site, step=step, offset=LOW_HALF)
    return bits.reshape(shape)


def uniform(shape: Shape, *, key: int, site: int, step: int, dtype: str) -> NDArray:
    """``u`` in ``[0, 1)``: the top bits of each index, as many as the dtype has.

    NumPy has no bfloat16: those values come as float32, which holds them exactly.
    """
    bits, flat = significant_bits(dtype), (math.prod(shape),)
    if bits > WORD_BITS:
        top = wide(flat, key=key, site=site, step=step) >> np.uint64(64 - bits)
        return (top * 2.0**-bits).reshape(shape)
    word = words(flat, key=key, site=site, step=step)
    u = (word >> np.uint32(WORD_BITS - bits)).astype(np.float32)
    u *= np.float32(2.0**-bits)
    return _narrowed(u, dtype).reshape(shape)


def normal(shape: Shape, *, key: int, site: int, step: int, dtype: str) -> NDArray:
    """Standard normal: the transform of Box & Muller (1958) on pairs of float64 uniforms.

    ::

        z[2i] = r·cos θ,  z[2i+1] = r·sin θ,   r = √(-2 ln(1 - u[2i])),  θ = 2π·u[2i+1]

    computed in float64, rounded to float32 and from there to the half dtypes.  ``1 - u`` is
    exact and never 0.  NumPy has no bfloat16: it gets the float32 values.
    """
    significant_bits(dtype)
    count = math.prod(shape)
    u = uniform(((count + 1) // 2, 2), key=key, site=site, step=step, dtype="float64")
    radius, angle = np.sqrt(-2.0 * np.log(1.0 - u[:, 0])), 2.0 * np.pi * u[:, 1]
    z = np.stack((radius * np.cos(angle), radius * np.sin(angle)), axis=-1)
    z = z.reshape(-1)[:count].reshape(shape)
    return z if dtype == "float64" else _narrowed(z.astype(np.float32), dtype)


def keep(shape: Shape, *, rate: float, key: int, site: int, step: int) -> npt.NDArray[np.bool_]:
    """True with probability ``1 - rate``: where ``word >= floor(rate · 2³²)``."""
    threshold = keep_threshold(rate)
    if threshold >> WORD_BITS:
        return np.zeros(shape, np.bool_)  # rate 1: no 32-bit word reaches 2**32
    word = words((math.prod(shape),), key=key, site=site, step=step)
    return (word >= np.uint32(threshold)).reshape(shape)


def _narrowed(single: npt.NDArray[np.float32], dtype: str) -> NDArray:
    return single.astype(np.float16) if dtype == "float16" else single
