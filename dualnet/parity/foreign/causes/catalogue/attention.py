"""Attention: its scale, its masks, its heads."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from dualnet.parity.foreign.causes.catalogue.proposals import settings
from dualnet.parity.foreign.causes.entry import Change, Entry, Trial

__all__ = ["ENTRIES"]

FORWARD, ATTENTION = ("forward",), ("MultiHeadAttention",)


def _scales(trial: Trial) -> Iterator[Change]:
    kernel, heads = trial.facts.weights["query_kernel"], trial.facts.options["num_heads"]
    width = kernel.shape[1]
    rows = (
        (1.0, "does not scale the scores"),
        (width**-0.5, "scales the scores by 1/√(all features)"),
        (heads / width, "scales the scores by 1/key_dim"),
    )
    for scale, deed in rows:
        yield Change(
            f"{trial.that} {deed}, {trial.this} by 1/√key_dim",
            "multiply the queries by 1/√key_dim",
            trial.case.option(scale=scale),
        )


def _causal(trial: Trial) -> Iterator[Change]:
    causal = trial.facts.options.get("causal", False)
    words = ("sees all steps", "sees the past only")
    yield Change(
        f"{trial.that} {words[not causal]}, {trial.this} {words[causal]}",
        "pass the causal mask on both sides",
        trial.case.option(causal=not causal),
    )


def _masks(trial: Trial) -> Iterator[Change]:
    case = trial.case
    if len(case.inputs) > 3:
        blocks = trial.facts.options.get("blocks", False)
        words = ("keeps where the mask is True", "blocks where the mask is True")
        yield Change(
            f"{trial.that} {words[not blocks]}, {trial.this} {words[blocks]}",
            "negate the mask on one side: torch.nn.MultiheadAttention blocks where it is True, "
            "Keras and scaled_dot_product_attention keep",
            case.option(blocks=not blocks),
        )
        yield Change(
            f"{trial.that} does not apply the mask, {trial.this} does",
            "pass the mask on both sides",
            case.fed(*case.inputs[:3]),
        )


def _roles(trial: Trial) -> Iterator[Change]:
    roles = ("query", "key", "value")
    for order in itertools.permutations(roles):
        if order != roles:
            changed = {
                f"{ours}_{part}": trial.facts.weights.get(f"{theirs}_{part}")
                for ours, theirs in zip(roles, order, strict=True)
                for part in ("kernel", "bias")
            }
            yield Change(
                f"{trial.that} takes the projections of query, key, value from those of "
                f"{', '.join(order)} in {trial.this}",
                "cut in_proj_weight into query, key and value in this order",
                trial.case.weight(**changed),
            )


ENTRIES = (
    Entry(
        "attention scale",
        "1/√key_dim missing, or of another size",
        "1, 1/√features, 1/key_dim",
        FORWARD,
        ATTENTION,
        _scales,
    ),
    Entry(
        "mask sense",
        "True keeps, True blocks, or no mask at all",
        "the mask negated; left out",
        FORWARD,
        ATTENTION,
        _masks,
    ),
    Entry("causal mask", "the future seen", "the other way", FORWARD, ATTENTION, _causal),
    Entry(
        "head split",
        "(heads, key_dim) against (key_dim, heads)",
        "the other order",
        FORWARD,
        ATTENTION,
        settings(
            (
                {"interleaved": True},
                "cuts its features into (key_dim, heads)",
                "reshape to (…, heads, key_dim), then move the heads",
            )
        ),
    ),
    Entry(
        "softmax axis",
        "softmax over targets, or heads, instead of sources",
        "each axis",
        FORWARD,
        ATTENTION,
        settings(
            ({"over": -2}, "applies the softmax over the targets", "use softmax over axis -1"),
            ({"over": -3}, "applies the softmax over the heads", "use softmax over axis -1"),
        ),
    ),
    Entry(
        "query, key, value exchanged",
        "projections taken in another order",
        "every order",
        (*FORWARD, "weight"),
        ATTENTION,
        _roles,
    ),
)
