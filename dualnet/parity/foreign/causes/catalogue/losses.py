"""Losses: means of what, logits or probabilities, which constant."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from dualnet.parity.foreign.causes.case import Case
from dualnet.parity.foreign.causes.catalogue.proposals import settings
from dualnet.parity.foreign.causes.definition.losses import LOSSES
from dualnet.parity.foreign.causes.entry import Change, Entry, Trial

__all__ = ["ENTRIES", "candidates"]

LOSS = ("loss",)
ENTROPIES = ("CrossEntropy", "BinaryCrossEntropy")


def candidates(case: Case) -> Iterator[Case]:
    """What a loss of unknown name may be."""
    choices = itertools.product(LOSSES, ("mean", "batch", "sum", "none"), (True, False))
    for kind, reduction, from_logits in choices:
        facts = replace(case.facts, kind=kind)
        yield case.of(facts).option(reduction=reduction, from_logits=from_logits)


def _reductions(trial: Trial) -> Iterator[Change]:
    words = {
        "mean": "takes the mean over all elements",
        "batch": "sums, and divides by the batch's size",
        "sum": "sums",
        "none": "does not reduce",
    }
    mine = trial.facts.options.get("reduction", "mean")
    for reduction, deed in words.items():
        if reduction != mine:
            yield Change(
                f"{trial.that} {deed}, {trial.this} {words[mine]}",
                "name the reduction on both sides; Keras's KLDivergence is torch's 'batchmean'",
                trial.case.option(reduction=reduction),
            )


def _logits(trial: Trial) -> Iterator[Change]:
    mine = trial.facts.options.get("from_logits", True)
    words = ("probabilities", "logits")
    for logits, clip in ((not mine, 0.0), (False, 1e-7), (False, 1e-8)):
        yield Change(
            f"{trial.that} takes its input as {words[logits]}"
            f"{f' kept above {clip:g}' if clip else ''}, {trial.this} as {words[mine]}",
            "give logits to both losses: from_logits=True in Keras",
            trial.case.option(from_logits=logits, clip=clip),
        )
    yield Change(
        f"{trial.that} takes its input as logarithms of probabilities, {trial.this} does not",
        "use cross entropy on logits, or nll_loss on a log_softmax, once",
        trial.case.option(logarithms=True),
    )


def _logarithms(trial: Trial) -> Iterator[Change]:
    mine = trial.facts.options.get("logarithms", True)
    words = ("probabilities", "their logarithms")
    yield Change(
        f"{trial.that} takes {words[not mine]}, {trial.this} {words[mine]}",
        "torch's KLDivLoss takes logarithms, Keras's probabilities",
        trial.case.option(logarithms=not mine),
    )


def _huber(trial: Trial) -> Iterator[Change]:
    delta = trial.facts.options.get("delta", 1.0)
    yield Change(
        f"{trial.that} is smooth L1, {trial.this} Huber's loss: δ = {delta:g} times as much",
        "use torch.nn.HuberLoss beside keras.losses.Huber",
        trial.case.option(quotient=delta),
    )
    for value in (0.5, 1.0, 2.0):
        if value != delta:
            yield Change(
                f"{trial.that} has δ = {value:g}, {trial.this} {delta:g}",
                "give both the same delta",
                trial.case.option(delta=value),
            )


def _weights(trial: Trial) -> Iterator[Change]:
    value, target = (float(np.sum(each[""])) for each in (trial.case.values(), trial.target))
    for weight, word in ((0.5, "half"), (2.0, "twice"), (-1.0, "minus")):
        if np.isclose(target, weight * value):
            yield Change(
                f"{trial.that} is {word} {trial.this}",
                "look for a factor in front of one loss",
                trial.case.option(weight=weight),
            )


def _broadcast(trial: Trial) -> Iterator[Change]:
    """``(N, 1)`` against ``(N,)``, which becomes ``(N, N)``."""
    targets, output = trial.case.inputs
    if targets.size == output.size == output.shape[0] > 1:
        everyone = np.broadcast_to(output.reshape(1, -1), (output.size,) * 2)
        spread = np.broadcast_to(targets.reshape(-1, 1), everyone.shape)
        yield Change(
            f"{trial.that} broadcasts targets and outputs to {everyone.shape}, {trial.this} "
            "does not",
            "give targets and outputs the same shape: (N, 1) against (N,) becomes (N, N)",
            trial.case.fed(spread, everyone),
        )


ENTRIES = (
    Entry(
        "loss reduction",
        "mean over all, mean over the batch, sum",
        "each reduction",
        LOSS,
        (),
        _reductions,
    ),
    Entry(
        "from_logits",
        "logits, probabilities, their logarithms",
        "each reading of the input",
        LOSS,
        ENTROPIES,
        _logits,
    ),
    Entry(
        "KLDiv input",
        "logarithms or probabilities",
        "the other reading",
        LOSS,
        ("KLDivergence",),
        _logarithms,
    ),
    Entry("Huber scale", "smooth L1 = Huber/δ", "divided by δ", LOSS, ("Huber",), _huber),
    Entry("loss shape", "(N, 1) against (N,)", "broadcast", LOSS, ("Mean", "Huber"), _broadcast),
    Entry(
        "label smoothing",
        "targets mixed with uniform ones",
        "0.1 and 0",
        LOSS,
        ENTROPIES,
        settings(
            ({"label_smoothing": 0.1}, "smooths its labels by 0.1", "smooth labels alike"),
            ({"label_smoothing": 0.0}, "does not smooth its labels", "smooth labels alike"),
        ),
    ),
    Entry("loss factor", "half, twice, the other sign", "the factor", LOSS, (), _weights),
)
