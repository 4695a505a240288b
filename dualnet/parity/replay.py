"""Whose fault a difference is: every layer run by itself, with the same input on both sides.

An error that a layer makes is inherited by all that follow it.  Given the same input, and
the same gradient from above, only the layer that makes it still differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dualnet import tree
from dualnet.parity.distances import distances, largest
from dualnet.parity.gates import Gates
from dualnet.parity.gradients import attenuated, gradient_distances, gradients_part
from dualnet.parity.lane import Lane, Native, Snapshot
from dualnet.parity.recorded import Recorded, floating_leaves
from dualnet.parity.tracing import Call, Trace, trace_calls
from dualnet.report.values import Distance, LayerRow
from dualnet.typing import NDArray, Tensor, Tree

__all__ = [
    "Contribution",
    "backward_fault",
    "find_flips",
    "forward_fault",
    "inside",
    "layer_rows",
    "replayed",
    "traced",
]


@dataclass(frozen=True)
class Contribution:
    """What one call gives by itself: outputs, and gradients of its inputs and variables."""

    call: Call
    outputs: dict[str, NDArray]
    gradients: dict[str, NDArray]

    def of(self, phase: str) -> dict[str, NDArray]:
        """What it gives in a phase, ``"forward"`` or on the way back."""
        return self.outputs if phase == "forward" else self.gradients


def traced(lane: Lane, start: Snapshot, batch: Native) -> Trace:
    """A training pass from ``start``, written down layer by layer."""
    lane.restore(start)
    with lane.on_device():
        return trace_calls(lane.model, lane.problem.loss, batch, training=True)


def replayed(
    lane: Lane, start: Snapshot, calls: Iterable[Call], *, compiled: bool
) -> list[Contribution]:
    """Every call made again by itself, from ``start``, in the order given.

    A layer's calls follow each other without those of other layers in between, so that
    counters in its state are at each call what they were the first time.
    """
    ordered = list(calls)
    modules = dict(lane.model.backend.layers.modules(lane.model.native))
    found: dict[str, Contribution] = {}
    for path in dict.fromkeys(call.path for call in ordered):
        lane.restore(start)
        lane.model.backend.layers.set_training(lane.model.native, True)
        for call in ordered:
            if call.path == path:
                found[call.name] = _contribution(lane, modules[path], call, compiled=compiled)
    return [found[call.name] for call in ordered]


def _contribution(lane: Lane, module: Any, call: Call, *, compiled: bool) -> Contribution:
    backend = lane.model.backend
    variables = {
        path: variable
        for path, variable in zip(lane.paths, lane.optimizer.variables, strict=True)
        if inside(path, call.path)
    }

    def run(args: Tree, kwargs: Tree, asked: Tree) -> tuple[list[Tensor], list[Tensor | None]]:
        inputs = floating_leaves(backend, (args, kwargs))
        recorded = Recorded(backend, lambda: module(*args, **kwargs), inputs)
        pairs = _followed(recorded.value, asked)
        found = recorded.gradients(
            [leaf for leaf, _ in pairs],
            [*inputs, *variables.values()],
            [gradient for _, gradient in pairs],
        )
        is_tensor = backend.state.is_tensor_type
        return [leaf for leaf in tree.leaves(recorded.value) if is_tensor(type(leaf))], found

    with lane.on_device():
        args, kwargs, asked = (_native(lane, p) for p in (call.args, call.kwargs, call.gradient))
        call_it = backend.jit.train_step(run, jit="auto") if compiled else run
        outputs, found = call_it(args, kwargs, asked)
    to_numpy = backend.state.to_numpy
    inputs = range(len(floating_leaves(backend, (args, kwargs))))
    names = [*(f"input {i}" for i in inputs), *variables]
    return Contribution(
        call,
        {f"output {i}": to_numpy(leaf) for i, leaf in enumerate(outputs)},
        {n: to_numpy(g) for n, g in zip(names, found, strict=True) if g is not None},
    )


def _native(lane: Lane, values: Tree) -> Tree:
    """Arrays as tensors; options as they are."""

    def convert(leaf: Any) -> Any:
        return lane.model.to_native(leaf) if isinstance(leaf, np.ndarray) else leaf

    return tree.map(convert, values)


def _followed(output: Tree, gradient: Tree) -> list[tuple[Tensor, Tensor]]:
    """The output's leaves that the loss depends on, each with its gradient."""
    pairs = zip(tree.leaves(output), tree.leaves(gradient), strict=True)
    return [(leaf, asked) for leaf, asked in pairs if asked is not None]


def inside(path: str, layer: str) -> bool:
    """Whether a variable or layer is within a layer; everything is within the network."""
    return not layer or path.startswith(f"{layer}.")


# Faults


def forward_fault(
    first: Sequence[Contribution], second: Sequence[Contribution], gates: Gates
) -> str | None:
    """The first layer in execution order whose output differs; ``None`` if none does."""
    faults = _faults(first, second, lambda a, b: _parts(a.outputs, b.outputs, gates.forward))
    return faults[0].path if faults else None


def backward_fault(
    first: Sequence[Contribution],
    second: Sequence[Contribution],
    gates: Gates,
    dtype: str,
    excused: Iterable[str],
) -> str | None:
    """The last layer in execution order, the first of the way back, whose gradients differ.

    Args:
        excused: names of calls that a kink explains, with the layers that hold them.
    """

    def parts(a: Contribution, b: Contribution) -> bool:
        least = attenuated(a.call, dtype, gates)
        return gradients_part(a.gradients, b.gradients, gates, least=least)

    faults = _faults(first, second, parts)
    flipped = list(excused)
    faults = [
        c for c in faults if not any(name == c.name or inside(name, c.path) for name in flipped)
    ]
    return faults[-1].path if faults else None


def _faults(
    first: Sequence[Contribution],
    second: Sequence[Contribution],
    parts: Callable[[Contribution, Contribution], bool],
) -> list[Call]:
    """The calls that differ, without those that only hold one that does."""
    wrong = [a.call for a, b in zip(first, second, strict=True) if parts(a, b)]
    return [
        call
        for call in wrong
        if not any(other.path != call.path and inside(other.path, call.path) for other in wrong)
    ]


def _parts(a: dict[str, NDArray], b: dict[str, NDArray], gate: float) -> bool:
    return largest(distances(a, b))[1].relative > gate


def layer_rows(
    first: Trace,
    second: Trace,
    here: Sequence[Contribution],
    there: Sequence[Contribution],
    gates: Gates,
) -> tuple[LayerRow, ...]:
    """What each layer hands on, and what it adds itself; the network as a whole left out."""

    def row(a: Call, b: Call, own_a: Contribution, own_b: Contribution) -> LayerRow:
        return LayerRow(
            a.name,
            a.kind,
            _apart(a.output, b.output),
            largest(distances(own_a.outputs, own_b.outputs))[1],
            _apart(a.gradient, b.gradient),
            largest(gradient_distances(own_a.gradients, own_b.gradients, gates))[1],
        )

    together = zip(first.calls, second.calls, here, there, strict=True)
    return tuple(row(*parts) for parts in together if parts[0].path)


def _apart(a: Tree, b: Tree) -> Distance:
    """The distance of the arrays of two trees."""
    return largest(distances(_arrays(a), _arrays(b)))[1]


def _arrays(values: Tree) -> dict[str, NDArray]:
    numbered = enumerate(tree.leaves(values))
    return {str(i): leaf for i, leaf in numbered if isinstance(leaf, np.ndarray)}


# Kinks


def find_flips(
    lane: Lane, start: Snapshot, first: Trace, second: Trace, gates: Gates
) -> dict[str, str]:
    """Calls that stand on a kink, by name, each with where.

    Two signs are looked for: a unit that is exactly zero on one side and next to zero on
    the other (ReLU), and a call whose gradients jump between two inputs that are equal up to
    rounding (the largest of a pooling window).  Either way both backends are right, each
    about its own side of the kink.
    """
    found = {}
    for a, b in zip(first.calls, second.calls, strict=True):
        place = _zero_on_one_side(a.output, b.output, gates.forward)
        if place is not None:
            found[a.name] = f"{a.name or 'output'} at unit {place}"
    moved = [
        replace(a, args=b.args, kwargs=b.kwargs)
        for a, b in zip(first.calls, second.calls, strict=True)
        if a.path and _near(a.args, b.args, gates.forward)
    ]
    names = {call.name for call in moved}
    here = replayed(lane, start, [c for c in first.calls if c.name in names], compiled=False)
    there = replayed(lane, start, moved, compiled=False)
    jumps = _faults(here, there, lambda a, b: gradients_part(a.gradients, b.gradients, gates))
    for call in jumps:
        found.setdefault(call.name, f"{call.name} between equal inputs")
    return found


def _zero_on_one_side(a: Tree, b: Tree, gate: float) -> tuple[int, ...] | None:
    """The first index where one side is zero and the other all but zero."""
    for x, y in zip(tree.leaves(a), tree.leaves(b), strict=True):
        if not isinstance(x, np.ndarray) or x.dtype.kind != "f":
            continue
        tiny = gate * float(np.abs(x).max(initial=0.0))
        flipped = ((x == 0) != (y == 0)) & (np.abs(x - y) <= tiny)
        if flipped.any():
            return tuple(int(i) for i in np.argwhere(flipped)[0])
    return None


def _near(a: Tree, b: Tree, gate: float) -> bool:
    """Whether the arrays of two trees are equal up to rounding."""
    return _apart(a, b).relative <= gate
