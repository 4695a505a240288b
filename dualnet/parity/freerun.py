"""The free run: every lane trains on by itself and is measured.

In practice a *control* runs beside the two backends: the first once more, its first weights
moved by one ulp.  How far it parts from its twin is how far this training throws rounding.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from dualnet.data import Batch
from dualnet.parity.distances import distance, distances, largest
from dualnet.parity.gates import free_run_bound, gates
from dualnet.parity.gradients import gradient_distances
from dualnet.parity.lane import Lane, Pass, Trained
from dualnet.parity.nudge import nudged
from dualnet.parity.verdict import Tolerance
from dualnet.report.values import Distance, FreeRunRow
from dualnet.typing import NDArray

__all__ = ["FreeRun", "measured_steps"]

#: Measuring reads every weight and slot of every lane, so a run is measured at one step in
#: this many, and at no more than this many steps.
MEASURED_EVERY, MEASURED = 16, 32


def measured_steps(total: int) -> frozenset[int]:
    """The steps to measure: all of a short run; else close together at first, and the last.

    >>> sorted(measured_steps(4)), len(measured_steps(10_000)), max(measured_steps(10_000))
    ([0, 1, 2, 3], 32, 9999)
    """
    count = min(total, max(8, min(MEASURED, total // MEASURED_EVERY)))
    if total == count:
        return frozenset(range(total))
    half = count // 2
    sparse = np.geomspace(half, total - 1, count - half)
    return frozenset(range(half)) | frozenset(round(step) for step in sparse)


class FreeRun:
    """Both backends, and the control if there is one, step by step.

    Attributes:
        lanes: the two backends; in practice, the control is the third.
        rows: the steps measured.
        excess: the steps measured where bound and control were left behind.
        steps: how many were made.
        seconds: for each lane, the time its steps took, but for the first, which compiles.
    """

    def __init__(self, lanes: Sequence[Lane], labels: tuple[str, str]) -> None:
        self.lanes, self.labels = tuple(lanes), labels
        self.rows: list[FreeRunRow] = []
        self.excess: list[int] = []
        self.steps = 0
        self.seconds = [0.0] * len(self.lanes)
        self._warm = [False] * len(self.lanes)
        self._gates = gates(lanes[0].dtype)
        self._tolerance = Tolerance()
        self._first_loss = 0.0
        self.new_epoch()
        self._begin()

    def _begin(self) -> None:
        """One start for all, but for one ulp in the control's first weights."""
        first, second, *control = self.lanes
        start = first.snapshot()
        second.restore(start)
        path = first.paths[0]
        moved = start.model | {path: nudged(start.model[path], first.dtype, draw=0)}
        for lane in control:
            lane.restore(replace(start, model=moved))

    def new_epoch(self) -> None:
        """Starts the running means of loss and metrics anew."""
        self.totals = (self.lanes[0].totals(), self.lanes[1].totals())

    def run(self, batches: Sequence[Batch]) -> None:
        """Some training steps of every lane, one lane after the other, not measured.

        Step by step in turns, each lane would find the processor's caches full of the
        others' weights, which makes steps of small networks half as slow again.
        """
        for place in range(len(self.lanes)):
            for batch in batches:
                self._timed(place, batch)
        self.steps += len(batches)

    def step(
        self,
        number: int,
        batch: Batch,
        *,
        dead: Sequence[str] = (),
        truth: Sequence[Lane] = (),
    ) -> bool:
        """One training step of every lane, measured; whether it asks for a look in lock-step.

        It does where rounding cannot explain the distance, the first time and again each
        time training has gone twice as far.

        Args:
            dead: parameters to leave out.
            truth: both backends' float64 lanes, which have made the same steps.
        """
        passes = []
        for place, lane in enumerate(self.lanes):
            passes.append(lane.read(self._timed(place, batch)))
        self.steps += 1
        self.rows.append(self._row(number, passes, dead, truth))
        due = not self.excess or number >= 2 * self.excess[-1]
        if not self._tolerance.exceeded(self.rows[-1]) or not due:
            return False
        self.excess.append(number)
        return True

    def _timed(self, place: int, batch: Batch) -> Trained:
        begun = time.perf_counter()
        found = self.lanes[place].train(batch)
        if self._warm[place]:
            self.seconds[place] += time.perf_counter() - begun
        self._warm[place] = True
        if place < len(self.totals):
            self.totals[place].add(batch.samples, found.loss, found.tallies)
        return found

    def _row(
        self, number: int, passes: list[Pass], dead: Sequence[str], truth: Sequence[Lane]
    ) -> FreeRunRow:
        losses = [float(one.loss) for one in passes]
        if not self.rows:
            self._first_loss = abs(losses[0])
        held = [_Held(lane) for lane in self.lanes]
        exact = [_Held(lane) for lane in truth]

        def apart(place: int) -> dict[str, Distance]:
            one, other = passes[0], passes[place]
            by_path = gradient_distances(one.gradients, other.gradients, self._gates)
            metrics = {
                name: distance(value, other.metrics[name]) for name, value in one.metrics.items()
            }
            return {
                "loss": distance(one.loss, other.loss, floor=self._first_loss),
                "gradient": _worst(by_path, dead),
                "state": _worst(distances(one.states, other.states), ()),
                "metrics": _worst(metrics, ()),
                **self._apart(held[0], held[place], dead),
            }

        first = self.lanes[0]
        return FreeRunRow(
            number,
            dict(zip(self.labels, losses, strict=False)),
            apart(1),
            apart(2) if len(self.lanes) > 2 else {},
            {
                label: self._apart(one, true, dead)
                for label, one, true in zip(self.labels, held, exact, strict=False)
            },
            free_run_bound(first.dtype, number, len(first.paths)),
        )

    def _apart(self, a: _Held, b: _Held, dead: Sequence[str]) -> dict[str, Distance]:
        dtype = self.lanes[0].model.policy.variable
        return {
            "weights": _worst(distances(a.weights, b.weights, dtype=dtype), dead),
            "slots": _worst(distances(a.slots, b.slots), [*dead, *_slots_of(dead, a.slots)]),
        }


class _Held:
    """What a lane holds after a step."""

    def __init__(self, lane: Lane) -> None:
        self.weights = lane.weights()
        self.slots = lane.optimizer.state()


def _slots_of(dead: Sequence[str], slots: Mapping[str, NDArray]) -> list[str]:
    """The slots (``"m.dense.bias"``) of these parameters."""
    return [name for name in slots if name.partition(".")[2] in dead]


def _worst(found: Mapping[str, Distance], dead: Sequence[str]) -> Distance:
    return largest({path: d for path, d in found.items() if path not in dead})[1]
