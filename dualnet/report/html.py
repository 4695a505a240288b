"""A report as one self-contained page: no script, no font, no request to anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from os import PathLike
from pathlib import Path

from dualnet.report import tables
from dualnet.report.plots import Band, Line, plot
from dualnet.report.values import Report

__all__ = ["html", "write_html"]

STYLE = """
:root { color-scheme: light dark; --fore: #1d2330; --back: #fff; --soft: #6b7280; --grid: #e5e7eb;
  --one: #1d4ed8; --two: #c2410c; --three: #6b7280; --band: #9ca3af40; }
@media (prefers-color-scheme: dark) { :root { --fore: #e5e7eb; --back: #12151c; --soft: #9ca3af;
  --grid: #2b303b; --one: #7aa2ff; --two: #fb923c; --three: #9ca3af; --band: #9ca3af30; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--fore); background: var(--back);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1rem; margin: 1.6rem 0 .3rem; }
.verdict { border-left: .5rem solid; padding: .6rem 1rem; margin-bottom: 1rem; }
.identical, .agree { border-color: #15803d; } .noise { border-color: #b45309; }
.diverged { border-color: #b91c1c; }
table { border-collapse: collapse; } td, th { padding: .15rem .8rem .15rem 0; text-align: right; }
th { color: var(--soft); font-weight: 500; } td:first-child, th:first-child { text-align: left; }
td { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
tr { border-top: 1px solid var(--grid); }
figure { margin: 1rem 0; } figcaption { font-weight: 600; } svg { width: 100%; height: auto; }
svg text { font: 11px system-ui, sans-serif; fill: var(--soft); } .grid { stroke: var(--grid); }
.line polyline { fill: none; stroke-width: 1.8; } .one polyline { stroke: var(--one); }
.two polyline { stroke: var(--two); stroke-dasharray: 6 4; }
.three polyline { stroke: var(--three); stroke-dasharray: 2 3; } .band { fill: var(--band); }
.key { font-weight: 400; font-size: .85rem; margin-left: .8rem; border-bottom: 3px solid; }
.key.one { border-color: var(--one); } .key.two { border-color: var(--two); }
.key.three { border-color: var(--three); } .key.band { border-color: var(--band); }
"""


def write_html(report: Report, path: str | PathLike[str]) -> None:
    """Writes the page to a file."""
    Path(path).write_text(html(report), encoding="utf-8")


def html(report: Report) -> str:
    """The page."""
    first = "none" if report.first is None else str(report.first)
    parts = [
        f'<div class="verdict {report.verdict}"><h1>{escape(tables.headline(report))}</h1>',
        f"<p>{escape(report.reason)}</p><p>First divergence: {escape(first)}</p></div>",
        _list(tables.facts(report)),
        *(f"<p>{escape(note)}</p>" for note in tables.notes(report)),
        *_plots(report),
        *(_table(table) for table in tables.tables(report)),
        f"<h2>environment</h2>{_list(report.environment)}",
    ]
    title = f"dualnet: {report.verdict}"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body>{''.join(parts)}</body></html>\n"
    )


def _list(pairs: Mapping[str, str]) -> str:
    rows = "".join(f"<tr><td>{escape(k)}</td><td>{escape(v)}</td></tr>" for k, v in pairs.items())
    return f"<table>{rows}</table>"


def _table(table: tables.Table) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in table.columns)
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in table.rows
    )
    return f"<h2>{escape(table.title)}</h2><table><tr>{head}</tr>{rows}</table>"


def _plots(report: Report) -> list[str]:
    """Both losses overlaid; the distance of the weights over the steps, with the control."""
    if not report.practice.free_run:
        return []
    losses = [
        Line(label, [(row.step, row.loss[label]) for row in report.practice.free_run], style)
        for label, style in zip(report.practice.free_run[0].loss, ("one", "two"), strict=True)
    ]
    bound = Line(
        "bound of rounding", [(row.step, row.bound) for row in report.practice.free_run], "three"
    )
    return [
        plot("loss", losses, log=False, across="step"),
        *(_distances(report, phase, bound) for phase in ("weights", "loss", "gradient")),
    ]


def _distances(report: Report, phase: str, bound: Line) -> str:
    cross = [(row.step, row.cross[phase].relative) for row in report.practice.free_run]
    control = [(row.step, row.control[phase].relative) for row in report.practice.free_run]
    lines = [Line("between the backends", cross, "one")]
    bounds = [] if phase == "gradient" else [bound]
    return plot(
        f"distance of {phase}, relative",
        [*lines, *bounds],
        bands=[Band("control: one ulp in the first weights", control)],
        log=True,
        across="step",
    )
