"""Bugs of what a forward pass writes down: moving means and counters."""

from __future__ import annotations

import numpy as np

from dualnet import nn, ops
from dualnet.nn.regularization import Noisy
from tests.parity.bugs.bug_rows import TENSORFLOW, TORCH, Bug
from tests.parity.bugs.layer_bugs import NORMED, after


def biased_running(right):
    """Batch norm whose running variance is the biased one, as in Keras."""

    def batch_norm(x, gamma, beta, mean, old, **options):
        y, new_mean, new = right(x, gamma, beta, mean, old, **options)
        n = int(np.prod(x.shape[:-1]))
        kept = options["momentum"] * old
        return y, new_mean, kept + (new - kept) * ((n - 1) / n)

    return batch_norm


def still(right):
    """Batch norm whose running mean never moves."""

    def batch_norm(x, gamma, beta, mean, variance, **options):
        y, _, new_variance = right(x, gamma, beta, mean, variance, **options)
        return y, mean * 1.0, new_variance

    return batch_norm


def reversed_momentum(right):
    return lambda *args, momentum, **options: right(*args, momentum=1 - momentum, **options)


def float32_momentum(right):
    """Momentum as a constant that passed through float32, as ``tf.cast(0.9, …)`` makes it."""

    def batch_norm(*args, momentum, **options):
        return right(*args, momentum=float(np.float32(momentum)), **options)

    return batch_norm


def uncounted(right):
    """Noise whose calls are not counted, so that every mask is the first."""

    def dropped(self, x, rate, noise_shape=None):
        return ops.nn.dropout(
            x, rate=rate, step=self.calls, noise_shape=noise_shape, **self._stream
        )

    return dropped


def state(where, make, path, **more):
    net = more.pop("net", NORMED)
    return Bug(where, make, net, "state", path.split(".")[0], path, **more)


BATCH_NORM = "nn.batch_norm_training"

BUGS = {
    "running variance is biased": state(BATCH_NORM, biased_running, "batch_norm.moving_variance"),
    "batch norm's momentum is reversed": state(
        BATCH_NORM, reversed_momentum, "batch_norm.moving_*"
    ),
    "batch norm's momentum is rounded to float32": state(
        BATCH_NORM, float32_momentum, "batch_norm.moving_*", sides=TENSORFLOW
    ),
    "the running mean stands still": state(
        BATCH_NORM, still, "batch_norm.moving_mean", sides=TORCH
    ),
    "dropout's calls are not counted": state(
        (Noisy, "dropped"), uncounted, "dropout.calls", net=after(nn.Dropout(0.5))
    ),
}
