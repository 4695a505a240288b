"""Layers that move values about, or merge several inputs, in NumPy.

``order`` among the options is ``"channels first"`` where a layer reads its input in the
memory order of ``(batch, channels, *spatial)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce

import numpy as np

from dualnet.parity.foreign.facts import Facts
from dualnet.typing import NDArray

__all__ = ["MERGES", "channels_first", "dropout", "flatten", "merge", "permute", "reshape"]

MERGES: Mapping[str, Callable[[NDArray, NDArray], NDArray]] = {
    "Add": np.add,
    "Maximum": np.maximum,
    "Minimum": np.minimum,
    "Multiply": np.multiply,
    "Subtract": np.subtract,
}


def channels_first(x: NDArray) -> NDArray:
    """``(batch, channels, *spatial)`` of ``(batch, *spatial, channels)``."""
    return np.moveaxis(x, -1, 1)


def flatten(facts: Facts, x: NDArray) -> NDArray:
    """``(batch, features)``."""
    ordered = channels_first(x) if facts.options.get("order") == "channels first" else x
    return ordered.reshape(x.shape[0], -1)


def reshape(facts: Facts, x: NDArray) -> NDArray:
    """``(batch, *target_shape)``."""
    ordered = channels_first(x) if facts.options.get("order") == "channels first" else x
    return ordered.reshape(x.shape[0], *facts.options["target_shape"])


def permute(facts: Facts, x: NDArray) -> NDArray:
    """The axes after the batch in another order, counted from 1."""
    return x.transpose(0, *facts.options["dims"])


def merge(facts: Facts, *inputs: NDArray) -> NDArray:
    """Several inputs as one."""
    if facts.kind == "Concatenate":
        return np.concatenate(inputs, axis=facts.options.get("axis", -1))
    if facts.kind == "Average":
        return sum(inputs[1:], inputs[0]) / len(inputs)
    return reduce(MERGES[facts.kind], inputs)


def dropout(facts: Facts, x: NDArray, *, training: bool) -> NDArray:
    """``x/(1 - rate)`` where ``kept`` among the options is true; ``x`` outside training."""
    if not training:
        return x
    rate = facts.options["rate"]
    scale = facts.options.get("multiplier", 1.0 / (1.0 - rate) if rate < 1 else 0.0)
    return np.where(facts.options["kept"], x * scale, 0.0)
