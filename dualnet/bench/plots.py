"""How far the contestants are from the native loop, as inline SVG."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from html import escape

from dualnet.bench.figures import Spread

__all__ = ["STYLE", "ratios"]

WIDTH, LINE = 720, 17
#: Where the axis begins and ends; names of rows are before it.
BEGIN, END = 230, WIDTH - 60
#: Room between two groups, and below the rows for the numbers of the axis.
GAP, AXIS = 10, 24
#: Of the style sheet, one for each name in its turn.
COLOURS = ("one", "two", "three", "four")
#: What the axis holds at least, so that a small difference looks small.
LEAST = [0.5, 2.0]
#: Ratios that are marked where the axis reaches so far.
TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10)

STYLE = """
.native { stroke: var(--soft); stroke-dasharray: 3 3; }
""" + "".join(
    f".bar-{name} {{ stroke: var(--{name}); fill: var(--{name}); stroke-width: 2; }}\n"
    for name in COLOURS
)

#: Group to row to what is drawn.
Groups = Mapping[str, Mapping[str, Spread]]


def ratios(title: str, groups: Groups) -> str:
    """A figure of ratios on a logarithmic axis: a dot at the median, a line over the range.

    The native loop, 1, is a dashed line; equal names of rows have equal colours.
    """
    names = list(dict.fromkeys(name for rows in groups.values() for name in rows))
    height = sum(LINE * len(rows) + GAP for rows in groups.values()) + AXIS
    body = "".join(_body(groups, names, height))
    return (
        f"<figure><figcaption>{escape(title)}</figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">'
        f"{body}</svg></figure>"
    )


def _body(groups: Groups, names: list[str], height: int) -> Iterator[str]:
    ends = [end for rows in groups.values() for s in rows.values() for end in (s.low, s.high)]
    low, high = math.log(min(ends + LEAST) * 0.95), math.log(max(ends + LEAST) * 1.05)

    def at(value: float) -> float:
        return BEGIN + (END - BEGIN) * (math.log(value) - low) / (high - low)

    for tick in TICKS:
        if low <= math.log(tick) <= high:
            yield from _tick(at(tick), tick, height)
    y = LINE / 2
    for group, rows in groups.items():
        yield f'<text class="group" x="0" y="{y + 4:.1f}">{escape(group)}</text>'
        for name, found in rows.items():
            colour = f"bar-{COLOURS[names.index(name) % len(COLOURS)]}"
            places = (at(found.low), at(found.median), at(found.high))
            yield from _row(name, found, places, y, colour)
            y += LINE
        y += GAP


def _tick(x: float, value: float, height: int) -> Iterator[str]:
    kind = "native" if value == 1 else "grid"
    yield f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{height - AXIS + 4}"/>'
    yield f'<text x="{x:.1f}" y="{height - 6}" text-anchor="middle">{value:g}×</text>'


def _row(
    name: str, found: Spread, places: tuple[float, float, float], y: float, colour: str
) -> Iterator[str]:
    low, middle, high = places
    yield f'<text x="{BEGIN - 10}" y="{y + 4:.1f}" text-anchor="end">{escape(name)}</text>'
    yield f'<g class="{colour}"><line x1="{low:.1f}" x2="{high:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
    yield f'<circle cx="{middle:.1f}" cy="{y:.1f}" r="3.5"/></g>'
    yield f'<text x="{END + 8}" y="{y + 4:.1f}">{found.median:.2f}×</text>'
