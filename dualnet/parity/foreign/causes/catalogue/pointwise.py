"""Activations, softmax and dropout."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from dualnet.parity.foreign.causes.catalogue.proposals import settings
from dualnet.parity.foreign.causes.definition.activations import FUNCTIONS, name_of
from dualnet.parity.foreign.causes.entry import Change, Entry, Trial
from dualnet.typing import NDArray

__all__ = ["ENTRIES", "LAST"]

FORWARD, FLOWS = ("forward",), ("forward", "between")
#: The functions that are left out, or exchanged, where one is expected.
USUAL = ("relu", "gelu", "silu", "tanh", "sigmoid", "leaky_relu", "elu", "relu6", "softplus")


def _function(trial: Trial) -> str:
    """The activation of a layer that is one; ``""`` for another layer."""
    word = trial.facts.options.get("activation") or trial.facts.kind
    return name_of(str(word)) or ""


def _gelu(trial: Trial) -> Iterator[Change]:
    if _function(trial) == "gelu":
        mine = trial.facts.options.get("approximate", "none")
        for form, word in (("none", "erf"), ("tanh", "tanh"), ("sigmoid", "sigmoid(1.702 x)")):
            if form != mine:
                yield Change(
                    f"{trial.that} computes GELU by {word}, {trial.this} does not",
                    "choose the form on both sides: approximate='tanh' or 'none' in PyTorch, "
                    "True or False in Keras",
                    trial.case.option(approximate=form),
                )


def _slopes(trial: Trial) -> Iterator[Change]:
    if _function(trial) == "leaky_relu":
        mine = trial.facts.options.get("negative_slope", 0.01)
        for slope in (0.01, 0.1, 0.2, 0.3):
            if slope != mine:
                yield Change(
                    f"{trial.that} has a negative slope of {slope}, {trial.this} of {mine:g}",
                    "name the slope on both sides: it is 0.01 in PyTorch, 0.2 in tf.nn, 0.3 in "
                    "Keras's layer",
                    trial.case.option(negative_slope=slope),
                )


def _hard(trial: Trial) -> Iterator[Change]:
    if _function(trial) in ("hard_sigmoid", "hard_silu"):
        yield Change(
            f"{trial.that} has Keras 2's hard sigmoid of slope 0.2, {trial.this} that of 1/6",
            "write relu6(x + 3)/6 on both sides",
            trial.case.option(slope=0.2),
        )


def _threshold(trial: Trial) -> Iterator[Change]:
    if _function(trial) == "softplus":
        yield Change(
            f"{trial.that} is linear above 20, {trial.this} exact",
            "pass threshold=50 to torch.nn.functional.softplus",
            trial.case.option(threshold=20.0),
        )


def _axes(trial: Trial) -> Iterator[Change]:
    if _function(trial) in ("softmax", "log_softmax"):
        mine = trial.facts.options.get("axis", -1)
        for axis in range(trial.case.inputs[0].ndim):
            yield Change(
                f"{trial.that} applies its softmax over axis {axis}, {trial.this} over {mine}",
                "name the axis of the classes on both sides",
                trial.case.option(axis=axis),
            )


def _function_of(name: str, x: NDArray) -> NDArray:
    return FUNCTIONS[name](x, {})


def _missing(trial: Trial) -> Iterator[Change]:
    for name in USUAL:
        yield Change(
            f"{trial.that} applies {name}, {trial.this} does not",
            f"apply {name} on both sides, or on none",
            trial.case.then(partial(_function_of, name)),
        )


def _exchanged(trial: Trial) -> Iterator[Change]:
    mine = _function(trial)
    if mine and trial.case.recorded is None:
        for name in FUNCTIONS:
            if name != mine:
                yield Change(
                    f"{trial.that} computes {name}, {trial.this} {mine}",
                    "use the same activation on both sides",
                    trial.case.of(replace(trial.facts, kind="Activation")).option(activation=name),
                )


def _softmaxes(trial: Trial) -> Iterator[Change]:
    rows = (
        ("applies a softmax", partial(_function_of, "softmax")),
        ("applies a logarithm of a softmax", partial(_function_of, "log_softmax")),
        ("takes the logarithm", np.log),
    )
    for deed, function in rows:
        yield Change(
            f"{trial.that} {deed}, {trial.this} does not",
            "give logits on both sides and leave the softmax to the loss, or apply it once",
            trial.case.then(function),
        )


def _drops(trial: Trial) -> Iterator[Change]:
    kept = trial.target[""] != 0
    rate = trial.facts.options["rate"]
    yield Change(
        f"{trial.that} draws another random mask than {trial.this}",
        "masks of two frameworks cannot be made equal; compare with dropout off",
        trial.case.option(kept=kept),
    )
    yield Change(
        f"{trial.that} does not rescale what dropout keeps, {trial.this} does",
        f"divide what is kept by 1 - rate = {1 - rate:g}",
        trial.case.option(kept=kept, multiplier=1.0),
    )
    if 0 < rate < 1:
        yield Change(
            f"{trial.that} takes rate={rate:g} as the part to keep, {trial.this} as the part to "
            "drop",
            "TensorFlow 1's keep_prob is 1 - rate",
            trial.case.option(kept=kept, rate=1.0 - rate),
        )


ENTRIES = (
    Entry("GELU form", "erf, tanh, or sigmoid(1.702 x)", "each form", FORWARD, (), _gelu),
    Entry("leaky slope", "0.01, 0.1, 0.2, 0.3", "each slope", FORWARD, (), _slopes),
    Entry("hard sigmoid", "slope 1/5 against 1/6", "slope 1/5", FORWARD, (), _hard),
    Entry("softplus threshold", "linear above 20", "the threshold", FORWARD, (), _threshold),
    Entry(
        "alpha",
        "α of ELU or CELU",
        "0.1, 1, 1.67326",
        FORWARD,
        ("ELU", "CELU", "Activation"),
        settings(
            *(
                ({"alpha": a}, f"has alpha={a:g}", "name alpha on both sides")
                for a in (0.1, 1.0, 1.6732632423543772)
            )
        ),
    ),
    Entry("softmax axis", "another axis", "every axis", FORWARD, (), _axes),
    Entry(
        "dropout scale",
        "kept values not divided by 1 - rate, rate meaning what is kept, other masks",
        "the mask read off the output",
        FORWARD,
        ("Dropout",),
        _drops,
    ),
    Entry(
        "activation missing",
        "one side applies a function that the other does not",
        "each usual function",
        FLOWS,
        (),
        _missing,
    ),
    Entry(
        "softmax or logits",
        "softmax applied twice, not at all, or as a logarithm",
        "one softmax more",
        FLOWS,
        (),
        _softmaxes,
    ),
)

LAST = (Entry("activation", "another function", "every function", FORWARD, (), _exchanged),)
