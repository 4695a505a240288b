"""Gradients that differ although the outputs do not: only their data can be looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from dualnet.parity.foreign.causes.case import Case, Values
from dualnet.parity.foreign.causes.entry import Change, Entry, Trial
from dualnet.typing import NDArray

__all__ = ["ENTRIES"]

GRADIENT = ("gradient",)


def _with(case: Case, changed: Mapping[str, NDArray]) -> Case:
    """With other values of some gradients."""

    def change(values: Values) -> Values:
        return {**values, **changed}

    return replace(case, after=(*case.after, change))


def _zeros(trial: Trial) -> Iterator[Change]:
    """What has no gradient on the other side."""
    mine = trial.case.values()
    still = [n for n, v in mine.items() if n in trial.target and np.any(v)]
    still = [name for name in still if not np.any(trial.target[name])]
    if still:
        yield Change(
            f"{trial.that} gives {', '.join(still)} no gradient, {trial.this} does",
            "train or freeze the same weights (requires_grad, trainable), and stop gradients "
            "(detach, stop_gradient) at the same places",
            _with(trial.case, {name: np.zeros_like(mine[name]) for name in still}),
        )


def _rows(trial: Trial) -> Iterator[Change]:
    """Rows of a table that do not train."""
    mine, theirs = trial.case.values()["embeddings"], trial.target["embeddings"]
    still = np.flatnonzero(mine.any(axis=-1) & ~theirs.any(axis=-1))
    changed = mine.copy()
    changed[still] = 0.0
    yield Change(
        f"{trial.that} does not train row {', '.join(map(str, still[:6]))}, {trial.this} does",
        "set padding_idx in PyTorch only if the row is frozen in Keras too (mask_zero leaves it "
        "to be trained)",
        _with(trial.case, {"embeddings": changed}),
    )


def _factors(trial: Trial) -> Iterator[Change]:
    mine = trial.case.values()
    factors = {name: _factor(value, trial.target[name]) for name, value in mine.items()}
    odd = {name: f for name, f in factors.items() if abs(f - 1.0) > 1e-6}
    if odd:
        listed = ", ".join(f"{name} {f:.6g}" for name, f in odd.items())
        yield Change(
            f"the gradients of {trial.that} are a multiple of those of {trial.this}: {listed}",
            "look for a weight that is used twice, a mean against a sum, a scaled gradient",
            _with(trial.case, {name: f * mine[name] for name, f in odd.items()}),
        )


def _factor(value: NDArray, target: NDArray) -> float:
    square = float(np.vdot(value, value))
    return float(np.vdot(value, target)) / square if square else 1.0


ENTRIES = (
    Entry(
        "padding_idx",
        "a row of an embedding that is not trained",
        "the row's gradient set to zero",
        GRADIENT,
        ("Embedding",),
        _rows,
    ),
    Entry(
        "frozen weight",
        "no gradient on one side",
        "the gradient set to zero",
        GRADIENT,
        (),
        _zeros,
    ),
    Entry(
        "gradient scale",
        "one number times the other gradient",
        "the number, for each weight",
        GRADIENT,
        (),
        _factors,
    ),
)
