"""Results as text for a terminal or a log."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from dualnet.bench.results import Results
from dualnet.bench.tables import LEGEND, facts, notes, tables
from dualnet.report.layout import lines, wrapped
from dualnet.report.text import NARROWEST

__all__ = ["show"]


def show(results: Results, console: Console) -> None:
    """Prints what was measured, the tables, and what is to be said of them."""
    for text, style in _lines(results, max(console.width, NARROWEST)):
        console.print(Text(text, style=style), highlight=False, soft_wrap=True)


def _lines(results: Results, width: int) -> Iterator[tuple[str, str]]:
    for name, value in facts(results).items():
        yield from _wrapped(f"{name}: {value}", width, "dim")
    for table in tables(results):
        yield "", ""
        yield from _wrapped(f"{table.title} ({table.note})", width, "bold")
        for place, (line, _) in enumerate(lines(table, width)):
            yield line, "dim" if place < 1 else ""
    yield "", ""
    yield from _wrapped(LEGEND, width, "dim")
    for note in notes(results):
        yield from _wrapped(f"note: {note}", width, "yellow")


def _wrapped(text: str, width: int, style: str) -> Iterator[tuple[str, str]]:
    return ((line, style) for line in wrapped(text, width, indent="  "))
