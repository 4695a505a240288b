"""How often ``compare`` is wrong: healthy pairs over many seeds, bugs of every size.

``python -m tests.parity.rates`` prints the tables of ``docs/parity_rates.md``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import pytest
from scipy.stats import beta

from dualnet import nn, optim
from dualnet.parity import compare
from dualnet.report.values import Report
from tests.parity.bugs.bug_rows import wrong_upstream
from tests.parity.conftest import SMALL, labels, numbers
from tests.parity.healthy_cases import HARD, MLP, NETS, Healthy
from tests.parity.planting import BACKENDS, Planting

SEEDS = range(10)
BUG_SEEDS = range(1)
SIZES = tuple(float(f"1e-{power}") for power in (3, 6, 8, 9, 10, 11, 12, 13))

#: Short runs that are hard to tell from a bug: ties, kinks, bad scales, a rate far too high.
HARD_ONES = (
    "constant images: every window ties",
    "every row twice",
    "rows that are all alike, under batch norm",
    "inputs of very different sizes",
    "a saturated net",
    "a learning rate far too high",
)
HEALTHY = NETS | {name: HARD[name] for name in HARD_ONES}


class Rate(NamedTuple):
    """How many of how many."""

    hits: int
    runs: int

    @property
    def bounds(self) -> tuple[float, float]:
        """The 95 % interval of Clopper & Pearson."""
        k, n = self.hits, self.runs
        low = float(beta.ppf(0.025, k, n - k + 1)) if k else 0.0
        return low, float(beta.ppf(0.975, k + 1, n - k)) if k < n else 1.0

    def __str__(self) -> str:
        low, high = self.bounds
        return f"{self.hits} of {self.runs} ({100 * low:.1f} to {100 * high:.1f} %)"


def healthy_runs(cases: dict[str, Healthy], seeds: Iterable[int]) -> Iterator[tuple[str, Report]]:
    """Every case under every seed: of weights, of the order of batches, of masks."""
    for (name, case), seed in itertools.product(cases.items(), seeds):
        yield name, compare(case.net, case.x, case.y, **SMALL | dict(case.options) | {"seed": seed})


def false_alarms(cases: dict[str, Healthy] = HEALTHY, seeds: Iterable[int] = SEEDS) -> Rate:
    """How many healthy runs are called ``diverged``."""
    alarms = [report.verdict == "diverged" for _, report in healthy_runs(cases, seeds)]
    return Rate(sum(alarms), len(alarms))


def saturated(scale: float) -> dict[str, Healthy]:
    """A tanh under inputs that are not normalised."""
    options = {"loss": "mse", "optimizer": optim.SGD(0.01)}
    return {"tanh": Healthy(MLP, scale * numbers(24, 4), numbers(24, 3, seed=5), options)}


# Bugs of a size

HIDDEN = nn.Dense(5, activation="tanh", name="hidden")


def attended() -> nn.Graph:
    x = nn.Input((6, 4))
    y = nn.GlobalAvgPool1D()(nn.MultiHeadAttention(2, 2)(x, x))
    return nn.Graph(x, nn.Dense(3)(HIDDEN(y)))


#: Nets with one dense layer of five units, where the bug is, and their inputs.
NETWORKS = {
    "mlp": (nn.Sequential(nn.Dense(8, activation="relu"), HIDDEN, nn.Dense(3)), numbers(24, 4)),
    "cnn": (
        nn.Sequential(
            nn.Conv2D(3, 3), nn.BatchNorm(), nn.MaxPool2D(2), nn.Flatten(), HIDDEN, nn.Dense(3)
        ),
        numbers(24, 6, 6, 1),
    ),
    "lstm": (nn.Sequential(nn.LSTM(4), HIDDEN, nn.Dense(3)), numbers(24, 6, 4)),
    "attention": (attended(), numbers(24, 6, 4)),
}


def in_the_layer(change: Any) -> Any:
    """A linear map that is changed where it has five outputs."""

    def make(right: Any) -> Any:
        def linear(x: Any, kernel: Any, *bias: Any) -> Any:
            y = right(x, kernel, *bias)
            return change(y) if kernel.shape[1] == 5 else y

        return linear

    return make


def forward_bug(size: float) -> tuple[str, Any]:
    return "nn.linear", in_the_layer(lambda y: y * (1 + size))


def gradient_bug(size: float) -> tuple[str, Any]:
    return "nn.linear", in_the_layer(wrong_upstream(lambda upstream: upstream * (1 + size)))


def update_bug(size: float) -> tuple[str, Any]:
    """A learning rate that is off."""

    def make(right: Any) -> Any:
        return lambda *args: right(*args[:5], args[5] * (1 + size), args[6])

    return "optim.apply", make


BUGS = {"forward": forward_bug, "gradient": gradient_bug, "update": update_bug}


def found(phase: str, size: float, net: str, side: str, seed: int) -> tuple[bool, bool]:
    """Whether a bug is called ``diverged``, and whether in its phase and at its layer."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        planting = Planting(monkeypatch)
        planting(side, *BUGS[phase](size))
        try:
            network, x = NETWORKS[net]
            options = {"seed": seed, "optimizer": optim.Adam(1e-2)}
            first = compare(network, x, labels(24, 3), **SMALL | options).first
        finally:
            planting.uproot()
    if first is None:
        return False, False
    layer = "" if phase == "update" else "hidden"
    return True, (first.phase, first.layer) == (phase, layer)


def detection(phase: str, size: float, seeds: Iterable[int] = BUG_SEEDS) -> tuple[Rate, Rate]:
    """How many bugs of a size are found, and how many of them where they are."""
    grid = itertools.product(NETWORKS, BACKENDS, seeds)
    results = [found(phase, size, *place) for place in grid]
    return tuple(Rate(sum(hits), len(results)) for hits in zip(*results, strict=True))


def main() -> None:
    print(f"false alarms: {false_alarms()}", flush=True)
    for scale in (1.0, 10.0, 100.0, 1000.0):
        print(f"| {scale:g} | {false_alarms(saturated(scale))} |", flush=True)
    for size in SIZES:
        rates = (detection(phase, size) for phase in BUGS)
        cells = [f"{seen} / {placed.hits}" for seen, placed in rates]
        print(f"| {size:.0e} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
