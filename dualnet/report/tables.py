"""The tables of a report, as text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from dualnet.report.measures import gates, guilty, phases, truth, truths, worst, worst_first
from dualnet.report.values import (
    JUDGED,
    Distance,
    Finding,
    FreeRunRow,
    LayerRow,
    LockStepRow,
    Mode,
    Report,
)
from dualnet.report.wording import NONE, count, in_steps, number, rate, score

__all__ = ["Table", "by_step", "history", "layers", "measured", "proof", "results", "shown_layers"]

#: Rows of the history that are shown; of a longer one, the first and the last.
EPOCHS = 20
#: Layers that are shown; of more, the worst.
LAYERS = 24


@dataclass(frozen=True)
class Table:
    """A titled table of text.

    Attributes:
        words: places of the columns that hold words, which stand at the left.
        marked: places of the rows that decided the verdict.
        note: what the title leaves open.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: tuple[int, ...] = (0,)
    marked: tuple[int, ...] = ()
    note: str = ""

    def narrowed(self) -> Table:
        """The table without the columns that say nothing."""
        kept = [
            place
            for place in range(len(self.columns))
            if place == 0 or any(row[place] != NONE for row in self.rows)
        ]
        words = tuple(at for at, place in enumerate(kept) if place in self.words)
        columns = tuple(self.columns[place] for place in kept)
        rows = tuple(tuple(row[place] for place in kept) for row in self.rows)
        return Table(self.title, columns, rows, words, self.marked, self.note)


def measured(report: Report) -> tuple[Table, ...]:
    """What was measured in proof and practice, in lock-step and trained freely."""
    found = (
        proof(report),
        _free_run("proof", report.proof),
        _lock_step(report),
        _free_run("practice", report.practice),
    )
    return tuple(table.narrowed() for table in found if table.rows)


def proof(report: Report) -> Table:
    """The proof in lock-step: the worst of every phase."""
    mode = report.proof
    rows = tuple(
        (
            finding.phase,
            number(finding.distance.relative),
            number(finding.gate),
            _relative(worst((row.control for row in mode.lock_step), finding.phase)),
            number(finding.distance.absolute),
            count(finding.distance.ulps),
            _place(finding),
        )
        for finding in mode.findings
    )
    columns = ("phase", "cross", "gate", "control", "absolute", "ulps", "worst at")
    title = _title("proof", mode)
    return Table(title, columns, rows, (0, 6), _beyond(report, mode)).narrowed()


def _lock_step(report: Report) -> Table:
    mode = report.practice
    labels = truths(mode.lock_step)

    def cells(finding: Finding) -> Iterator[str]:
        yield finding.phase
        yield number(finding.distance.relative)
        yield number(finding.gate)
        yield _relative(worst((row.control for row in mode.lock_step), finding.phase))
        for label in labels:
            yield _relative(worst(truth(mode.lock_step, label), finding.phase))
        yield _place(finding)

    columns = ("phase", "cross", "gate", "control", *map("truth {}".format, labels), "worst at")
    rows = tuple(tuple(cells(finding)) for finding in mode.findings)
    words = (0, len(columns) - 1)
    return Table(_title("practice", mode), columns, rows, words, _beyond(report, mode))


def _title(name: str, mode: Mode) -> str:
    return f"{name}: {mode.dtype}, in lock-step, {in_steps(len(mode.lock_step))}"


def _place(finding: Finding) -> str:
    return f"{finding.path} (step {finding.step})"


def _beyond(report: Report, mode: Mode) -> tuple[int, ...]:
    """The places of the findings that are the first divergence."""
    first = report.first
    return tuple(
        place
        for place, finding in enumerate(mode.findings)
        if first is not None
        and (first.phase, first.dtype) == (finding.phase, mode.dtype)
        and not finding.distance.relative <= finding.gate
    )


def _free_run(name: str, mode: Mode) -> Table:
    rows, labels = mode.free_run, truths(mode.free_run)

    def cells(phase: str) -> Iterator[str]:
        cross = worst((row.cross for row in rows), phase)
        yield phase
        yield _relative(cross)
        yield _relative(worst((row.control for row in rows), phase))
        for label in labels:
            yield _relative(worst(truth(rows, label), phase))
        yield number(rows[-1].bound) if phase in JUDGED else NONE
        yield number(None if cross is None else cross.absolute)

    columns = ("phase", "cross", "control", *map("truth {}".format, labels))
    columns += ("bound at the end", "absolute")
    ordered = sorted(phases(rows), key=lambda phase: phase not in JUDGED)
    title = f"{name}: {mode.dtype}, trained freely, {in_steps(mode.steps)}"
    return Table(title, columns, tuple(tuple(cells(phase)) for phase in ordered))


def _relative(distance: Distance | None) -> str:
    return number(None if distance is None else distance.relative)


def shown_layers(report: Report) -> list[LayerRow]:
    """The layers, or where there are many, those that differ most by themselves."""
    return worst_first(report.layers, lambda row: _own(report, row), LAYERS)


def layers(report: Report) -> Table:
    """Every layer's output and gradients, inherited errors included and not."""
    shown = shown_layers(report)
    rows = tuple(
        (
            row.path,
            row.kind,
            number(row.output.relative),
            number(row.own_output.relative),
            number(row.gradient.relative),
            number(row.own_gradient.relative),
        )
        for row in shown
    )
    columns = ("layer", "kind", "output", "own output", "gradient", "own gradient")
    marked = tuple(place for place, row in enumerate(shown) if guilty(report, row.path))
    title = f"layers: each by itself, in {report.proof.dtype}"
    return Table(title, columns, rows, (0, 1), marked, _left_out(len(shown), len(report.layers)))


def _own(report: Report, row: LayerRow) -> float:
    """How much a layer is worth showing."""
    own = max(row.own_output.relative, row.own_gradient.relative)
    return float("inf") if guilty(report, row.path) else own


def _left_out(shown: int, there: int) -> str:
    return "" if shown == there else f"the worst {shown} of {there}"


def history(report: Report) -> Table:
    """Loss and metrics per epoch."""
    columns, series = [], []
    for label, measures in report.history.items():
        for name, values in measures.items():
            columns.append(f"{label} {name}")
            series.append(values)
    lines = [
        (str(epoch + 1), *map(score, values)) for epoch, values in enumerate(zip_longest(*series))
    ]
    shown, there = lines, len(lines)
    if there > EPOCHS:
        half = EPOCHS // 2
        shown = [*lines[:half], *lines[-half:]]
    note = "" if shown is lines else f"the first and last {EPOCHS // 2} of {there} epochs"
    return Table("history", ("epoch", *columns), tuple(shown), note=note)


def results(report: Report) -> Table:
    """Scores after training, and how fast each backend was."""
    names = list(dict.fromkeys(name for found in report.scores.values() for name in found))
    steps = report.practice.steps - 1  # the first is not timed
    rows = tuple(
        (
            label,
            *(score(report.scores.get(label, {}).get(name)) for name in names),
            score(report.seconds.get(label)),
            rate(steps, report.seconds.get(label)),
        )
        for label in dict.fromkeys((*report.scores, *report.seconds))
    )
    columns = ("backend", *names, "seconds", "steps per second")
    return Table("after training", columns, rows).narrowed()


def by_step(mode: Mode) -> tuple[Table, ...]:
    """Every measured step: the distances between the backends, and what explains them."""
    found = (_by_lock_step(mode), _by_free_step(mode))
    return tuple(table.narrowed() for table in found if table.rows)


def _by_lock_step(mode: Mode) -> Table:
    names = phases(mode.lock_step)

    def cells(row: LockStepRow) -> Iterator[str]:
        yield str(row.step)
        for name in names:
            yield _relative(row.cross.get(name))

    columns = ("step", *(_with_gate(name, gates(mode)) for name in names))
    rows = tuple(tuple(cells(row)) for row in mode.lock_step)
    return Table(f"{mode.dtype}, every step in lock-step", columns, rows)


def _with_gate(phase: str, known: dict[str, float]) -> str:
    return f"{phase} (gate {number(known[phase])})" if phase in known else phase


def _by_free_step(mode: Mode) -> Table:
    names = sorted(phases(mode.free_run), key=lambda phase: phase not in JUDGED)
    labels = list(dict.fromkeys(label for row in mode.free_run for label in row.loss))

    def cells(row: FreeRunRow) -> Iterator[str]:
        yield str(row.step)
        for label in labels:
            yield score(row.loss.get(label))
        yield number(row.bound)
        for name in names:
            yield _relative(row.cross.get(name))
            yield _relative(row.control.get(name))

    columns = ["step", *(f"loss of {label}" for label in labels), "bound"]
    columns += [column for name in names for column in (name, f"control of {name}")]
    rows = tuple(tuple(cells(row)) for row in mode.free_run)
    return Table(f"{mode.dtype}, every measured step trained freely", tuple(columns), rows)
