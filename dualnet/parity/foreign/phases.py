"""Every pair of layers held together, in evaluation and in training, and where they first part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from dualnet.parity.distances import ZERO, distances, largest
from dualnet.parity.foreign.facts import Facts
from dualnet.parity.foreign.pairing import Matched, PairCall, between
from dualnet.parity.foreign.parting import Parting
from dualnet.parity.foreign.recording import Contribution, Executed, alone
from dualnet.parity.foreign.sides import Side
from dualnet.parity.foreign.values import Measure
from dualnet.parity.foreign.weights import facts
from dualnet.parity.gates import Gates
from dualnet.parity.gradients import gradient_distances
from dualnet.random.stream import Stream
from dualnet.report.values import Distance
from dualnet.typing import NDArray

__all__ = [
    "Pass",
    "forward_parting",
    "gradient_parting",
    "made_up_for",
    "measured",
    "state_parting",
    "upstream",
]

Named = dict[str, NDArray]
_Both = tuple[Contribution, Contribution]

#: How far inputs of layers without weights are moved before gradients are taken, so that no
#: two elements of a pooling window are equal and no unit stands on a kink.
JITTER = 1e-2


@dataclass(frozen=True, eq=False)
class Pass:
    """Both models run once in one mode.

    Attributes:
        calls: the calls of the pairs.
        a, b: all calls of each side.
        outputs: what the models gave.
    """

    models: Matched
    training: bool
    calls: Sequence[PairCall]
    a: Sequence[Executed]
    b: Sequence[Executed]
    outputs: tuple[Named, Named]
    _own: dict[tuple[int, int], _Both] = field(default_factory=dict, repr=False)

    @property
    def output(self) -> Distance:
        """How far apart the models' outputs are."""
        return largest(distances(*self.outputs))[1]

    def own(self, call: PairCall) -> _Both | None:
        """What both give to the first one's input; ``None`` if the other cannot take it.

        In training, layers with weights give gradients too.
        """
        key = (call.place, call.a.number)
        if key not in self._own:
            if call.inputs is None:
                return None
            self._own[key] = self._contributions(call, call.a.inputs)
        return self._own[key]

    def gradients(self, call: PairCall) -> _Both | None:
        """:meth:`own` with gradients, taken away from kinks where that does not matter else."""
        if self._has_weights(call):
            return self.own(call)
        return self._contributions(call, {n: _moved(n, x) for n, x in call.a.inputs.items()})

    def _has_weights(self, call: PairCall) -> bool:
        return bool(self.models.a.units[call.a.unit].variables)

    def _contributions(self, call: PairCall, inputs: Named) -> _Both:
        shared = {name: x for name, x in inputs.items() if name in call.b.inputs}
        moved = inputs is not call.a.inputs
        asked = upstream(call) if self.training and (moved or self._has_weights(call)) else None
        a = Contribution(call.a.outputs, {}, {})  # which is what has been recorded
        if self.training:
            a = alone(self.models.a, call.a, shared, upstream=asked)
        return a, alone(self.models.b, call.b, shared, upstream=asked)


def upstream(call: PairCall) -> Named:
    """Gradients to go back from the outputs that both sides have: fixed normal numbers."""
    return {
        name: _numbers(f"{call.place} {name}", x.shape)
        for name, x in call.a.outputs.items()
        if name in call.b.outputs and x.dtype.kind == "f"
    }


def _moved(name: str, x: NDArray) -> NDArray:
    if x.dtype.kind != "f":
        return x
    return (x + JITTER * float(np.std(x)) * _numbers(name, x.shape)).astype(x.dtype)


def _numbers(name: str, shape: tuple[int, ...]) -> NDArray:
    return Stream(0, "parity", name).normal(shape)


def measured(run: Pass, gates: Gates) -> dict[tuple[int, int], dict[str, Measure]]:
    """The distances of every call of every pair, by place and number of the call."""
    found = {}
    for call in run.calls:
        own = run.own(call)
        name = "training" if run.training else "forward"
        parts = {name: Measure(own and between(own[0].outputs, own[1].outputs), call.outputs)}
        if run.training:
            together = own is not None and _agree(parts[name].own, gates.forward)
            deep = run.gradients(call) if together else None
            if deep is not None and deep[0].gradients:
                parts["gradient"] = Measure(_gradients(deep, gates), None)
            if own is not None and own[0].states:
                parts["state"] = Measure(between(own[0].states, own[1].states), None)
        found[call.place, call.a.number] = parts
    return found


def _gradients(own: _Both, gates: Gates) -> Distance:
    return largest(gradient_distances(*_shared(own), gates))[1]


def _shared(own: _Both) -> tuple[Named, Named]:
    """The gradients that both sides have."""
    a, b = (each.gradients for each in own)
    return {n: a[n] for n in a if n in b}, {n: b[n] for n in b if n in a}


def _agree(found: Distance | None, gate: float) -> bool:
    return found is not None and found.relative <= gate


# Partings


def forward_parting(run: Pass, gates: Gates) -> Parting | None:
    """The first pair whose outputs differ, and whether its weights, its input or it is to blame.

    Pairs whose outputs agree are no parting, whatever is inside: two differences may make up
    for each other, such as zeros put around an image before a layer or in it.
    """
    before: PairCall | None = None
    for call in run.calls:
        if not (_agree(call.outputs, gates.forward) or made_up_for(run, call, gates)):
            found = _blame(run, call, before, gates)
            if found is not None:
                return found
        before = call
    if run.output.relative > gates.forward:
        return _output_parting(run, before, gates)
    return None


def made_up_for(run: Pass, call: PairCall, gates: Gates) -> bool:
    """Whether what comes next is equal, although this pair's outputs are not.

    So it is where one side has inside its layer, such as a dense layer of the user's own with
    its activation, what the other has behind it.  What comes next takes the output of this
    pair, on one side at least, as it is.
    """
    for side in ("a", "b"):
        outputs = list(getattr(call, side).outputs.values())
        for later in run.calls[run.calls.index(call) + 1 :]:
            if _handed_on(outputs, getattr(later, side).inputs):
                return _agree(later.inputs, gates.forward)
        if _handed_on(outputs, run.outputs[side == "b"]):
            return run.output.relative <= gates.forward
    return False


def _handed_on(outputs: Sequence[NDArray], inputs: Named) -> bool:
    return any(
        x.shape == y.shape and np.array_equal(x, y) for x in outputs for y in inputs.values()
    )


def _blame(run: Pass, call: PairCall, before: PairCall | None, gates: Gates) -> Parting | None:
    parting = _parting(run, call, "forward", gates.forward)
    name, weights = largest(run.models.weights_differ(call.place))
    if weights.relative > gates.forward:
        return replace(parting, phase="weight", name=name, distance=weights)
    if not _agree(call.inputs, gates.forward):
        return _between_parting(run, call, before, parting)
    own = run.own(call)
    if own is None:
        return None
    distance = between(own[0].outputs, own[1].outputs)
    if distance is not None and distance.relative <= gates.forward:
        return None
    name = next((n for n in own[0].outputs if n in own[1].outputs), "")
    return replace(
        parting,
        distance=distance or INFINITE,
        output_a=own[0].outputs.get(name, _main(own[0].outputs)),
        output_b=own[1].outputs.get(name, _main(own[1].outputs)),
    )


INFINITE = Distance(np.inf, np.inf, np.inf)


def _parting(run: Pass, call: PairCall, phase: str, gate: float) -> Parting:
    """What every parting at a pair says."""
    models = run.models
    return Parting(
        phase,
        facts(models.a.backend, models.a.units[call.a.unit]),
        facts(models.b.backend, models.b.units[call.b.unit]),
        ZERO,
        gate,
        training=call.a.training,
        inputs=tuple(call.a.inputs.values()),
        dtypes=(models.a.dtype, models.b.dtype),
    )


def _between_parting(
    run: Pass, call: PairCall, before: PairCall | None, parting: Parting
) -> Parting:
    name = next((n for n in call.a.inputs if n in call.b.inputs), "input")
    return replace(
        parting,
        phase="between",
        distance=call.inputs or INFINITE,
        output_a=call.a.inputs.get(name),
        output_b=call.b.inputs.get(name),
        **_what_was_before(run, before, call),
    )


def _what_was_before(run: Pass, before: PairCall | None, call: PairCall | None) -> dict[str, Any]:
    models = run.models
    alone_a = _in_between(models.a, run.a, before.a if before else None, call.a if call else None)
    alone_b = _in_between(models.b, run.b, before.b if before else None, call.b if call else None)
    found: dict[str, Any] = {"inputs": (), "alone_a": alone_a, "alone_b": alone_b}
    if before is not None:
        found["inputs"] = tuple(before.a.outputs.values())
        found["before_a"] = facts(models.a.backend, models.a.units[before.a.unit])
        found["before_b"] = facts(models.b.backend, models.b.units[before.b.unit])
    return found


def _in_between(
    side: Side, calls: Sequence[Executed], start: Executed | None, end: Executed | None
) -> tuple[Facts, ...]:
    """The layers that ran between two calls."""
    order = list(calls)
    first = order.index(start) + 1 if start is not None else 0
    last = order.index(end) if end is not None else len(order)
    return tuple(facts(side.backend, side.units[call.unit]) for call in order[first:last])


def _output_parting(run: Pass, before: PairCall | None, gates: Gates) -> Parting:
    """The models' own outputs, which nothing but code after the last pair can part."""
    a, b = (Facts("output", "Output", "output") for _ in "ab")
    models = run.models
    name = largest(distances(*run.outputs))[0]
    return Parting(
        "between",
        a,
        b,
        run.output,
        gates.forward,
        training=run.training,
        output_a=run.outputs[0].get(name),
        output_b=run.outputs[1].get(name),
        dtypes=(models.a.dtype, models.b.dtype),
        **_what_was_before(run, before, None),
    )


def gradient_parting(run: Pass, gates: Gates) -> Parting | None:
    """The pair whose gradients differ for the same input and the same gradient from above."""
    for call in reversed(run.calls):
        own = run.own(call)
        if own is None or not _agree(between(own[0].outputs, own[1].outputs), gates.forward):
            continue
        deep = run.gradients(call)
        if deep is None:
            continue
        found = gradient_distances(*_shared(deep), gates)
        name, distance = largest(found)
        if distance.relative > gates.gradient:
            return replace(
                _parting(run, call, "gradient", gates.gradient),
                name=name,
                distance=distance,
                upstream=_main(upstream(call)),
                output_a=_main(own[0].outputs),
                output_b=_main(own[1].outputs),
                gradients_a=deep[0].gradients,
                gradients_b=deep[1].gradients,
            )
    return None


def state_parting(run: Pass, gates: Gates) -> Parting | None:
    """The first pair whose state differs after the same input."""
    for call in run.calls:
        own = run.own(call)
        if own is None or not own[0].states:
            continue
        name, distance = largest(_by_name(own[0].states, own[1].states))
        if distance.relative > gates.state:
            return replace(
                _parting(run, call, "state", gates.state),
                name=name,
                distance=distance,
                state_a=own[0].states,
                state_b=own[1].states,
            )
    return None


def _by_name(a: Mapping[str, NDArray], b: Mapping[str, NDArray]) -> dict[str, Distance]:
    return distances(dict(a), dict(b))


def _main(named: Mapping[str, NDArray]) -> NDArray | None:
    return next(iter(named.values()), None)
