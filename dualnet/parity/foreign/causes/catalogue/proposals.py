"""Ways to propose corrections that many entries share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dualnet.parity.foreign.causes.entry import Change, Trial

__all__ = ["PLACEMENTS", "Propose", "copied", "settings", "told"]

Propose = Callable[[Trial], Iterator[Change]]


def copied(*names: str, hint: str = "") -> Propose:
    """The values that the other side has of these options, where they differ."""

    def propose(trial: Trial) -> Iterator[Change]:
        mine, theirs = trial.facts.options, trial.other.options
        differing = [n for n in names if n in {**mine, **theirs} and mine.get(n) != theirs.get(n)]
        if differing:
            here, there = _said(mine, differing), _said(theirs, differing)
            yield Change(
                f"{here} in {trial.this}, {there} in {trial.that}",
                f"give both the same: {there} in {trial.this}, or {here} in {trial.that}{hint}",
                trial.case.option(**{name: theirs.get(name) for name in differing}),
            )

    return propose


def _said(options: Any, names: list[str]) -> str:
    return ", ".join(
        f"{name}={options[name]!r}" if name in options else f"{name} not set" for name in names
    )


#: Where an optimizer has its ε.
PLACEMENTS = {
    "outside": "adds epsilon to the root of the corrected moment",
    "hat": "adds epsilon before the bias correction",
    "inside": "adds epsilon inside the root",
}


def told(option: str, words: Mapping[Any, str], default: Any, advice: str) -> Propose:
    """An option that neither framework has, each value told in words."""

    def propose(trial: Trial) -> Iterator[Change]:
        mine, theirs = (side.options.get(option, default) for side in (trial.facts, trial.other))
        if mine != theirs:
            yield Change(
                f"{trial.this} {words[mine]}, {trial.that} {words[theirs]}",
                advice,
                trial.case.option(**{option: theirs}),
            )

    return propose


def settings(*rows: tuple[dict[str, Any], str, str]) -> Propose:
    """Options that the other side may act as if it had: ``(options, what it does, advice)``."""

    def propose(trial: Trial) -> Iterator[Change]:
        for options, deed, advice in rows:
            yield Change(
                f"{trial.that} {deed}, {trial.this} does not", advice, trial.case.option(**options)
            )

    return propose
