"""``dn.compare``: one network trained on two backends, and how far they part, and why."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from dualnet import losses, metrics, optim, registry
from dualnet.data import Batch, Batches
from dualnet.errors import BackendNotFound, ConfigError
from dualnet.modes import full_precision
from dualnet.nn.layer import Layer
from dualnet.optim import Optimizer
from dualnet.parity.freerun import FreeRun, measured_steps
from dualnet.parity.lane import Lane, Problem, Snapshot
from dualnet.parity.lockstep import LockStep
from dualnet.parity.verdict import judge
from dualnet.random.layout import checked_integer
from dualnet.report.values import Report, Settings
from dualnet.training.checks import check_finite
from dualnet.typing import Tree

__all__ = ["compare", "two_backends"]

#: Steps of the proof at the start; a few more follow later in the run.
PROOF_STEPS = 20
#: Later steps of the proof, as parts of the run.
LATER = (0.25, 0.5, 0.75, 1.0)
#: Called with the steps done and the steps there are.
Progress = Callable[[int, int], None]


def compare(
    net: Layer,
    x: Tree,
    y: Tree,
    *,
    loss: str | Callable[..., Any],
    optimizer: str | Optimizer,
    epochs: int = 1,
    batch_size: int = 32,
    seed: int = 0,
    dtype: str = "float32",
    backends: tuple[str, str] | None = None,
    metrics: Sequence[Any] = (),
    validation_data: tuple[Tree, Tree] | None = None,
    sample_weight: Tree = None,
    input_shape: Tree = None,
    device: str = "cpu",
    steps: int | None = None,
    proof_steps: int = PROOF_STEPS,
    progress: Progress | None = None,
) -> Report:
    """Trains one network on two backends and measures, step by step, how far they part.

    First a *proof*: in float64 both start each of the first steps (and a few later ones)
    from one state, and prediction, loss, every gradient, state and update are compared.
    Then *practice*: both train freely in ``dtype``, beside a control that tells how far this
    training throws a change in the last place.  ``docs/parity.md`` has the reasoning.

    Args:
        net: the definition.
        x, y, sample_weight: the training data, in memory.
        loss, optimizer, metrics: as for :meth:`dualnet.Model.compile`.
        epochs, batch_size: as for :meth:`dualnet.Model.fit`.
        seed: of weights, batch order and masks.
        dtype: of the free run.
        backends: two names; the same one twice is allowed.  The first two installed if not
            given.
        validation_data: ``(x, y)`` for the final scores; the training data if not given.
        input_shape: as for :class:`dualnet.Model`.
        device: where both train.
        steps: the most steps to take.
        proof_steps: how many of the first steps are proved.
        progress: called with the steps done and the steps there are.

    Raises:
        BackendNotFound: fewer than two backends are installed, or one named is not.
        ConfigError, DataError, ShapeError, LabelError, NonFiniteError: before the first step.

    >>> from dualnet import nn, parity
    >>> net = nn.Sequential(nn.Dense(4, activation="tanh"), nn.Dense(1))
    >>> x = np.linspace(-1, 1, 16).reshape(8, 2)
    >>> report = parity.compare(net, x, x[:, :1], loss="mse", optimizer="sgd", batch_size=4)
    >>> report.verdict, report.first
    ('agree', None)
    """
    names = two_backends(backends)
    data = _data(x, y, sample_weight, batch_size=batch_size, seed=seed)
    total = _total_steps(epochs, len(data), steps)
    checked_integer("proof_steps", proof_steps, 1, 1 << 32)
    problem = _problem(net, loss, optimizer, metrics, input_shape, device, seed)
    held_out = data if validation_data is None else _unshuffled(validation_data)
    with full_precision():
        run = _Run(problem, names, dtype, data, total, proof_steps)
        history = run.train(progress)
        scores = run.scores(held_out)
    divergence = run.proof.divergence or run.practice.divergence
    proof, practice = run.proof.mode(), run.practice.mode()
    verdict, reason = judge(proof, practice, divergence)
    settings = Settings(
        names,
        repr(net),
        repr(problem.optimizer),
        repr(problem.loss),
        dtype,
        run.first.model.device,
        epochs,
        batch_size,
        seed,
        run.first.model.count_params(),
    )
    return Report(
        verdict,
        reason,
        divergence,
        settings,
        proof,
        practice,
        (),
        history,
        scores,
        {},
        environment(names),
    )


class _Run:
    """The lanes of one comparison: three that train freely, two for the proof."""

    def __init__(
        self,
        problem: Problem,
        names: tuple[str, str],
        dtype: str,
        data: Batches,
        total: int,
        proof_steps: int,
    ) -> None:
        sample = next(data.epoch(0))

        def lane(place: int, kind: str) -> Lane:
            return Lane(problem, names[place], kind, sample)

        self.first = lane(0, dtype)
        self.first.check(sample, data.y)
        self.labels = labels(names)
        self.practice = FreeRun(self.first, lane(1, dtype), lane(0, dtype), self.labels)
        self.proof = LockStep(lane(0, "float64"), lane(1, "float64"))
        self._data = data
        self._total = total
        self._leading = min(proof_steps, total)
        self._later = {round(part * (total - 1)) for part in LATER} - set(range(self._leading))

    def train(self, progress: Progress | None) -> dict[str, dict[str, list[float]]]:
        """Every step of every lane; loss and metrics per epoch."""
        history: dict[str, dict[str, list[float]]] = {label: {} for label in self.labels}
        measured, step = measured_steps(self._total), 0
        exact = self.first.snapshot()
        for epoch in range(-(-self._total // len(self._data))):
            self.practice.new_epoch()
            for batch in self._data.epoch(epoch):
                if step == self._total:
                    break
                leading = step < self._leading
                if leading or step in self._later:
                    self._prove(step, exact if leading else self.first.snapshot(), batch)
                if leading:
                    exact = self.proof.first.snapshot()
                followed = leading and self.proof.divergence is None
                self.practice.step(
                    step,
                    batch,
                    measure=step in measured,
                    dead=self.proof.dead,
                    truth=self.proof.first if followed else None,
                )
                step += 1
                if progress is not None:
                    progress(step, self._total)
            for label, totals in zip(self.labels, self.practice.totals, strict=True):
                for name, value in totals.items():
                    history[label].setdefault(name, []).append(value)
        return history

    def _prove(self, step: int, start: Snapshot, batch: Batch) -> None:
        if start.finite():  # nothing can be learned from NaN on both sides
            self.proof.step(step, start, batch)

    def scores(self, data: Batches) -> dict[str, dict[str, float]]:
        """Loss and metrics of both backends on some data."""
        batches = list(data.epoch(0))
        lanes = zip(self.labels, (self.practice.first, self.practice.second), strict=True)
        return {label: lane.evaluate(batches) for label, lane in lanes}


def two_backends(backends: tuple[str, str] | None) -> tuple[str, str]:
    """Two names, each of an installed backend.

    Raises:
        BackendNotFound: there are not two.
        ConfigError: not two were given.
    """
    if backends is None:
        have = registry.installed()
        if len(have) < 2:
            missing = next(name for name in registry.names() if name not in have)
            raise BackendNotFound(
                f"a comparison needs two backends; installed here: {', '.join(have) or 'none'}. "
                f"Add the other with: pip install 'dualnet[{missing}]'"
            )
        backends = (have[0], have[1])
    if len(backends) != 2:
        raise ConfigError(f"backends={backends!r}; give two names, such as ('torch', 'tensorflow')")
    for name in backends:
        registry.load(name)
    return (backends[0], backends[1])


def labels(names: tuple[str, str]) -> tuple[str, str]:
    """The names of the two sides, told apart where one backend is compared with itself."""
    first, second = names
    return (first, second) if first != second else (first, f"{second} (2)")


def environment(names: tuple[str, str]) -> dict[str, str]:
    """Versions, devices and threads that a result may depend on."""
    found = {
        "dualnet": version("dualnet"),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "platform": f"{sys.platform} {platform.machine()}",
    }
    for name in dict.fromkeys(names):
        facts = registry.load(name).device.describe()
        found |= {f"{name} {key}": value for key, value in facts.items()}
    return found


def _problem(
    net: Layer,
    loss: Any,
    optimizer: Any,
    chosen: Sequence[Any],
    input_shape: Tree,
    device: str,
    seed: int,
) -> Problem:
    found = losses.get(loss)
    return Problem(
        net,
        found,
        optim.get(optimizer),
        tuple(metrics.get(metric, found) for metric in chosen),
        input_shape,
        device,
        seed,
    )


def _data(x: Tree, y: Tree, weight: Tree, *, batch_size: int, seed: int) -> Batches:
    if y is None:
        raise ConfigError("a comparison trains, so it needs targets: give x and y")
    _check_finite(x, y)
    return Batches(x, y, weight, batch_size=batch_size, shuffle=True, seed=seed)


def _unshuffled(data: tuple[Tree, Tree]) -> Batches:
    _check_finite(*data)
    return Batches(*data, batch_size=256, shuffle=False, seed=0)


def _check_finite(x: Tree, y: Tree) -> None:
    check_finite("x", x)
    check_finite("y", y)


def _total_steps(epochs: int, per_epoch: int, steps: int | None) -> int:
    total = checked_integer("epochs", epochs, 1, 1 << 32) * per_epoch
    return total if steps is None else min(total, checked_integer("steps", steps, 1, 1 << 32))
