"""Showing how training goes."""

from __future__ import annotations

import sys
from typing import IO

from dualnet.callbacks.base import Callback, Logs
from dualnet.errors import ConfigError

__all__ = ["ProgbarLogger", "ProgressBar", "check_verbose"]


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

    @property
    def every_batch(self) -> bool:
        return False

    def on_train_begin(self, epochs: int, batches: int | None) -> None:
        from dualnet.training.progress import display  # rich loads only when something is shown

        run = self.model.running
        assert run is not None, "fit has begun"
        self._display = display(self._verbose, self._stream or sys.stdout, run.last, batches)

    def on_epoch_begin(self, epoch: int) -> None:
        self._display.start(epoch)

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        self._display.step(batch, logs)

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        self._display.finish(logs)

    def on_train_end(self) -> None:
        self._display.close()


#: Keras's name.
ProgbarLogger = ProgressBar
