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
from dualnet.parity.gradients import gradients_part
from dualnet.parity.lane import Lane, Native, Snapshot
from dualnet.parity.recorded import Recorded
from dualnet.parity.tracing import Call, Trace, floating_leaves, trace_calls
from dualnet.typing import NDArray, Tensor, Tree

__all__ = ["Contribution", "backward_fault", "find_flips", "forward_fault", "replayed", "traced"]


@dataclass(frozen=True)
class Contribution:
    """What one call gives by itself: outputs, and gradients of its inputs and variables."""

    call: Call
    outputs: dict[str, NDArray]
    gradients: dict[str, NDArray]


def traced(lane: Lane, start: Snapshot, batch: Native) -> Trace:
    """A training pass from ``start``, written down layer by layer."""
    lane.restore(start)
    with lane.on_device():
        return trace_calls(lane.model, lane.problem.loss, batch, training=True)


def replayed(
    lane: Lane, start: Snapshot, calls: Iterable[Call], *, compiled: bool = False
) -> list[Contribution]:
    """Every call made again by itself, from ``start``, in the order given.

    A layer's calls follow each other without those of other layers in between, so that
    counters in its state are at each call what they were the first time.

    Args:
        compiled: whether each call is compiled as the steps are, which takes longer.
    """
    ordered = list(calls)
    modules = dict(lane.model.backend.layers.modules(lane.model.native))
    found: dict[str, Contribution] = {}
    for path in dict.fromkeys(call.path for call in ordered):
        lane.restore(start)
        lane.model.backend.layers.set_training(lane.model.native, True)
        for call in ordered:
            if call.path == path:
                found[call.name] = _contribution(lane, modules[path], call, compiled)
    return [found[call.name] for call in ordered]


def _contribution(lane: Lane, module: Any, call: Call, compiled: bool) -> Contribution:
    backend = lane.model.backend
    variables = {
        path: variable
        for path, variable in zip(lane.paths, lane.optimizer.variables, strict=True)
        if _inside(path, call.path)
    }

    def run(args: Any, kwargs: Any, asked: Tree) -> tuple[list[Tensor], list[Tensor | None]]:
        inputs = floating_leaves(backend, (args, kwargs))
        made = Recorded(backend, lambda: module(*args, **kwargs), inputs)
        pairs = _followed(made.value, asked)
        sources = [*inputs, *variables.values()]
        found = made.gradients([leaf for leaf, _ in pairs], sources, [g for _, g in pairs])
        leaves = tree.leaves(made.value)
        return [leaf for leaf in leaves if backend.state.is_tensor_type(type(leaf))], found

    if compiled:
        run = backend.jit.train_step(run, jit="auto")
    with lane.on_device():
        native = (_native(lane, part) for part in (call.args, call.kwargs, call.gradient))
        outputs, found = run(*native)
    to_numpy = backend.state.to_numpy
    names = [*(f"input {i}" for i in range(len(found) - len(variables))), *variables]
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


def _followed(output: Tree, gradient: Tree) -> list[tuple[Any, Any]]:
    """The output's leaves that the loss depends on, each with its gradient."""
    pairs = zip(tree.leaves(output), tree.leaves(gradient), strict=True)
    return [(leaf, asked) for leaf, asked in pairs if asked is not None]


def _inside(path: str, layer: str) -> bool:
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
    excused: Iterable[str],
) -> str | None:
    """The last layer in execution order, the first of the way back, whose gradients differ.

    Args:
        excused: names of calls that a kink explains, with the layers that hold them.
    """

    def parts(a: Contribution, b: Contribution) -> bool:
        return gradients_part(a.gradients, b.gradients, gates)

    faults = _faults(first, second, parts)
    flipped = list(excused)
    faults = [
        c for c in faults if not any(name == c.name or _inside(name, c.path) for name in flipped)
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
        if not any(other.path != call.path and _inside(other.path, call.path) for other in wrong)
    ]


def _parts(a: dict[str, NDArray], b: dict[str, NDArray], gate: float) -> bool:
    return largest(distances(a, b))[1].relative > gate


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
    here = replayed(lane, start, [call for call in first.calls if call.name in names])
    there = replayed(lane, start, moved)
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
    """Whether the floating arrays of two trees are equal up to rounding."""
    pairs = zip(tree.leaves(a), tree.leaves(b), strict=True)
    arrays = {str(i): p for i, p in enumerate(pairs) if isinstance(p[0], np.ndarray)}
    left = {name: x for name, (x, _) in arrays.items()}
    right = {name: y for name, (_, y) in arrays.items()}
    return largest(distances(left, right))[1].relative <= gate
