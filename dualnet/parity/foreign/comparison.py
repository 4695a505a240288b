"""The comparison of two models in one dtype: alignment, weights, every phase, and the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from dualnet.parity.comparison import environment
from dualnet.parity.distances import ZERO, distance
from dualnet.parity.foreign import causes
from dualnet.parity.foreign.arguments import TRANSFERS
from dualnet.parity.foreign.copying import tensors
from dualnet.parity.foreign.losses import SideLoss, side_losses
from dualnet.parity.foreign.noting import notes_of, other_weights
from dualnet.parity.foreign.pairing import (
    Matched,
    flattened_otherwise,
    matched,
    pair_calls,
    with_rows,
)
from dualnet.parity.foreign.parting import Parting
from dualnet.parity.foreign.phases import (
    Pass,
    forward_parting,
    gradient_parting,
    measured,
    state_parting,
)
from dualnet.parity.foreign.recording import record
from dualnet.parity.foreign.sides import Side
from dualnet.parity.foreign.stepping import Steps, updater
from dualnet.parity.foreign.transferring import transferred
from dualnet.parity.foreign.values import (
    FirstParting,
    Measure,
    ModelReport,
    PairRow,
    StepOfModels,
)
from dualnet.parity.gates import Gates, gates
from dualnet.report.values import Distance
from dualnet.typing import NDArray

__all__ = ["Comparison"]


class Comparison:
    """The work of one call of ``compare_models``: alignment, then everything that is compared."""

    def __init__(
        self,
        sides: tuple[Side, Side],
        inputs: tuple[tuple[NDArray, ...], tuple[NDArray, ...]],
        told: bool,
        mapping: Mapping[str, str] | None,
        notes: list[str],
    ) -> None:
        self._sides = sides
        self._tensors = tuple(
            tensors(side, given, told) for side, given in zip(sides, inputs, strict=True)
        )
        self._mapping = mapping
        self.notes = notes
        self.gates: Gates = gates(sides[0].dtype)
        self.models: Matched

    # Alignment

    def align(self, transfer: str | None) -> list[dict[str, NDArray]]:
        """Aligns, transfers within the copies, and gives what goes to the user's model."""
        a, b = self._sides
        a, calls_a, out_a = record(a, self._tensors[0], training=False)
        b, calls_b, out_b = record(b, self._tensors[1], training=False)
        self.models = models = matched(a, b, calls_a, calls_b, self._mapping)
        pairs = pair_calls(models, calls_a, calls_b)
        self.evaluation = Pass(models, False, pairs, calls_a, calls_b, (out_a, out_b))
        if transfer is None:
            while self._reordered(transferring=False):
                self.evaluation = self._pass(training=False)
            return []
        while True:
            values = transferred(self.models, *TRANSFERS[transfer])
            self.evaluation = self._pass(training=False)
            if not self._reordered(transferring=True):
                return values

    def _pass(self, *, training: bool) -> Pass:
        models = self.models
        _, calls_a, out_a = record(models.a, self._tensors[0], training=training)
        _, calls_b, out_b = record(models.b, self._tensors[1], training=training)
        pairs = pair_calls(models, calls_a, calls_b)
        return Pass(models, training, pairs, calls_a, calls_b, (out_a, out_b))

    def _reordered(self, transferring: bool) -> bool:
        """Whether a dense layer after another flattening was found; it is then seen anew."""
        calls = self.evaluation.calls
        for place, call in enumerate(calls):
            unit = self.models.a.units[call.a.unit]
            if unit.kind != "Dense" or unit.features is not None:
                continue
            if call.inputs is not None and call.inputs.relative <= self.gates.forward:
                continue
            order = flattened_otherwise(call, calls[:place], self.gates.forward)
            differ = self.models.weights_differ(call.place)["kernel"].relative > 0
            if order is None or not (transferring or differ):
                continue  # equal kernels for other features: that is the difference
            units = list(self.models.a.units)
            units[call.a.unit] = with_rows(unit, order)
            self.models = replace(self.models, a=self.models.a.with_units(units))
            self.notes.append(
                f"{unit.path!r} gets the features of an image in another order than its partner: "
                "the rows of its kernel are compared in the partner's order"
            )
            return True
        return False

    # Report

    def report(
        self, targets: Any, loss: Any, optimizers: Any, train_steps: int, transfer: str | None
    ) -> ModelReport:
        """Everything that is compared, as values."""
        models, evaluation = self.models, self.evaluation
        given = None if targets is None else np.asarray(targets)
        losses = side_losses(loss, given, (models.a, models.b))
        rows = measured(evaluation, self.gates)
        parting, step = forward_parting(evaluation, self.gates), None
        training = self._pass(training=True)
        for key, parts in measured(training, self.gates).items():
            rows[key] = rows.get(key, {}) | parts
        parting = parting or self._training_parting(training, losses)
        unlike = list(other_weights(models, self.gates))  # before training makes them equal
        steps: list[StepOfModels] = []
        if parting is None:
            steps, parting, step = self._train(losses, optimizers, train_steps)
        self.notes += notes_of(models, (evaluation, training), self.gates)
        self.notes += unlike if parting is None else []
        found = None if parting is None else _first(parting, step)
        return ModelReport(
            self._verdict(found, rows, steps),
            found,
            None if parting is None else causes.explain(parting),
            tuple(self._row(key, parts) for key, parts in rows.items()),
            tuple(steps),
            evaluation.output,
            (
                tuple(models.a.units[i].path for i in models.alignment.alone_a),
                tuple(models.b.units[j].path for j in models.alignment.alone_b),
            ),
            self._written(transfer),
            tuple(self.notes),
            models.a.dtype,
            (_described(models.a), _described(models.b)),
            environment((models.a.backend.name, models.b.backend.name)),
            parting,
        )

    def _training_parting(
        self, training: Pass, losses: tuple[SideLoss, SideLoss]
    ) -> Parting | None:
        return (
            forward_parting(training, self.gates)
            or state_parting(training, self.gates)
            or self._loss_parting(training, losses)
            or gradient_parting(training, self.gates)
        )

    def _loss_parting(self, training: Pass, losses: tuple[SideLoss, SideLoss]) -> Parting | None:
        """The losses of one output, if they differ."""
        a, b = losses
        if not a.given or len(training.outputs[0]) != 1:
            return None
        output = next(iter(training.outputs[0].values()))
        (x, _), (y, _) = a.value_and_gradient(output), b.value_and_gradient(output)
        apart = _loss_distance(x, y, output)
        if apart.relative <= self.gates.loss:
            return None
        inputs = (a.targets, output) if a.targets is not None else (output,)
        return Parting(
            "loss",
            a.facts,
            b.facts,
            apart,
            self.gates.loss,
            training=True,
            inputs=inputs,
            output_a=x,
            output_b=y,
            dtypes=(self.models.a.dtype, self.models.b.dtype),
        )

    def _train(
        self, losses: tuple[SideLoss, SideLoss], optimizers: Any, train_steps: int
    ) -> tuple[list[StepOfModels], Parting | None, int | None]:
        """The steps until the models part; without any, the gradients of the whole loss."""
        each = optimizers if isinstance(optimizers, (tuple, list)) else (optimizers, optimizers)
        if not train_steps:
            each = ("sgd", "sgd")  # for the gradients alone; the update is not looked at
        models = self.models
        names = [pair[0] for pair in models.pairs]
        if not any(unit.trainable for unit in names):
            return [], None, None
        updaters = tuple(
            updater(chosen, side, [pair[place] for pair in models.pairs], names)
            for place, (chosen, side) in enumerate(zip(each, (models.a, models.b), strict=True))
        )
        training = Steps(models, self._tensors, losses, (updaters[0], updaters[1]), self.gates)  # type: ignore[arg-type]
        steps: list[StepOfModels] = []
        for number in range(max(train_steps, 1)):
            step, parting = training.step(number)
            if not train_steps:
                step = replace(
                    step, distances={k: d for k, d in step.distances.items() if k != "update"}
                )
                parting = None if parting is None or parting.phase == "update" else parting
            steps.append(step)
            if parting is not None:
                return steps, parting, number
        return steps, None, None

    def _row(self, key: tuple[int, int], parts: Mapping[str, Measure]) -> PairRow:
        one, other = self.models.pairs[key[0]]
        again = f"#{key[1]}" if key[1] else ""
        return PairRow(one.path + again, other.path + again, one.kind, parts)

    def _written(self, transfer: str | None) -> tuple[str, ...]:
        if transfer is None:
            return ()
        place = TRANSFERS[transfer][1]
        units = [pair[place] for pair in self.models.pairs]
        return tuple(f"{unit.path}.{n}" for unit in units for rule in unit.rules for n in rule.ours)

    def _verdict(
        self,
        first: FirstParting | None,
        rows: Mapping[tuple[int, int], Mapping[str, Measure]],
        steps: Sequence[StepOfModels],
    ) -> str:
        if first is not None:
            return "diverged"
        found = [self.evaluation.output]
        for parts in rows.values():
            for measure in parts.values():
                found += [d for d in (measure.own, measure.inherited) if d is not None]
        found += [d for step in steps for d in step.distances.values()]
        return "identical" if all(d == ZERO for d in found) else "agree"


def _loss_distance(a: NDArray, b: NDArray, output: NDArray) -> Distance:
    if np.shape(a) != np.shape(b):
        return Distance(np.inf, np.inf, np.inf)
    size = float(np.linalg.norm(output)) / max(1.0, float(np.sqrt(output.size)))
    return distance(a, b, floor=size)


def _first(parting: Parting, step: int | None) -> FirstParting:
    before = parting.before_a, parting.before_b
    after = None if before[0] is None or before[1] is None else (before[0].path, before[1].path)
    return FirstParting(
        parting.phase,
        parting.a.path,
        parting.b.path,
        parting.a.kind,
        parting.name,
        parting.training,
        step,
        after,
        parting.distance,
        parting.gate,
    )


def _described(side: Side) -> str:
    how = "" if side.copied else ", run as it is and put back"
    return f"{side.label}: {type(side.original).__name__} ({side.backend.name}{how})"
