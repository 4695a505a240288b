"""Bugs of the loss, of its gradient, and of what training is given."""

from __future__ import annotations

import numpy as np

import dualnet as dn
from dualnet import losses, nn, ops
from dualnet.losses import functions
from dualnet.model import Model
from tests.parity.bugs.bug_rows import (
    BOTH,
    MLP,
    TARGETS,
    TENSORFLOW,
    TORCH,
    Bug,
    changed,
    given,
    in_float32,
    wrong_upstream,
)

WEIGHTS = np.linspace(0.1, 2, 24)
REDUCED = (functions, "reduced")
BINARY = (TARGETS > 0).astype(float)
PROBABLE = nn.Sequential(nn.Dense(3), nn.Activation("sigmoid"))


def reduction(change):
    """A reduction whose losses, weights, mask and kind are changed."""
    return lambda right: lambda *args: right(*change(*args))


def over_the_weights(right):
    """The weighted mean divided by the sum of the weights."""

    def reduced(values, weight, mask, kind):
        return right(values, weight, mask, kind) / ops.mean(ops.astype(weight, values.dtype))

    return reduced


def unsmoothed(right):
    def unsmoothed_labels(labels, y_pred, from_logits, smoothing, **options):
        return right(labels, y_pred, from_logits, 0.0, **options)

    return unsmoothed_labels


def clipped(right):
    """Probabilities kept off 0 and 1, as in Keras."""
    return lambda y, p: right(y, ops.clip(p, 1e-7, 1 - 1e-7))


def masked_in_the_mean(values, weight, mask, kind):
    """Masked elements count in the mean, as zeros."""
    kept = functions.without_masked(values, mask)
    return kept, weight, None, kind


def sign_of_zero(right):
    """An absolute value whose derivative at zero is one."""

    def absolute(x):
        return right(x), lambda upstream: ops.where(x >= 0, upstream, -upstream)

    return dn.custom_gradient(absolute)


def rows_reversed(part):
    """Batches whose inputs (0) or targets (1) arrive in the opposite order."""

    def make(right):
        def native_batch(self, batch):
            found = list(right(self, batch))
            found[part] = ops.flip(found[part], axis=0)
            return tuple(found)

        return native_batch

    return make


def loss(where, make, name, **more):
    options = {"loss": name} | more.pop("options", {})
    return Bug(where, make, more.pop("net", MLP), "loss", "loss", "loss", options=options, **more)


BUGS = {
    "the loss is a sum": loss(
        REDUCED, reduction(lambda v, w, m, kind: (v, w, m, "sum")), "mse", y=TARGETS
    ),
    "sample weights are not applied": loss(
        REDUCED,
        reduction(lambda v, w, m, kind: (v, None, m, kind)),
        "cross_entropy",
        options={"sample_weight": WEIGHTS},
    ),
    "the mean is over the weights' sum": loss(
        REDUCED, over_the_weights, "cross_entropy", options={"sample_weight": WEIGHTS}, sides=TORCH
    ),
    "ignored labels count in the mean": loss(
        REDUCED,
        reduction(masked_in_the_mean),
        losses.CrossEntropy(ignore_index=0),
        sides=TENSORFLOW,
    ),
    "labels are not smoothed": loss(
        (functions, "_of_labels"), unsmoothed, losses.CrossEntropy(label_smoothing=0.1)
    ),
    "the loss is computed in float32": loss(
        REDUCED, given(in_float32), "mae", y=TARGETS, sides=TENSORFLOW
    ),
    "logits are rounded to float32": loss(
        "nn.label_cross_entropy", given(in_float32), "cross_entropy", sides=TORCH
    ),
    "Huber's delta": loss(
        "clip",
        lambda right: lambda x, low, high: right(x, 2 * low, 2 * high),
        losses.Huber(delta=0.5),
        y=3 * TARGETS,
        sides=TENSORFLOW,
    ),
    "probabilities are clipped": loss(
        (functions, "times_log"),
        clipped,
        losses.BinaryCrossEntropy(from_logits=False),
        net=PROBABLE,
        y=BINARY,
        x=20 * np.random.default_rng(0).normal(size=(24, 4)),
        sides=TORCH,
    ),
    "targets arrive in another order": loss(
        (Model, "native_batch"), rows_reversed(1), "mse", y=TARGETS, sides=TENSORFLOW
    ),
    "inputs arrive in another order": Bug(
        (Model, "native_batch"), rows_reversed(0), MLP, "forward", "", "output"
    ),
    "the loss's derivative alone is off": Bug(
        (functions, "_of_labels"),
        changed(wrong_upstream(lambda upstream: upstream * (1 + 1e-6))),
        MLP,
        "gradient",
        "loss",
        sides=BOTH,
    ),
    "the derivative of |0| is one": Bug(
        "abs",
        sign_of_zero,
        nn.Sequential(nn.Dense(3, kernel_initializer="zeros")),
        "gradient",
        "loss",
        y=np.where(TARGETS > 0, TARGETS, 0),
        options={"loss": "mae"},
    ),
}
