"""How a training run is shown: a live bar, lines, or nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import IO, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

__all__ = ["Display", "display"]

#: Seconds between two looks at the running means, which wait for the device.
REFRESH = 0.25


class Display(Protocol):
    """One way of showing a run."""

    def start(self, epoch: int) -> None: ...
    def step(self, batch: int, logs: Mapping[str, float]) -> None: ...
    def finish(self, logs: Mapping[str, float]) -> None: ...
    def close(self) -> None: ...


def display(verbose: int | str, stream: IO[str], last: int, batches: int | None) -> Display:
    """The display for a ``verbose`` setting and a stream, of a run that ends at epoch ``last``."""
    if verbose == "auto":
        verbose = 1 if stream.isatty() else 2
    if verbose == 0:
        return _Silence()
    return _Bar(stream, last, batches) if verbose == 1 else _Lines(stream, last)


def _measures(logs: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {value:.4g}" for name, value in logs.items())


class _Silence:
    def start(self, epoch: int) -> None:
        """Shows nothing."""

    def step(self, batch: int, logs: Mapping[str, float]) -> None:
        """Shows nothing."""

    def finish(self, logs: Mapping[str, float]) -> None:
        """Shows nothing."""

    def close(self) -> None:
        """Shows nothing."""


class _Lines:
    """``epoch 3/10  1.2s  loss 0.31  accuracy 0.9``, when the epoch is done."""

    def __init__(self, stream: IO[str], last: int) -> None:
        self._stream = stream
        self._last = last

    def start(self, epoch: int) -> None:
        self._epoch, self._began = epoch, time.perf_counter()

    def step(self, batch: int, logs: Mapping[str, float]) -> None:
        """A log has no line for a step."""

    def finish(self, logs: Mapping[str, float]) -> None:
        seconds = time.perf_counter() - self._began
        head = f"epoch {self._epoch + 1}/{self._last}  {seconds:.1f}s"
        print(f"{head}  {_measures(logs)}", file=self._stream, flush=True)

    def close(self) -> None:
        """Nothing is open."""


class _Bar:
    """A bar for the running epoch, which stays as its line when the epoch is done."""

    def __init__(self, stream: IO[str], last: int, batches: int | None) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[measures]}"),
            console=Console(file=stream),
        )
        self._last, self._batches = last, batches
        self._progress.start()

    def start(self, epoch: int) -> None:
        self._shown = time.perf_counter()
        self._task = self._progress.add_task(
            f"epoch {epoch + 1}/{self._last}", total=self._batches, measures=""
        )

    def step(self, batch: int, logs: Mapping[str, float]) -> None:
        now = time.perf_counter()
        if now - self._shown >= REFRESH:
            self._shown = now
            self._progress.update(self._task, completed=batch + 1, measures=_measures(logs))

    def finish(self, logs: Mapping[str, float]) -> None:
        task = self._progress.tasks[self._task]
        total = task.total or task.completed
        self._progress.update(self._task, completed=total, measures=_measures(logs))

    def close(self) -> None:
        self._progress.stop()
