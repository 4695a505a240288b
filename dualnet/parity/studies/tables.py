"""The tables of a study and the words above them, as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dualnet.parity.studies.statistics import Spread
from dualnet.parity.studies.summary import Measure, Summary
from dualnet.parity.studies.values import Cell, StudyReport
from dualnet.report.tables import Table
from dualnet.report.values import VERDICTS
from dualnet.report.wording import NONE, number, score

__all__ = ["FAILED", "Names", "facts", "headline", "standing", "tables"]

#: Shown as the verdict of a cell without one.
FAILED = "failed"
#: Between what belongs to the first and to the second backend.
BETWEEN = " : "


@dataclass(frozen=True)
class Names:
    """How cells and summaries are told apart: by what is not the same for all of them.

    Attributes:
        varied: the axes along which the study has more than one value.
        common: the others, with their value.
    """

    varied: tuple[str, ...]
    common: Mapping[str, str]

    @classmethod
    def of(cls, report: StudyReport) -> Names:
        """The names for one report."""
        found = {axis: {_along(cell, axis) for cell in report.cells} for axis in AXES}
        varied = tuple(axis for axis, values in found.items() if len(values) > 1)
        common = {axis: min(values) for axis, values in found.items() if len(values) == 1}
        return cls(varied, common)

    def __call__(self, found: Cell | Summary) -> str:
        """The name of a summary, and of a cell but for its seed."""
        return ", ".join([found.net, *(_along(found, axis) for axis in self.varied)])


#: Beside the network, which always is in a name, and the seed.
AXES = ("backends", "dtype", "device")


def _along(found: Cell | Summary, axis: str) -> str:
    value = getattr(found, axis)
    return value if isinstance(value, str) else BETWEEN.join(value)


def standing(report: StudyReport) -> str:
    """The worst that there is: ``"diverged"``, ``"failed"``, or the worst verdict."""
    found = [cell.verdict for cell in report.cells]
    worst = [verdict for verdict in VERDICTS if verdict in found][-1:]
    return FAILED if None in found and worst != ["diverged"] else worst[0]


def headline(report: StudyReport) -> str:
    """The study in one line."""
    worst = standing(report)
    told = "a comparison raised an error" if worst == FAILED else VERDICTS[worst]
    found = [cell.verdict or FAILED for cell in report.cells]
    counts = {verdict: found.count(verdict) for verdict in (*VERDICTS, FAILED) if verdict in found}
    return f"{worst}: {told} ({_counted(counts)} of {len(found)} cells)"


def facts(report: StudyReport) -> dict[str, str]:
    """What was studied, by name."""
    seeds = dict.fromkeys(str(cell.seed) for cell in report.cells)
    return {**report.settings, "seeds": ", ".join(seeds), **Names.of(report).common}


def tables(report: StudyReport) -> tuple[Table, ...]:
    """Every table, in reading order."""
    names = Names.of(report)
    found = (
        _verdicts(report, names),
        _scores(report, names),
        _cells(report, names),
        _wrong(report, names),
    )
    return tuple(table.narrowed() for table in found if table.rows)


def _counted(verdicts: Mapping[str, int]) -> str:
    """``3 agree, 1 noise``."""
    return ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items())


def _verdicts(report: StudyReport, names: Names) -> Table:
    """Verdicts and times, a row for each entry of the summary."""
    rows = tuple((names(each), *_overview(each)) for each in report.summary)
    columns = ("network", "verdicts", "worst", "chaotic from", f"seconds{_sides(names)}", "ratio")
    marked = tuple(at for at, each in enumerate(report.summary) if _bad(each))
    return Table("verdicts over the seeds", columns, rows, (0, 1, 2), marked)


def _bad(summary: Summary) -> bool:
    return bool(summary.failed) or summary.worst == "diverged"


def _overview(summary: Summary) -> Iterator[str]:
    failed = {FAILED: len(summary.failed)} if summary.failed else {}
    yield _counted({**summary.verdicts, **failed})
    yield summary.worst or FAILED
    yield NONE if summary.horizon is None else f"step {summary.horizon}"
    yield BETWEEN.join(f"{each.mean:.3g}" for each in summary.seconds.values()) or NONE
    yield _ratio(summary)


def _sides(names: Names) -> str:
    """Which backend stands first, where that is the same in all rows."""
    return f", {names.common['backends']}" if "backends" in names.common else ""


def _scores(report: StudyReport, names: Names) -> Table:
    """Scores over the seeds, and the difference between the backends."""
    rows = tuple(
        (names(summary), *_measure(measure))
        for summary in report.summary
        for measure in summary.measures
    )
    pair = names.common.get("backends", f"first{BETWEEN}second").split(BETWEEN)
    columns = ("network", "measure", *pair, "difference", "95 % interval")
    note = f"mean ± standard deviation over the seeds; difference: {pair[1]} less {pair[0]}"
    return Table("scores after training", columns, rows, (0, 1), note=note)


def _measure(measure: Measure) -> Iterator[str]:
    yield measure.name
    for side in measure.sides.values():
        yield _spread(side)
    yield number(measure.difference.mean)
    interval = measure.difference.interval
    yield NONE if interval is None else f"{number(interval[0])} … {number(interval[1])}"


def _spread(found: Spread) -> str:
    after = "" if found.deviation is None else f" ± {found.deviation:.2g}"
    return f"{score(found.mean)}{after}"


def _cells(report: StudyReport, names: Names) -> Table:
    """Every cell: its verdict, scores and times."""
    measures = tuple(dict.fromkeys(m.name for each in report.summary for m in each.measures))
    columns = ("network", "seed", "verdict", *measures, f"seconds{_sides(names)}", "ratio")
    rows = tuple((names(cell), *_cell(cell, measures)) for cell in report.cells)
    marked = tuple(at for at, cell in enumerate(report.cells) if _told(cell))
    return Table("cells", columns, rows, (0, 2), marked)


def _cell(cell: Cell, measures: tuple[str, ...]) -> Iterator[str]:
    yield str(cell.seed)
    yield cell.verdict or FAILED
    for name in measures:
        yield BETWEEN.join(score(side.get(name)) for side in cell.scores.values()) or NONE
    yield BETWEEN.join(f"{time:.3g}" for time in cell.seconds.values()) or NONE
    yield _ratio(cell)


def _ratio(found: Cell | Summary) -> str:
    return NONE if found.ratio is None else f"{found.ratio:.3g}"


def _wrong(report: StudyReport, names: Names) -> Table:
    """First divergences and errors; the seeds at which they are the same stand together."""
    seeds: dict[tuple[str, str], list[str]] = {}
    for cell in report.cells:
        if told := _told(cell):
            seeds.setdefault((names(cell), told), []).append(str(cell.seed))
    rows = tuple((name, ", ".join(found), told) for (name, told), found in seeds.items())
    columns = ("network", "seeds", "first divergence, or error")
    return Table("what went wrong", columns, rows, (0, 1, 2))


def _told(cell: Cell) -> str:
    """What is wrong with a cell; nothing if all is well."""
    return cell.error or ("" if cell.first is None else str(cell.first))
