"""Putting the average of the weights to use."""

from __future__ import annotations

from contextlib import ExitStack

from dualnet.callbacks.base import Callback, Logs
from dualnet.errors import ConfigError

__all__ = ["SwapEMAWeights"]


class SwapEMAWeights(Callback):
    """Validates, and ends, with the average of the weights that the optimizer keeps.

    That is the average of ``optim.Adam(…, ema=0.999)``, or the ``x`` of a schedule-free
    optimizer.  Training itself goes on with its own weights, bit for bit; when it has run
    through, the model is left with the averages.  Also for ``evaluate(…, callbacks=[…])`` and
    ``predict``.

    Args:
        swap_on_epoch: whether the callbacks listed after this one also see the averages at the
            end of each epoch, so that :class:`ModelCheckpoint` saves them.

    Raises:
        ConfigError: the optimizer averages nothing.
    """

    def __init__(self, *, swap_on_epoch: bool = False) -> None:
        self.swap_on_epoch = swap_on_epoch
        self._swapped = ExitStack()

    def _check(self) -> None:
        rule = self.model.compiled.optimizer
        if not rule.averages:
            raise ConfigError(f"{rule!r} keeps no average to swap in; make it with ema=0.999")

    def _swap(self) -> None:
        self._check()
        self._swapped.enter_context(self.model.bound_optimizer().averaged())

    def _swap_back(self) -> None:
        self._swapped.close()

    def on_train_begin(self, epochs: int, batches: int | None) -> None:
        self._check()

    def on_test_begin(self) -> None:
        self._swap()

    def on_test_end(self, logs: Logs) -> None:
        self._swap_back()

    def on_predict_begin(self) -> None:
        self._swap()

    def on_predict_end(self) -> None:
        self._swap_back()

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        if self.swap_on_epoch:
            self._swap()

    def on_epoch_closed(self, epoch: int) -> None:
        self._swap_back()

    def on_train_end(self) -> None:
        self._swap_back()
        run = self.model.running
        if run is not None and run.finished:
            with self.model.bound_optimizer().averaged():
                averages = self.model.state()
            self.model.load_state(averages)
