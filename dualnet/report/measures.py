"""What the figures and tables of a report are made of: the worst of rows, by phase."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from dualnet.report.values import Distance, FreeRunRow, LockStepRow, Mode, Report

__all__ = ["Distances", "gates", "guilty", "phases", "truth", "truths", "worst", "worst_first"]

Kept = TypeVar("Kept")

#: Distances by phase.
Distances = Mapping[str, Distance]
#: The measured steps of a mode.
Rows = Sequence[LockStepRow] | Sequence[FreeRunRow]


def phases(rows: Rows) -> tuple[str, ...]:
    """The phases that were measured, in the order of the first row that has them."""
    return tuple(dict.fromkeys(phase for row in rows for phase in row.cross))


def worst(found: Iterable[Distances], phase: str) -> Distance | None:
    """The largest of each measure; ``None`` where the phase was not measured."""
    total: Distance | None = None
    for each in found:
        if phase in each:
            total = each[phase] if total is None else total | each[phase]
    return total


def truths(rows: Rows) -> tuple[str, ...]:
    """The backends that were compared with their own float64 run."""
    return tuple(dict.fromkeys(label for row in rows for label in row.truth))


def truth(rows: Rows, label: str) -> Iterator[Distances]:
    """The distances of a backend from its own float64 run, row by row."""
    return (row.truth.get(label, {}) for row in rows)


def gates(mode: Mode) -> dict[str, float]:
    """The gate of every phase that was measured in lock-step."""
    return {finding.phase: finding.gate for finding in mode.findings}


def guilty(report: Report, path: str) -> bool:
    """Whether the first divergence is this layer's own, in any of its calls."""
    return report.first is not None and report.first.layer == path.partition("#")[0]


def worst_first(found: Iterable[Kept], size: Callable[[Kept], float], most: int) -> list[Kept]:
    """The largest, at most so many, in the order in which they came."""
    items = list(found)
    if len(items) <= most:
        return items
    ranked = sorted(range(len(items)), key=lambda at: -size(items[at]))
    return [items[at] for at in sorted(ranked[:most])]
