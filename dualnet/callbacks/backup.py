"""Going on after a crash, in the middle of an epoch if need be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dualnet.callbacks.base import Callback, Logs
from dualnet.callbacks.pace import Pace

__all__ = ["BackupAndRestore"]

NAME = "backup.safetensors"


class BackupAndRestore(Callback):
    """Writes down where training is, so that the same script goes on there after a crash.

    The backup holds weights, optimizer, epoch and batch, what the epoch has measured so far,
    the history and the :meth:`state <Callback.state>` of every callback.  The run that goes on
    ends with the weights and the history of one that was never interrupted: bit for bit on the
    same framework (with ``random="shared"`` and data that come in the same order), within the
    parity bound on the other.  Batches already trained on are walked past.

    Args:
        backup_dir: a folder for the one file ``backup.safetensors``, which is replaced whole or
            not at all.  Every call of ``fit`` needs a folder of its own.
        save_freq: ``"epoch"``, or a number of steps.
        delete_checkpoint: whether the file goes when training has run through.  An error or
            Ctrl-C leaves it.

    Raises:
        CheckpointError: when training starts, if there is a backup that is damaged, or of
            another training; nothing has changed then.
    """

    comes_last = True

    def __init__(
        self,
        backup_dir: str | Path,
        *,
        save_freq: int | str = "epoch",
        delete_checkpoint: bool = True,
    ) -> None:
        self.path = Path(backup_dir) / NAME
        self.delete_checkpoint = delete_checkpoint
        self._pace = Pace("save_freq", save_freq)

    def on_train_begin(self, epochs: int, batches: int | None) -> None:
        if self.path.exists():
            from dualnet.training.backup import restore  # file formats load only when used

            restore(self.model, self.path)

    @property
    def every_batch(self) -> bool:
        return not self._pace.by_epoch

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        if self._pace.due():
            self._write()

    def on_epoch_closed(self, epoch: int) -> None:
        if self._pace.by_epoch:
            self._write()

    def _write(self) -> None:
        from dualnet.training.backup import write  # same

        write(self.model, self.path)

    def on_train_end(self) -> None:
        run = self.model.running
        if self.delete_checkpoint and run is not None and run.finished:
            self.path.unlink(missing_ok=True)

    def state(self) -> dict[str, Any]:
        return {"steps": self._pace.steps}

    def load_state(self, state: Mapping[str, Any]) -> None:
        self._pace.steps = state["steps"]
