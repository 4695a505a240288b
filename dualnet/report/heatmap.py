"""A heat map as inline SVG: rows by groups, columns, and a legend of its colours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from dualnet.report.heat import BEYOND, LEVELS, Cell
from dualnet.report.scales import spaced

__all__ = ["Group", "HeatMap", "Row"]

WIDTH, LABELS, RIGHT, BOTTOM = 720, 224, 14, 34
#: Height of a row, and of the heading of a group.
HEIGHT, HEADING = 15, 22
#: Characters of a row's label; the whole of it is in its title.
LONGEST = 36
#: A column is not wider than this.
WIDEST = 28


@dataclass(frozen=True)
class Row:
    """A named row, with a cell for every column; ``None`` where there is nothing."""

    name: str
    cells: Sequence[Cell | None]


@dataclass(frozen=True)
class Group:
    """Rows under one heading."""

    name: str
    rows: Sequence[Row]


@dataclass(frozen=True)
class HeatMap:
    """Groups of rows over common columns."""

    title: str
    columns: Sequence[str]
    across: str
    groups: Sequence[Group]

    def svg(self) -> str:
        """A figure with its legend."""
        bottom = sum(HEADING + HEIGHT * len(group.rows) for group in self.groups)
        height = bottom + BOTTOM
        body = "".join([*self._rows(), *self._columns(bottom)])
        return (
            f"<figure><figcaption>{escape(self.title)}</figcaption>{legend()}"
            f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(self.title)}">'
            f"{body}</svg></figure>"
        )

    @property
    def _size(self) -> float:
        return min((WIDTH - LABELS - RIGHT) / max(len(self.columns), 1), WIDEST)

    def _rows(self) -> Iterator[str]:
        y = 0
        for group in self.groups:
            yield f'<text class="group" x="0" y="{y + HEADING - 6}">{escape(group.name)}</text>'
            y += HEADING
            for row in group.rows:
                yield from self._row(row, y)
                y += HEIGHT

    def _row(self, row: Row, y: int) -> Iterator[str]:
        yield (
            f'<text class="row" x="{LABELS - 6}" y="{y + 11}" text-anchor="end">'
            f"{escape(_middle_out(row.name))}<title>{escape(row.name)}</title></text>"
        )
        for place, cell in enumerate(row.cells):
            if cell is not None:
                yield _square(cell, LABELS + place * self._size, y, self._size)

    def _columns(self, y: int) -> Iterator[str]:
        places = (LABELS + (place + 0.5) * self._size for place in range(len(self.columns)))
        for x, name in spaced(zip(places, self.columns, strict=True)):
            yield f'<text x="{x:.1f}" y="{y + 13}" text-anchor="middle">{escape(name)}</text>'
        middle = LABELS + len(self.columns) * self._size / 2
        across = escape(self.across)
        yield f'<text x="{middle:.1f}" y="{y + 28}" text-anchor="middle">{across}</text>'


def legend() -> str:
    """What the colours mean."""
    keys = "".join(
        f'<span class="key"><svg viewBox="0 0 26 10" aria-hidden="true">'
        f"{_square(Cell(level, ''), 6, 0, 14, 10)}</svg>{escape(name)}</span>"
        for level, (_, name) in enumerate(LEVELS)
    )
    return f'<div class="soft">relative distance, as a part of its gate:{keys}</div>'


def _square(cell: Cell, x: float, y: float, width: float, height: int = HEIGHT) -> str:
    """A coloured square; one beyond its gate also has a cross."""
    title = f"<title>{escape(cell.title)}</title>" if cell.title else ""
    drawn = (
        f'<rect class="heat h{cell.level}" x="{x:.1f}" y="{y}" width="{width:.1f}" '
        f'height="{height}">{title}</rect>'
    )
    if cell.level < BEYOND:
        return drawn
    far = " far" if cell.level >= BEYOND + 2 else ""
    middle, base = x + width / 2, y + height / 2 + 4
    return (
        f'{drawn}<text class="cross{far}" x="{middle:.1f}" y="{base:.1f}" text-anchor="middle" '
        f'pointer-events="none">×</text>'
    )


def _middle_out(name: str) -> str:
    """A long name without its middle."""
    if len(name) <= LONGEST:
        return name
    half = (LONGEST - 1) // 2
    return f"{name[:half]}…{name[-half:]}"
