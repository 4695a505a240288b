"""Results as tables of text."""

from __future__ import annotations

from collections.abc import Iterator

from dualnet.bench.contestants import CONTESTANTS
from dualnet.bench.figures import FIGURES, Figure, Spread
from dualnet.bench.results import Results
from dualnet.report.tables import Table
from dualnet.report.wording import NONE

__all__ = ["LEGEND", "facts", "notes", "tables"]

#: What a cell says.
LEGEND = "median ± half the range of the rounds; × or +: ratio or difference to native, by round"


def tables(results: Results) -> Iterator[Table]:
    """A table of each figure on each backend: a row per workload, a column per family."""
    for figure in FIGURES:
        for backend, families in results.backends():
            rows = tuple(_rows(results, figure, backend, families))
            if rows:
                kind = "more" if figure.more_is_better else "less"
                yield Table(
                    f"{figure.title} on {backend}",
                    ("workload", *families),
                    rows,
                    note=f"{kind} is better",
                )


def _rows(
    results: Results, figure: Figure, backend: str, families: tuple[str, ...]
) -> Iterator[tuple[str, ...]]:
    for workload in results.workloads:
        cells = [_cell(results, figure, workload, backend, family) for family in families]
        if any(cell != NONE for cell in cells):
            yield (workload, *cells)
            if figure.everywhere:
                return


def _cell(results: Results, figure: Figure, workload: str, backend: str, family: str) -> str:
    found = results.spread(figure, workload, backend, family)
    if found is None:
        return NONE
    text = f"{found.median:.{figure.places}f} ±{found.relative:.0%}"
    compared = results.beside_native(figure, workload, backend, family)
    return text if compared is None else f"{text} {_compared(figure, compared)}"


def _compared(figure: Figure, found: Spread) -> str:
    if figure.differs:
        return f"{found.median:+.{figure.places}f}"
    return f"{found.median:.2f}×"


def facts(results: Results) -> dict[str, str]:
    """What was measured, and where."""
    sizes = {
        name: ", ".join(f"{field} {value}" for field, value in fields.items() if field != "name")
        for name, fields in results.workloads.items()
    }
    environment = ", ".join(f"{name} {value}" for name, value in results.environment.items())
    return {"rounds": str(results.rounds), **sizes, "environment": environment}


def notes(results: Results) -> Iterator[str]:
    """What was left out, has failed, or is not the same."""
    if results.unfinished:
        yield f"interrupted before the last {results.unfinished} measurements"
    for name, needs in results.missing.items():
        yield f"{name} is left out: {' and '.join(needs)} not installed; {_cure(name)}"
    for (workload, contestant), error in results.failures().items():
        yield f"{contestant} has failed at {workload}: {error}"
    for workload, counts in results.unequal().items():
        told = ", ".join(f"{name} {count}" for name, count in counts.items())
        yield f"{workload} has not as many parameters everywhere: {told}"


def _cure(name: str) -> str:
    """How a contestant's packages are installed."""
    contestant = CONTESTANTS[name]
    extra = contestant.backend if contestant.needs == (contestant.backend,) else "bench"
    return f"pip install 'dualnet[{extra}]'"
