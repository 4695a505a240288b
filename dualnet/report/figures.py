"""The plots and heat maps of a report."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import accumulate, chain

from dualnet.parity.gates import CONTROL_FACTOR
from dualnet.report.heat import Cell, cell
from dualnet.report.heatmap import Group, HeatMap, Row
from dualnet.report.measures import gates, phases, truths, worst_first
from dualnet.report.plots import Band, Level, Line, Mark, Plot
from dualnet.report.scales import Places
from dualnet.report.values import JUDGED, FreeRunRow, LockStepRow, Mode, Report
from dualnet.report.wording import number

__all__ = ["distances", "heat_map", "lock_step", "losses", "others"]

#: Styles of the page's style sheet, in the order in which lines take them.
STYLES = ("one", "two", "four", "five", "six", "three")
#: Losses whose sizes differ by more than this are drawn on a logarithmic axis.
SPREAD = 1e3
#: Rows of a phase and columns that a heat map has.
ROWS, COLUMNS = 16, 40
#: Width and height of one plot of a pair.
HALF = (440, 230)


def losses(report: Report) -> Plot:
    """The loss on both backends, one line over the other."""
    rows = report.practice.free_run
    labels = dict.fromkeys(label for row in rows for label in row.loss)
    lines = [
        Line(label, [(row.step, row.loss[label]) for row in rows if label in row.loss], style)
        for label, style in zip(labels, STYLES, strict=False)
    ]
    values = [value for line in lines for _, value in line.points]
    marks = list(_marks(report, report.practice))
    return Plot(f"loss in {report.practice.dtype}", lines, marks=marks, log=_spread(values))


def _spread(values: Sequence[float]) -> bool:
    finite = [value for value in values if math.isfinite(value)]
    return bool(finite) and min(finite) > 0 and max(finite) > SPREAD * min(finite)


def distances(report: Report, mode: Mode) -> Iterator[Plot]:
    """Loss and weights over the steps, of which there must be two, with what control allows."""
    for phase in phases(mode.free_run) if len(mode.free_run) > 1 else ():
        if phase in JUDGED:
            lines = [*_lines(mode, phase), _bound(mode.free_run)]
            title = f"distance of the {phase} in {mode.dtype}, relative"
            marks = list(_marks(report, mode))
            yield Plot(title, lines, _bands(mode, phase), marks=marks)


def others(mode: Mode) -> Iterator[Plot]:
    """What is measured in a free run but not judged, where there is anything but zeros."""
    for phase in phases(mode.free_run) if len(mode.free_run) > 1 else ():
        if phase not in JUDGED and _differs(mode, phase):
            bands = _bands(mode, phase)[-1:]
            yield Plot(f"{phase}, {mode.dtype}", _lines(mode, phase), bands, size=HALF)


def _differs(mode: Mode, phase: str) -> bool:
    """Whether the backends, or the control, are ever apart in a phase."""
    found = [each for row in mode.free_run for each in (row.cross, row.control)]
    return any(each[phase].relative != 0 for each in found if phase in each)


def _lines(mode: Mode, phase: str) -> list[Line]:
    """Between the backends, and of each from its own float64 run."""
    rows = mode.free_run
    found = [Line("between the backends", _relative(rows, phase), "one")]
    for label, style in zip(truths(rows), ("four", "five"), strict=False):
        points = [
            (row.step, row.truth[label][phase].relative)
            for row in rows
            if phase in row.truth.get(label, {})
        ]
        if points:
            found.append(Line(f"{label} from its float64 run", points, style))
    return found


def _relative(rows: Sequence[FreeRunRow], phase: str) -> list[tuple[int, float]]:
    return [(row.step, row.cross[phase].relative) for row in rows if phase in row.cross]


def _bound(rows: Sequence[FreeRunRow]) -> Line:
    return Line("bound of rounding", [(row.step, row.bound) for row in rows], "three")


def _bands(mode: Mode, phase: str) -> list[Band]:
    """What the control allows, and the control: the first backend from itself."""
    rows = [row for row in mode.free_run if phase in row.control]
    if not rows:
        return []
    control = [row.control[phase].relative for row in rows]
    highest = [CONTROL_FACTOR * size for size in accumulate(control, max)]
    steps = [row.step for row in rows]
    return [
        Band(
            f"allowed: up to {CONTROL_FACTOR:g} times the control so far",
            list(zip(steps, control, highest, strict=True)),
            "allowed",
        ),
        Band(
            "control: one ulp in the first weights",
            [(s, 0.0, c) for s, c in zip(steps, control, strict=True)],
            "control",
        ),
    ]


def _marks(report: Report, mode: Mode) -> Iterator[Mark]:
    """Steps to look at."""
    steps = [row.step for row in mode.free_run]
    last = steps[-1] if steps else -1
    first = report.first
    if first is not None and first.step <= last:
        name = f"first divergence: step {first.step}, {first.phase} ({first.dtype})"
        yield Mark(name, first.step, "bad")
    if mode.excess:
        yield Mark(f"beyond bound and control: step {mode.excess[0]}", mode.excess[0], "excess")
    if mode.horizon is not None:
        yield Mark(f"horizon: step {mode.horizon}, chaotic from here", mode.horizon, "horizon")


def lock_step(report: Report, mode: Mode) -> Plot:
    """The distance of every phase in every step that both made from one state, with the gates."""
    rows = mode.lock_step
    lines = [
        Line(phase, [(r.step, r.cross[phase].relative) for r in rows if phase in r.cross], style)
        for phase, style in zip(phases(rows), STYLES, strict=False)
    ]
    first = report.first
    steps = [row.step for row in rows]
    here = first is not None and first.dtype == mode.dtype and first.step in steps
    marks = [Mark(f"first divergence: {first.phase}", first.step, "bad")] if first and here else []
    return Plot(
        f"in lock-step, {mode.dtype}: relative distance per phase",
        lines,
        levels=_levels(mode),
        marks=marks,
        axis=partial(Places, steps),
        joined=False,
    )


def _levels(mode: Mode) -> list[Level]:
    """The gates, phases of one gate together."""
    together: dict[float, list[str]] = {}
    for phase, gate in gates(mode).items():
        together.setdefault(gate, []).append(phase)
    return [Level(f"gate: {', '.join(names)}", gate) for gate, names in together.items()]


def heat_map(mode: Mode) -> HeatMap:
    """Every variable's distance in every step in lock-step, against its gate."""
    columns = _columns(mode.lock_step)
    known = gates(mode)
    measured = dict.fromkeys(phase for row in mode.lock_step for phase in row.paths)
    return HeatMap(
        f"in lock-step, {mode.dtype}: what differs, and where",
        [_span(rows) for rows in columns],
        "step" if all(len(rows) == 1 for rows in columns) else "steps; the worst of each span",
        [_group(phase, known[phase], columns) for phase in measured if phase in known],
    )


def _columns(rows: Sequence[LockStepRow]) -> list[Sequence[LockStepRow]]:
    """The steps, several in one column where there are many."""
    size = -(-len(rows) // COLUMNS) or 1
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _span(rows: Sequence[LockStepRow]) -> str:
    first, last = rows[0].step, rows[-1].step
    return str(first) if first == last else f"{first}–{last}"


def _group(phase: str, gate: float, columns: Sequence[Sequence[LockStepRow]]) -> Group:
    """The variables of a phase; of many, those that differ most in any step."""
    largest: dict[str, float] = {}
    for row in chain.from_iterable(columns):
        for path, size in row.paths.get(phase, {}).items():
            largest[path] = max(largest.get(path, 0.0), size)
    shown = worst_first(largest, largest.__getitem__, ROWS)
    name = f"{phase}, gate {number(gate)}"
    if len(shown) < len(largest):
        name += f", the worst {len(shown)} of {len(largest)}"
    cells = {path: [_cell(phase, path, gate, rows) for rows in columns] for path in shown}
    return Group(name, [Row(path, found) for path, found in cells.items()])


def _cell(phase: str, path: str, gate: float, rows: Sequence[LockStepRow]) -> Cell | None:
    sizes = [row.paths[phase][path] for row in rows if path in row.paths.get(phase, {})]
    if not sizes:
        return None
    return cell(f"{phase} of {path}, step {_span(rows)}", max(sizes), gate)
