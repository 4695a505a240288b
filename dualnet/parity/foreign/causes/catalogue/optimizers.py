"""Optimizers: where ε stands, what decay means, which step it is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dualnet.parity.foreign.causes.catalogue.proposals import PLACEMENTS, settings
from dualnet.parity.foreign.causes.entry import Change, Entry, Trial

__all__ = ["ENTRIES"]

UPDATE = ("update",)
EPSILONS = (1e-3, 1e-5, 1e-6, 1e-7, 1e-8, 1e-10, 1e-12)
ADAM, ROOTS = ("Adam",), ("Adam", "RMSprop", "Adagrad")


def _placements(trial: Trial) -> Iterator[Change]:
    mine = trial.facts.options.get("placement", "outside")
    epsilon = trial.facts.options.get("epsilon", 1e-8)
    for placement, deed in PLACEMENTS.items():
        if placement != mine:
            yield Change(
                f"{trial.that} {deed}, {trial.this} {PLACEMENTS[mine]}, with epsilon={epsilon:g}",
                "no value of epsilon makes the two the same; use a small one (1e-12), or write "
                "the update yourself on one side",
                trial.case.option(placement=placement),
            )


def _epsilons(trial: Trial) -> Iterator[Change]:
    mine = trial.facts.options.get("epsilon")
    for value in EPSILONS:
        if value != mine:
            yield Change(
                f"{trial.that} has epsilon={value:g}, {trial.this} {mine}",
                "name epsilon on both sides: it is 1e-8 in PyTorch and 1e-7 in Keras",
                trial.case.option(epsilon=value),
            )


def _decays(trial: Trial) -> Iterator[Change]:
    options = trial.facts.options
    coupled, decoupled = (options.get(name) or 0.0 for name in ("l2", "weight_decay"))
    total = coupled + decoupled
    if total:
        words = {
            (0.0, total): "decays weights apart from the gradient (AdamW; Keras's weight_decay)",
            (total, 0.0): "adds the decay to the gradient (weight_decay of torch's SGD, Adam)",
            (2.0 * total, 0.0): "adds twice the factor to the gradient (keras.regularizers.L2)",
            (0.5 * total, 0.0): "adds half the factor to the gradient",
            (0.0, 0.0): "does not decay weights",
        }
        for (l2, decay), deed in words.items():
            yield Change(
                f"{trial.that} {deed}, {trial.this} has l2={coupled:g}, weight_decay={decoupled:g}",
                "use AdamW or SGDW with Keras's weight_decay, and half of torch's weight_decay "
                "for keras.regularizers.L2",
                trial.case.option(l2=l2, weight_decay=decay),
            )


def _steps(trial: Trial) -> Iterator[Change]:
    for first, word in ((0, "one less"), (2, "one more")):
        yield Change(
            f"{trial.that} counts its steps as {word} than {trial.this}",
            "count the first step as 1 in bias corrections, and as 0 in schedules",
            trial.case.option(first=first),
        )


def _rates(trial: Trial) -> Iterator[Change]:
    mine = trial.facts.options.get("learning_rate")
    if isinstance(mine, (int, float)):
        for factor in (0.1, 0.5, 2.0, 10.0):
            yield Change(
                f"{trial.that} takes steps of {mine * factor:g}, {trial.this} of {mine:g}",
                "give both the same learning rate",
                trial.case.option(learning_rate=mine * factor),
            )


def _scaled(trial: Trial) -> Iterator[Change]:
    """The factor of clipping by a norm over all parameters, read off this one."""
    if not any(side.options.get("global_clipnorm") for side in (trial.facts, trial.other)):
        return
    free = trial.case.option(clipnorm=None, clipvalue=None, global_clipnorm=None)
    rest = free.option(gradient_scale=0.0).values()[""]
    full, target = free.values()[""] - rest, trial.target[""] - rest
    factor = float(np.vdot(full, target) / np.vdot(full, full))
    if 0.0 < factor < 1.0:
        yield Change(
            f"{trial.that} scales the gradient by {factor:.6g}, as clipping by the norm of all "
            f"gradients does, {trial.this} does not",
            "clip by the global norm on both sides: Keras's clipnorm is per variable, "
            "global_clipnorm is torch's clip_grad_norm_",
            free.option(gradient_scale=factor),
        )


ENTRIES = (
    Entry(
        "epsilon placement",
        "ε inside the root, outside, or before the bias correction",
        "each place",
        UPDATE,
        ROOTS,
        _placements,
    ),
    Entry("epsilon", "1e-8 against 1e-7", "the values in use", UPDATE, ROOTS, _epsilons),
    Entry(
        "weight decay",
        "decoupled, in the gradient, twice the factor",
        "each form",
        UPDATE,
        (),
        _decays,
    ),
    Entry(
        "second bias",
        "two biases with one gradient each move: their sum moves twice",
        "the step doubled",
        UPDATE,
        (),
        settings(
            (
                {"parts": 2},
                "trains two biases whose sum moves twice as far",
                "freeze one of the two biases (b_hh)",
            )
        ),
    ),
    Entry(
        "momentum convention",
        "the learning rate inside the buffer, dampening",
        "each form, replayed from the first gradient",
        UPDATE,
        ("SGD", "RMSprop"),
        settings(
            (
                {"rate_inside": True},
                "keeps the learning rate in its momentum",
                "differs only while the rate changes; scale the buffer with it",
            ),
            (
                {"rate_inside": False},
                "keeps the learning rate out of its momentum",
                "differs only while the rate changes; scale the buffer with it",
            ),
            ({"dampening": 0.9}, "damps the gradient in its momentum", "set dampening=0"),
            ({"momentum": 0.0}, "has no momentum", "give both the same momentum"),
            ({"momentum": 0.9}, "has a momentum of 0.9", "give both the same momentum"),
        ),
    ),
    Entry(
        "nesterov",
        "with or without looking ahead",
        "the other form",
        UPDATE,
        ("SGD",),
        settings(
            ({"nesterov": True}, "looks ahead (nesterov)", "set nesterov alike"),
            ({"nesterov": False}, "does not look ahead (nesterov)", "set nesterov alike"),
        ),
    ),
    Entry(
        "bias correction",
        "moments not corrected",
        "without the correction",
        UPDATE,
        ADAM,
        settings(
            (
                {"bias_correction": False},
                "does not correct its moments",
                "divide the moments by 1 - βᵗ",
            )
        ),
    ),
    Entry(
        "amsgrad",
        "the largest second moment",
        "the other form",
        UPDATE,
        ADAM,
        settings(
            ({"amsgrad": True}, "keeps the largest second moment", "set amsgrad alike"),
            ({"amsgrad": False}, "forgets the largest second moment", "set amsgrad alike"),
        ),
    ),
    Entry("step count", "off by one", "one more, one less", UPDATE, (), _steps),
    Entry(
        "initial accumulator",
        "0 in PyTorch, 0.1 in Keras",
        "0, 0.1, 1",
        UPDATE,
        ("Adagrad", "RMSprop"),
        settings(
            *(
                ({"initial": x}, f"begins its accumulator at {x:g}", "name its first value")
                for x in (0.0, 0.1, 1.0)
            )
        ),
    ),
    Entry(
        "float32 inside",
        "decay rates rounded to float32",
        "the rates rounded",
        UPDATE,
        (),
        settings(
            (
                {"rounded": True},
                "holds its decay rates in float32",
                "take rates that float32 holds exactly (0.875, 0.984375), or accept 1e-6",
            )
        ),
    ),
    Entry("learning rate", "another rate", "10, 2, 1/2, 1/10 times", UPDATE, (), _rates),
    Entry(
        "clipping",
        "by the norm of one gradient, or of all",
        "the factor, read off one parameter",
        UPDATE,
        (),
        _scaled,
    ),
)
