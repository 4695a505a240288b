"""The report of a study as text for a terminal or a log."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from dualnet.parity.studies.tables import facts, headline, standing, tables
from dualnet.parity.studies.values import StudyReport
from dualnet.report.layout import lines, wrapped
from dualnet.report.text import COLOURS, LONGEST, NARROWEST, as_text
from dualnet.report.wording import shortened

__all__ = ["render", "show"]


def render(report: StudyReport) -> str:
    """The report as plain text, as wide as the terminal."""
    return as_text(lambda console: show(report, console))


def show(report: StudyReport, console: Console) -> None:
    """Prints what was studied, the tables, notes, and last the worst verdict."""
    for text, style in _lines(report, max(console.width, NARROWEST)):
        console.print(Text(text, style=style), highlight=False, soft_wrap=True)


def _lines(report: StudyReport, width: int) -> Iterator[tuple[str, str]]:
    for name, value in facts(report).items():
        yield from _wrapped(f"{name}: {shortened(value, LONGEST)}", width, "dim")
    for table in tables(report):
        yield "", ""
        title = f"{table.title} ({table.note})" if table.note else table.title
        yield from _wrapped(title, width, "bold")
        for place, (line, marked) in enumerate(lines(table, width)):
            yield line, "bold red" if marked else "dim" if place < 1 else ""
    yield "", ""
    for note in report.notes:
        yield from _wrapped(f"note: {note}", width)
    style = f"bold {COLOURS.get(standing(report), 'red')}"
    yield from _wrapped(f"verdict: {headline(report)}", width, style)


def _wrapped(text: str, width: int, style: str = "") -> Iterator[tuple[str, str]]:
    return ((line, style) for line in wrapped(text, width, indent="  "))
