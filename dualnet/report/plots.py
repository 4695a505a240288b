"""Line plots as inline SVG: small, self-contained, readable in light and dark."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

__all__ = ["Band", "Line", "plot"]

WIDTH, HEIGHT = 640, 280
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 16, 36
#: A distance of zero has no place on a logarithmic axis; it is drawn at the lower edge.
FLOOR = 1e-18
TICKS = 5

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Line:
    """A named series; ``style`` is a class of the page's style sheet."""

    name: str
    points: Points
    style: str


@dataclass(frozen=True)
class Band:
    """The area between a series and the axis."""

    name: str
    points: Points


@dataclass(frozen=True)
class _Frame:
    """Where numbers lie on the page."""

    low: float
    high: float
    last: float
    log: bool

    def x(self, value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * value / max(self.last, 1.0)

    def y(self, value: float) -> float:
        low, high, at = (self.scaled(v) for v in (self.low, self.high, value))
        part = min(max((at - low) / (high - low), 0.0), 1.0)
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * part

    def scaled(self, value: float) -> float:
        return math.log10(max(value, FLOOR)) if self.log else value


def plot(
    title: str, lines: Sequence[Line], *, bands: Sequence[Band] = (), log: bool, across: str
) -> str:
    """An SVG element with its legend.

    Args:
        log: whether the vertical axis is logarithmic.
        across: what the horizontal axis counts.
    """
    series = [each.points for each in lines] + [each.points for each in bands]
    frame = _frame([point for points in series for point in points], log)
    shapes = [_band(band, frame) for band in bands]
    shapes += [_line(line, frame) for line in lines]
    body = "".join([*_axes(frame, across), *shapes])
    keys = [f'<span class="key band">{escape(band.name)}</span>' for band in bands]
    keys += [f'<span class="key {line.style}">{escape(line.name)}</span>' for line in lines]
    return (
        f"<figure><figcaption>{escape(title)} {' '.join(keys)}</figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{body}</svg>'
        "</figure>"
    )


def _frame(points: Points, log: bool) -> _Frame:
    values = [y for _, y in points if math.isfinite(y) and (y > 0 or not log)] or [1.0]
    low, high = min(values), max(values)
    if log:
        low, high = 10.0 ** math.floor(math.log10(low)), 10.0 ** math.ceil(math.log10(high))
    if not low < high:
        low, high = (low / 10, high * 10) if log else (low - 1.0, high + 1.0)
    return _Frame(low, high, max((x for x, _ in points), default=1.0), log)


def _line(line: Line, frame: _Frame) -> str:
    drawn = "".join(f'<polyline points="{run}"/>' for run in _runs(line.points, frame))
    return f'<g class="line {line.style}">{drawn}</g>'


def _band(band: Band, frame: _Frame) -> str:
    finite = [(x, y) for x, y in band.points if math.isfinite(y)]
    if not finite:
        return ""
    base = HEIGHT - BOTTOM
    edge = " ".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in finite)
    start, end = frame.x(finite[0][0]), frame.x(finite[-1][0])
    return f'<polygon class="band" points="{start:.1f},{base} {edge} {end:.1f},{base}"/>'


def _runs(points: Points, frame: _Frame) -> Iterator[str]:
    """Coordinates of the stretches without NaN; infinity is drawn at the upper edge."""
    run: list[str] = []
    for x, y in points:
        if math.isnan(y):
            if run:
                yield " ".join(run)
            run = []
            continue
        run.append(f"{frame.x(x):.1f},{frame.y(min(y, frame.high)):.1f}")
    if run:
        yield " ".join(run)


def _axes(frame: _Frame, across: str) -> Iterator[str]:
    for value in _ticks(frame):
        y = frame.y(value)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.3g}</text>'
    for part in (0.0, 0.5, 1.0):
        at = round(frame.last * part)
        anchor = "end" if part == 1.0 else "middle"
        yield f'<text x="{frame.x(at):.1f}" y="{HEIGHT - 18}" text-anchor="{anchor}">{at}</text>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield f'<text x="{middle}" y="{HEIGHT - 4}" text-anchor="middle">{escape(across)}</text>'


def _ticks(frame: _Frame) -> Iterator[float]:
    if not frame.log:
        for k in range(TICKS):
            yield frame.low + (frame.high - frame.low) * k / (TICKS - 1)
        return
    first, last = round(math.log10(frame.low)), round(math.log10(frame.high))
    for power in range(first, last + 1, max(1, (last - first) // TICKS)):
        yield 10.0**power
