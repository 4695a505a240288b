"""Ending a run before its time."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import Any

from dualnet.callbacks.base import Callback, Logs
from dualnet.callbacks.monitor import Monitor
from dualnet.optim.check import check_finite
from dualnet.random.layout import checked_integer
from dualnet.typing import NDArray

__all__ = ["EarlyStopping", "TerminateOnNaN"]

#: Steps between two looks at the loss; those that training gathers before it reads them anyway.
LOOK = 64


class EarlyStopping(Callback):
    """Ends training when a measure has stopped improving.

    Args:
        monitor: the measure.
        patience: epochs without improvement to wait for.
        min_delta: the least change that counts.
        mode: ``"min"``, ``"max"``, or ``"auto"``: by the measure's name.
        baseline: what must be bettered too, for waiting to start anew.
        restore_best_weights: whether the model goes back to its best epoch's weights at the end.
        start_from_epoch: epochs at the beginning that are not looked at.

    Raises:
        ConfigError: an option out of range; or, at the end of an epoch, a measure that is not
            there.

    Attributes:
        best_epoch, stopped_epoch: numbers of epochs; ``stopped_epoch`` is ``None`` if
            training ran through.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        *,
        patience: int = 0,
        min_delta: float = 0.0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        self._args = (monitor, mode, min_delta)
        if baseline is not None:
            check_finite(type(self).__name__, baseline=baseline)
        self.patience = checked_integer("patience", patience, 0, 1 << 32)
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = checked_integer("start_from_epoch", start_from_epoch, 0, 1 << 32)
        Monitor(*self._args)

    def on_train_begin(self, epochs: int, batches: int | None) -> None:
        self._monitor = Monitor(*self._args)
        self._waited = 0
        self._best_state: dict[str, NDArray] | None = None
        self.best_epoch: int | None = None
        self.stopped_epoch: int | None = None

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        if epoch < self.start_from_epoch:
            return
        self._waited += 1
        if self._monitor.improved(logs):
            self._keep(epoch)
        elif self._waited >= self.patience:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def _keep(self, epoch: int) -> None:
        """Remembers the best epoch; one short of the baseline does not end the waiting."""
        self.best_epoch = epoch
        if self.restore_best_weights:
            self._best_state = self.model.state()
        if self.baseline is None or self._monitor.betters(self._monitor.best, self.baseline):
            self._waited = 0

    def on_train_end(self) -> None:
        if self._best_state is not None:
            self.model.load_state(self._best_state)

    def state(self) -> dict[str, Any]:
        return {
            "best": self._monitor.best,
            "waited": self._waited,
            "best_epoch": self.best_epoch,
            "stopped_epoch": self.stopped_epoch,
            "best_state": self._best_state,
        }

    def load_state(self, state: Mapping[str, Any]) -> None:
        self._monitor.best = state["best"]
        self._waited = state["waited"]
        self.best_epoch, self.stopped_epoch = state["best_epoch"], state["stopped_epoch"]
        self._best_state = state["best_state"]


class TerminateOnNaN(Callback):
    """Ends training when the loss is NaN or infinite, with a warning in place of an error.

    The running mean of the loss stays NaN once a step's loss was, so that it need not be
    looked at in every step, which would make each wait for the device: it is looked at every
    ``every`` steps or soon after, and at the end of the epoch.  ``every=1`` stops at once.

    Without this callback such a loss is a :class:`~dualnet.errors.NonFiniteError`, unless
    ``compile(check_finite=False)`` lets training go on.

    Args:
        every: steps from one look to the next.

    Attributes:
        stopped_epoch: the number of the epoch in which training ended so, or ``None``.
    """

    takes_nonfinite = True

    def __init__(self, every: int = LOOK) -> None:
        self.every = checked_integer("every", every, 1, 1 << 32)

    @property
    def every_batch(self) -> bool:
        return self.every == 1

    def on_train_begin(self, epochs: int, batches: int | None) -> None:
        self.stopped_epoch: int | None = None

    def on_epoch_begin(self, epoch: int) -> None:
        self._epoch, self._looks = epoch, 0

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        due = (batch + 1) // self.every
        if due > self._looks:
            self._looks = due
            self._look(logs["loss"])

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        self._look(logs["loss"])

    def _look(self, loss: float) -> None:
        if math.isfinite(loss) or self.stopped_epoch is not None:
            return
        self.stopped_epoch = self._epoch
        self.model.stop_training = True
        warnings.warn(
            f"the mean loss is {loss} in epoch {self._epoch}; training ends.  Lower the learning "
            "rate, clip gradients, or look for NaN in the data",
            stacklevel=2,
        )
