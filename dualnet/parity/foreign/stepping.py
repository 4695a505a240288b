"""Training steps of two native models in lock-step: each from one state, with one gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dualnet import optim
from dualnet.errors import ConfigError
from dualnet.parity.distances import ZERO, distance, distances, largest, norm
from dualnet.parity.foreign.facts import Facts
from dualnet.parity.foreign.losses import SideLoss
from dualnet.parity.foreign.pairing import Matched
from dualnet.parity.foreign.parting import Parting, UpdateStep
from dualnet.parity.foreign.sides import Side
from dualnet.parity.foreign.values import StepOfModels
from dualnet.parity.foreign.weights import (
    assign,
    canonical_gradients,
    facts,
    native_gradients,
    values,
)
from dualnet.parity.gates import Gates
from dualnet.parity.gradients import gradient_distances
from dualnet.parity.lane import check_optimizer
from dualnet.parity.recorded import Recorded
from dualnet.protocols.foreign import Unit
from dualnet.report.values import Distance
from dualnet.typing import NDArray, Tensor

__all__ = ["Backward", "Steps", "Updater", "backward", "updater"]

#: Pair and weight.
Key = tuple[int, str]
#: A native optimizer may be off by this many roundings of its constants per step.
ROUNDINGS = 16.0


@dataclass(frozen=True, eq=False)
class Backward:
    """One training pass: the loss and its gradient for every trained weight."""

    loss: float
    gradients: dict[Key, NDArray]


def backward(
    side: Side, units: Sequence[Unit], inputs: Sequence[Tensor], loss: SideLoss
) -> Backward:
    """A forward and backward pass in training mode, without dropout; the state moves on.

    Args:
        units: the side's layer of each pair.
    """
    backend = side.backend
    named = {
        (place, name): unit.variables[name]
        for place, unit in enumerate(units)
        for name in sorted(unit.trainable)
    }
    run = Recorded(backend, lambda: loss(side.run(inputs, training=True)), ())
    found = run.gradients([run.value], list(named.values()))
    native: dict[int, dict[str, NDArray]] = {}
    for (place, name), g in zip(named, found, strict=True):
        if g is not None:
            native.setdefault(place, {})[name] = backend.state.to_numpy(g)
    gradients = {
        (place, name): g
        for place, given in native.items()
        for name, g in canonical_gradients(units[place], given).items()
    }
    return Backward(float(backend.state.to_numpy(run.value)), gradients)


# Updates


@dataclass(frozen=True, eq=False)
class Updater:
    """An optimizer of one side, spoken to in dualnet's layouts."""

    side: Side
    units: Sequence[Unit]
    facts: Facts
    rounding: float
    optimizer: Any

    def apply(self, gradients: Mapping[Key, NDArray]) -> None:
        """One step of every weight that has a gradient."""
        given: dict[int, Any] = {}
        for place, unit in enumerate(self.units):
            own = {name: g for (at, name), g in gradients.items() if at == place}
            for name, array in native_gradients(unit, own).items():
                given[id(unit.variables[name])] = self.side.tensor(np.ascontiguousarray(array))
        if isinstance(self.optimizer, optim.BoundOptimizer):
            self.optimizer.apply([given.get(id(v)) for v in self.optimizer.variables])
        else:
            self.optimizer.apply(given)


def updater(optimizer: Any, side: Side, units: Sequence[Unit], names: Sequence[Unit]) -> Updater:
    """An optimizer for one side: a definition of dualnet, or a native one of a user.

    Args:
        names: whose paths ``no_decay`` is matched with.

    Raises:
        ConfigError: it is neither, or needs more than gradients.
    """
    foreign = side.backend.foreign
    if foreign.is_optimizer(optimizer):
        bound = foreign.rebind(optimizer, side.original, side.model)
        facts = Facts("optimizer", bound.kind, type(optimizer).__name__, dict(bound.options))
        return Updater(side, units, facts, bound.rounding, bound)
    if not isinstance(optimizer, (str, optim.Optimizer)):
        kind = f"{type(optimizer).__module__.split('.')[0]}.{type(optimizer).__name__}"
        raise ConfigError(
            f"the optimizer of {side.label} is {kind}; give a definition such as optim.SGD(0.1), "
            f"or an optimizer of {side.backend.name}, in which this model is written"
        )
    rule = optim.get(optimizer)
    check_optimizer(rule)
    variables = {
        f"{place:06d}.{names[place].path}.{_ours(unit, name)}": unit.variables[name]
        for place, unit in enumerate(units)
        for name in sorted(unit.trainable)
    }
    facts = Facts("optimizer", type(rule).__name__, type(rule).__name__, rule.fields())
    return Updater(side, units, facts, 0.0, rule.bind(variables))


def _ours(unit: Unit, native: str) -> str:
    """The weight that a variable is, or is part of."""
    rule = next((rule for rule in unit.rules if native in rule.native), None)
    return native if rule is None else rule.ours[0] + "+" * rule.native.index(native)


class Steps:
    """Training in lock-step; ``b`` starts every step with ``a``'s weights and state."""

    def __init__(
        self,
        models: Matched,
        inputs: tuple[Sequence[Tensor], Sequence[Tensor]],
        losses: tuple[SideLoss, SideLoss],
        updaters: tuple[Updater, Updater],
        gates: Gates,
    ) -> None:
        self.models = models
        self._inputs, self._losses, self._updaters = inputs, losses, updaters
        self._gates = gates
        self._history: dict[Key, list[tuple[NDArray, NDArray]]] = {}
        self._units = tuple([pair[i] for pair in models.pairs] for i in (0, 1))

    def step(self, number: int) -> tuple[StepOfModels, Parting | None]:
        """One step of both, and where they part in it."""
        a, b = (
            backward(side, units, inputs, loss)
            for side, units, inputs, loss in zip(
                (self.models.a, self.models.b), self._units, self._inputs, self._losses, strict=True
            )
        )
        found = {"loss": distance(np.array(a.loss), np.array(b.loss), floor=_size(a))}
        shared = [key for key in a.gradients if key in b.gradients]
        gradients = gradient_distances(
            {self._name(k): a.gradients[k] for k in shared},
            {self._name(k): b.gradients[k] for k in shared},
            self._gates,
        )
        found["gradient"] = largest(gradients)[1]
        found["state"] = largest(self._states())[1]
        parting = self._gradient_parting(a, b, gradients)
        before = {key: self._value(0, key) for key in shared}
        self._sync()
        for each in self._updaters:
            each.apply({key: a.gradients[key] for key in shared})
        updates = self._updates(number, a, before)
        found["update"] = ZERO
        for each_parting in updates:
            found["update"] |= each_parting.distance
        wrong = [p for p in updates if p.distance.relative > p.gate]
        for key, value in before.items():
            self._history.setdefault(key, []).append((value, a.gradients[key]))
        self._sync()
        worst = max(wrong, key=lambda p: p.distance.relative / p.gate, default=None)
        return StepOfModels(number, (a.loss, b.loss), found), parting or worst

    def _name(self, key: Key) -> str:
        return f"{self.models.pairs[key[0]][0].path}.{key[1]}"

    def _value(self, which: int, key: Key) -> NDArray:
        side = (self.models.a, self.models.b)[which]
        return values(side.backend, self._units[which][key[0]])[key[1]]

    def _states(self) -> dict[str, Distance]:
        found = {}
        for one, other in self.models.pairs:
            a = values(self.models.a.backend, one) if one.states else {}
            b = values(self.models.b.backend, other) if other.states else {}
            for name in one.states & set(a) & set(b):
                found[f"{one.path}.{name}"] = distance(a[name], b[name])
        return found

    def _sync(self) -> None:
        """``a``'s weights and state for ``b``, which keeps those that ``a`` lacks."""
        a, b = self.models.a.backend, self.models.b.backend
        for one, other in self.models.pairs:
            if one.rules:
                assign(b, other, values(b, other) | values(a, one))

    def _gradient_parting(
        self, a: Backward, b: Backward, found: Mapping[str, Distance]
    ) -> Parting | None:
        """The layer nearest to the loss whose gradients differ."""
        for place in reversed(range(len(self.models.pairs))):
            keys = [key for key in a.gradients if key[0] == place and key in b.gradients]
            for key in keys:
                measured = found.get(self._name(key), ZERO)
                if measured.relative > self._gates.gradient:
                    return Parting(
                        "gradient",
                        *self._facts(place),
                        measured,
                        self._gates.gradient,
                        name=key[1],
                        training=True,
                        gradients_a={k[1]: a.gradients[k] for k in keys},
                        gradients_b={k[1]: b.gradients[k] for k in keys},
                        dtypes=(self.models.a.dtype, self.models.b.dtype),
                    )
        return None

    def _facts(self, place: int) -> tuple[Facts, Facts]:
        one, other = self.models.pairs[place]
        return facts(self.models.a.backend, one), facts(self.models.b.backend, other)

    def _updates(self, number: int, a: Backward, before: Mapping[Key, NDArray]) -> list[Parting]:
        """Every updated weight, with how far apart its two results are."""
        found = []
        one, other = (each.facts for each in self._updaters)
        for key, start in before.items():
            results = [self._value(which, key) for which in (0, 1)]
            step = UpdateStep(
                number + 1,
                start,
                a.gradients[key],
                tuple(self._history.get(key, ())),
                *results,
            )
            apart = distances({key[1]: results[0]}, {key[1]: results[1]})[key[1]]
            found.append(
                Parting(
                    "update",
                    one,
                    other,
                    apart,
                    self._update_gate(start, results),
                    name=self._name(key),
                    training=True,
                    update=step,
                    dtypes=(self.models.a.dtype, self.models.b.dtype),
                )
            )
        return found

    def _update_gate(self, start: NDArray, results: Sequence[NDArray]) -> float:
        """The gate of an update, and what rounded constants do to the change."""
        rounding = max(each.rounding for each in self._updaters)
        change = norm([result - start for result in results])
        return self._gates.update + ROUNDINGS * rounding * change / max(norm(results), 1e-300)


def _size(a: Backward) -> float:
    """A loss near zero is the difference of larger numbers; gradients tell how large."""
    return norm(list(a.gradients.values()))
