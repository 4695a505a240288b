"""Confidence intervals, one below the other, as inline SVG."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from html import escape

from dualnet.parity.studies.statistics import Spread
from dualnet.report.wording import number

__all__ = ["STYLE", "intervals"]

WIDTH, ROW = 640, 40
EDGE = 16
#: Room below the rows for the numbers of the axis.
AXIS = 24

STYLE = """
.whisker { stroke: var(--one); stroke-width: 2; } .dot { fill: var(--one); }
.zero { stroke: var(--soft); stroke-dasharray: 3 3; }
"""


def intervals(title: str, rows: Mapping[str, Spread]) -> str:
    """A figure with a row for each name: a dot at the mean, a line over the interval.

    Zero is marked; an interval that does not hold it is a difference that seeds do not explain.
    """
    low, high = _range(rows)

    def at(value: float) -> float:
        return EDGE + (WIDTH - 2 * EDGE) * (value - low) / (high - low)

    height = ROW * len(rows) + AXIS
    body, zero = [], f'x1="{at(0):.1f}" x2="{at(0):.1f}"'
    for place, (name, found) in enumerate(rows.items()):
        y = ROW * place
        body.append(f'<line class="zero" {zero} y1="{y + 18}" y2="{y + 34}"/>')
        body.append(f'<text x="{EDGE}" y="{y + 14}">{escape(name)}: {escape(_told(found))}</text>')
        if math.isfinite(found.mean):
            body += _drawn(at(found.mean), [at(end) for end in _ends(found)], y + 26)
    for value, anchor in ((low, "start"), (high, "end")):
        spot = f'x="{at(value):.1f}" y="{height - 6}" text-anchor="{anchor}"'
        body.append(f"<text {spot}>{number(value)}</text>")
    return (
        f"<figure><figcaption>{escape(title)}</figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">'
        f"{''.join(body)}</svg></figure>"
    )


def _range(rows: Mapping[str, Spread]) -> tuple[float, float]:
    """From the lowest to the highest end, zero between them."""
    ends = [0.0, *(end for found in rows.values() for end in (found.mean, *_ends(found)))]
    finite = [end for end in ends if math.isfinite(end)]
    low, high = min(finite), max(finite)
    return (low, high) if low < high else (-1.0, 1.0)


def _ends(found: Spread) -> tuple[float, ...]:
    ends = found.interval or ()
    return ends if all(math.isfinite(end) for end in ends) else ()


def _drawn(mean: float, ends: list[float], y: int) -> Iterator[str]:
    if ends:
        yield f'<line class="whisker" x1="{ends[0]:.1f}" x2="{ends[1]:.1f}" y1="{y}" y2="{y}"/>'
    yield f'<circle class="dot" cx="{mean:.1f}" cy="{y}" r="4"/>'


def _told(found: Spread) -> str:
    margin = "" if found.margin is None else f" ± {number(found.margin)}"
    return f"{number(found.mean)}{margin} (n = {found.n})"
