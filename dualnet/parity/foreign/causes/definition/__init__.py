"""What a layer, an optimizer or a loss of given facts computes: plain NumPy in float64.

A second opinion that stands on neither framework.  A definition knows the words of
:class:`~dualnet.parity.foreign.facts.Facts`, and beside them those by which ports go wrong;
each file names its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from dualnet.parity.foreign.causes.definition import (
    activations,
    attention,
    linear,
    normalization,
    pooling,
    recurrent,
    resizing,
    shapes,
)
from dualnet.parity.foreign.causes.definition.losses import loss
from dualnet.parity.foreign.causes.definition.optimizers import updated
from dualnet.parity.foreign.facts import Facts
from dualnet.typing import NDArray

__all__ = ["loss", "output", "state", "updated", "wide"]

Definition = Callable[..., NDArray]

_CONVS = {
    f"{name}{n}D": function
    for n in (1, 2, 3)
    for name, function in (
        ("Conv", linear.conv),
        ("ConvTranspose", linear.conv_transpose),
        ("DepthwiseConv", linear.depthwise),
        ("MaxPool", pooling.pool),
        ("AvgPool", pooling.pool),
        ("GlobalMaxPool", pooling.global_pool),
        ("GlobalAvgPool", pooling.global_pool),
    )
}  # fmt: skip - a table

#: The definition of each kind whose output is the same in both modes.
LAYERS: Mapping[str, Definition] = {
    **_CONVS,
    "Activation": lambda facts, x: activations.activated(x, facts.options),
    "Add": shapes.merge,
    "Average": shapes.merge,
    "Concatenate": shapes.merge,
    "Dense": linear.dense,
    "Embedding": linear.embedding,
    "Flatten": shapes.flatten,
    "GRU": recurrent.recurrent,
    "GroupNorm": normalization.group_norm,
    "Identity": lambda facts, x: x,
    "LSTM": recurrent.recurrent,
    "LayerNorm": normalization.layer_norm,
    "Maximum": shapes.merge,
    "Minimum": shapes.merge,
    "MultiHeadAttention": attention.attention,
    "Multiply": shapes.merge,
    "Permute": shapes.permute,
    "RMSNorm": normalization.rms_norm,
    "Reshape": shapes.reshape,
    "Resize": resizing.resize,
    "SimpleRNN": recurrent.recurrent,
    "Subtract": shapes.merge,
}


def output(facts: Facts, inputs: tuple[NDArray, ...], *, training: bool = False) -> NDArray:
    """What a layer of these facts makes of these inputs.

    Raises:
        KeyError: its kind, or something it needs, is not among the facts.
    """
    facts = _wide_weights(facts)
    given = tuple(map(wide, inputs))
    if facts.kind == "BatchNorm":
        return normalization.batch_norm(facts, *given, training=training)
    if facts.kind == "Dropout":
        return shapes.dropout(facts, *given, training=training)
    function = activations.name_of(facts.kind)
    if function is not None:
        return activations.FUNCTIONS[function](given[0], facts.options)
    return LAYERS[facts.kind](facts, *given)


def state(facts: Facts, inputs: tuple[NDArray, ...]) -> dict[str, NDArray]:
    """The state of a layer after one pass in training.

    Raises:
        KeyError: a layer of this kind has none.
    """
    if facts.kind != "BatchNorm":
        raise KeyError(facts.kind)
    return normalization.batch_norm_state(_wide_weights(facts), *map(wide, inputs))


def wide(array: NDArray) -> NDArray:
    """Floating-point numbers as float64; integers and booleans as they are."""
    array = np.asarray(array)
    return array if array.dtype.kind in "iub" else array.astype(np.float64)


def _wide_weights(facts: Facts) -> Facts:
    return replace(facts, weights={name: wide(value) for name, value in facts.weights.items()})
