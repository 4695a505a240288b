"""Code between two layers, and layers that one side has alone."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from dualnet.parity.foreign.causes import definition
from dualnet.parity.foreign.causes.entry import Change, Entry, Trial
from dualnet.parity.foreign.facts import Facts
from dualnet.typing import NDArray

__all__ = ["ENTRIES"]

BETWEEN = ("between",)


def _applied(layer: Facts, training: bool, x: NDArray) -> NDArray:
    return definition.output(layer, (x,), training=training)


def _alone(trial: Trial) -> Iterator[Change]:
    case = trial.case
    for layer in trial.alone:
        case = case.then(partial(_applied, layer, trial.case.training))
        yield Change(
            f"{trial.that} applies {layer.native} {layer.path!r}, {trial.this} does not",
            f"add {layer.kind} to the other model, or leave it out of this",
            case,
        )


def _skips(trial: Trial) -> Iterator[Change]:
    for place, x in enumerate(trial.case.inputs):
        yield Change(
            f"{trial.that} adds the output of an earlier layer ({place}), {trial.this} does not",
            "add the skip connection on both sides",
            trial.case.then(lambda y, x=x: y + x),  # type: ignore[misc]
        )


def _halves(trial: Trial) -> Iterator[Change]:
    half = trial.target[""].shape[-1] // 2
    yield Change(
        f"{trial.that} joins two halves of the features in the other order than {trial.this}",
        "concatenate in the same order on both sides (of a bidirectional layer: forward, then "
        "backward)",
        trial.case.then(lambda y: np.roll(y, half, axis=-1)),
    )


ENTRIES = (
    Entry(
        "order of concatenation",
        "two halves of the features exchanged",
        "the halves exchanged",
        BETWEEN,
        (),
        _halves,
    ),
    Entry(
        "layer missing",
        "a layer that one side has alone",
        "the layer's definition between the two",
        BETWEEN,
        (),
        _alone,
    ),
    Entry(
        "skip connection",
        "a residual added on one side only",
        "earlier outputs added",
        BETWEEN,
        (),
        _skips,
    ),
)
