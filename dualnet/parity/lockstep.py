"""The proof: both backends start every step from one state and see the same batch.

No error is handed from step to step, so what differs was made in this step; and within the
step each phase is measured by itself: gradients before updates, and updates from the same
gradients on both sides, since Adam's first step turns a rounding error in a gradient into a
visible part of the learning rate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dualnet.data import Batch
from dualnet.parity import replay
from dualnet.parity.distances import distance, distances, largest, norm
from dualnet.parity.gates import PROOF_FACTOR, gates
from dualnet.parity.gradients import gradient_distances, gradients_part
from dualnet.parity.lane import Lane, Pass, Snapshot
from dualnet.parity.nudge import nudged_inputs, nudged_values
from dualnet.parity.tracing import Trace
from dualnet.report.values import Distance, Divergence, Finding, LockStepRow, Mode
from dualnet.typing import NDArray

__all__ = ["LockStep", "PHASES"]

#: In the order in which a difference shows.
PHASES = ("forward", "loss", "gradient", "state", "update")
#: Draws of the control: each moves every weight and input by one ulp, up or down.
DRAWS = 2
#: The name of the network itself, whose path is empty.
NETWORK = "(network)"

Replayed = list[replay.Contribution]


class LockStep:
    """Two lanes of one dtype, kept together, and what their steps have shown so far.

    Attributes:
        divergence: the first real difference; no more steps are taken after it.
    """

    def __init__(self, first: Lane, second: Lane) -> None:
        self.first, self.second = first, second
        self.gates = gates(first.dtype)
        self.divergence: Divergence | None = None
        self._rows: list[LockStepRow] = []
        self._worst: dict[str, Finding] = {}
        self._noisy: set[str] = set()
        self._alive: set[str] = set()
        self._flips: dict[str, str] = {}

    @property
    def dead(self) -> tuple[str, ...]:
        """Parameters whose gradient has never been more than rounding."""
        return tuple(path for path in self.first.paths if path in self._noisy - self._alive)

    def mode(self) -> Mode:
        """What has been found, as values."""
        return Mode(
            self.first.dtype,
            tuple(self._rows),
            tuple(self._worst[phase] for phase in PHASES if phase in self._worst),
            self.dead,
            tuple(self._flips.values()),
            0,
            (),
            (),
        )

    def step(self, number: int, start: Snapshot, batch: Batch) -> None:
        """One step of both from ``start``; afterwards the first is where training leads it."""
        if self.divergence is not None:
            return
        passes, found = self._measure(start, batch)
        cross = {phase: largest(by_path)[1] for phase, by_path in found.items() if by_path}
        paths = {
            phase: {path: each.relative for path, each in by_path.items()}
            for phase, by_path in found.items()
        }
        self._rows.append(LockStepRow(number, cross, {}, {}, paths))
        for phase, by_path in found.items():
            self._note(number, phase, by_path)
        suspects = {phase: d for phase, d in found.items() if self._beyond(phase, d)}
        if suspects and not any(_about_to_overflow(one, self.first.dtype) for one in passes):
            after = self.first.snapshot()
            self._examine(_Step(self, number, start, batch, *passes), suspects)
            self.first.restore(after)

    def _measure(
        self, start: Snapshot, batch: Batch
    ) -> tuple[tuple[Pass, Pass], dict[str, dict[str, Distance]]]:
        first, second = self.first, self.second
        first.restore(start)
        second.restore(start)
        a, b = first.gradients(batch), second.gradients(batch)
        found = self.measured(a, b)
        self._tell_dead(a, b, found["gradient"])
        states = distances(first.states(), second.states())
        first.apply(a.gradients)
        second.apply(a.gradients)
        updates = self._update_distances(start)
        return (a, b), {**found, "state": states, "update": updates}

    def _update_distances(self, start: Snapshot) -> dict[str, Distance]:
        """How far the updated values are apart, relative to those before where these are larger.

        A step may take back the one before: what is left of a bias is then rounding alone.
        """
        first, second = _updated(self.first), _updated(self.second)
        before, least = start.model | start.optimizer, _smallest(self.first)
        return {
            path: distance(value, second[path], floor=max(norm([before[path]]), least))
            for path, value in first.items()
        }

    def measured(self, a: Pass, b: Pass) -> dict[str, dict[str, Distance]]:
        """Distances of two passes by phase and path, dead parameters left out."""
        return {
            "forward": distances(a.outputs, b.outputs),
            "loss": {"loss": distance(a.loss, b.loss, floor=_typical(a.outputs))},
            "gradient": gradient_distances(a.gradients, b.gradients, self.gates),
        }

    def _tell_dead(self, a: Pass, b: Pass, live: Iterable[str]) -> None:
        """Keeps account of the parameters whose gradients are not measured, but not zero."""
        self._alive |= set(live)
        pairs = ((path, a.gradients[path], b.gradients[path]) for path in a.gradients)
        self._noisy |= {path for path, x, y in pairs if x.any() or y.any()}

    def _note(self, step: int, phase: str, found: dict[str, Distance]) -> None:
        """Keeps the worst of a phase."""
        path, total = largest(found)
        before = self._worst.get(phase)
        if path and (before is None or total.relative > before.distance.relative):
            self._worst[phase] = Finding(phase, step, path, total, self.gates.of(phase))

    def _beyond(self, phase: str, found: dict[str, Distance]) -> bool:
        return largest(found)[1].relative > self.gates.of(phase)

    def _examine(self, step: _Step, suspects: dict[str, dict[str, Distance]]) -> None:
        """Looks at the first phase beyond its gate that rounding and kinks do not explain."""
        for phase in PHASES:
            if phase not in suspects or self.divergence is not None:
                continue
            paths = step.unexplained(phase, suspects[phase])
            if not paths:
                if phase == "gradient" and not self._flips:
                    self._flips |= step.flips
                continue
            layer = step.fault(phase, paths)
            if phase == "gradient" and layer is None and step.flips:
                self._flips |= step.flips
                continue
            path = _named(layer, paths, suspects[phase])
            self.divergence = Divergence(
                step.number,
                phase,
                path,
                NETWORK if layer == "" else layer or "",
                paths,
                suspects[phase].get(path) or largest(suspects[phase])[1],
                self.gates.of(phase),
                step.control(phase, path),
                self.first.dtype,
            )


def _named(layer: str | None, paths: tuple[str, ...], found: dict[str, Distance]) -> str:
    """The worst variable of the layer to blame; the layer, where no variable of it differs."""
    own = [path for path in paths if path.startswith(f"{layer}.")] if layer else list(paths)
    return max(own, key=lambda path: found[path].relative) if own else layer or NETWORK


@dataclass(frozen=True)
class _Step:
    """A step beyond a gate, looked at closely."""

    owner: LockStep
    number: int
    start: Snapshot
    batch: Batch
    a: Pass
    b: Pass

    def unexplained(self, phase: str, found: dict[str, Distance]) -> tuple[str, ...]:
        """The paths beyond the gate and beyond what one ulp in everything does."""
        gate = self.owner.gates.of(phase)
        return tuple(
            path for path, d in found.items() if d.relative > max(gate, self.control(phase, path))
        )

    def control(self, phase: str, path: str) -> float:
        """What one ulp in every weight and input does there, times a factor.

        An update gets the same numbers on both sides, so nothing excuses it.
        """
        moved = self._moved.get(phase, {}).get(path)
        return PROOF_FACTOR * moved.relative if moved is not None else 0.0

    @cached_property
    def _moved(self) -> dict[str, dict[str, Distance]]:
        lane, total = self.owner.first, dict[str, dict[str, Distance]]()
        lane.restore(self.start)
        lane.gradients(self.batch)
        states = lane.states()
        for draw in range(DRAWS):
            model = nudged_values(self.start.model, lane.dtype, draw)
            lane.restore(Snapshot(model, self.start.optimizer))
            x = nudged_inputs(self.batch.x, lane.dtype, draw)
            moved = lane.gradients(self.batch._replace(x=x))
            found = self.owner.measured(self.a, moved) | {"state": distances(states, lane.states())}
            for phase, by_path in found.items():
                held = total.setdefault(phase, {})
                held |= {p: held[p] | d if p in held else d for p, d in by_path.items()}
        return total

    def fault(self, phase: str, paths: tuple[str, ...]) -> str | None:
        """The path of the layer to blame; ``None`` if it is no layer's own doing."""
        if phase == "forward":
            return self._blamed(self._forward_fault)
        if phase == "gradient":
            return self._blamed(self._gradient_fault)
        if phase == "state":
            return paths[0].rpartition(".")[0]
        return "loss" if phase == "loss" else None

    def _blamed(self, fault: Callable[[bool], str | None]) -> str | None:
        """What replay shows to be wrong; compiled as the steps are, where eagerly nothing is."""
        found = fault(False)
        return fault(True) if found is None else found

    def _forward_fault(self, compiled: bool) -> str | None:
        return replay.forward_fault(*self._contributions(compiled), self.owner.gates)

    def _gradient_fault(self, compiled: bool) -> str | None:
        if self._loss_differs(compiled):
            return "loss"
        return replay.backward_fault(
            *self._contributions(compiled), self.owner.gates, excused=self.flips
        )

    @cached_property
    def flips(self) -> dict[str, str]:
        """The calls that stand on a kink, each with where."""
        first, second = self._traces
        return replay.find_flips(self.owner.first, self.start, first, second, self.owner.gates)

    def _loss_differs(self, compiled: bool) -> bool:
        """Whether the gradients of the loss differ at the same prediction."""
        a, b = (
            lane.loss_gradients(self.a.prediction, self.batch, compiled=compiled)
            for lane in (self.owner.first, self.owner.second)
        )
        return gradients_part(a, b, self.owner.gates)

    @cached_property
    def _traces(self) -> tuple[Trace, Trace]:
        first, second = (
            replay.traced(lane, self.start, lane.model.native_batch(self.batch))
            for lane in (self.owner.first, self.owner.second)
        )
        return first, second

    def _contributions(self, compiled: bool) -> tuple[Replayed, Replayed]:
        calls = self._traces[0].calls
        first, second = (
            replay.replayed(lane, self.start, calls, compiled=compiled)
            for lane in (self.owner.first, self.owner.second)
        )
        return first, second


def _updated(lane: Lane) -> dict[str, NDArray]:
    """Everything an update writes."""
    return lane.weights() | lane.optimizer.state()


def _smallest(lane: Lane) -> float:
    """A norm below which denormal numbers, which one backend may flush to zero, have their say."""
    kind = np.finfo(np.float64 if lane.dtype == "float64" else np.float32)
    return float(kind.tiny / kind.eps)


def _about_to_overflow(one: Pass, dtype: str) -> bool:
    """Whether a pass holds numbers whose squares are infinite.

    Which product overflows first is then a matter of the order of rounding, and says nothing
    about the backends.  float16, whose squares overflow at 256, has no such room.
    """
    if dtype == "float16":
        return False
    largest_square = math.sqrt(np.finfo(np.float64 if dtype == "float64" else np.float32).max)
    leaves = (*one.outputs.values(), *one.gradients.values())
    return any(bool(np.any(np.abs(leaf) > largest_square)) for leaf in leaves)


def _typical(prediction: dict[str, NDArray]) -> float:
    """The root mean square of a prediction: a loss near zero is the difference of such numbers."""
    leaves = [leaf.astype(np.float64).ravel() for leaf in prediction.values()]
    everything = np.concatenate(leaves) if leaves else np.zeros(1)
    finite = everything[np.isfinite(everything)]
    return norm([finite]) / max(1.0, float(np.sqrt(finite.size)))
