"""The smallest change there is: every number moved by one unit in the last place."""

from __future__ import annotations

import numpy as np

from dualnet import dtypes, tree
from dualnet.parity.gates import EPSILON
from dualnet.typing import NDArray, Tree

__all__ = ["nudged", "nudged_inputs", "nudged_values"]

#: A hash of 64 bits: Steele, Lea, Flood, "Fast splittable pseudorandom number generators",
#: OOPSLA 2014 (SplitMix64): the step between two states, and its mixing.
GAMMA = 0x9E3779B97F4A7C15
MIXING = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))


def nudged(value: NDArray, dtype: str, draw: int) -> NDArray:
    """An array moved by one ulp of the dtype that a model computes in, up or down by chance.

    All up would be close to a change of scale, which normalisation takes back.  Zeros stay,
    and in float64, the dtype of the proof, equal numbers move alike: where both backends were
    given a tie, or a unit exactly on ReLU's kink, which derivative they take is no matter of
    rounding.  In other dtypes every number moves by itself, for equal rows less their mean
    are nothing but rounding, and that is what a control is to show.

    Args:
        value: floating; whole numbers come back as they are.
        dtype: name of the model's dtype, which may be narrower than the array's.
        draw: which of the random choices of up and down.

    >>> abs(nudged(np.float32([1.0]), "float32", 0) - 1.0) <= np.finfo(np.float32).eps
    array([ True])
    """
    if value.dtype.kind != "f":
        return value
    steps = EPSILON[dtypes.policy(dtype).compute] / float(np.finfo(value.dtype).eps)
    ties = dtypes.policy(dtype).compute == "float64"
    moved = value + _ways(value, draw, ties=ties) * max(steps, 1.0) * np.spacing(value)
    return np.asarray(moved, value.dtype)


def _ways(value: NDArray, draw: int, *, ties: bool) -> NDArray:
    """Up or down by a hash: +1 or -1, and 0 for zero.

    Args:
        ties: whether it is of the number alone, or of its place as well.
    """
    bits = np.ascontiguousarray(value).view(f"uint{8 * value.dtype.itemsize}").ravel()
    mixed = bits.astype(np.uint64) + np.uint64(GAMMA * (draw + 1) % 2**64)
    if not ties:
        mixed += np.arange(mixed.size, dtype=np.uint64) * np.uint64(MIXING[0][1])
    for shift, factor in MIXING:
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    signs = 1.0 - 2.0 * (mixed >> np.uint64(63)).reshape(value.shape)
    return np.where(value == 0, 0.0, signs)


def nudged_values(values: dict[str, NDArray], dtype: str, draw: int) -> dict[str, NDArray]:
    """Every array of a state moved, each in its own way."""
    numbered = enumerate(values.items())
    return {p: nudged(_as_kept(v, dtype), dtype, draw + 2 * i) for i, (p, v) in numbered}


def nudged_inputs(inputs: Tree, dtype: str, draw: int) -> Tree:
    """The floating arrays of a batch moved."""
    return tree.map(lambda leaf: nudged(_as_kept(leaf, dtype), dtype, draw), inputs)


def _as_kept(value: NDArray, dtype: str) -> NDArray:
    """An array in the dtype in which a model keeps its variables."""
    if value.dtype.kind != "f":
        return value
    kept = dtypes.policy(dtype).variable
    return value.astype(np.float32 if kept == "bfloat16" else kept)
