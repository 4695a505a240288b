"""Losses in NumPy: ``(targets, output)`` to one number.

Beside the options of :mod:`dualnet.losses`:

=================  ======================================================================
``reduction``      also ``"batch"`` (sum over the batch's size) and ``"none"``
``clip``           probabilities are kept in ``[clip, 1 - clip]``, as in Keras
``logarithms``     whether the output already holds logarithms of probabilities
``quotient``       what a loss per element is divided by: Huber's δ gives smooth L1
=================  ======================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from dualnet.parity.foreign.causes.definition.activations import FUNCTIONS
from dualnet.typing import NDArray

__all__ = ["LOSSES", "loss"]

Options = Mapping[str, Any]


def _probabilities(y: NDArray, z: NDArray) -> NDArray:
    """Labels as rows of a one-hot matrix; probabilities as they are."""
    if y.dtype.kind in "iub" and y.shape != z.shape:
        return np.eye(z.shape[-1])[y.reshape(z.shape[:-1]).astype(int)]
    return y.astype(np.float64)


def _logarithms(z: NDArray, options: Options) -> NDArray:
    if options.get("logarithms", False):
        return z
    if options.get("from_logits", True):
        return FUNCTIONS["log_softmax"](z, {})
    clip = options.get("clip", 0.0)
    p = z / z.sum(axis=-1, keepdims=True) if clip else z
    return np.log(np.clip(p, clip, 1.0 - clip))


def _cross_entropy(y: NDArray, z: NDArray, options: Options) -> NDArray:
    smoothing = options.get("label_smoothing", 0.0)
    targets = (1.0 - smoothing) * _probabilities(y, z) + smoothing / z.shape[-1]
    logs = _logarithms(z, options)
    return -np.where(targets == 0.0, 0.0, targets * np.where(targets == 0.0, 0.0, logs)).sum(-1)


def _binary_cross_entropy(y: NDArray, z: NDArray, options: Options) -> NDArray:
    smoothing = options.get("label_smoothing", 0.0)
    y = (1.0 - smoothing) * y.astype(np.float64).reshape(z.shape) + 0.5 * smoothing
    if options.get("from_logits", True):
        return np.logaddexp(0.0, z) - z * y
    p = np.clip(z, options.get("clip", 0.0), 1.0 - options.get("clip", 0.0))
    return -y * np.log(p) - (1.0 - y) * np.log(1.0 - p)


def _huber(y: NDArray, z: NDArray, options: Options) -> NDArray:
    delta = options.get("delta", 1.0)
    error = z - y.reshape(z.shape)
    near = np.clip(error, -delta, delta)
    return near * (error - 0.5 * near) / options.get("quotient", 1.0)


def _kl_divergence(y: NDArray, z: NDArray, options: Options) -> NDArray:
    logs = z if options.get("logarithms", True) else np.log(z)
    return np.where(y > 0, y * (np.log(np.where(y > 0, y, 1.0)) - logs), 0.0)


#: The losses, per element or per sample.
LOSSES: Mapping[str, Callable[[NDArray, NDArray, Options], NDArray]] = {
    "BinaryCrossEntropy": _binary_cross_entropy,
    "CrossEntropy": _cross_entropy,
    "Huber": _huber,
    "KLDivergence": _kl_divergence,
    "MeanAbsoluteError": lambda y, z, _: np.abs(z - y.reshape(z.shape)),
    "MeanSquaredError": lambda y, z, _: (z - y.reshape(z.shape)) ** 2,
}


def loss(kind: str, options: Options, targets: NDArray, output: NDArray) -> NDArray:
    """The loss of a batch.

    Raises:
        KeyError: no loss of this kind is defined here.
    """
    z = np.asarray(output, np.float64)
    elements = LOSSES[kind](np.asarray(targets), z, options) * options.get("weight", 1.0)
    reduction = options.get("reduction", "mean")
    if reduction == "none":
        return elements
    total = elements.sum()
    if reduction == "sum":
        return np.asarray(total)
    return np.asarray(total / (elements.shape[0] if reduction == "batch" else elements.size))
