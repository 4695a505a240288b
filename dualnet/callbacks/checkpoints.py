"""Saving the model while it trains."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dualnet.callbacks.base import Callback, Logs
from dualnet.callbacks.monitor import Monitor
from dualnet.callbacks.pace import Pace
from dualnet.errors import ConfigError
from dualnet.optim.check import check_finite

__all__ = ["ModelCheckpoint"]


class ModelCheckpoint(Callback):
    """Saves the model after every epoch, or after each that is the best so far.

    Args:
        path: a file name; ``{epoch}`` (from 0) and measures may stand in it, as in
            ``"run-{epoch:02d}-{val_loss:.3f}.safetensors"``, and ``{batch}`` where batches
            are counted.
        monitor: the measure that decides which epoch is best.
        save_best_only: whether only improvements are saved.
        mode: ``"min"``, ``"max"``, or ``"auto"``: by the measure's name.
        save_freq: ``"epoch"``, or a number of steps; the measures then are the running means
            of the epoch, without validation.  A file from the middle of an epoch starts that
            epoch again; :class:`BackupAndRestore` goes on in it.
        initial_value_threshold: what the first value must better to be saved.

    Raises:
        CheckpointError: when training starts, if the model holds code that has no place in a
            file; or when a file cannot be written.
    """

    def __init__(
        self,
        path: str | Path,
        monitor: str = "val_loss",
        *,
        save_best_only: bool = False,
        mode: str = "auto",
        save_freq: int | str = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        self.path = str(Path(path))
        self.save_best_only = save_best_only
        if initial_value_threshold is not None:
            check_finite(type(self).__name__, initial_value_threshold=initial_value_threshold)
        self._monitor = Monitor(monitor, mode, best=initial_value_threshold)
        self._pace = Pace("save_freq", save_freq)

    def on_train_begin(self, epochs: int, batches: int | None) -> None:
        from dualnet.checkpoint import check_described  # file formats load only when used

        check_described(self.model)

    def on_epoch_begin(self, epoch: int) -> None:
        self._epoch = epoch

    @property
    def every_batch(self) -> bool:
        return not self._pace.by_epoch

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        if self._pace.due():
            self._save(logs, epoch=self._epoch, batch=batch)

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        if self._pace.by_epoch:
            self._save(logs, epoch=epoch)

    def _save(self, logs: Logs, **place: int) -> None:
        if self.save_best_only and not self._monitor.improved(logs):
            return
        try:
            path = self.path.format(**place, **logs)
        except (KeyError, IndexError, ValueError) as error:
            raise ConfigError(
                f"the path {self.path!r} does not go with what there is: "
                f"{', '.join([*place, *logs])} ({error!r})"
            ) from error
        self.model.save(path)

    def state(self) -> dict[str, Any]:
        return {"best": self._monitor.best, "steps": self._pace.steps}

    def load_state(self, state: Mapping[str, Any]) -> None:
        self._monitor.best, self._pace.steps = state["best"], state["steps"]
