"""What watches a training run: history, early stopping, checkpoints, schedules, logs."""

from __future__ import annotations

import csv
import inspect
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from dualnet.errors import ConfigError
from dualnet.typing import NDArray

if TYPE_CHECKING:
    from dualnet.model import Model

__all__ = [
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgressBar",
]

Logs = Mapping[str, float]


class Callback:
    """Base of every callback; override what you need.

    ``self.model`` is the model in training.  Setting ``self.model.stop_training`` ends
    training after the current epoch.
    """

    model: Model

    def on_train_begin(self, epochs: int, batches: int | None) -> None:
        """Training starts: how many epochs, and batches in each where that is known."""

    def on_epoch_begin(self, epoch: int) -> None:
        """Epoch number ``epoch`` (from 0) starts."""

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        """A step is done.  ``logs`` are running means; looking at one waits for the device."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """An epoch is done, validation included.  What is added to ``logs`` is kept."""

    def on_train_end(self) -> None:
        """Training is over, also after an error or Ctrl-C."""


class CallbackList(Callback):
    """Several callbacks as one, called in order."""

    def __init__(self, callbacks: Sequence[Callback], model: Model) -> None:
        self.callbacks = list(callbacks)
        for callback in self.callbacks:
            if not isinstance(callback, Callback):
                raise ConfigError(
                    f"callbacks are dualnet.callbacks.Callback objects, got {callback!r}"
                )
            callback.model = model

    def on_train_begin(self, epochs: int, batches: int | None) -> None:
        for callback in self.callbacks:
            callback.on_train_begin(epochs, batches)

    def on_epoch_begin(self, epoch: int) -> None:
        for callback in self.callbacks:
            callback.on_epoch_begin(epoch)

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        for callback in self.callbacks:
            callback.on_batch_end(batch, logs)

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        for callback in self.callbacks:
            callback.on_epoch_end(epoch, logs)

    def on_train_end(self) -> None:
        """Ends every callback, also after one that raises."""
        with ExitStack() as stack:
            for callback in reversed(self.callbacks):
                stack.callback(callback.on_train_end)


class History(Callback):
    """What every epoch measured: ``history["loss"]`` is a list, one entry per epoch.

    Attributes:
        epoch: the numbers of the finished epochs.
        history: name to values.
        interrupted: whether Ctrl-C ended the run.
    """

    def __init__(self) -> None:
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}
        self.interrupted = False

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        self.epoch.append(epoch)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(float(value))

    def __getitem__(self, name: str) -> list[float]:
        return self.history[name]

    def __repr__(self) -> str:
        last = ", ".join(f"{name}={values[-1]:.4g}" for name, values in self.history.items())
        return f"History({len(self.epoch)} epochs; last: {last})"


class _Monitor:
    """Follows one measure and says when it is better than ever before."""

    def __init__(self, name: str, mode: str, min_delta: float = 0.0) -> None:
        if mode not in ("auto", "min", "max"):
            raise ConfigError(f"mode={mode!r}; choose 'auto', 'min' or 'max'")
        if min_delta < 0:
            raise ConfigError(f"min_delta={min_delta}; an improvement is not negative")
        rising = ("accuracy", "top_k", "auc", "precision", "recall", "f1")
        up = mode == "max" or (mode == "auto" and any(word in name for word in rising))
        self.name = name
        self._sign = -1.0 if up else 1.0
        self._min_delta = min_delta
        self.best = math.inf * self._sign

    def value(self, logs: Logs) -> float:
        """The measure in these logs."""
        if self.name not in logs:
            raise ConfigError(
                f"nothing is measured under {self.name!r}; there is {', '.join(logs)}"
                + ("; pass validation_data to fit" if self.name.startswith("val_") else "")
            )
        return logs[self.name]

    def improved(self, logs: Logs) -> bool:
        """Whether this is the best so far, which is then remembered."""
        value = self.value(logs)
        if self._sign * value < self._sign * self.best - self._min_delta:
            self.best = value
            return True
        return False


class EarlyStopping(Callback):
    """Ends training when a measure has stopped improving.

    Args:
        monitor: the measure.
        patience: epochs without improvement to wait for.
        min_delta: the least change that counts.
        mode: ``"min"``, ``"max"``, or by the measure's name.
        restore_best: whether the model goes back to its best epoch's weights at the end.

    Attributes:
        best_epoch, stopped_epoch: numbers of epochs; ``stopped_epoch`` is ``None`` if
            training ran through.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        patience: int = 0,
        min_delta: float = 0.0,
        mode: str = "auto",
        *,
        restore_best: bool = False,
    ) -> None:
        if patience < 0:
            raise ConfigError(f"patience={patience}; give 0 or more epochs")
        self._args = (monitor, mode, min_delta)
        self.patience = patience
        self.restore_best = restore_best
        _Monitor(*self._args)

    def on_train_begin(self, epochs: int, batches: int | None) -> None:
        self._monitor = _Monitor(*self._args)
        self._waited = 0
        self._best_state: dict[str, NDArray] | None = None
        self.best_epoch: int | None = None
        self.stopped_epoch: int | None = None

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        if self._monitor.improved(logs):
            self._waited, self.best_epoch = 0, epoch
            if self.restore_best:
                self._best_state = self.model.state()
            return
        self._waited += 1
        if self._waited >= max(1, self.patience):
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self) -> None:
        if self._best_state is not None:
            self.model.load_state(self._best_state)


class ModelCheckpoint(Callback):
    """Saves the model after every epoch, or after each that is the best so far.

    Args:
        path: a file name; ``{epoch}`` and measures may stand in it,
            as in ``"run-{epoch:02d}-{val_loss:.3f}.safetensors"``.
        monitor: the measure that decides which epoch is best.
        save_best_only: whether only improvements are saved.
        mode: ``"min"``, ``"max"``, or by the measure's name.
    """

    def __init__(
        self,
        path: str | Path,
        monitor: str = "val_loss",
        *,
        save_best_only: bool = False,
        mode: str = "auto",
    ) -> None:
        self.path = str(path)
        self.save_best_only = save_best_only
        self._monitor = _Monitor(monitor, mode)

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        if not self.save_best_only or self._monitor.improved(logs):
            self.model.save(self.path.format(epoch=epoch, **logs))


class LearningRateScheduler(Callback):
    """Sets the learning rate at the start of every epoch.

    Args:
        schedule: ``schedule(epoch, learning_rate)`` or ``schedule(epoch)``, which gives the
            learning rate.
    """

    def __init__(self, schedule: Callable[..., float]) -> None:
        self.schedule = schedule
        self._with_rate = len(inspect.signature(schedule).parameters) > 1

    def on_epoch_begin(self, epoch: int) -> None:
        optimizer = self.model.bound_optimizer()
        now = (float(optimizer.learning_rate),) if self._with_rate else ()
        rate = float(self.schedule(epoch, *now))
        if not (math.isfinite(rate) and rate >= 0):
            raise ConfigError(f"the schedule gave {rate} for epoch {epoch}; give a number >= 0")
        optimizer.learning_rate = rate

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        logs["learning_rate"] = float(self.model.bound_optimizer().learning_rate)


class CSVLogger(Callback):
    """Writes one row per epoch to a file, readable while training runs.

    Args:
        path: the file.
        separator: between columns.
        append: whether to go on with an existing file.
    """

    def __init__(self, path: str | Path, separator: str = ",", *, append: bool = False) -> None:
        self.path = Path(path)
        self.separator = separator
        self.append = append
        self._file: IO[str] | None = None
        self._columns: list[str] | None = None

    def on_train_begin(self, epochs: int, batches: int | None) -> None:
        exists = self.append and self.path.exists() and self.path.stat().st_size > 0
        self._columns = self._existing_columns() if exists else None
        self._file = self.path.open("a" if self.append else "w", newline="", encoding="utf-8")

    def _existing_columns(self) -> list[str]:
        with self.path.open(newline="", encoding="utf-8") as file:
            return next(csv.reader(file, delimiter=self.separator))

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        assert self._file is not None, "on_train_begin opens the file"
        row: dict[str, Any] = {
            "epoch": epoch,
            **{name: repr(value) for name, value in logs.items()},
        }
        fresh = self._columns is None
        self._columns = self._columns or list(row)
        writer = csv.DictWriter(
            self._file, self._columns, delimiter=self.separator, extrasaction="ignore"
        )
        if fresh:
            writer.writeheader()
        writer.writerow(row)
        self._file.flush()

    def on_train_end(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def check_verbose(verbose: object) -> None:
    """Raises :class:`ConfigError` unless ``verbose`` is 0, 1, 2 or ``"auto"``."""
    if verbose not in (0, 1, 2, "auto"):
        raise ConfigError(f"verbose={verbose!r}; choose 0, 1, 2 or 'auto'")


class ProgressBar(Callback):
    """Shows how training goes: a live bar on a terminal, a line per epoch in a log.

    Args:
        verbose: 0 is silent, 1 a bar, 2 lines, ``"auto"`` by what the stream is.
        stream: where to write; standard output if not given.
    """

    def __init__(self, verbose: int | str = "auto", stream: IO[str] | None = None) -> None:
        check_verbose(verbose)
        self._verbose = verbose
        self._stream = stream

    def on_train_begin(self, epochs: int, batches: int | None) -> None:
        from dualnet.training.progress import display  # rich loads only when something is shown

        self._display = display(self._verbose, self._stream or sys.stdout, epochs, batches)

    def on_epoch_begin(self, epoch: int) -> None:
        self._display.start(epoch)

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        self._display.step(batch, logs)

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        self._display.finish(logs)

    def on_train_end(self) -> None:
        self._display.close()
