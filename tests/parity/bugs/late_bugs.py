"""Bugs that hide: from the first steps, from whole batches, from eager code, from float64."""

from __future__ import annotations

import numpy as np

from dualnet import nn, ops
from dualnet.losses import functions
from tests.parity.bugs.bug_rows import MLP, TENSORFLOW, TORCH, Bug, X, wrong_upstream
from tests.parity.bugs.layer_bugs import after


def where_compiled(change):
    """A function that is wrong in a graph only."""
    import tensorflow as tf

    def make(right):
        def function(*args, **options):
            y = right(*args, **options)
            return y if tf.executing_eagerly() else change(y)

        return function

    return make


def in_small_batches(right):
    """A function that is wrong where a batch is not full."""
    return lambda x, *rest: right(x, *rest) * (1 + 1e-6 * (x.shape[0] < 8))


def from_call(first):
    """Dropout whose counter goes astray after some calls."""

    def make(right):
        def dropout(x, *, step, **options):
            return right(x, step=ops.where(step < first, step, step + 1), **options)

        return dropout

    return make


def in_float32_only(size):
    def make(right):
        def function(x, *args):
            narrow = str(x.dtype).endswith("float32'>") or str(x.dtype) == "torch.float32"
            return right(x, *args) * (1 + size * narrow)

        return function

    return make


def slightly(size):
    return lambda y: y * (1 + size)


SIGMOID = after(nn.Activation("sigmoid"))

BUGS = {
    "a smaller batch is computed otherwise": Bug(
        "nn.linear",
        in_small_batches,
        nn.Sequential(nn.Dense(5, activation="tanh"), nn.LayerNorm()),
        "forward",
        "dense",
        x=X[:20],
        y=X[:20, :1] * np.ones(5),
        options={"loss": "mse"},
        step=2,
        sides=TORCH,
    ),
    "dropout goes astray at its fourth call": Bug(
        "nn.dropout",
        from_call(3),
        after(nn.Dropout(0.5)),
        "forward",
        "dropout",
        options={"steps": 5, "proof_steps": 5, "epochs": 2},
        step=3,
    ),
    "dropout goes astray after the first steps are proved": Bug(
        "nn.dropout",
        from_call(5),
        after(nn.Dropout(0.5)),
        "forward",
        "dropout",
        options={"steps": 12, "proof_steps": 2, "epochs": 4},
        step=6,
        sides=TENSORFLOW,
    ),
    "a compiled sigmoid is off": Bug(
        "nn.sigmoid",
        where_compiled(slightly(1e-9)),
        SIGMOID,
        "forward",
        "activation",
        sides=TENSORFLOW,
    ),
    "a compiled sigmoid's derivative is off": Bug(
        "nn.sigmoid",
        where_compiled(wrong_upstream(lambda upstream: upstream * (1 + 1e-6))),
        SIGMOID,
        "gradient",
        "activation",
        sides=TENSORFLOW,
    ),
    "a compiled loss's derivative is off": Bug(
        (functions, "_of_labels"),
        where_compiled(wrong_upstream(lambda upstream: upstream * (1 + 1e-6))),
        MLP,
        "gradient",
        "loss",
        sides=TENSORFLOW,
    ),
    "a sigmoid is off in float32 only": Bug(
        "nn.sigmoid", in_float32_only(1e-3), SIGMOID, "forward", "activation", dtype="float32"
    ),
}
