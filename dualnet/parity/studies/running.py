"""Going through the grid of a study: each cell made, or taken from the folder."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from dualnet.errors import ReportError
from dualnet.nn.layer import Layer
from dualnet.parity.comparison import compare
from dualnet.parity.studies.folder import Folder
from dualnet.parity.studies.grid import Grid
from dualnet.parity.studies.sources import Source
from dualnet.parity.studies.values import Cell, Point, StudyReport
from dualnet.report.values import Report

__all__ = ["Progress", "Run", "Task"]

#: Called after each cell, with the cells done, the cells there are, and the cell.
Progress = Callable[[int, int, Cell], None]


@dataclass(frozen=True)
class Task:
    """A network, and what it is trained with and on."""

    net: Layer
    source: Source
    loss: Any
    optimizer: Any
    metrics: tuple[Any, ...]


@dataclass
class Run:
    """The cells of a study, one after the other.

    Attributes:
        tasks: by the network's name.
        options: of every comparison.
        folder: where finished cells are kept; ``None`` for nowhere.
        stop_on_error: whether an error of one cell ends the study.
        notes: what happened on the way that a reader should know.
        environments: key to every value that a cell's environment had, in order.
    """

    grid: Grid
    tasks: Mapping[str, Task]
    options: Mapping[str, Any]
    folder: Folder | None
    stop_on_error: bool
    notes: list[str] = field(default_factory=list)
    environments: dict[str, dict[str, None]] = field(default_factory=dict)

    def report(self, verbose: int | str, progress: Progress | None) -> StudyReport:
        """Goes through the grid and reports."""
        cells: list[Cell] = []
        try:
            with closing(self._cells(verbose)) as going:
                for cell in going:
                    cells.append(cell)
                    if progress is not None:
                        progress(len(cells), len(self.grid), cell)
        except KeyboardInterrupt as stop:
            stop.add_note(self._stopped(len(cells)))
            raise
        environment = {key: " or ".join(found) for key, found in self.environments.items()}
        mixed = [key for key, found in self.environments.items() if len(found) > 1]
        if mixed:
            self.notes.append(f"cells were computed in different environments: {', '.join(mixed)}")
        return StudyReport(tuple(cells), self._settings(), environment, tuple(self.notes))

    def _cells(self, verbose: int | str) -> Generator[Cell]:
        """Every cell, shown as it is made."""
        from dualnet.parity.studies.display import display  # rich loads only to show something

        shown = display(verbose, sys.stdout, len(self.grid))
        try:
            for number, point in enumerate(self.grid.points(), 1):
                shown.start(number, point)
                kept = self._kept(point, shown.say)
                cell = self._made(point, shown.step) if kept is None else self._cell(point, kept)
                shown.finish(cell, kept=kept is not None)
                yield cell
        finally:
            shown.close()

    def _kept(self, point: Point, say: Callable[[str], None]) -> Report | None:
        """The report of a cell that was finished before, if its file is good."""
        if self.folder is None:
            return None
        try:
            return self.folder.load(point)
        except ReportError as error:
            note = f"{point}: computed again, since {error}"
        self.notes.append(note)
        say(note)
        return None

    def _made(self, point: Point, step: Callable[[int, int], None]) -> Cell:
        """A cell that is compared now; what the comparison raises makes it a failed one."""
        try:
            report = self._compared(point, step)
        except Exception as error:
            if self.stop_on_error:
                raise
            return _failed(point, error)
        finally:
            gc.collect()  # models and their graphs refer to each other; ten cells hold 100 MiB
        if self.folder is not None:
            self.folder.save(point, report)
        return self._cell(point, report)

    def _compared(self, point: Point, step: Callable[[int, int], None]) -> Report:
        task = self.tasks[point.net]
        data = task.source.make(point.seed)
        return compare(
            task.net,
            data.x,
            data.y,
            sample_weight=data.weight,
            validation_data=data.validation,
            loss=task.loss,
            optimizer=task.optimizer,
            metrics=task.metrics,
            backends=point.backends,
            seed=point.seed,
            dtype=point.dtype,
            device=point.device,
            progress=step,
            **self.options,
        )

    def _cell(self, point: Point, report: Report) -> Cell:
        for key, value in report.environment.items():
            self.environments.setdefault(key, {})[value] = None
        return Cell(
            **vars(point),
            verdict=report.verdict,
            reason=report.reason,
            first=report.first,
            horizon=report.practice.horizon,
            scores=report.scores,
            seconds=report.seconds,
            error="",
            file="" if self.folder is None else self.folder.name(point),
        )

    def _settings(self) -> dict[str, str]:
        """What was studied, as text."""
        told: dict[str, str] = {}
        for name, task in self.tasks.items():
            told[f"network {name}"] = f"{task.net!r}, {task.optimizer!r}, {task.loss!r}"
        told |= {name: str(value) for name, value in self.options.items() if value is not None}
        if self.folder is not None:
            told["folder"] = str(self.folder.path)
        return told

    def _stopped(self, done: int) -> str:
        where = "" if self.folder is None else f", kept in {self.folder.path}"
        onward = "the same call goes on from there" if self.folder else "give folder= to keep them"
        return f"{done} of {len(self.grid)} cells are finished{where}; {onward}"


def _failed(point: Point, error: Exception) -> Cell:
    return Cell(
        **vars(point),
        verdict=None,
        reason="the comparison raised an error",
        first=None,
        horizon=None,
        scores={},
        seconds={},
        error=f"{type(error).__name__}: {error}",
        file="",
    )
