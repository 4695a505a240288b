"""Loss and metrics over an epoch, gathered on the device and read seldom."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from dualnet.errors import NonFiniteError
from dualnet.metrics import Metric, Tally
from dualnet.metrics.names import distinct_names
from dualnet.protocols import Backend
from dualnet.typing import NDArray, Tensor

__all__ = ["Totals"]

#: Steps whose results wait on the device before they are read together.
PENDING = 64


class Totals(Mapping[str, float]):
    """The mean loss and the metrics by name, computed when they are looked at.

    A step's results stay native until a number is asked for or enough have gathered, so a step
    does not wait for the host.  Sums are kept in float64.
    """

    def __init__(self, backend: Backend, metrics: Sequence[Metric], *, finite: bool) -> None:
        self._backend = backend
        self._metrics = tuple(metrics)
        self._names = ("loss", *distinct_names(metrics))
        self._finite = finite
        self._loss = 0.0
        self._counted = 0
        self._sums: list[list[NDArray]] = [[] for _ in self._metrics]
        self._waiting = 0
        self._pending: list[tuple[int, Tensor, Sequence[Tally]]] = []
        self._steps = 0

    def add(self, samples: int, loss: Tensor, tallies: Sequence[Tally]) -> None:
        """Takes the results of one step over ``samples`` samples, or of several, stacked.

        Args:
            loss: the mean over the samples, of each step; or over the steps that a mask has, whose
                number is then a tally after those of the metrics.
        """
        self._pending.append((samples, loss, tallies))
        shape = self._backend.state.shape(loss)
        self._waiting += shape[0] if shape else 1
        if self._waiting >= PENDING:
            self._read()

    def _read(self) -> None:
        """Moves what is pending into the sums.

        Raises:
            NonFiniteError: the loss of a step is NaN or infinite.
        """
        pending, self._pending, self._waiting = self._pending, [], 0
        for samples, loss, tallies in pending:
            stacked = bool(self._backend.state.shape(loss))
            losses = self._by_step(loss, stacked)
            self._check(losses)
            self._steps += len(losses)
            counts = np.full(len(losses), samples)
            if len(tallies) > len(self._metrics):
                counts = self._by_step(tallies[-1][0], stacked).astype(int)
                tallies = tallies[:-1]
            for mean, count in zip(losses.tolist(), counts.tolist(), strict=True):
                self._loss += mean * count
                self._counted += count
            for place, tally in enumerate(tallies):
                self._add(place, [self._by_step(part, stacked) for part in tally])

    def _by_step(self, tensor: Tensor, stacked: bool) -> NDArray:
        """A result in float64, steps along axis 0."""
        found = self._backend.state.to_numpy(tensor).astype(np.float64)
        return found if stacked else found[np.newaxis]

    def _check(self, losses: NDArray) -> None:
        wrong = np.flatnonzero(~np.isfinite(losses))
        if self._finite and len(wrong):
            raise NonFiniteError(
                f"the loss is {losses[wrong[0]]} at step {self._steps + int(wrong[0]) + 1} of the "
                "epoch; lower the learning rate, clip gradients, or look for NaN in the data "
                "(compile(check_finite=False) lets training go on)"
            )

    def _add(self, place: int, parts: list[NDArray]) -> None:
        """Adds one step after another: sums do not depend on how many come at once."""
        before = self._sums[place] or [np.zeros_like(part[0]) for part in parts]
        self._sums[place] = [
            np.add.accumulate([total, *part])[-1] for total, part in zip(before, parts, strict=True)
        ]

    def state(self) -> dict[str, Any]:
        """The sums so far, as JSON data and NumPy arrays."""
        self._read()
        return {
            "loss": self._loss,
            "counted": self._counted,
            "steps": self._steps,
            "sums": self._sums,
        }

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Goes on from the sums of :meth:`state`."""
        self._loss, self._counted = state["loss"], state["counted"]
        self._steps, self._sums = state["steps"], [list(sums) for sums in state["sums"]]

    def __getitem__(self, name: str) -> float:
        self._read()
        place = self._names.index(name)
        if not self._counted:
            return math.nan
        if not place:
            return self._loss / self._counted
        return self._metrics[place - 1].result(self._sums[place - 1])

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
