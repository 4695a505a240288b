"""One call of ``fit`` at work: where it is, what it has measured, who watches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dualnet.callbacks.base import CallbackList
from dualnet.errors import CheckpointError
from dualnet.training.totals import Totals

__all__ = ["Run"]


class Run:
    """A walk over epochs ``first`` to ``last``, which may begin in the middle.

    Args:
        epochs: the first epoch's number, and that at which to stop.
        batches: of an epoch, where that is known.
        watchers: the callbacks.
        totals: makes what an epoch's measures are gathered in.

    Attributes:
        first, last: the first epoch's number, and that at which to stop.
        batches: of an epoch, where that is known.
        watchers: the callbacks.
        totals: what the current epoch has measured so far.
        epoch: the number of the current epoch, or of the next one.
        batch: how many of its batches are done.
        finished: whether training ran to its end, or to where a callback stopped it.
    """

    def __init__(
        self,
        epochs: tuple[int, int],
        batches: int | None,
        watchers: CallbackList,
        totals: Callable[[], Totals],
    ) -> None:
        self.first, self.last = epochs
        self.batches = batches
        self.watchers = watchers
        self._fresh = totals
        self.totals = totals()
        self.epoch = self.first
        self.batch = 0
        self.finished = False

    def next_epoch(self) -> None:
        """The current epoch is done."""
        self.epoch, self.batch = self.epoch + 1, 0
        self.totals = self._fresh()

    def state(self) -> dict[str, Any]:
        """All of it, as JSON data and NumPy arrays."""
        return {
            "first": self.first,
            "batches": self.batches,
            "epoch": self.epoch,
            "batch": self.batch,
            "totals": self.totals.state(),
            "callbacks": self.watchers.state(),
        }

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Goes on where another run was.

        Raises:
            CheckpointError: it was a run of other epochs, batches or callbacks.
        """
        if state["first"] != self.first:
            raise CheckpointError(
                f"it was a run from epoch {state['first']} on, this one begins with epoch "
                f"{self.first}; give each call of fit its own place"
            )
        if state["batches"] != self.batches:
            raise CheckpointError(
                f"its epochs had {state['batches']} batches, these have {self.batches}; go on "
                "with the same data and batch_size"
            )
        self.watchers.load_state(state["callbacks"])
        self.totals.load_state(state["totals"])
        self.epoch, self.batch = state["epoch"], state["batch"]
