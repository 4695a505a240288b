"""A report as one self-contained page: no script, no font, no request to anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from itertools import chain
from os import PathLike

from dualnet.report import figures, tables
from dualnet.report.glance import tiles
from dualnet.report.heat import level
from dualnet.report.heatmap import legend as heat_legend
from dualnet.report.measures import gates
from dualnet.report.saving import write_text
from dualnet.report.style import STYLE
from dualnet.report.tables import Table
from dualnet.report.values import LayerRow, Mode, Report
from dualnet.report.wording import (
    MARK,
    facts,
    first_divergence,
    headline,
    legend,
    notes,
    number,
    shortened,
)

__all__ = ["html", "listed", "page", "titled", "write_html"]

#: Characters of a fact that are not folded.
LONGEST = 300
SIGNS = {"identical": "✓", "agree": "✓", "noise": "≈", "diverged": "✗"}


def write_html(report: Report, path: str | PathLike[str]) -> None:
    """Writes the page to a file.

    Raises:
        ReportError: it cannot be written.
    """
    write_text(path, html(report))


def html(report: Report) -> str:
    """The page."""
    return page(f"dualnet: {headline(report)}", _parts(report))


def page(title: str, parts: Iterable[str], style: str = "") -> str:
    """A whole page of these parts; ``style`` is added to the style sheet."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}{style}</style></head>"
        f"<body>{''.join(parts)}</body></html>\n"
    )


def _parts(report: Report) -> Iterator[str]:
    yield _verdict(report)
    yield _tiles(report)
    yield from (f"<p>{escape(note)}</p>" for note in notes(report))
    yield listed(facts(report))
    modes = [_mode(report, "Proof", report.proof), _mode(report, "Practice", report.practice)]
    if report.ok:
        yield from chain(_training(report), _layers(report), *modes)
    else:  # what is broken comes first
        yield from chain(_layers(report), *modes, _training(report))
    yield f"<h2>Environment</h2>{listed(report.environment)}"


def _verdict(report: Report) -> str:
    first = first_divergence(report)
    place = "" if first == report.reason else f"<p>First divergence: {escape(first)}</p>"
    return (
        f'<div class="verdict {report.verdict}">'
        f"<h1>{SIGNS[report.verdict]} {escape(headline(report))}</h1>"
        f"<p>{escape(report.reason)}</p>{place}</div>"
    )


def _tiles(report: Report) -> str:
    shown = "".join(
        f'<div><span class="soft">{escape(tile.name)}</span><b>{escape(tile.figure)}</b>'
        f'<span class="soft">{_whole(tile.beside)}</span></div>'
        for tile in tiles(report)
    )
    return f'<div class="tiles">{shown}</div>'


def _whole(parts: Iterable[str]) -> str:
    """A list, none of whose parts is broken over two lines."""
    return " · ".join(f'<span class="whole">{escape(part)}</span>' for part in parts)


def listed(pairs: Mapping[str, str]) -> str:
    """Names and values, long ones folded."""
    rows = "".join(
        f'<tr><td class="words">{escape(name)}</td><td class="words">{_fact(value)}</td></tr>'
        for name, value in pairs.items()
    )
    return f'<table class="facts">{rows}</table>'


def _fact(value: str) -> str:
    """A text, folded where it is long."""
    start = shortened(value, LONGEST)
    if start == value:
        return escape(value)
    return f"<details><summary>{escape(start)}</summary>{escape(value)}</details>"


def _training(report: Report) -> Iterator[str]:
    """What came out: loss curves, scores, history."""
    results, history = tables.results(report), tables.history(report)
    if not (report.practice.free_run or results.rows or history.rows):
        return
    yield "<h2>Training</h2>"
    if len(report.practice.free_run) > 1:
        yield figures.losses(report).svg()
        yield from (plot.svg() for plot in figures.distances(report, report.practice))
    if results.rows:
        yield titled(results)
    if history.rows:
        yield _folded([history])


def _layers(report: Report) -> Iterator[str]:
    if report.layers:
        table = tables.layers(report)
        yield f"<h2>Layers</h2>{heat_legend()}"
        yield titled(table, _heat(report, tables.shown_layers(report)))
        yield (
            '<p class="soft">output and gradient: with what earlier layers (backwards, later ones) '
            "hand on; own: where both sides get the same input, and the same gradient from above, "
            "which is what the layer itself adds.</p>"
        )


def _heat(report: Report, rows: Iterable[LayerRow]) -> dict[tuple[int, int], tuple[str, str]]:
    """Class and title of the cells of the layers' table, by row and column."""
    known = gates(report.proof)
    found = {}
    for place, row in enumerate(rows):
        measures = (row.output, row.own_output, row.gradient, row.own_gradient)
        for column, (distance, phase) in enumerate(
            zip(measures, ("forward", "forward", "gradient", "gradient"), strict=True), start=2
        ):
            if phase in known:
                title = f"absolute {number(distance.absolute)}, ulps {number(distance.ulps)}"
                found[place, column] = (f"h{level(distance.relative, known[phase])}", title)
    return found


def _mode(report: Report, name: str, mode: Mode) -> Iterator[str]:
    """Tables and plots of a mode."""
    found = [table for table in tables.measured(report) if table.title.startswith(name.lower())]
    if not (found or mode.lock_step):
        return
    yield f"<h2>{name}: {escape(mode.dtype)}</h2>"
    yield from map(titled, found)
    yield f'<p class="soft">{escape(legend(report))}</p>'
    if len(mode.lock_step) > 1:
        yield figures.lock_step(report, mode).svg()
    if mode.lock_step:
        yield figures.heat_map(mode).svg()
    if mode is not report.practice:
        yield from (plot.svg() for plot in figures.distances(report, mode))
    rest = "".join(plot.svg() for plot in figures.others(mode))
    if rest:
        yield f'<h3>measured, not judged</h3><div class="pair">{rest}</div>'
    steps = tables.by_step(mode)
    if steps:
        yield _folded(steps)


def _folded(found: Iterable[Table]) -> str:
    return "".join(
        f"<details><summary>{escape(_title(table))}</summary>{_table(table)}</details>"
        for table in found
    )


def titled(table: Table, heat: Mapping[tuple[int, int], tuple[str, str]] | None = None) -> str:
    """A table under its title; ``heat`` has class and title of cells, by row and column."""
    return f"<h3>{escape(_title(table))}</h3>{_table(table, heat or {})}"


def _title(table: Table) -> str:
    return f"{table.title} ({table.note})" if table.note else table.title


def _table(table: Table, heat: Mapping[tuple[int, int], tuple[str, str]] | None = None) -> str:
    def cell(tag: str, column: int, text: str, kind: str = "", title: str = "") -> str:
        classes = kind or ("words" if column in table.words else "")
        named = f' class="{classes}"' if classes else ""
        told = f' title="{escape(title)}"' if title else ""
        return f"<{tag}{named}{told}>{escape(text)}</{tag}>"

    head = "".join(cell("th", place, name) for place, name in enumerate(table.columns))
    rows = []
    for at, row in enumerate(table.rows):
        marked = at in table.marked
        texts = (f"{row[0]} {MARK}", *row[1:]) if marked else row
        cells = (
            cell("td", place, text, *(heat or {}).get((at, place), ()))
            for place, text in enumerate(texts)
        )
        rows.append(f"<tr{' class=marked' if marked else ''}>{''.join(cells)}</tr>")
    named = ' class="heated"' if heat else ""
    return f'<div class="scroll"><table{named}><tr>{head}</tr>{"".join(rows)}</table></div>'
