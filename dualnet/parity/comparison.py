"""``dn.compare``: one network trained on two backends, and how far they part, and why."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from itertools import islice
from typing import Any

import numpy as np

from dualnet import losses, metrics, optim, registry
from dualnet.data import Batch, Batches
from dualnet.errors import BackendNotFound, ConfigError
from dualnet.modes import flushed_denormals, full_precision
from dualnet.nn.layer import Layer
from dualnet.optim import Optimizer
from dualnet.parity.freerun import FreeRun, measured_steps
from dualnet.parity.lane import Lane, Problem
from dualnet.parity.lockstep import LockStep
from dualnet.parity.verdict import judge
from dualnet.random.layout import checked_integer
from dualnet.report.values import Divergence, LayerRow, Mode, Report, Settings
from dualnet.training.checks import check_finite
from dualnet.training.compiled import with_scale
from dualnet.typing import Tree

__all__ = ["compare", "two_backends"]

#: The dtype of the proof.
PROOF = "float64"
#: A look costs as much as some steps of training, so one step in this many is looked at, ...
LOOK_EVERY = 250
#: ... but at least and at most this many of the first.
LEADING = (2, 20)
#: Later looks, as parts of a run: of a longer one, and of a shorter.
LATER, LAST = (0.25, 0.5, 0.75, 1.0), (1.0,)
LONG = 2000
#: Training samples that the final scores are of, where nothing else is given.
SCORED = 1024
#: Steps that a lane makes before the next lane's turn, where nothing is measured.
TOGETHER = 16
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
    proof_steps: int | None = None,
    progress: Progress | None = None,
) -> Report:
    """Trains one network on two backends and measures, step by step, how far they part.

    Both train freely in ``dtype``, beside a control that tells how far this training throws
    a change in the last place (*practice*).  Before each of the first steps, and a few later
    ones, both make that step from one state, in float64 (the *proof*) and in ``dtype``, and
    prediction, loss, every gradient, state and update are compared.  ``docs/parity.md`` has
    the reasoning.

    Args:
        net: the definition.
        x, y, sample_weight: the training data, in memory.
        loss, optimizer, metrics: as for :meth:`dualnet.Model.compile`.
        epochs, batch_size: as for :meth:`dualnet.Model.fit`.
        seed: of weights, batch order and masks.
        dtype: of the free run.
        backends: two names; the same one twice is allowed.  The first two installed if not
            given.
        validation_data: ``(x, y)`` for the final scores; 1024 of the training
            samples if not given.
        input_shape: as for :class:`dualnet.Model`.
        device: where both train.
        steps: the most steps to take.
        proof_steps: how many of the first steps are looked at in lock-step; one in 250 of all
            steps if not given, and 2 to 20.
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
    leading = _leading(total, proof_steps)
    chosen = with_scale(optim.get(optimizer), dtype)
    problem = _problem(net, loss, chosen, metrics, input_shape, device, seed)
    held_out = None if validation_data is None else _unshuffled(validation_data)
    with full_precision(), flushed_denormals():
        run = _Run(problem, names, dtype, data, total, leading)
        history = run.train(progress)
        scores = run.scores(_some(data) if held_out is None else held_out.epoch(0))
    proof, practice, divergence = run.proof(), run.practice(), run.divergence
    verdict, reason = judge(proof, practice, divergence)
    settings = Settings(
        names,
        repr(net),
        repr(problem.optimizer),
        repr(problem.loss),
        dtype,
        run.device,
        epochs,
        batch_size,
        seed,
        run.parameters,
    )
    return Report(
        verdict,
        reason,
        divergence,
        settings,
        proof,
        practice,
        run.layers,
        history,
        scores,
        run.seconds,
        environment(names),
    )


class _Run:
    """The lanes of one comparison, which train freely and meet for looks in lock-step."""

    def __init__(
        self,
        problem: Problem,
        names: tuple[str, str],
        dtype: str,
        data: Batches,
        total: int,
        leading: int,
    ) -> None:
        sample = next(data.epoch(0))

        def lane(place: int, kind: str) -> Lane:
            return Lane(problem, names[place], kind, sample)

        first = lane(0, dtype)
        first.check(sample, data.y)
        self.labels = labels(names)
        self.device, self.parameters = first.model.device, first.model.count_params()
        lanes = (first, lane(1, dtype))
        exact = lanes if dtype == PROOF else (lane(0, PROOF), lane(1, PROOF))
        self._together = LockStep(*lanes, self.labels)
        self._proved = self._together if dtype == PROOF else LockStep(*exact, self.labels)
        self._free = FreeRun([*lanes, lane(0, dtype)], self.labels)
        self._free_proof = None if dtype == PROOF else FreeRun(exact, self.labels)
        self._data, self._total, self._leading = data, total, leading
        self._measured = measured_steps(total)
        later = LATER if total >= LONG else LAST
        self._looks = {*range(leading), *(round(part * (total - 1)) for part in later)}

    @property
    def divergence(self) -> Divergence | None:
        """The first real difference; in one step, the proof's word goes first."""
        found = [each.divergence for each in (self._proved, self._together)]
        return min((d for d in found if d is not None), key=lambda d: d.step, default=None)

    @property
    def layers(self) -> tuple[LayerRow, ...]:
        """Every layer by itself, in the step that diverged."""
        pairs = (self._proved, self._together)
        return next((p.layers for p in pairs if p.divergence is self.divergence), ())

    @property
    def seconds(self) -> dict[str, float]:
        """The time that training took each backend."""
        return dict(zip(self.labels, self._free.seconds, strict=False))

    def proof(self) -> Mode:
        """What has been found in float64."""
        return _mode(self._proved, self._free_proof or self._free)

    def practice(self) -> Mode:
        """What has been found in the dtype asked for."""
        return _mode(self._together, self._free)

    def train(self, progress: Progress | None) -> dict[str, dict[str, list[float]]]:
        """Every step of every lane; loss and metrics per epoch."""
        history: dict[str, dict[str, list[float]]] = {label: {} for label in self.labels}
        for epoch in range(-(-self._total // len(self._data))):
            self._free.new_epoch()
            for done in self._epoch(epoch):
                if progress is not None:
                    progress(done, self._total)
            for label, totals in zip(self.labels, self._free.totals, strict=True):
                for name, value in totals.items():
                    history[label].setdefault(name, []).append(value)
        return history

    def _epoch(self, epoch: int) -> Iterator[int]:
        """The steps of an epoch, some at a time; gives how many have been made so far."""
        waiting: list[Batch] = []
        left = self._total - self._free.steps
        for batch in islice(self._data.epoch(epoch), left):
            number = self._free.steps + len(waiting)
            stop = number in self._looks or number in self._measured
            if waiting and (stop or len(waiting) == TOGETHER):
                self._free.run(waiting)
                waiting = []
                yield self._free.steps
            if stop:
                self._step(number, batch)
                yield self._free.steps
            else:
                waiting.append(batch)
        if waiting:
            self._free.run(waiting)
            yield self._free.steps

    def _step(self, number: int, batch: Batch) -> None:
        """A look if one is due, then one step of every lane, measured."""
        diverged = self.divergence is not None
        if number in self._looks and not diverged:
            self._look(number, batch)
        truth: Sequence[Lane] = ()
        if self._free_proof is not None and number < self._leading and not diverged:
            truth = self._free_proof.lanes
            if self._free_proof.step(number, batch, dead=self._proved.dead):
                self._look_again(self._free_proof, number, batch)
        if self._free.step(number, batch, dead=self._proved.dead, truth=truth):
            self._look_again(self._free, number, batch)

    def _look(self, number: int, batch: Batch) -> None:
        """One step in lock-step, from where the first backend is in practice."""
        start = self._free.lanes[0].snapshot()
        if self._free_proof is None:
            with _kept(self._free.lanes[:2]):
                self._proved.look(number, start, batch, control=True)
            return
        with _kept(self._free_proof.lanes):
            looked = self._proved.look(number, start, batch)
            if looked is None or self._proved.divergence is not None:
                return
            exact = self._proved.exact(start, looked)
            with _kept(self._free.lanes[:2]):
                self._together.look(number, start, batch, control=True, exact=exact)

    def _look_again(self, run: FreeRun, number: int, batch: Batch) -> None:
        """A look with everything compiled, from where rounding explains no more."""
        first, second = run.lanes[:2]
        start = first.snapshot()
        start = start if start.finite() else second.snapshot()
        for pair in dict.fromkeys((self._proved, self._together)):
            if self.divergence is None:
                with _kept((pair.first, pair.second)):
                    pair.look(number, start, batch, compiled=True)

    def scores(self, data: Iterable[Batch]) -> dict[str, dict[str, float]]:
        """Loss and metrics of both backends on some data."""
        batches = list(data)
        lanes = zip(self.labels, self._free.lanes, strict=False)
        return {label: lane.evaluate(batches) for label, lane in lanes}


@contextmanager
def _kept(lanes: Sequence[Lane]) -> Iterator[None]:
    """A block after which the lanes are in the state they were in."""
    before = [lane.snapshot() for lane in lanes]
    try:
        yield
    finally:
        for lane, snapshot in zip(lanes, before, strict=True):
            lane.restore(snapshot)


def _mode(pair: LockStep, run: FreeRun) -> Mode:
    return Mode(
        pair.first.dtype,
        tuple(pair.rows),
        pair.findings,
        pair.dead,
        tuple(pair.flips.values()),
        run.steps,
        tuple(run.rows),
        tuple(run.excess),
    )


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
    optimizer: Optimizer,
    chosen: Sequence[Any],
    input_shape: Tree,
    device: str,
    seed: int,
) -> Problem:
    found = losses.get(loss)
    return Problem(
        net,
        found,
        optimizer,
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


def _some(data: Batches) -> Iterator[Batch]:
    """As many batches of the training data as give a score."""
    return islice(data.epoch(0), max(1, SCORED // data.batch_size))


def _unshuffled(data: tuple[Tree, Tree]) -> Batches:
    _check_finite(*data)
    return Batches(*data, batch_size=256, shuffle=False, seed=0)


def _check_finite(x: Tree, y: Tree) -> None:
    check_finite("x", x, advice="")
    check_finite("y", y, advice="")


def _leading(total: int, asked: int | None) -> int:
    """How many of the first steps are looked at."""
    if asked is not None:
        return min(checked_integer("proof_steps", asked, 1, 1 << 32), total)
    least, most = LEADING
    return min(max(least, min(most, total // LOOK_EVERY)), total)


def _total_steps(epochs: int, per_epoch: int, steps: int | None) -> int:
    total = checked_integer("epochs", epochs, 1, 1 << 32) * per_epoch
    return total if steps is None else min(total, checked_integer("steps", steps, 1, 1 << 32))
