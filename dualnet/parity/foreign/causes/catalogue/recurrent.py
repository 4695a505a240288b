"""Gates, biases and directions of recurrent layers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from dualnet.parity.foreign.causes.catalogue.proposals import settings
from dualnet.parity.foreign.causes.entry import Change, Entry, Trial
from dualnet.typing import NDArray

__all__ = ["ENTRIES"]

FORWARD = ("forward",)
RECURRENT = ("LSTM", "GRU", "SimpleRNN")
GATES = {"LSTM": "ifgo", "GRU": "rzn"}


def _orders(trial: Trial) -> Iterator[Change]:
    gates = GATES[trial.facts.kind]
    for order in itertools.permutations(gates):
        if "".join(order) != gates:
            places = [order.index(gate) for gate in gates]
            changed = {n: _permuted(v, places) for n, v in trial.facts.weights.items()}
            yield Change(
                f"{trial.that} reads its gates in the order {', '.join(order)}, {trial.this} in "
                f"the order {', '.join(gates)}",
                "permute the blocks of kernel, recurrent kernel and bias when they are copied: "
                "PyTorch has i f g o and r z n, Keras i f c o and z r h",
                trial.case.weight(**changed),
            )


def _permuted(array: NDArray, places: list[int]) -> NDArray:
    blocks = np.split(array, len(places), axis=-1)
    return np.concatenate([blocks[place] for place in places], axis=-1)


def _second_biases(trial: Trial) -> Iterator[Change]:
    """Of a GRU's two biases, one is not there."""
    for name, value in trial.facts.weights.items():
        if name.startswith("bias") and value.ndim == 2:
            for row, word in enumerate(("input", "recurrent")):
                kept = np.where(np.arange(2)[:, None] == row, 0.0, value)
                yield Change(
                    f"{trial.that} leaves out the {word} bias, {trial.this} adds both",
                    "copy both biases (b_ih and b_hh); that of n must not be summed",
                    trial.case.weight(**{name: kept}),
                )
            both = np.stack((value.sum(axis=0), np.zeros_like(value[0])))
            yield Change(
                f"{trial.that} adds the sum of both biases to the input, {trial.this} keeps them "
                "apart",
                "keep both biases: that of n stands inside the reset gate's product",
                trial.case.weight(**{name: both}),
            )


def _resets(trial: Trial) -> Iterator[Change]:
    after = trial.facts.options.get("reset_after", True)
    words = ("before the product", "after the product")
    yield Change(
        f"{trial.that} applies the reset gate {words[not after]}, {trial.this} {words[after]}",
        "use reset_after=True, as PyTorch and cuDNN do",
        trial.case.option(reset_after=not after),
    )


def _directions(trial: Trial) -> Iterator[Change]:
    backwards = trial.facts.options.get("go_backwards", False)
    words = ("from the first step on", "from the last step back")
    yield Change(
        f"{trial.that} reads {words[not backwards]}, {trial.this} {words[backwards]}",
        "give both the same direction",
        trial.case.option(go_backwards=not backwards),
    )
    if trial.target[""].ndim == 3:
        yield Change(
            f"{trial.that} gives its steps in the reverse order of {trial.this}",
            "flip the output of a backward layer along the time axis: Keras's go_backwards "
            "leaves it in the order in which it arose",
            trial.case.then(lambda y: y[:, ::-1]),
        )


ENTRIES = (
    Entry(
        "gate order",
        "i f g o, i c f o; r z n, z r h",
        "every order of the blocks",
        (*FORWARD, "weight"),
        ("LSTM", "GRU"),
        _orders,
    ),
    Entry(
        "reset_after",
        "the reset gate before or after the product",
        "the other place",
        FORWARD,
        ("GRU",),
        _resets,
    ),
    Entry(
        "second bias",
        "one of a GRU's two biases dropped, or both summed",
        "the layer without it",
        (*FORWARD, "weight"),
        ("GRU",),
        _second_biases,
    ),
    Entry(
        "forget bias",
        "1 added to the forget gate",
        "1 added",
        FORWARD,
        ("LSTM",),
        settings(
            (
                {"forget_bias": 1.0},
                "adds 1 to the forget gate (as TensorFlow 1's cells do)",
                "add 1 to the forget gate's bias when it is copied",
            )
        ),
    ),
    Entry(
        "update gate",
        "z weighs the new value against the old one",
        "1 - z",
        FORWARD,
        ("GRU",),
        settings(
            (
                {"update_keeps_new": True},
                "lets the update gate weigh the new value",
                "negate the kernel and the bias of z when they are copied",
            )
        ),
    ),
    Entry(
        "direction",
        "which end comes first, before or after",
        "input or output reversed in time",
        FORWARD,
        RECURRENT,
        _directions,
    ),
    Entry(
        "backward outputs not realigned",
        "a backward direction joined in its own order",
        "the backward half reversed in time",
        FORWARD,
        RECURRENT,
        settings(
            (
                {"realigned": False},
                "joins the backward outputs in the order in which they arose",
                "flip the backward outputs along the time axis before they are joined",
            )
        ),
    ),
    Entry(
        "order of directions",
        "backward features first",
        "the halves exchanged",
        FORWARD,
        RECURRENT,
        settings(
            (
                {"back_first": True},
                "puts the backward features first",
                "concatenate forward, then backward",
            )
        ),
    ),
    Entry(
        "gate function",
        "hard sigmoid, relu",
        "each function",
        FORWARD,
        RECURRENT,
        settings(
            (
                {"recurrent_activation": "hard_sigmoid"},
                "computes its gates with a hard sigmoid",
                "set recurrent_activation='sigmoid'",
            ),
            ({"activation": "relu"}, "computes with relu", "set activation='tanh'"),
            ({"activation": "linear"}, "computes without tanh", "set activation='tanh'"),
        ),
    ),
)
