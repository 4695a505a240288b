"""A table as lines of text that fit a width, without blanks at their ends."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from rich.cells import cell_len

from dualnet.report.tables import Table
from dualnet.report.wording import MARK

__all__ = ["lines", "wrapped"]

#: Between two columns.
GAP = "  "
#: A column of words is not made narrower than this.
NARROWEST = 16

Cells = Sequence[str]


def lines(table: Table, width: int) -> Iterator[tuple[str, bool]]:
    """The lines, the head first, each with whether it is of a marked row.

    The widest column of words is folded where it must be; where that is not enough, every
    row is a short list.
    """
    rows = [_marked(row, place in table.marked) for place, row in enumerate(table.rows)]
    widths = _widths([table.columns, *rows], table.words, width)
    if widths is None:
        yield from _stacked(table, rows, width)
        return
    for place, row in enumerate([table.columns, *rows]):
        for line in _folded(row, widths, table.words):
            yield line, place - 1 in table.marked
        if place == 0:
            yield "─" * (sum(widths) + len(GAP) * (len(widths) - 1)), False


def _marked(row: Cells, marked: bool) -> Cells:
    return (f"{row[0]} {MARK}", *row[1:]) if marked else row


def _widths(rows: Sequence[Cells], words: Sequence[int], width: int) -> list[int] | None:
    """The width of every column; ``None`` where they cannot stand side by side."""
    found = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    over = sum(found) + len(GAP) * (len(found) - 1) - width
    if over <= 0:
        return found
    widest = max(words, key=lambda place: found[place])
    if found[widest] - over < min(NARROWEST, found[widest]):
        return None
    found[widest] -= over
    return found


def _folded(row: Cells, widths: Sequence[int], words: Sequence[int]) -> Iterator[str]:
    """A row, on several lines where a cell is wider than its column."""
    cells = [wrapped(cell, size) for cell, size in zip(row, widths, strict=True)]
    for parts in zip_longest(*cells, fillvalue=""):
        placed = (
            part + _blank(part, size) if place in words else _blank(part, size) + part
            for place, (part, size) in enumerate(zip(parts, widths, strict=True))
        )
        yield GAP.join(placed).rstrip()


def wrapped(text: str, width: int, *, indent: str = "") -> list[str]:
    """Text in lines that do not end in blanks.

    Args:
        indent: before every line but the first.
    """
    found = textwrap.wrap(text, max(width, 1), subsequent_indent=indent, break_on_hyphens=False)
    return [line.rstrip() for line in found]


def _blank(part: str, size: int) -> str:
    return " " * (size - cell_len(part))


def _stacked(table: Table, rows: Sequence[Cells], width: int) -> Iterator[tuple[str, bool]]:
    """Every row as its first cell and, below it, the names and values of the others."""
    for at, row in enumerate(rows):
        marked = at in table.marked
        yield from ((part, marked) for part in wrapped(row[0], width))
        for place in table.words[1:]:
            parts = wrapped(f"{table.columns[place]}: {row[place]}", width - len(GAP))
            yield from ((GAP + part, marked) for part in parts)
        yield from ((line, marked) for line in _pairs(table, rows, row, width))


def _pairs(table: Table, rows: Sequence[Cells], row: Cells, width: int) -> Iterator[str]:
    """Names and numbers of a row, as many on a line as have room."""
    places = [place for place in range(1, len(table.columns)) if place not in table.words]
    names = [table.columns[place] for place in places]
    room = max(map(cell_len, names), default=0)
    size = max((cell_len(each[place]) for each in rows for place in places), default=0)
    pair = room + len(GAP) + size
    if len(GAP) + pair > width:
        for name, place in zip(names, places, strict=True):
            yield f"{GAP}{name}"
            yield f"{GAP}{GAP}{row[place]}"
        return
    pairs = [
        f"{name}{_blank(name, room)}{GAP}{_blank(row[place], size)}{row[place]}"
        for name, place in zip(names, places, strict=True)
    ]
    across = max(1, (width - len(GAP) + 2 * len(GAP)) // (pair + 2 * len(GAP)))
    for start in range(0, len(pairs), across):
        yield GAP + (2 * GAP).join(pairs[start : start + across])
