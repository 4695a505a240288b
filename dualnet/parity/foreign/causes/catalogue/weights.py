"""Weights in another layout, weights that are not there, weights of another model."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dualnet.parity.foreign.causes.entry import Change, Entry, Trial
from dualnet.typing import NDArray

__all__ = ["ENTRIES", "LAST"]

FORWARD = ("forward", "weight")
KERNELS = ("Dense", "Conv", "DepthwiseConv", "LSTM", "GRU", "SimpleRNN", "MultiHeadAttention")


def _kernels(trial: Trial) -> Iterator[tuple[str, NDArray]]:
    for name, value in trial.facts.weights.items():
        if "kernel" in name:
            yield name, value


def _biases(trial: Trial) -> Iterator[tuple[str, NDArray]]:
    for name, value in trial.facts.weights.items():
        if "bias" in name or name == "beta":
            yield name, value


def _layouts(trial: Trial) -> Iterator[Change]:
    for name, kernel in _kernels(trial):
        for how, changed in _rearranged(kernel):
            yield Change(
                f"{trial.that} reads {name} {how}, {trial.this} does not",
                f"transpose {name} when it is copied; its layout is (*window, in, out)",
                trial.case.weight(**{name: changed}),
            )


def _rearranged(kernel: NDArray) -> Iterator[tuple[str, NDArray]]:
    """The ways in which a kernel is misread, for those that its shape allows."""
    backwards = np.moveaxis(kernel, (-1, -2), (0, 1))
    again = np.moveaxis(kernel.reshape(backwards.shape), (0, 1), (-1, -2))
    if kernel.shape[-1] == kernel.shape[-2]:
        yield "with inputs and outputs exchanged", kernel.swapaxes(-1, -2)
    yield "reshaped instead of transposed", backwards.reshape(kernel.shape)
    yield "reshaped instead of transposed", again
    if kernel.ndim >= 4 and kernel.shape[0] == kernel.shape[1]:
        yield "with height and width exchanged", kernel.swapaxes(0, 1)
    if kernel.ndim >= 3:
        spatial = tuple(range(kernel.ndim - 2))
        yield "flipped (convolution against correlation)", np.flip(kernel, spatial)


def _orders(trial: Trial) -> Iterator[Change]:
    kernel = trial.facts.weights["kernel"]
    for inner in _divisors(kernel.shape[0]):
        rows = kernel.reshape(inner, -1, kernel.shape[1]).swapaxes(0, 1).reshape(kernel.shape)
        yield Change(
            f"{trial.that} takes features that were flattened in another order (channels first "
            f"against last, {inner} by {kernel.shape[0] // inner}) than {trial.this}",
            "permute the axes before the flattening, or the kernel's rows when it is copied",
            trial.case.weight(kernel=rows),
        )


def _divisors(n: int) -> list[int]:
    return [d for d in range(2, n) if n % d == 0]


def _bias(trial: Trial) -> Iterator[Change]:
    biases = dict(_biases(trial))
    for name, value in biases.items():
        yield Change(
            f"{trial.that} has no {name}, {trial.this} has one",
            f"give both a {name}, or none",
            trial.case.weight(**{name: None}),
        )
        yield Change(
            f"{trial.that} adds {name} twice, {trial.this} once",
            "of two biases that are added, give one the sum and the other zeros",
            trial.case.weight(**{name: 2.0 * value}),
        )
    theirs = {n: v for n, v in trial.other.weights.items() if "bias" in n and n not in biases}
    for names in _each_and_all(list(theirs)):
        yield Change(
            f"{trial.that} has {' and '.join(names)}, {trial.this} has not",
            f"give both {' and '.join(names)}, or none",
            trial.case.weight(**{name: theirs[name] for name in names}),
        )
    only = [name for name in biases if name not in trial.other.weights]
    if len(only) > 1:
        yield Change(
            f"{trial.that} has no {' or '.join(only)}, {trial.this} has",
            f"give both {' and '.join(only)}, or none",
            trial.case.weight(**dict.fromkeys(only)),
        )


def _each_and_all(names: list[str]) -> list[list[str]]:
    return [[name] for name in names] + ([names] if len(names) > 1 else [])


def _copied(trial: Trial) -> Iterator[Change]:
    mine, theirs = trial.facts.weights, trial.other.weights
    differing = [n for n in theirs if n not in mine or not np.array_equal(mine[n], theirs[n])]
    for names in _each_and_all(differing):
        yield Change(
            f"{trial.this} and {trial.that} hold different {', '.join(names)}",
            "copy the weights from one to the other: transfer='a->b'",
            trial.case.weight(**{name: theirs[name] for name in names}),
        )


ENTRIES = (
    Entry(
        "kernel layout",
        "a kernel transposed, reshaped or flipped",
        "the kernel rearranged",
        FORWARD,
        KERNELS,
        _layouts,
    ),
    Entry(
        "Flatten order",
        "NCHW against NHWC before a dense layer",
        "the kernel's rows permuted, for every way to factor them",
        FORWARD,
        ("Dense",),
        _orders,
    ),
    Entry(
        "bias",
        "a bias missing, added, or counted twice",
        "the layer without it, with it, with it doubled",
        FORWARD,
        (),
        _bias,
    ),
)

#: After all that says more about how weights differ.
LAST = (
    Entry(
        "weights not transferred",
        "different values of the same weights",
        "the other side's weights",
        FORWARD,
        (),
        _copied,
    ),
)
