"""Masks that are lost, or turned round, on one side."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualnet import nn, ops
from dualnet.losses import objects
from dualnet.nn import masks, normalization
from tests.parity.bugs.bug_rows import BOTH, TENSORFLOW, TORCH, Bug, option
from tests.parity.conftest import numbers

SEEN = np.arange(6) < np.random.default_rng(2).integers(1, 6, (24, 1))
PADDED = nn.Masked(numbers(24, 6, 4), SEEN)
STEPS = numbers(24, 6, 3, seed=5)


def bug(where: Any, make: Any, *layers: nn.Layer, **changes: Any) -> Bug:
    """A bug that shows itself in the forward pass of the layers, on padded sequences."""
    row: dict[str, Any] = {"phase": "forward", "x": PADDED, "y": STEPS}
    options = {"loss": "mse"}
    return Bug(where, make, nn.Sequential(*layers), **row | {"options": options} | changes)


def all_there(right: Any) -> Any:
    return lambda mask, values: ops.equal(right(mask, values), right(mask, values))


def turned(right: Any) -> Any:
    return lambda mask, values: ops.logical_not(right(mask, values))


def without_mask(right: Any) -> Any:
    return lambda y_true, y_pred: (*right(y_true, y_pred)[:2], None)


BUGS = {
    "the mask is dropped before the LSTM": bug(
        "nn.lstm",
        option(mask=None),
        nn.LSTM(4),
        nn.Dense(3),
        layer="lstm",
        y=STEPS[:, 0],
        sides=BOTH,
    ),
    "padding counts in the batch's statistics": bug(
        (normalization, "over_steps"),
        all_there,
        nn.BatchNorm(),
        nn.Dense(3),
        layer="batch_norm",
        sides=TORCH,
    ),
    "the mask is turned round where it ends": bug(
        (masks, "over_steps"),
        turned,
        nn.Dense(3),
        nn.Unmask(0.0),
        layer="unmask",
        sides=TENSORFLOW,
    ),
    "the loss is of the padding too": bug(
        (objects, "unmasked"), without_mask, nn.Dense(3), phase="loss", layer="loss"
    ),
}
