"""A report as text for a terminal or a log."""

from __future__ import annotations

import io

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from dualnet.report import tables
from dualnet.report.values import Report

__all__ = ["render", "show"]

WIDTH = 100
COLOURS = {"identical": "green", "agree": "green", "noise": "yellow", "diverged": "red"}


def render(report: Report) -> str:
    """The report as plain text."""
    text = io.StringIO()
    show(report, Console(file=text, width=WIDTH, no_color=True, highlight=False))
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())


def show(report: Report, console: Console) -> None:
    """Prints what ran, tables, the first divergence, and last, where one looks, the verdict."""
    for name, value in tables.facts(report).items():
        console.print(Text(f"{name}: {value}", style="dim"))
    for table in tables.tables(report):
        console.print()
        console.print(Text(table.title, style="bold"))
        console.print(_table(table))
    first = report.first
    console.print(Text(f"first divergence: {'none' if first is None else first}"))
    for note in tables.notes(report):
        console.print(Text(f"note: {note}"))
    console.print()
    verdict = f"verdict: {tables.headline(report)}"
    console.print(Text(verdict, style=f"bold {COLOURS[report.verdict]}"))
    console.print(Text(f"  {report.reason}"))


def _table(table: tables.Table) -> RichTable:
    drawn = RichTable(box=box.SIMPLE_HEAD)
    for place, column in enumerate(table.columns):
        last = place == len(table.columns) - 1 and column == "worst at"
        drawn.add_column(column, justify="left" if place == 0 or last else "right")
    for row in table.rows:
        drawn.add_row(*(Text(cell) for cell in row))
    return drawn
