"""A training run as TensorBoard shows it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dualnet.callbacks.base import Callback, Logs
from dualnet.callbacks.pace import Pace
from dualnet.random.layout import checked_integer

if TYPE_CHECKING:
    from dualnet.callbacks.events import EventFile

__all__ = ["TensorBoard"]

VALIDATION = "val_"


class TensorBoard(Callback):
    """Writes event files: measures, histograms of weights, and what was trained as text.

    The tags are Keras's: ``epoch_loss`` and the like in the runs ``train`` and
    ``validation`` below ``log_dir``, ``epoch_learning_rate``, ``batch_loss``; a weight's
    histogram stands under its path.  Files are flushed at every epoch.  Neither TensorFlow nor
    ``tensorboard`` is needed to write them.

    Args:
        log_dir: the folder; each run gets files of its own in it.
        histogram_freq: epochs from one histogram of all weights and states to the next;
            0 writes none.
        update_freq: ``"epoch"``, or a number of steps from which to which the running means
            are written too; looking at them waits for the device.  ``"batch"`` is every step.
    """

    def __init__(
        self,
        log_dir: str | Path = "logs",
        *,
        histogram_freq: int = 0,
        update_freq: int | str = "epoch",
    ) -> None:
        self.log_dir = Path(log_dir)
        self.histogram_freq = checked_integer("histogram_freq", histogram_freq, 0, 1 << 32)
        self._pace = Pace("update_freq", 1 if update_freq == "batch" else update_freq)
        self._files: dict[str, EventFile] = {}

    def _file(self, run: str) -> EventFile:
        from dualnet.callbacks.events import EventFile  # sockets load only when used

        if run not in self._files:
            self._files[run] = EventFile(self.log_dir / run)
        return self._files[run]

    def on_train_begin(self, epochs: int, batches: int | None) -> None:
        model, train = self.model, self._file("train")
        train.text("definition", _code(repr(model.definition)), model.epochs)
        compiled = model.compiled_config()
        train.text("compile", _code(json.dumps(compiled, indent=2, default=repr)), model.epochs)
        train.flush()

    @property
    def every_batch(self) -> bool:
        return not self._pace.by_epoch

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        if self._pace.due():
            for name, value in logs.items():
                self._file("train").scalar(f"batch_{name}", value, self._pace.steps)

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        rate = float(self.model.bound_optimizer().learning_rate)
        for name, value in {"learning_rate": rate, **logs}.items():
            run = "validation" if name.startswith(VALIDATION) else "train"
            self._file(run).scalar(f"epoch_{name.removeprefix(VALIDATION)}", value, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            for path, numbers in self.model.state().items():
                self._file("train").histogram(path, numbers, epoch)
        for file in self._files.values():
            file.flush()

    def on_train_end(self) -> None:
        for file in self._files.values():
            file.close()
        self._files = {}

    def state(self) -> dict[str, Any]:
        return {"steps": self._pace.steps}

    def load_state(self, state: Mapping[str, Any]) -> None:
        self._pace.steps = state["steps"]


def _code(text: str) -> str:
    """A block of code in Markdown."""
    return f"```\n{text}\n```"
