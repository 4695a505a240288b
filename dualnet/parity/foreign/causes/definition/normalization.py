"""Normalisations in NumPy.

Beside the options of :class:`~dualnet.parity.foreign.facts.Facts`:

=================  ======================================================================
``correction``     taken from the number of values under the sum of squares: 1 for the
                   unbiased variance in the *output*
``outside``        whether ``ε`` is added to the deviation instead of the variance
``track``          whether the moving statistics move
=================  ======================================================================
"""

from __future__ import annotations

import math

import numpy as np

from dualnet.parity.foreign.facts import Facts
from dualnet.typing import NDArray

__all__ = ["batch_norm", "batch_norm_state", "group_norm", "layer_norm", "rms_norm"]

EPSILON = 1e-5


def _variance(facts: Facts, x: NDArray, axes: tuple[int, ...]) -> NDArray:
    correction = facts.options.get("correction", 0)
    return np.var(x, axis=axes, ddof=correction, keepdims=True)


def _scaled(facts: Facts, x: NDArray, mean: NDArray | float, variance: NDArray) -> NDArray:
    """``γ·(x - mean)/√(variance + ε) + β``."""
    epsilon = facts.options.get("epsilon", EPSILON)
    if facts.options.get("outside", False):
        deviation = np.sqrt(variance) + epsilon
    else:
        deviation = np.sqrt(variance + epsilon)
    y = (x - mean) / deviation * facts.weights.get("gamma", 1.0)
    return y + facts.weights.get("beta", 0.0)


def _batch_axes(x: NDArray) -> tuple[int, ...]:
    return tuple(range(x.ndim - 1))


def batch_norm(facts: Facts, x: NDArray, *, training: bool) -> NDArray:
    """By the statistics of the batch in training, by the moving ones otherwise."""
    if training:
        axes = _batch_axes(x)
        return _scaled(facts, x, x.mean(axis=axes, keepdims=True), _variance(facts, x, axes))
    return _scaled(facts, x, facts.weights["moving_mean"], facts.weights["moving_variance"])


def batch_norm_state(facts: Facts, x: NDArray) -> dict[str, NDArray]:
    """The moving statistics after one pass in training."""
    old = {name: facts.weights[name] for name in ("moving_mean", "moving_variance")}
    if not facts.options.get("track", True):
        return old
    axes, m = _batch_axes(x), facts.options.get("momentum", 0.9)
    count = math.prod(x.shape[:-1])
    unbiased = count / (count - 1) if facts.options.get("unbiased", True) and count > 1 else 1.0
    new = {"moving_mean": x.mean(axis=axes), "moving_variance": x.var(axis=axes) * unbiased}
    return {name: m * old[name] + (1.0 - m) * new[name] for name in old}


def layer_norm(facts: Facts, x: NDArray) -> NDArray:
    """By the statistics of each sample, over the last axes (those of γ)."""
    axes = _axes(facts, x)
    return _scaled(facts, x, x.mean(axis=axes, keepdims=True), _variance(facts, x, axes))


def rms_norm(facts: Facts, x: NDArray) -> NDArray:
    """``γ·x/√(mean x² + ε)``."""
    return _scaled(facts, x, 0.0, np.mean(x * x, axis=_axes(facts, x), keepdims=True))


def _axes(facts: Facts, x: NDArray) -> tuple[int, ...]:
    axis = facts.options.get("axis")
    if axis is not None:
        return tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    count = np.ndim(facts.weights["gamma"]) if "gamma" in facts.weights else 1
    return tuple(range(x.ndim - count, x.ndim))


def group_norm(facts: Facts, x: NDArray) -> NDArray:
    """By the statistics of each group of channels of each sample."""
    groups = facts.options["groups"]
    grouped = x.reshape(*x.shape[:-1], groups, -1)
    axes = (*range(1, x.ndim - 1), x.ndim)
    mean, variance = grouped.mean(axis=axes, keepdims=True), _variance(facts, grouped, axes)
    spread = np.broadcast_to(mean, grouped.shape), np.broadcast_to(variance, grouped.shape)
    return _scaled(facts, x, *(part.reshape(x.shape) for part in spread))
