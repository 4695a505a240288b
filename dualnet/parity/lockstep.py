"""Lock-step: both backends start a step from one state and see the same batch.

No error is handed from step to step, so what differs was made in this step; and within the
step each phase is measured by itself: gradients before updates, and updates from the same
gradients on both sides, since Adam's first step turns a rounding error in a gradient into a
visible part of the learning rate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from dualnet.data import Batch
from dualnet.parity.distances import distance, distances, largest, norm, update_distances
from dualnet.parity.examination import Examination
from dualnet.parity.gates import denormal, gates
from dualnet.parity.gradients import gradient_distances
from dualnet.parity.lane import Lane, Pass, Snapshot
from dualnet.parity.nudge import nudged_inputs, nudged_values
from dualnet.report.values import Distance, Divergence, Finding, LayerRow, LockStepRow
from dualnet.typing import NDArray

__all__ = ["LockStep", "PHASES", "Side"]

#: In the order in which a difference shows.
PHASES = ("forward", "loss", "gradient", "state", "update")

#: Phase to path to distance.
Measured = dict[str, dict[str, Distance]]


@dataclass(frozen=True)
class Side:
    """What one backend made of a step, and of the update with the first's gradients."""

    start: Snapshot
    passed: Pass
    updated: dict[str, NDArray]

    def arrays(self, phase: str) -> dict[str, NDArray]:
        """What it gave in a phase, by path."""
        one = self.passed
        every = {
            "forward": one.outputs,
            "loss": {"loss": one.loss},
            "gradient": one.gradients,
            "state": one.states,
            "update": self.updated,
        }
        return every[phase]


#: What both made of a step.
Looked = tuple[Side, Side]
#: Both sides' distances from the truth, by backend and phase.
Exact = Callable[["LockStep", Looked], dict[str, dict[str, Distance]]]


class LockStep:
    """Two lanes of one dtype, and what their steps from one state have shown so far.

    Attributes:
        divergence: the first real difference; no more steps are taken after it.
        layers: every layer by itself, in the step that diverged.
    """

    def __init__(self, first: Lane, second: Lane, labels: tuple[str, str]) -> None:
        self.first, self.second, self.labels = first, second, labels
        self.gates = gates(first.dtype)
        self.divergence: Divergence | None = None
        self.layers: tuple[LayerRow, ...] = ()
        self.rows: list[LockStepRow] = []
        self.flips: dict[str, str] = {}
        self._worst: dict[str, Finding] = {}
        self._noisy: set[str] = set()
        self._alive: set[str] = set()

    @property
    def dead(self) -> tuple[str, ...]:
        """Parameters whose gradient has never been more than rounding."""
        return tuple(path for path in self.first.paths if path in self._noisy - self._alive)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The worst of each phase."""
        return tuple(self._worst[phase] for phase in PHASES if phase in self._worst)

    def look(
        self,
        number: int,
        start: Snapshot,
        batch: Batch,
        *,
        control: bool = False,
        exact: Exact | None = None,
        compiled: bool = False,
    ) -> Looked | None:
        """One step of both from ``start``, measured; the lanes are left anywhere.

        Args:
            control: whether to measure the first against itself moved by one ulp.
            exact: gives both sides' distances from the truth.
            compiled: whether the update is compiled, as in a training step, or eager.

        Returns:
            what both sides made of it; ``None`` if nothing was to be learned.
        """
        if self.divergence is not None or not start.finite():
            return None  # nothing can be learned from NaN on both sides
        a, b = self._sides(start, batch, compiled=compiled)
        found = self.measured(a, b)
        self._tell_dead(a.passed, b.passed, found["gradient"])
        moved = self.measured(a, self.moved(start, batch, 0)) if control else {}
        truth = exact(self, (a, b)) if exact is not None else {}
        self._note(number, found, _worst_of(moved), truth)
        suspects = {phase: d for phase, d in found.items() if self._beyond(phase, d)}
        if suspects and not _both_overflow(a.passed, b.passed, self.first.dtype):
            self._examine(number, batch, (a, b), suspects)
        return a, b

    def exact(self, start: Snapshot, looked: Looked) -> Exact:
        """The truth about another dtype's step from ``start``, of which this is the proof.

        Args:
            looked: what these lanes made of the step; the update, which is the same on both
                or else the proof has found a difference, is made again with the gradients
                of the other.
        """

        def distances_from(other: LockStep, found: Looked) -> dict[str, dict[str, Distance]]:
            gradients = found[0].passed.gradients
            updated = _updated(self.first, start, gradients, compiled=False)
            pairs = zip(self.labels, found, looked, strict=True)
            return {
                label: _worst_of(other.measured(side, replace(own, updated=updated)))
                for label, side, own in pairs
            }

        return distances_from

    def _sides(self, start: Snapshot, batch: Batch, *, compiled: bool) -> Looked:
        """The step on both, the second updated with the first's gradients."""
        first = Side(start, _passed(self.first, start, batch), self.first.updated())
        passed = _passed(self.second, start, batch)
        updated = _updated(self.second, start, first.passed.gradients, compiled=compiled)
        return first, Side(start, passed, updated)

    def moved(self, start: Snapshot, batch: Batch, draw: int) -> Side:
        """The first's own step from weights and inputs moved by one ulp."""
        lane = self.first
        model = nudged_values(start.model, lane.dtype, draw)
        x = nudged_inputs(batch.x, lane.dtype, draw)
        start = Snapshot(model, start.optimizer)
        return Side(start, _passed(lane, start, batch._replace(x=x)), {})

    def measured(self, a: Side, b: Side) -> Measured:
        """Distances of two sides by phase and path, dead parameters left out."""
        one, two = a.passed, b.passed
        return {
            "forward": distances(one.outputs, two.outputs),
            "loss": {"loss": distance(one.loss, two.loss, floor=_typical(one.outputs))},
            "gradient": gradient_distances(one.gradients, two.gradients, self.gates),
            "state": distances(one.states, two.states),
            "update": self._updates(a, b) if b.updated else {},
        }

    def _updates(self, a: Side, b: Side) -> dict[str, Distance]:
        before = a.start.model | a.start.optimizer
        return update_distances(before, a.updated, b.updated, least=denormal(self.first.dtype))

    def _tell_dead(self, a: Pass, b: Pass, live: Iterable[str]) -> None:
        """Keeps account of the parameters whose gradients are not measured, but not zero."""
        self._alive |= set(live)
        pairs = ((path, a.gradients[path], b.gradients[path]) for path in a.gradients)
        self._noisy |= {path for path, x, y in pairs if x.any() or y.any()}

    def _note(
        self,
        number: int,
        found: Measured,
        control: dict[str, Distance],
        truth: dict[str, dict[str, Distance]],
    ) -> None:
        """Writes the step down, and keeps the worst of each phase."""
        paths = {
            phase: {path: each.relative for path, each in by_path.items()}
            for phase, by_path in found.items()
        }
        self.rows.append(LockStepRow(number, _worst_of(found), control, truth, paths))
        for phase, by_path in found.items():
            path, total = largest(by_path)
            before = self._worst.get(phase)
            if path and (before is None or total.relative > before.distance.relative):
                self._worst[phase] = Finding(phase, number, path, total, self.gates.of(phase))

    def _beyond(self, phase: str, found: dict[str, Distance]) -> bool:
        return largest(found)[1].relative > self.gates.of(phase)

    def _examine(self, number: int, batch: Batch, found: Looked, suspects: Measured) -> None:
        """Looks at the first phase beyond its gate that rounding and kinks do not explain."""
        examined = Examination(self, number, batch, *found)
        for phase in PHASES:
            if phase in suspects:
                self.divergence = examined.divergence(phase, suspects[phase])
            if self.divergence is not None:
                self.layers = examined.layers()
                return


def _passed(lane: Lane, start: Snapshot, batch: Batch) -> Pass:
    lane.restore(start)
    return lane.passed(batch)


def _updated(
    lane: Lane, start: Snapshot, gradients: dict[str, NDArray], *, compiled: bool
) -> dict[str, NDArray]:
    lane.restore(start)
    lane.apply(gradients, compiled=compiled)
    return lane.updated()


def _worst_of(found: Measured) -> dict[str, Distance]:
    return {phase: largest(by_path)[1] for phase, by_path in found.items() if by_path}


def _both_overflow(a: Pass, b: Pass, dtype: str) -> bool:
    """Whether both hold numbers whose squares are infinite, or what overflow left of them.

    Which product overflows first is then a matter of the order of rounding, and says nothing
    about the backends.  Where one has ordinary numbers throughout, it is a difference, and an
    infinity that both have in one place is meant (a mask).  float16, whose squares overflow
    at 256, has no such room.
    """
    if dtype == "float16":
        return False
    return not (_ordinary(a, b, dtype) or _ordinary(b, a, dtype))


def _ordinary(one: Pass, other: Pass, dtype: str) -> bool:
    """Whether all numbers of a pass have finite squares, or are infinite in the other as well."""
    most = math.sqrt(np.finfo(np.float64 if dtype == "float64" else np.float32).max)

    def ordinary(x: NDArray, y: NDArray) -> bool:
        return bool(np.all((np.abs(x) <= most) | (np.isinf(x) & (x == y))))

    named = [*one.outputs.items(), *one.gradients.items()]
    found = other.outputs | other.gradients
    return all(ordinary(leaf, found[name]) for name, leaf in named)


def _typical(prediction: dict[str, NDArray]) -> float:
    """The root mean square of a prediction: a loss near zero is the difference of such numbers."""
    leaves = [leaf.astype(np.float64).ravel() for leaf in prediction.values()]
    everything = np.concatenate(leaves) if leaves else np.zeros(1)
    finite = everything[np.isfinite(everything)]
    return norm([finite]) / max(1.0, float(np.sqrt(finite.size)))
