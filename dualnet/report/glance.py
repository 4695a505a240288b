"""A report in a few figures, for a reader who has ten seconds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from dualnet.report.measures import worst
from dualnet.report.values import Report
from dualnet.report.wording import in_steps, number, rate, score

__all__ = ["Tile", "tiles"]


class Tile(NamedTuple):
    """A figure, what it is, and what to measure it by."""

    name: str
    figure: str
    beside: tuple[str, ...]


def tiles(report: Report) -> Iterator[Tile]:
    """The worst of the proof, how far practice parts, how well and how fast it trains."""
    yield from _proof(report)
    yield from _practice(report)
    yield from _scores(report)
    yield from _speed(report)


def _proof(report: Report) -> Iterator[Tile]:
    findings = report.proof.findings
    if findings:
        one = max(findings, key=lambda finding: finding.distance.relative / finding.gate)
        part = one.distance.relative / one.gate
        figure = number(one.distance.relative) if part else "the same bits"
        beside = (one.phase, f"gate {number(one.gate)}") if part else ("in every phase",)
        yield Tile(f"proof, worst of {in_steps(len(report.proof.lock_step))}", figure, beside)


def _practice(report: Report) -> Iterator[Tile]:
    rows = report.practice.free_run
    cross = worst((row.cross for row in rows), "weights")
    if cross is not None:
        control = worst((row.control for row in rows), "weights")
        beside = [f"bound {number(rows[-1].bound)}"]
        if control is not None:
            beside.append(f"control {number(control.relative)}")
        name = f"weights after {report.practice.steps} free steps, apart at most"
        yield Tile(name, number(cross.relative), tuple(beside))


def _scores(report: Report) -> Iterator[Tile]:
    names = [name for found in report.scores.values() for name in found]
    if names:
        name = next((name for name in names if name != "loss"), names[0])
        known = {label: found.get(name) for label, found in report.scores.items()}
        figure = " · ".join(score(value) for value in known.values())
        yield Tile(f"{name} after training", figure, tuple(known))


def _speed(report: Report) -> Iterator[Tile]:
    steps = report.practice.steps - 1  # the first is not timed
    if report.seconds:
        figure = " · ".join(rate(steps, seconds) for seconds in report.seconds.values())
        yield Tile("steps per second", figure, tuple(report.seconds))
