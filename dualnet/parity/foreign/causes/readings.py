"""How facts may be read: what a framework does without saying so among its hyperparameters."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from dualnet.parity.foreign.causes.case import Case, Values
from dualnet.parity.foreign.causes.catalogue.losses import candidates
from dualnet.parity.foreign.causes.definition.activations import FUNCTIONS

__all__ = ["CODE", "readings"]

#: The kind of code between layers, which may be an activation.
CODE = "code"

#: What an optimizer may do that none of its hyperparameters tells.
OPTIMIZERS: Mapping[str, tuple[dict[str, Any], ...]] = {
    "placement": ({}, {"placement": "hat"}, {"placement": "inside"}),
    "rounding": ({}, {"rounded": True}),
    "momentum": ({}, {"rate_inside": True}),
}


def readings(case: Case, own: Values) -> Iterator[Case]:
    """The case itself, then the others that it may stand for."""
    yield case
    if case.phase == "update":
        for options in itertools.product(*OPTIMIZERS.values()):
            yield case.option(**{k: v for each in options for k, v in each.items()})
    elif case.phase == "loss":
        yield from candidates(case)
    elif case.facts.kind == "Dropout":
        yield case.option(kept=own[""] != 0)
    elif case.facts.kind == "MultiHeadAttention":
        yield from _attention(case)
    elif case.facts.kind == CODE:
        yield from (case.of(replace(case.facts, kind=name)) for name in FUNCTIONS)
    elif case.facts.kind in ("GRU", "LSTM", "SimpleRNN"):
        yield case.option(return_sequences=own[""].ndim == 3)


def _attention(case: Case) -> Iterator[Case]:
    """With or without the past only, key and value in either order."""
    query, *others = case.inputs
    for causal in (False, True):
        yield case.option(causal=causal)
        yield case.option(causal=causal).fed(query, *others[:2][::-1], *others[2:])
