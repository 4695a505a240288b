"""Results as one self-contained page: no script, no font, no request to anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from os import PathLike

from dualnet.bench.contestants import NATIVE
from dualnet.bench.figures import FIGURES, Figure, Spread
from dualnet.bench.plots import STYLE, ratios
from dualnet.bench.results import Results
from dualnet.bench.tables import LEGEND, facts, notes, tables
from dualnet.report.html import listed, page, titled
from dualnet.report.saving import write_text

__all__ = ["html", "write_html"]


def write_html(results: Results, path: str | PathLike[str]) -> None:
    """Writes the page to a file.

    Raises:
        ReportError: it cannot be written.
    """
    write_text(path, html(results))


def html(results: Results) -> str:
    """The page: plots of the ratios to the native loops, and the tables."""
    parts = [
        "<h1>dualnet bench</h1>",
        *(f"<p>{escape(note)}</p>" for note in notes(results)),
        *_plots(results),
        *map(titled, tables(results)),
        f'<p class="soft">{escape(LEGEND)}</p>',
        f"<h2>What was measured</h2>{listed(facts(results))}",
    ]
    return page("dualnet bench", parts, STYLE)


def _plots(results: Results) -> Iterator[str]:
    """For each figure that is compared by ratio, and each backend, a plot."""
    for figure in FIGURES:
        if figure.differs:
            continue
        for backend, families in results.backends():
            groups = {
                workload: rows
                for workload in results.workloads
                if (rows := _rows(results, figure, workload, backend, families))
            }
            if groups:
                kind = "more" if figure.more_is_better else "less"
                title = f"{figure.title} on {backend}, ratio to native; {kind} is better"
                yield ratios(title, groups)


def _rows(
    results: Results, figure: Figure, workload: str, backend: str, families: tuple[str, ...]
) -> dict[str, Spread]:
    found = {
        family: results.beside_native(figure, workload, backend, family)
        for family in families
        if family != NATIVE
    }
    return {family: ratio for family, ratio in found.items() if ratio is not None}
