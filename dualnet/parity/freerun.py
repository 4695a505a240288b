"""The practice: every lane trains on by itself, in the dtype asked for, and is measured.

Beside the two backends runs a *control*: the first backend once more, its first weights
moved by one ulp.  How far it parts from its twin is how far this training throws rounding.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dualnet.data import Batch
from dualnet.parity.distances import distance, distances, largest
from dualnet.parity.gates import free_run_bound, gates
from dualnet.parity.gradients import gradient_distances
from dualnet.parity.lane import Lane
from dualnet.parity.lockstep import LockStep
from dualnet.parity.nudge import nudged
from dualnet.parity.verdict import Tolerance
from dualnet.report.values import Distance, Divergence, FreeRunRow, Mode
from dualnet.typing import NDArray, Tensor

__all__ = ["FreeRun", "measured_steps"]

#: Measuring reads every weight of three models, so long runs are measured at this many steps.
MEASURED = 32


def measured_steps(total: int) -> frozenset[int]:
    """The steps to measure: all of a short run; else close together at first, and the last.

    >>> sorted(measured_steps(4)), len(measured_steps(10_000)), max(measured_steps(10_000))
    ([0, 1, 2, 3], 32, 9999)
    """
    if total <= MEASURED:
        return frozenset(range(total))
    half = MEASURED // 2
    sparse = np.geomspace(half, total - 1, half)
    return frozenset(range(half)) | frozenset(round(step) for step in sparse)


class FreeRun:
    """Both backends and the control, step by step.

    Attributes:
        divergence: a real difference found where bound and control were left behind.
    """

    def __init__(self, first: Lane, second: Lane, control: Lane, labels: tuple[str, str]) -> None:
        self.first, self.second, self.control = first, second, control
        self.labels = labels
        self.divergence: Divergence | None = None
        self._gates = gates(first.dtype)
        self._tolerance = Tolerance()
        self._rows: list[FreeRunRow] = []
        self._excess: list[int] = []
        self._steps = 0
        self._first_loss = 0.0
        self._begin()

    def _begin(self) -> None:
        """One start for all three, but for one ulp in the control's first weights."""
        start = self.first.snapshot()
        self.second.restore(start)
        path = self.first.paths[0]
        moved = start.model | {path: nudged(start.model[path], self.first.dtype, draw=0)}
        self.control.restore(replace(start, model=moved))

    def mode(self) -> Mode:
        """What has been found, as values."""
        rows, excess = tuple(self._rows), tuple(self._excess)
        return Mode(self.first.dtype, (), (), (), (), self._steps, rows, excess)

    def new_epoch(self) -> None:
        """Starts the running means of loss and metrics anew."""
        self.totals = (self.first.totals(), self.second.totals())

    def step(
        self, number: int, batch: Batch, *, measure: bool, dead: tuple[str, ...], truth: Lane | None
    ) -> None:
        """One training step of every lane.

        Args:
            measure: whether to write down how far they are apart now.
            dead: parameters to leave out.
            truth: a float64 lane that has made the same steps.
        """
        results = [lane.train(batch) for lane in (self.first, self.second, self.control)]
        for totals, (loss, tallies, _) in zip(self.totals, results, strict=False):
            totals.add(batch.samples, loss, tallies)
        self._steps += 1
        if measure:
            self._measure(number, [(loss, found) for loss, _, found in results], dead, truth)
            self._look_into(number, batch)

    def _measure(
        self,
        number: int,
        results: list[tuple[Tensor, list[Tensor | None]]],
        dead: tuple[str, ...],
        truth: Lane | None,
    ) -> None:
        lanes = (self.first, self.second, self.control)
        losses = [
            lane.model.backend.state.to_numpy(loss)
            for lane, (loss, _) in zip(lanes, results, strict=True)
        ]
        if not self._rows:
            self._first_loss = abs(float(losses[0]))
        gradients = [
            lane.numpy_gradients(found) for lane, (_, found) in zip(lanes, results, strict=True)
        ]
        weights, states = [lane.weights() for lane in lanes], [lane.states() for lane in lanes]

        def between(other: int) -> dict[str, Distance]:
            by_path = gradient_distances(gradients[0], gradients[other], self._gates)
            return {
                "loss": distance(losses[0], losses[other], floor=self._first_loss),
                "gradient": _worst(by_path, dead),
                "weights": self._apart(weights[0], weights[other], dead),
                "state": self._apart(states[0], states[other], ()),
            }

        exact = (
            {}
            if truth is None
            else {self.labels[0]: {"weights": self._apart(weights[0], truth.weights(), dead)}}
        )
        self._rows.append(
            FreeRunRow(
                number,
                dict(zip(self.labels, map(float, losses[:2]), strict=True)),
                between(1),
                between(2),
                exact,
                free_run_bound(self.first.dtype, number, len(self.first.paths)),
            )
        )

    def _apart(
        self, a: dict[str, NDArray], b: dict[str, NDArray], dead: tuple[str, ...]
    ) -> Distance:
        dtype = self.first.model.policy.variable
        return _worst(distances(a, b, dtype=dtype), dead)

    def _look_into(self, number: int, batch: Batch) -> None:
        """Where rounding cannot explain the distance, asks whether one step from one state differs.

        It is asked where this first happens, and again each time training has gone twice as far.
        """
        if not self._tolerance.exceeded(self._rows[-1]) or self.divergence is not None:
            return
        due = not self._excess or number >= 2 * self._excess[-1]
        if due:
            self._excess.append(number)
            self.divergence = self._in_lock_step(number, batch)

    def _in_lock_step(self, number: int, batch: Batch) -> Divergence | None:
        """The difference in one step that both make from the state of one of them."""
        before = self.first.snapshot(), self.second.snapshot()
        start = before[0] if before[0].finite() else before[1]
        together = LockStep(self.first, self.second)
        together.step(number, start, batch)
        self.first.restore(before[0])
        self.second.restore(before[1])
        return together.divergence


def _worst(found: dict[str, Distance], dead: tuple[str, ...]) -> Distance:
    return largest({path: d for path, d in found.items() if path not in dead})[1]
