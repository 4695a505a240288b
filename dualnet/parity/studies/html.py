"""The report of a study as one self-contained page: no script, no font, no request to anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from os import PathLike

from dualnet.parity.studies.intervals import STYLE as INTERVALS
from dualnet.parity.studies.intervals import intervals
from dualnet.parity.studies.tables import FAILED, Names, facts, headline, standing, tables
from dualnet.parity.studies.values import Cell, StudyReport
from dualnet.report.html import listed, page, titled
from dualnet.report.saving import write_text

__all__ = ["html", "write_html"]

STYLE = """
.failed { border-color: #7f1d1d; }
.map td.cell { text-align: center; } .map td.cell { border-left: .4rem solid; padding-left: .4rem; }
.map td.identical, .map td.agree { border-color: #15803d; } .map td.noise { border-color: #b45309; }
.map td.diverged, .map td.failed { border-color: #b91c1c; }
"""


def write_html(report: StudyReport, path: str | PathLike[str]) -> None:
    """Writes the page to a file.

    Raises:
        ReportError: it cannot be written.
    """
    write_text(path, html(report))


def html(report: StudyReport) -> str:
    """The page."""
    parts = [
        f'<div class="verdict {standing(report)}"><h1>{escape(headline(report))}</h1></div>',
        listed(facts(report)),
        *(f"<p>{escape(note)}</p>" for note in report.notes),
        _map(report),
        *_plots(report),
        *map(titled, tables(report)),
        f"<h2>environment</h2>{listed(report.environment)}",
    ]
    return page(f"dualnet study: {standing(report)}", parts, STYLE + INTERVALS)


def _map(report: StudyReport) -> str:
    """Every verdict at a glance: a row for each entry of the summary, a column for each seed."""
    names = Names.of(report)
    seeds = dict.fromkeys(cell.seed for cell in report.cells)
    rows: dict[str, str] = {}
    for cell in report.cells:
        rows[names(cell)] = rows.get(names(cell), "") + _square(cell)
    head = "".join(f"<th>seed {seed}</th>" for seed in seeds)
    body = "".join(
        f'<tr><td class="words">{escape(name)}</td>{squares}</tr>' for name, squares in rows.items()
    )
    return f'<h2>verdict by seed</h2><table class="map"><tr><th></th>{head}</tr>{body}</table>'


def _square(cell: Cell) -> str:
    verdict = cell.verdict or FAILED
    told = cell.error or cell.reason
    return f'<td class="cell {verdict}" title="{escape(told)}">{verdict}</td>'


def _plots(report: StudyReport) -> Iterator[str]:
    """For each measure the differences between the backends, with their intervals."""
    names, summary = Names.of(report), report.summary
    measures = dict.fromkeys(measure.name for each in summary for measure in each.measures)
    for name in measures:
        rows = {
            names(each): measure.difference
            for each in summary
            for measure in each.measures
            if measure.name == name
        }
        title = f"{name}: second backend less first, mean and 95 % interval over the seeds"
        yield intervals(title, rows)
