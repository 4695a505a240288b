"""Norms: ε, which variance, which statistics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from dualnet.parity.foreign.causes.catalogue.proposals import settings
from dualnet.parity.foreign.causes.entry import Change, Entry, Trial

__all__ = ["ENTRIES"]

FORWARD, STATE = ("forward",), ("state",)
NORMS = ("BatchNorm", "LayerNorm", "GroupNorm", "RMSNorm")
EPSILONS = (1e-3, 1e-5, 1e-6, 1e-7, 1e-8, 1e-12, float(np.finfo(np.float32).eps), 0.0)


def _epsilons(trial: Trial) -> Iterator[Change]:
    mine = trial.facts.options.get("epsilon")
    for value in EPSILONS:
        if value != mine:
            yield Change(
                f"{trial.that} computes with epsilon={value:g}, {trial.this} with {mine:g}",
                f"give both the same: epsilon={value:g} in {trial.this}, or {mine:g} in "
                f"{trial.that}",
                trial.case.option(epsilon=value),
            )


def _mode(trial: Trial) -> Iterator[Change]:
    training = trial.case.training
    modes = ("in training mode", "in evaluation mode")
    yield Change(
        f"{trial.that} runs {modes[training]}, {trial.this} {modes[not training]}",
        "call model.eval() or pass training=False alike on both sides; in Keras a frozen "
        "BatchNormalization (trainable=False) stays in evaluation mode",
        replace(trial.case, training=not training),
    )


def _statistics(trial: Trial) -> Iterator[Change]:
    fresh = {"moving_mean": np.zeros_like, "moving_variance": np.ones_like}
    changed = {n: make(trial.facts.weights[n]) for n, make in fresh.items()}
    yield Change(
        f"{trial.that} normalises with fresh statistics (mean 0, variance 1), {trial.this} with "
        "those of training",
        "copy running_mean and running_var (moving_mean and moving_variance) with the weights",
        trial.case.weight(**changed),
    )


def _affine(trial: Trial) -> Iterator[Change]:
    for name in ("gamma", "beta"):
        if name in trial.facts.weights:
            yield Change(
                f"{trial.that} does not apply {name}, {trial.this} does",
                f"give both a {name}, or none",
                trial.case.weight(**{name: None}),
            )


def _conventions(trial: Trial) -> Iterator[Change]:
    mine = trial.facts.options.get("momentum", 0.9)
    yield Change(
        f"{trial.that} gives the old value the weight {1 - mine:g}, {trial.this} {mine:g}",
        "momentum is the weight of the new value in PyTorch and of the old one in Keras: "
        f"one is 1 - the other; here {1 - mine:g} and {mine:g}",
        trial.case.option(momentum=1.0 - mine),
    )


def _variances(trial: Trial) -> Iterator[Change]:
    unbiased = trial.facts.options.get("unbiased", True)
    words = ("the biased variance (over n)", "the unbiased one (over n - 1)")
    yield Change(
        f"{trial.that} keeps {words[not unbiased]}, {trial.this} {words[unbiased]}",
        "the moving variance is unbiased in PyTorch and biased in Keras's layer; scale it by "
        "(n - 1)/n where it matters, or accept the difference",
        trial.case.option(unbiased=not unbiased),
    )


ENTRIES = (
    Entry(
        "epsilon",
        "1e-5 in PyTorch, 1e-3 in Keras",
        "the values in use",
        FORWARD,
        NORMS,
        _epsilons,
    ),
    Entry(
        "unbiased variance",
        "n - 1 under the variance of the output",
        "one degree of freedom less",
        FORWARD,
        NORMS,
        settings(
            ({"correction": 1}, "divides by the unbiased deviation", "use var(correction=0)"),
            (
                {"correction": 1, "outside": True},
                "divides by the unbiased deviation plus epsilon",
                "use sqrt(var(correction=0) + epsilon)",
            ),
        ),
    ),
    Entry(
        "epsilon outside the root",
        "√σ² + ε against √(σ² + ε)",
        "ε added to the deviation",
        FORWARD,
        NORMS,
        settings(
            (
                {"outside": True},
                "adds epsilon to the deviation instead of the variance",
                "write sqrt(variance + epsilon)",
            )
        ),
    ),
    Entry(
        "training mode",
        "statistics of the batch against the moving ones",
        "the other mode",
        FORWARD,
        ("BatchNorm", "Dropout"),
        _mode,
    ),
    Entry(
        "running statistics",
        "moving mean and variance not copied",
        "mean 0 and variance 1",
        (*FORWARD, "weight"),
        ("BatchNorm",),
        _statistics,
    ),
    Entry(
        "scale or shift missing",
        "γ or β not applied",
        "the layer without it",
        FORWARD,
        NORMS,
        _affine,
    ),
    Entry(
        "momentum convention",
        "m against 1 - m",
        "1 - m",
        STATE,
        ("BatchNorm",),
        _conventions,
    ),
    Entry(
        "running variance",
        "biased against unbiased",
        "the other divisor",
        STATE,
        ("BatchNorm",),
        _variances,
    ),
    Entry(
        "running statistics",
        "moving mean and variance not updated",
        "the statistics as they were",
        STATE,
        ("BatchNorm",),
        settings(
            (
                {"track": False},
                "leaves its moving statistics as they are",
                "train it in training mode; a frozen BatchNormalization in Keras does not move",
            )
        ),
    ),
)
