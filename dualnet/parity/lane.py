"""One side of a comparison: a model, its optimizer and its compiled steps, spoken to in NumPy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from dualnet import tree
from dualnet.data import Batch
from dualnet.errors import ConfigError
from dualnet.metrics import Tally
from dualnet.metrics.names import distinct_names
from dualnet.model import Model
from dualnet.nn.layer import Layer
from dualnet.optim import Optimizer
from dualnet.parity.recorded import Recorded, floating_leaves
from dualnet.training.sources import Sources
from dualnet.training.steps import Steps, gradients
from dualnet.training.totals import Totals
from dualnet.typing import NDArray, Tensor, Tree

__all__ = [
    "Lane",
    "Native",
    "Pass",
    "Problem",
    "Snapshot",
    "Trained",
    "check_optimizer",
    "named_leaves",
]

#: A batch as tensors of one backend.
Native = tuple[Tree, Tree, Tree]


@dataclass(frozen=True)
class Problem:
    """What is trained on every backend alike."""

    network: Layer
    loss: Any
    optimizer: Optimizer
    metrics: tuple[Any, ...]
    input_shape: Tree
    device: str
    seed: int

    def __post_init__(self) -> None:
        check_optimizer(self.optimizer)


def check_optimizer(optimizer: Optimizer) -> None:
    """Raises :class:`ConfigError` if an update is not a function of one set of gradients."""
    if optimizer.needs_closure:
        raise ConfigError(
            f"{optimizer!r} evaluates the loss several times in one update, so its updates cannot "
            "be measured with the gradients of the other side; compare with another optimizer, "
            "or compare what fit gives on each backend"
        )


@dataclass(frozen=True)
class Snapshot:
    """A model and its optimizer at one moment: enough to go on from there on any backend."""

    model: dict[str, NDArray]
    optimizer: dict[str, NDArray]

    def finite(self) -> bool:
        """Whether every weight is a number."""
        return all(bool(np.isfinite(value).all()) for value in self.model.values())


class Trained(NamedTuple):
    """What one training step gave, still native."""

    prediction: Tree
    loss: Tensor
    tallies: tuple[Tally, ...]
    gradients: list[Tensor | None]


@dataclass(frozen=True)
class Pass:
    """What the forward and backward pass of a step gave, as NumPy."""

    prediction: Tree
    loss: NDArray
    metrics: dict[str, NDArray]
    gradients: dict[str, NDArray]
    states: dict[str, NDArray]

    @property
    def outputs(self) -> dict[str, NDArray]:
        """The leaves of the prediction, with names."""
        return named_leaves("output", self.prediction)


class Lane:
    """A model on one backend, in one dtype, and what a comparison does with it.

    There is one compiled function, the training step as ``fit`` makes it: it is what is
    compared, in lock-step as well, and one function is compiled once.
    """

    def __init__(self, problem: Problem, backend: str, dtype: str, first: Batch) -> None:
        self.model = Model(
            problem.network,
            problem.input_shape,
            backend=backend,
            device=problem.device,
            dtype=dtype,
            seed=problem.seed,
        )
        self.dtype = dtype
        self.problem = problem
        with self.on_device():
            self.model.native_batch(first)  # builds it
            self.optimizer = problem.optimizer.bind(self.model)
        self.paths = self.optimizer.paths
        self.state_paths = self.model.backend.layers.states(self.model.native)
        compiled = self.model.backend.jit.train_step
        self._train = compiled(self._train_step, jit="auto")
        self._compiled_apply = compiled(self._apply, jit="auto")
        self._steps = Steps(self.model, problem.loss, problem.metrics, self.optimizer, jit="auto")

    @contextmanager
    def on_device(self) -> Iterator[None]:
        """A block whose new tensors are on the lane's device, and whose errors name the lane."""
        backend = self.model.backend
        with backend.device.scope(self.model.device):
            try:
                yield
            except Exception as error:
                note = f"(on {backend.name}, in {self.dtype})"
                if note not in getattr(error, "__notes__", ()):
                    error.add_note(note)
                raise

    def check(self, sample: Batch, y: Tree) -> None:
        """Looks at inputs and at all targets before any step, as ``fit`` does.

        Raises:
            ShapeError, DtypeError, LabelError: they do not fit the network or the loss.
        """
        with self.on_device():
            Sources(self.model, self.problem.loss, finite=False).check(Batch(sample.x, y))

    # Steps

    def _train_step(self, x: Tree, y: Tree, weight: Tree) -> Trained:
        """One training step as ``fit`` makes it, which gives all that can be compared."""
        optimizer, loss = self.optimizer, self.problem.loss
        found = gradients(
            self.model, optimizer.variables, loss, x, y, weight, scaled=optimizer.scaled
        )
        own = optimizer.unscaled(found.gradients)  # before the update chooses another scale
        optimizer.apply_scaled(found.gradients)
        tape = self.model.backend.tape
        with tape.no_gradient():
            tallies = tuple(m.tally(y, found.prediction, weight) for m in self.problem.metrics)
        prediction = tree.map(tape.stop_gradient, found.prediction)
        return Trained(prediction, tape.stop_gradient(found.loss), tallies, own)

    def train(self, batch: Batch) -> Trained:
        """One training step."""
        with self.on_device():
            return Trained(*self._train(*self.model.native_batch(batch)))

    def passed(self, batch: Batch) -> Pass:
        """What the passes of a training step give; weights and slots move on with it."""
        return self.read(self.train(batch))

    def read(self, trained: Trained) -> Pass:
        """A step's results, with the state it left, as NumPy."""
        to_numpy = self.model.backend.state.to_numpy
        metrics = self.problem.metrics
        tallies = zip(distinct_names(metrics), metrics, trained.tallies, strict=True)
        return Pass(
            tree.map(to_numpy, trained.prediction),
            to_numpy(trained.loss),
            {
                name: np.asarray(metric.result([to_numpy(part) for part in tally]))
                for name, metric, tally in tallies
            },
            self._numpy_gradients(trained.gradients),
            self.states(),
        )

    def loss_gradients(
        self, prediction: Tree, batch: Batch, *, compiled: bool = False
    ) -> dict[str, NDArray]:
        """The gradients of the loss with respect to a prediction.

        Args:
            compiled: whether the loss is compiled as the steps are.
        """
        backend = self.model.backend

        def run(tensors: Tree, y: Tree, weight: Tree) -> list[Tensor | None]:
            leaves = floating_leaves(backend, tensors)
            made = Recorded(backend, lambda: self.problem.loss(y, tensors, weight), leaves)
            return made.gradients([made.value], leaves)

        if compiled:
            run = backend.jit.train_step(run, jit="auto")
        with self.on_device():
            _, y, weight = self.model.native_batch(batch)
            found = run(self.model.to_native(prediction), y, weight)
        given = {f"output {i}": g for i, g in enumerate(found) if g is not None}
        return {name: backend.state.to_numpy(gradient) for name, gradient in given.items()}

    def apply(self, found: dict[str, NDArray], *, compiled: bool) -> None:
        """One update with the gradients given.

        Args:
            compiled: as a training step makes it, which costs a compilation; else eagerly.
        """
        apply = self._compiled_apply if compiled else self._apply
        wide = self.model.policy.variable
        with self.on_device():
            apply([self.model.to_native(found[path], wide) for path in self.paths])

    def _apply(self, found: Sequence[Tensor]) -> None:
        self.optimizer.apply_scaled([self.optimizer.scaled(gradient) for gradient in found])

    def _numpy_gradients(self, found: Sequence[Tensor | None]) -> dict[str, NDArray]:
        """Gradients by path; zeros for a variable the loss does not depend on."""
        state = self.model.backend.state

        def read(variable: Tensor, gradient: Tensor | None) -> NDArray:
            if gradient is None:
                return np.zeros(state.shape(variable), state.to_numpy(variable).dtype)
            return state.to_numpy(gradient)

        pairs = zip(self.paths, self.optimizer.variables, found, strict=True)
        return {path: read(variable, gradient) for path, variable, gradient in pairs}

    # Results

    def totals(self) -> Totals:
        """Empty running means of loss and metrics."""
        return Totals(self.model.backend, self.problem.metrics, finite=False)

    def evaluate(self, batches: Sequence[Batch]) -> dict[str, float]:
        """Loss and metrics in evaluation mode."""
        totals = self.totals()
        with self.on_device():
            for batch in batches:
                totals.add(batch.samples, *self._steps.evaluate(*self.model.native_batch(batch)))
        return dict(totals)

    # State

    def snapshot(self) -> Snapshot:
        """Weights, state, slots and step counter as they are."""
        return Snapshot(self.model.state(), self.optimizer.state())

    def restore(self, snapshot: Snapshot) -> None:
        """Takes over a snapshot, from whichever backend and dtype."""
        with self.on_device():
            self.model.load_state(snapshot.model)
            self.optimizer.load_state(snapshot.optimizer)

    def updated(self) -> dict[str, NDArray]:
        """Everything an update writes: weights, slots, step counter."""
        return self.weights() | self.optimizer.state()

    def weights(self) -> dict[str, NDArray]:
        """The trained variables by path."""
        state = self.model.backend.state
        pairs = zip(self.paths, self.optimizer.variables, strict=True)
        return {path: state.to_numpy(variable) for path, variable in pairs}

    def states(self) -> dict[str, NDArray]:
        """The variables that ``forward`` updates (moving means, dropout counters) by path."""
        to_numpy = self.model.backend.state.to_numpy
        named = self.model.named_variables()
        return {path: to_numpy(v) for path, v in named.items() if path in self.state_paths}


def named_leaves(name: str, values: Tree) -> dict[str, Any]:
    """The leaves of a tree: ``name``, or ``name 0``, ``name 1`` … where there are several."""
    leaves = tree.leaves(values)
    return (
        {name: leaves[0]} if len(leaves) == 1 else {f"{name} {i}": v for i, v in enumerate(leaves)}
    )
