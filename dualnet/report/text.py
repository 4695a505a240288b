"""A report as text for a terminal or a log."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.text import Text

from dualnet.report import tables
from dualnet.report.layout import lines, wrapped
from dualnet.report.tables import Table
from dualnet.report.values import Report
from dualnet.report.wording import facts, first_divergence, headline, legend, notes, shortened

__all__ = ["COLOURS", "as_text", "render", "show"]

#: Where the width of what is printed to is not known.
WIDTH = 100
#: Lines are not broken to be shorter than this.
NARROWEST = 20
#: Characters of a fact; the page has all of them.
LONGEST = 300
COLOURS = {"identical": "green", "agree": "green", "noise": "yellow", "diverged": "red"}

Styled = tuple[str, str]


def render(report: Report) -> str:
    """The report as plain text, as wide as the terminal."""
    return as_text(lambda console: show(report, console))


def as_text(write: Callable[[Console], None]) -> str:
    """What is written to a console as wide as the terminal, without its colours."""
    width = shutil.get_terminal_size((WIDTH, 0)).columns
    text = io.StringIO()
    write(Console(file=text, width=width, no_color=True, color_system=None))
    return text.getvalue().removesuffix("\n")


def show(report: Report, console: Console) -> None:
    """Prints what ran, tables, the first divergence, and last, where one looks, the verdict."""
    for text, style in _lines(report, max(console.width, NARROWEST)):
        console.print(Text(text, style=style), soft_wrap=True, highlight=False)


def _lines(report: Report, width: int) -> Iterator[Styled]:
    for name, value in facts(report).items():
        yield from _wrapped(f"{name}: {shortened(value, LONGEST)}", width, "dim")
    for table in _tables(report):
        yield "", ""
        yield from _table(table, width)
    yield "", ""
    yield from _wrapped(legend(report), width, "dim")
    if first_divergence(report) != report.reason:
        yield from _wrapped(f"first divergence: {first_divergence(report)}", width)
    for note in notes(report):
        yield from _wrapped(f"note: {note}", width)
    yield "", ""
    verdict = f"verdict: {headline(report)}"
    yield from _wrapped(verdict, width, f"bold {COLOURS[report.verdict]}")
    yield from _wrapped(f"  {report.reason}", width)


def _tables(report: Report) -> Iterator[Table]:
    yield from tables.measured(report)
    if report.layers and not report.ok:
        yield tables.layers(report)
    for table in (tables.history(report), tables.results(report)):
        if table.rows:
            yield table


def _table(table: Table, width: int) -> Iterator[Styled]:
    title = f"{table.title} ({table.note})" if table.note else table.title
    yield from _wrapped(title, width, "bold")
    for place, (line, marked) in enumerate(lines(table, width)):
        yield line, "bold red" if marked else "dim" if place < 1 else ""


def _wrapped(text: str, width: int, style: str = "") -> Iterator[Styled]:
    """Text in lines, the later ones moved in."""
    start = text[: len(text) - len(text.lstrip())]
    yield from ((line, style) for line in wrapped(text, width, indent=start or "  "))
