"""How a study is shown while it runs: live bars, lines, or nothing."""

from __future__ import annotations

import time
from typing import IO, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from dualnet.parity.studies.values import Cell, Point
from dualnet.report.text import COLOURS

__all__ = ["Display", "display"]

#: Seconds between two looks at the steps done.
REFRESH = 0.1


class Display(Protocol):
    """One way of showing a study."""

    def start(self, number: int, point: Point) -> None: ...
    def step(self, done: int, total: int) -> None: ...
    def say(self, text: str) -> None: ...
    def finish(self, cell: Cell, *, kept: bool) -> None: ...
    def close(self) -> None: ...


def display(verbose: int | str, stream: IO[str], cells: int) -> Display:
    """The display for a ``verbose`` setting and a stream."""
    if verbose == "auto":
        verbose = 1 if stream.isatty() else 2
    if verbose == 0:
        return _Silence()
    return _Bars(stream, cells) if verbose == 1 else _Lines(stream, cells)


class _Silence:
    def start(self, number: int, point: Point) -> None:
        """Shows nothing."""

    def step(self, done: int, total: int) -> None:
        """Shows nothing."""

    def say(self, text: str) -> None:
        """Shows nothing."""

    def finish(self, cell: Cell, *, kept: bool) -> None:
        """Shows nothing."""

    def close(self) -> None:
        """Shows nothing."""


class _Headed:
    """What lines and bars share: the number of the running cell and its clock."""

    def __init__(self, cells: int) -> None:
        self._cells = cells

    def start(self, number: int, point: Point) -> None:
        self._number, self._began = number, time.perf_counter()

    def _line(self, cell: Cell, *, kept: bool) -> tuple[str, str]:
        """``cell 3/12  mlp, torch and tensorflow, seed 2, float32 on cpu  4.1s``, its outcome."""
        seconds = time.perf_counter() - self._began
        how = "kept" if kept else f"{seconds:.1f}s"
        outcome = cell.verdict or f"failed: {cell.error}"
        return f"cell {self._number}/{self._cells}  {Point.__str__(cell)}  {how}  ", outcome


class _Lines(_Headed):
    """A line for every cell, when it is done."""

    def __init__(self, stream: IO[str], cells: int) -> None:
        super().__init__(cells)
        self._stream = stream

    def step(self, done: int, total: int) -> None:
        """A log has no line for a step."""

    def say(self, text: str) -> None:
        print(text, file=self._stream, flush=True)

    def finish(self, cell: Cell, *, kept: bool) -> None:
        self.say("".join(self._line(cell, kept=kept)))

    def close(self) -> None:
        """Nothing is open."""


class _Bars(_Headed):
    """A bar for the cells and one for the steps of the running cell, below the lines."""

    def __init__(self, stream: IO[str], cells: int) -> None:
        super().__init__(cells)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(file=stream, highlight=False),
            transient=True,
        )
        self._all = self._progress.add_task("cells", total=cells)
        self._steps = self._progress.add_task("steps", total=None)
        self._progress.start()

    def start(self, number: int, point: Point) -> None:
        super().start(number, point)
        self._shown = 0.0
        self._progress.reset(self._steps, total=None)

    def step(self, done: int, total: int) -> None:
        now = time.perf_counter()
        if now - self._shown >= REFRESH or done == total:
            self._shown = now
            self._progress.update(self._steps, completed=done, total=total)

    def say(self, text: str) -> None:
        self._progress.console.print(Text(text))

    def finish(self, cell: Cell, *, kept: bool) -> None:
        head, outcome = self._line(cell, kept=kept)
        colour = COLOURS.get(cell.verdict or "", "red")
        self._progress.console.print(Text(head).append(outcome, style=colour))
        self._progress.update(self._all, completed=self._number)

    def close(self) -> None:
        self._progress.stop()
