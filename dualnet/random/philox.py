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

__all__ = ["MASK", "MULTIPLIERS", "round_keys", "rows", "words"]

MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
ROUNDS = 10
MASK = 0xFFFFFFFF


#: Six temporaries of 128 KiB: the fastest of 2**10 ... 2**15, and they fit in L2.  Threads would
#: not help: calls of a few microseconds spend their time in turns at the interpreter.
BLOCKS_AT_ONCE = 16384

#: Rounds that are :func:`_begin`'s.
BEGUN = 3

Lane = npt.NDArray[np.uint64]


def _number(value: int) -> Lane:
    """As an array of no axes, which NumPy need not make of it in every call."""
    return np.array(value, np.uint64)


MULTIPLIER_0, MULTIPLIER_2 = map(_number, MULTIPLIERS)
MASK_64, HALF = _number(MASK), _number(32)


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
    found = _drawn(blocks, first, key, site, step, steps=1)
    return found.reshape(-1)[skipped : skipped + count]


def rows(count: int, *, key: int, site: int, step: int, steps: int) -> npt.NDArray[np.uint32]:
    """The first ``count`` words of each of ``steps`` steps from ``step`` on, ``(steps, count)``.

    For few words this is many times as fast as :func:`words` step by step.

    >>> bool((rows(6, key=1, site=2, step=3, steps=2)[1] == words(6, key=1, site=2, step=4)).all())
    True
    """
    found = _drawn(-(-count // 4), 0, key, site, step, steps)
    return found.reshape(steps, -1)[:, :count]


def _drawn(
    blocks: int, first: int, key: int, site: int, step: int, steps: int
) -> npt.NDArray[np.uint32]:
    """The blocks from ``first`` on of each step, ``(steps, blocks, 4)``."""
    out = np.empty((steps, blocks, 4), np.uint32)
    keys = [(_number(k0), _number(k1)) for k0, k1 in round_keys(key)]
    for part in _parts(steps, blocks):
        step_numbers, block_numbers = (np.arange(s.start, s.stop, dtype=np.uint64) for s in part)
        c3 = (step_numbers + np.uint64(step & MASK))[:, np.newaxis]
        _fill(out[part], block_numbers + np.uint64(first), site, c3, keys)

    return out


def _parts(steps: int, blocks: int) -> list[tuple[slice, slice]]:
    """Steps and blocks that are worked on at once: some blocks of one step, or several steps."""
    wide = max(1, BLOCKS_AT_ONCE // max(1, blocks))
    return [
        (slice(row, min(row + wide, steps)), slice(at, min(at + BLOCKS_AT_ONCE, blocks)))
        for row in range(0, steps, wide)
        for at in range(0, blocks, BLOCKS_AT_ONCE)
    ]


def _fill(
    out: npt.NDArray[np.uint32],
    block: Lane,
    site: int,
    step: Lane,
    keys: list[tuple[Lane, Lane]],
) -> None:
    """Write the images of the counters into ``out``, ``(steps, blocks, 4)``.

    The lanes are 32-bit values in 64-bit integers.  Two of them, the low halves of products, are
    left with the high halves above them, which are masked away after the next round's XOR.
    """
    c0, c1, c2, c3, p0, p2 = np.empty((6, *out.shape[:2]), np.uint64)
    _begin(c0, c1, c2, c3, block, _number(site), step & MASK_64, keys[:BEGUN])
    for k0, k1 in keys[BEGUN:]:
        np.multiply(c0, MULTIPLIER_0, out=p0)
        np.multiply(c2, MULTIPLIER_2, out=p2)
        np.right_shift(p2, HALF, out=c0)
        np.right_shift(p0, HALF, out=c2)
        c0 ^= c1
        c2 ^= c3
        c0 ^= k0
        c2 ^= k1
        c0 &= MASK_64
        c2 &= MASK_64
        c1, c3, p0, p2 = p2, p0, c3, c1
    for lane, found in enumerate((c0, c1, c2, c3)):
        out[:, :, lane] = found  # the low 32 bits


def _begin(
    c0: Lane,
    c1: Lane,
    c2: Lane,
    c3: Lane,
    block: Lane,
    site: Lane,
    step: Lane,
    keys: list[tuple[Lane, Lane]],
) -> None:
    """Write the lanes after the first three rounds.

    A number for each step and block comes of the first round in one lane, of the second in two:
    the others are rows, columns or one number, which cost little.
    """
    (a0, a1), (b0, b1), (d0, d1) = keys
    high = block >> HALF
    high = high[:1] if high[0] == high[-1] else high
    p0, p2 = (block & MASK_64) * MULTIPLIER_0, site * MULTIPLIER_2
    row, low_0, low_2 = high ^ (p2 >> HALF) ^ a0, p0 & MASK_64, p2 & MASK_64
    np.bitwise_xor(p0 >> HALF, step ^ a1, out=c2)

    p0 = row * MULTIPLIER_0
    np.multiply(c2, MULTIPLIER_2, out=c1)
    np.right_shift(c1, HALF, out=c0)
    c0 ^= low_2 ^ b0
    row, low_0 = (p0 >> HALF) ^ low_0 ^ b1, p0 & MASK_64

    p2 = row * MULTIPLIER_2
    np.multiply(c0, MULTIPLIER_0, out=c3)
    np.bitwise_xor(c1, (p2 >> HALF) ^ d0, out=c0)
    c0 &= MASK_64
    np.right_shift(c3, HALF, out=c2)
    c2 ^= low_0 ^ d1
    c1[:] = p2
