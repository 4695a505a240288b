"""Line plots as inline SVG: small, self-contained, readable in light, dark and grey."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import TypeAlias

from dualnet.report.scales import Axis, StepAxis, Steps, linear, logarithmic

__all__ = ["Band", "Level", "Line", "Mark", "Plot", "Points"]

LEFT, RIGHT, TOP, BOTTOM = 52, 12, 14, 34
#: More points than this are a line without dots.
DOTTED = 80
#: Height of a line of text.
TEXT = 13

Points: TypeAlias = Sequence[tuple[int, float]]


@dataclass(frozen=True)
class Line:
    """A named series; ``style`` is a class of the page's style sheet."""

    name: str
    points: Points
    style: str


@dataclass(frozen=True)
class Band:
    """The area between two series, given as ``(step, lower, upper)``."""

    name: str
    points: Sequence[tuple[int, float, float]]
    style: str


@dataclass(frozen=True)
class Level:
    """A value that holds for every step."""

    name: str
    value: float


@dataclass(frozen=True)
class Mark:
    """A step at which something happened."""

    name: str
    step: int
    style: str


@dataclass(frozen=True)
class Plot:
    """Series over training steps.

    Attributes:
        log: whether the vertical axis is logarithmic.
        axis: of the steps, from its two ends; those of a run if not given.
        joined: whether steps that do not follow each other are joined by a line.
        size: width and height.
    """

    title: str
    lines: Sequence[Line]
    bands: Sequence[Band] = ()
    levels: Sequence[Level] = ()
    marks: Sequence[Mark] = ()
    log: bool = True
    axis: Callable[[float, float], StepAxis] | None = None
    joined: bool = True
    size: tuple[int, int] = (720, 300)

    def svg(self) -> str:
        """A figure with its legend."""
        body = "".join(_Drawing.of(self).parts())
        return (
            f"<figure><figcaption>{escape(self.title)}{self._legend()}</figcaption>"
            f'<svg viewBox="0 0 {self.size[0]} {self.size[1]}" role="img" '
            f'aria-label="{escape(self.title)}">{body}</svg></figure>'
        )

    def _legend(self) -> str:
        samples = [
            (
                band.name,
                f'<rect class="band {band.style}" width="26" height="10"/>',
            )
            for band in self.bands
        ]
        samples += [
            (
                line.name,
                f'<g class="line {line.style}"><polyline points="0,5 26,5"/></g>',
            )
            for line in self.lines
        ]
        return "".join(
            f'<span class="key"><svg viewBox="0 0 26 10" aria-hidden="true">{sample}</svg>'
            f"{escape(name)}</span>"
            for name, sample in samples
        )


@dataclass(frozen=True)
class _Drawing:
    """A plot and its axes."""

    plot: Plot
    x: StepAxis
    y: Axis

    @classmethod
    def of(cls, plot: Plot) -> _Drawing:
        """The drawing whose axes hold everything in the plot."""
        steps = [step for line in plot.lines for step, _ in line.points]
        values = [value for line in plot.lines for _, value in line.points]
        values += [upper for band in plot.bands for _, _, upper in band.points]
        values += [level.value for level in plot.levels]
        scale = logarithmic if plot.log else linear
        x = plot.axis or (lambda begin, end: Steps(max(steps, default=1), begin, end))
        return cls(plot, x(LEFT, plot.size[0] - RIGHT), scale(values, plot.size[1] - BOTTOM, TOP))

    def parts(self) -> Iterator[str]:
        """Everything drawn, from the back to the front."""
        yield from self._axes()
        for band in self.plot.bands:
            yield from self._band(band)
        yield from self._levels()
        for place, mark in enumerate(self.plot.marks):
            yield self._mark(mark, place)
        for line in self.plot.lines:
            yield from self._line(line)

    def _axes(self) -> Iterator[str]:
        width, bottom = self.plot.size[0], self.plot.size[1] - BOTTOM
        for y, label in self.y.ticks():
            yield f'<line class="grid" x1="{LEFT}" x2="{width - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            yield _text(LEFT - 6, y + 4, label, "end")
        for x, label in self.x.ticks():
            yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{bottom}" y2="{bottom + 4}"/>'
            yield _text(min(x, width - 4 * len(label)), bottom + 16, label, "middle")
        yield _text((LEFT + width - RIGHT) / 2, self.plot.size[1] - 4, self.x.title, "middle")

    def _levels(self) -> Iterator[str]:
        width = self.plot.size[0]
        for level in self.plot.levels:
            y = self.y.at(level.value)
            yield (
                f'<line class="level" x1="{LEFT}" x2="{width - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            )
            yield f'<g class="level">{_text(width - RIGHT - 4, y - 4, level.name, "end")}</g>'

    def _mark(self, mark: Mark, place: int) -> str:
        x, bottom = self.x.at(mark.step), self.plot.size[1] - BOTTOM
        right = x > self.plot.size[0] / 2
        label = _text(
            x - 5 if right else x + 5,
            TOP + TEXT * (place + 1) - 4,
            mark.name,
            "end" if right else "start",
        )
        return (
            f'<g class="mark {mark.style}">'
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{bottom}"/>{label}</g>'
        )

    def _line(self, line: Line) -> Iterator[str]:
        yield f'<g class="line {line.style}"><title>{escape(line.name)}</title>'
        for run in _runs(line.points, self.plot.joined):
            places = [(self.x.at(step), self.y.at(value)) for step, value in run]
            yield f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in places)}"/>'
            if len(line.points) <= DOTTED:
                yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.9"/>' for x, y in places)
        yield "</g>"

    def _band(self, band: Band) -> Iterator[str]:
        known = [point for point in band.points if not any(map(math.isnan, point))]
        if not known:
            return
        upper = [f"{self.x.at(step):.1f},{self.y.at(high):.1f}" for step, _, high in known]
        lower = [f"{self.x.at(step):.1f},{self.y.at(low):.1f}" for step, low, _ in reversed(known)]
        yield (
            f'<polygon class="band {band.style}" points="{" ".join(upper + lower)}">'
            f"<title>{escape(band.name)}</title></polygon>"
        )


def _text(x: float, y: float, label: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(label)}</text>'


def _runs(points: Points, joined: bool) -> Iterator[list[tuple[int, float]]]:
    """The stretches without NaN, which has no place, and without gaps unless they are joined."""
    run: list[tuple[int, float]] = []
    for step, value in points:
        apart = bool(run) and not joined and step != run[-1][0] + 1
        if run and (math.isnan(value) or apart):
            yield run
            run = []
        if not math.isnan(value):
            run.append((step, value))
    if run:
        yield run
