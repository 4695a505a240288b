"""Philox4x32-10: 32-bit random words as a pure function of key, site, step and index.

The generator is the one of Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as
easy as 1, 2, 3" (SC'11), with ten rounds.  A block of four words is the image of a
128-bit counter under a 64-bit key; nothing is carried from one block to the next, so any
part of a stream can be computed alone.  The counter of block ``b`` is::

    (low 32 bits of b, high 32 bits of b, site, step)

and word ``n`` is lane ``n % 4`` of block ``n // 4``.  TensorFlow's stateless kernels use
the same generator, with ``counter = (b, site | step << 32)`` as two 64-bit integers.

NumPy's own ``numpy.random.Philox`` is Philox4x64, another generator.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["MASK", "MULTIPLIERS", "round_keys", "words"]

MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
ROUNDS = 10
MASK = 0xFFFFFFFF

BLOCKS_AT_ONCE = 8192  # six temporaries of 64 KiB: the fastest of 2**10 ... 2**15, fits in L2


def round_keys(key: int) -> list[tuple[int, int]]:
    """The ten pairs of 32-bit round keys that a 64-bit key expands to.

    >>> [f"{a:08x} {b:08x}" for a, b in round_keys(0)[:2]]
    ['00000000 00000000', '9e3779b9 bb67ae85']
    """
    low, high = key & MASK, key >> 32
    return [((low + r * WEYL[0]) & MASK, (high + r * WEYL[1]) & MASK) for r in range(ROUNDS)]


def words(count: int, *, key: int, site: int, step: int, offset: int = 0) -> npt.NDArray[np.uint32]:
    """Words ``offset … offset + count - 1`` of the stream ``(key, site, step)``.

    Args:
        count: how many words, 0 or more.
        key: the seed, in ``[0, 2**64)``.
        site: which stream of the key, in ``[0, 2**32)``.
        step: which part of the site's stream; its low 32 bits count.
        offset: the index of the first word, in ``[0, 2**66)``; one step holds 2**66 words.

    Returns:
        A flat ``uint32`` array.

    >>> " ".join(f"{w:08x}" for w in words(4, key=0, site=0, step=0))
    '6627e8d5 e169c58d bc57ac4c 9b00dbd8'
    >>> " ".join(f"{w:08x}" for w in words(2, key=0, site=0, step=0, offset=2))
    'bc57ac4c 9b00dbd8'
    """
    first, skipped = divmod(offset, 4)
    blocks = -(-(skipped + count) // 4)
    out = np.empty((blocks, 4), np.uint32)
    keys = np.array(round_keys(key), np.uint64)[:, :, np.newaxis]
    temporaries = np.empty((3, 2, min(blocks, BLOCKS_AT_ONCE)), np.uint64)
    for start in range(0, blocks, BLOCKS_AT_ONCE):
        part = out[start : start + BLOCKS_AT_ONCE]
        _fill(part, temporaries[:, :, : len(part)], keys, first + start, site, step)
    return out.reshape(-1)[skipped : skipped + count]


def _fill(
    out: npt.NDArray[np.uint32],
    temporaries: npt.NDArray[np.uint64],
    keys: npt.NDArray[np.uint64],
    first: int,
    site: int,
    step: int,
) -> None:
    """Write the blocks from ``first`` on into ``out``, one row each.

    The lanes travel in pairs, ``even = (c0, c2)`` and ``odd = (c1, c3)``, as 32-bit values
    in 64-bit integers: one array operation serves both halves of a round.
    """
    even, odd, high = temporaries
    multipliers = np.array(MULTIPLIERS, np.uint64)[:, np.newaxis]
    block = np.arange(len(out), dtype=np.uint64) + np.uint64(first)
    even[0], even[1] = block & np.uint64(MASK), site
    odd[0], odd[1] = block >> np.uint64(32), step & MASK
    for key in keys:
        even *= multipliers
        np.right_shift(even, np.uint64(32), out=high)
        odd ^= key
        odd ^= high[::-1]
        even &= np.uint64(MASK)
        even, odd = odd, even[::-1]
    out.T[::2], out.T[1::2] = even, odd
