"""Dropout masks drawn for several steps at once, ahead of time.

A mask of few numbers costs NumPy mostly its calls.  Steps that follow one another share them:
steps are drawn in rows of a whole block, and the block is kept for the steps after it.  The bits
are those of :func:`dualnet.random.host.keep`.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import numpy.typing as npt

from dualnet.random import host, philox
from dualnet.random.layout import WORD_BITS, keep_threshold
from dualnet.typing import Shape

__all__ = ["keep"]

#: Words and steps of a block: from about 2**16 words on, a longer call is no cheaper by the word.
WORDS, STEPS = 1 << 16, 64
#: Blocks that are kept, of up to 64 KiB each.
BLOCKS = 128


def keep(shape: Shape, *, rate: float, key: int, site: int, step: int) -> npt.NDArray[np.bool_]:
    """As :func:`dualnet.random.host.keep`; a view of what is kept, not to be written to."""
    count, threshold = math.prod(shape), keep_threshold(rate)
    if threshold >> WORD_BITS or not count:
        return host.keep(shape, rate=rate, key=key, site=site, step=step)
    steps = min(STEPS, WORDS // count) or 1
    draw = _kept if steps > 1 else _drawn
    block, row = divmod(step, steps)
    kept = draw(count, threshold, key, site, block * steps, steps)
    found: npt.NDArray[np.bool_] = kept[row].reshape(shape)
    return found


def _drawn(
    count: int, threshold: int, key: int, site: int, step: int, steps: int
) -> npt.NDArray[np.bool_]:
    words = philox.rows(count, key=key, site=site, step=step, steps=steps)
    kept: npt.NDArray[np.bool_] = words >= np.uint32(threshold)
    return kept


_kept = functools.lru_cache(BLOCKS)(_drawn)
