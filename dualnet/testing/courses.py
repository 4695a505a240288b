"""The first training steps of a network on one backend, and another backend held to them.

Each step starts from the recorded state, so that no error is handed on: forward, loss, gradients,
state and update are compared by themselves, in float64, as in the proof of ``dn.compare``.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from dualnet import losses, optim
from dualnet.data import Batch, Batches
from dualnet.dtypes import is_floating
from dualnet.errors import ParityError
from dualnet.nn.layer import Layer
from dualnet.parity import disagreement
from dualnet.parity.distances import ZERO, distances, larger, norm, update_distances
from dualnet.parity.gates import PROOF_FACTOR, denormal, gates
from dualnet.parity.gradients import gradient_distances
from dualnet.parity.lane import Lane, Problem, Snapshot, named_leaves
from dualnet.parity.nudge import nudged_inputs, nudged_values
from dualnet.parity.replay import traced
from dualnet.report.values import Distance
from dualnet.testing.snapshots import array_digest, definition_digest
from dualnet.typing import NDArray, Tree

__all__ = ["Course", "DTYPE", "Step", "Training"]

#: What steps are recorded in: there rounding is small enough to tell errors from.
DTYPE = "float64"
#: Draws of the control: each moves every weight and input by one ulp, up or down.
DRAWS = 2

Named = dict[str, NDArray]
Phases = dict[str, dict[str, Distance]]


@dataclass(frozen=True)
class Step:
    """One training step, as NumPy by name.

    Attributes:
        output: the leaves of the prediction, in training mode.
        loss: its value, named ``"loss"``.
        gradient: of every trained variable.
        layers: every layer's output, in order of execution.
        model, optimizer: weights, state and slots after the step.
    """

    output: Named
    loss: Named
    gradient: Named
    layers: Named
    model: Named
    optimizer: Named


@dataclass(frozen=True)
class Training:
    """What is trained, on which batches."""

    network: Layer
    x: Tree
    y: Tree
    sample_weight: Tree
    loss: Any
    optimizer: Any
    input_shape: Tree
    batch_size: int
    seed: int
    device: str

    def settings(self, steps: int) -> Mapping[str, Any]:
        """What a reference of so many steps is valid for."""
        return {
            "dtype": DTYPE,
            "steps": steps,
            "batch_size": self.batch_size,
            "seed": self.seed,
            "network": definition_digest(self.network),
            "loss": definition_digest(losses.get(self.loss)),
            "optimizer": definition_digest(optim.get(self.optimizer)),
            "inputs": array_digest((self.x, self.y, self.sample_weight)),
        }

    def batches(self, steps: int) -> list[Batch]:
        """The first batches, as ``fit`` and ``dn.compare`` see them."""
        data = Batches(
            self.x,
            self.y,
            self.sample_weight,
            batch_size=self.batch_size,
            shuffle=True,
            seed=self.seed,
        )
        epochs = (data.epoch(number) for number in itertools.count())
        return list(itertools.islice(itertools.chain.from_iterable(epochs), steps))

    def lane(self, backend: str, sample: Batch) -> Lane:
        """The model and its optimizer on a backend."""
        problem = Problem(
            network=self.network,
            loss=losses.get(self.loss),
            optimizer=optim.get(self.optimizer),
            metrics=(),
            input_shape=self.input_shape,
            device=self.device,
            seed=self.seed,
        )
        lane = Lane(problem, backend, DTYPE, sample)
        lane.check(sample, self.y)
        return lane


@dataclass(frozen=True)
class Course:
    """Training steps as they were taken on a backend, each with the state that it led to."""

    start: Snapshot
    steps: tuple[Step, ...]

    @classmethod
    def record(cls, training: Training, backend: str, steps: int) -> Course:
        """Takes the steps."""
        batches = training.batches(steps)
        lane = training.lane(backend, batches[0])
        start = lane.snapshot()
        return cls(start, tuple(_step(lane, batch) for batch in batches))

    def hold(self, training: Training, backend: str, name: str) -> None:
        """Holds a backend to these steps.

        Args:
            name: what to call the backend that took them.

        Raises:
            ParityError: it differs; names step, phase, layer, variable, index and both values.
        """
        batches = training.batches(len(self.steps))
        lane, start = training.lane(backend, batches[0]), self.start
        for number, (batch, step) in enumerate(zip(batches, self.steps, strict=True)):
            _Held(lane, (name, backend), number, start, batch, step).check()
            start = Snapshot(step.model, step.optimizer)

    def arrays(self) -> Named:
        """All of it by name, for a file."""
        found = {
            f"start/{kind}/{k}": v for kind, d in vars(self.start).items() for k, v in d.items()
        }
        for number, step in enumerate(self.steps):
            for kind, named in asdict(step).items():
                found |= {f"{number}/{kind}/{name}": value for name, value in named.items()}
        return found

    def order(self) -> list[list[str]]:
        """The names of the layers of each step, in order of execution, which a file loses."""
        return [list(step.layers) for step in self.steps]

    @classmethod
    def of(cls, arrays: Named, order: Sequence[Sequence[str]]) -> Course:
        """The inverse of :meth:`arrays`."""

        def below(prefix: str) -> Named:
            return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}

        start = Snapshot(below("start/model/"), below("start/optimizer/"))
        steps = []
        for number, names in enumerate(order):
            kinds = {field.name: below(f"{number}/{field.name}/") for field in fields(Step)}
            kinds["layers"] = {name: kinds["layers"][name] for name in names}
            steps.append(Step(**kinds))
        return cls(start, tuple(steps))


def _step(lane: Lane, batch: Batch) -> Step:
    """One step from where the lane is; afterwards it is where training leads it."""
    start = lane.snapshot()
    layers = _layers(lane, start, batch)
    lane.restore(start)
    taken = lane.passed(batch)
    after = lane.snapshot()
    loss = {"loss": taken.loss}
    return Step(taken.outputs, loss, taken.gradients, layers, after.model, after.optimizer)


def _layers(lane: Lane, start: Snapshot, batch: Batch) -> Named:
    """Every floating output of every layer, by the name of its call."""
    found: Named = {}
    for call in traced(lane, start, lane.model.native_batch(batch)).calls:
        found |= named_leaves(call.name or "(network)", call.output)
    return {name: leaf for name, leaf in found.items() if is_floating(np.asarray(leaf).dtype.name)}


@dataclass(frozen=True)
class _Held:
    """One step of a lane held to a recorded one."""

    lane: Lane
    names: tuple[str, str]
    number: int
    start: Snapshot
    batch: Batch
    step: Step

    def check(self) -> None:
        """Raises ParityError at the first phase in which they differ."""
        lane, step, gate = self.lane, self.step, gates(DTYPE)
        lane.restore(self.start)
        taken = lane.passed(self.batch)
        here = {"forward": taken.outputs, "loss": {"loss": taken.loss}, "gradient": taken.gradients}
        there = {"forward": step.output, "loss": step.loss, "gradient": step.gradient}
        here["state"] = taken.states
        there["state"] = {path: step.model[path] for path in here["state"] if path in step.model}
        for phase, found in self._measured(here, there).items():
            self._judge(phase, found, there[phase], here[phase], gate.of(phase))
        lane.restore(self.start)
        lane.apply(step.gradient, compiled=False)
        updated = lane.updated()
        recorded = {p: v for p, v in (step.model | step.optimizer).items() if p in updated}
        before = self.start.model | self.start.optimizer
        found = update_distances(before, recorded, updated, least=denormal(DTYPE))
        self._judge("update", found, recorded, updated, gate.update)

    def _measured(self, a: dict[str, Named], b: dict[str, Named]) -> Phases:
        """Distances by phase and path; a loss near zero is a difference of predictions."""
        floor = norm(b["forward"].values())
        return {
            "forward": distances(a["forward"], b["forward"]),
            "loss": distances(a["loss"], b["loss"], floor=floor),
            "gradient": gradient_distances(a["gradient"], b["gradient"], gates(DTYPE)),
            "state": distances(a["state"], b["state"]),
        }

    def _judge(
        self, phase: str, found: dict[str, Distance], there: Named, here: Named, gate: float
    ) -> None:
        beyond = {path: d for path, d in found.items() if d.relative > gate}
        real = {
            path: d
            for path, d in beyond.items()
            if d.relative > PROOF_FACTOR * self._moved(phase, path).relative
        }
        if not real:
            return
        path = max(real, key=lambda path: real[path].relative)
        layer = self._layer(phase, list(real))
        raise ParityError(
            f"step {self.number}, {phase}, {path!r}{layer and f' (layer {layer!r})'}: relative "
            f"{real[path].relative:.2g} in {DTYPE}, where rounding explains {gate:.1g}\n"
            f"{self._worst(path, there, here)}\n"
            f"{self._control(phase, path, real[path])}"
        )

    def _worst(self, path: str, there: Named, here: Named) -> str:
        a, b = there.get(path), here.get(path)
        if a is None or b is None:
            return f"{path} is on {self.names[b is not None]} only"
        if a.shape != b.shape:
            return f"{path} has shape {a.shape} on {self.names[0]}, {b.shape} on {self.names[1]}"
        return disagreement.worst(path, self.names, a, b)

    def _control(self, phase: str, path: str, apart: Distance) -> str:
        if phase == "update":
            return "control: none is needed, for both sides were given the same gradients"
        return disagreement.conditioning(self.names[1], self._moved(phase, path), apart.absolute)

    def _moved(self, phase: str, path: str) -> Distance:
        """What one ulp in every weight and input does there; nothing to an update."""
        return ZERO if phase == "update" else self._nudged.get(phase, {}).get(path, ZERO)

    @cached_property
    def _nudged(self) -> Phases:
        total = dict[str, dict[str, Distance]]()
        here = self._passed(self.start, self.batch)
        for draw in range(DRAWS):
            moved = Snapshot(nudged_values(self.start.model, DTYPE, draw), self.start.optimizer)
            batch = self.batch._replace(x=nudged_inputs(self.batch.x, DTYPE, draw))
            for phase, found in self._measured(here, self._passed(moved, batch)).items():
                total[phase] = larger(total.get(phase, {}), found)
        return total

    def _passed(self, start: Snapshot, batch: Batch) -> dict[str, Named]:
        self.lane.restore(start)
        taken = self.lane.passed(batch)
        return {
            "forward": taken.outputs,
            "loss": {"loss": taken.loss},
            "gradient": taken.gradients,
            "state": taken.states,
        }

    def _layer(self, phase: str, paths: list[str]) -> str:
        """The layer to blame: the first whose output parts; of gradients, the last."""
        order = list(self.step.layers)
        if phase == "forward":
            here = _layers(self.lane, self.start, self.batch)
            apart = distances(self.step.layers, here)
            return next((n for n in order if apart[n].relative > gates(DTYPE).forward), "")
        if phase not in ("gradient", "state"):
            return ""
        owners = [path.rpartition(".")[0] for path in paths]
        return max(owners, key=lambda owner: order.index(owner) if owner in order else -1)
