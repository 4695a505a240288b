"""What every form of the report shows: headings, rows and lines as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dualnet.report.values import VERDICTS, Distance, FreeRunRow, Report

__all__ = ["Table", "facts", "headline", "notes", "number", "tables"]

ZERO = Distance(0.0, 0.0, 0.0)
#: Rows of the history that are shown; of a longer one, the first and the last.
EPOCHS = 20


@dataclass(frozen=True)
class Table:
    """A titled table of text."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def number(value: float) -> str:
    """A distance, short.

    >>> number(0.0), number(3.21e-16), number(float("inf"))
    ('0', '3.2e-16', 'inf')
    """
    return "0" if value == 0 else f"{value:.1e}" if abs(value) < float("inf") else str(value)


def count(value: float) -> str:
    """A number of ulps, short."""
    return f"{value:.0f}" if value < 1e5 else number(value)


def headline(report: Report) -> str:
    """The verdict in one line."""
    first, second = report.settings.backends
    return f"{report.verdict}: {first} and {second}: {VERDICTS[report.verdict]}"


def facts(report: Report) -> dict[str, str]:
    """What was compared, by name."""
    s = report.settings
    return {
        "network": f"{s.network} ({s.parameters:,} parameters)",
        "training": f"{s.optimizer}, {s.loss}, batch {s.batch_size}, seed {s.seed}",
        "run": f"{report.practice.steps} steps in {s.dtype} on {s.device}",
    }


def notes(report: Report) -> tuple[str, ...]:
    """What a reader should know beside the tables."""
    proof, lines = report.proof, []
    if proof.dead:
        lines.append(
            f"dead parameters, whose true gradient is zero, left out: {', '.join(proof.dead)}"
        )
    if proof.flips:
        lines.append(
            "kinks, where rounding decides the derivative and both are right: "
            + "; ".join(proof.flips)
        )
    return tuple(lines)


def tables(report: Report) -> tuple[Table, ...]:
    """Every table of the report, in reading order."""
    return (_proof(report), _practice(report), _history(report), _scores(report))


def _proof(report: Report) -> Table:
    proof = report.proof
    rows = tuple(
        (
            finding.phase,
            number(finding.distance.relative),
            number(finding.gate),
            number(finding.distance.absolute),
            count(finding.distance.ulps),
            f"{finding.path} (step {finding.step})",
        )
        for finding in proof.findings
    )
    columns = ("phase", "relative", "gate", "absolute", "ulps", "worst at")
    return Table(f"proof: {proof.dtype}, in lock-step, {len(proof.lock_step)} steps", columns, rows)


def _practice(report: Report) -> Table:
    rows = report.practice.free_run
    phases = tuple(rows[0].cross) if rows else ()

    def worst(phase: str, which: Callable[[FreeRunRow], Mapping[str, Distance]]) -> Distance:
        total = ZERO
        for row in rows:
            total |= which(row).get(phase, ZERO)
        return total

    def line(phase: str) -> tuple[str, ...]:
        cross = worst(phase, lambda row: row.cross)
        control = worst(phase, lambda row: row.control)
        truth = worst(phase, lambda row: next(iter(row.truth.values()), {}))
        return (
            phase,
            number(cross.relative),
            number(control.relative),
            number(truth.relative) if any(row.truth for row in rows) else "–",
            number(cross.absolute),
            count(cross.ulps),
        )

    title = (
        f"practice: {report.practice.dtype}, trained freely, {report.practice.steps} steps "
        f"(bound at the end {number(rows[-1].bound) if rows else '–'})"
    )
    columns = ("phase", "relative", "control", "truth", "absolute", "ulps")
    return Table(title, columns, tuple(line(phase) for phase in phases))


def _history(report: Report) -> Table:
    columns, series = [], []
    for label, measures in report.history.items():
        for name, values in measures.items():
            columns.append(f"{label} {name}")
            series.append(values)
    lines = [
        (str(epoch + 1), *(f"{value:.6g}" for value in values))
        for epoch, values in enumerate(zip(*series, strict=True))
    ]
    if len(lines) > EPOCHS:
        half = EPOCHS // 2
        lines = [*lines[:half], ("…", *("…" for _ in columns)), *lines[-half:]]
    return Table("history", ("epoch", *columns), tuple(lines))


def _scores(report: Report) -> Table:
    names = list(next(iter(report.scores.values()), {}))
    rows = tuple(
        (label, *(f"{scores[name]:.6g}" for name in names))
        for label, scores in report.scores.items()
    )
    return Table("scores after training", ("backend", *names), rows)
