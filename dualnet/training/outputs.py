"""The outputs of many batches as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dualnet import tree
from dualnet.masked import Masked
from dualnet.typing import NDArray, Tree

__all__ = ["joined", "unstacked"]


def unstacked(outputs: Tree) -> Tree:
    """NumPy outputs of several batches, ``(batches, samples, …)``, as those of one."""

    def flat(leaf: NDArray) -> NDArray:
        batches, samples, *rest = leaf.shape
        return leaf.reshape(batches * samples, *rest)

    return tree.map(flat, outputs)


def joined(parts: Sequence[Tree]) -> Tree:
    """Trees of NumPy outputs, one after another along the axis of samples.

    Masked ones become plain: 0 at steps that are not there, and at those that a batch lacks
    beside the longest.
    """
    columns = zip(*(tree.leaves(part, stop=Masked) for part in parts), strict=True)
    return tree.map_leaves(lambda _: _column(next(columns)), parts[0], stop=Masked)


def _column(leaves: Sequence[Any]) -> NDArray:
    if not isinstance(leaves[0], Masked):
        return np.concatenate(leaves)
    longest = max(leaf.mask.shape[1] for leaf in leaves)
    return np.concatenate([_filled(leaf, longest) for leaf in leaves])


def _filled(part: Masked, length: int) -> NDArray:
    values, mask = part.values, part.mask
    filled = np.zeros((len(mask), length, *values.shape[2:]), values.dtype)
    filled[:, : mask.shape[1]][mask] = values[mask]
    return filled
