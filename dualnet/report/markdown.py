"""A report as Markdown."""

from __future__ import annotations

from dualnet.report import tables
from dualnet.report.values import Report

__all__ = ["markdown"]


def markdown(report: Report) -> str:
    """Verdict, tables and notes, for a pull request or an issue."""
    lines = [f"## {_escaped(tables.headline(report))}", "", _escaped(report.reason), ""]
    lines += [f"- {name}: {_escaped(value)}" for name, value in tables.facts(report).items()]
    for table in tables.tables(report):
        lines += ["", f"**{table.title}**", "", _row(table.columns)]
        lines += [_row(("---",) * len(table.columns))]
        lines += [_row(row) for row in table.rows]
    first = "none" if report.first is None else str(report.first)
    lines += ["", f"First divergence: {_escaped(first)}"]
    lines += [f"\n{_escaped(note)}" for note in tables.notes(report)]
    return "\n".join(lines) + "\n"


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(_escaped(cell) for cell in cells)} |"


def _escaped(text: str) -> str:
    """Text in which nothing is markup."""
    for mark in ("\\", "|", "*", "_", "`", "<", "#"):
        text = text.replace(mark, f"\\{mark}")
    return text.replace("\n", " ")
