"""What every layer of a native model is called with, and what it gives to that by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dualnet import tree
from dualnet.parity.foreign.sides import Axes, Side
from dualnet.parity.foreign.weights import canonical_gradients, values
from dualnet.parity.recorded import Recorded
from dualnet.protocols.foreign import Unit
from dualnet.typing import NDArray, Tensor, Tree

__all__ = ["Contribution", "Executed", "alone", "record"]


@dataclass(frozen=True, eq=False)
class Executed:
    """One call of one unit.

    Attributes:
        unit: its place among the side's units.
        number: 0 for its first call, 1 for its second, …
        training: the mode in which it ran.
        args, kwargs: what it was called with, tensors as NumPy in the model's layout.
        axes: the layout of its tensors, by rank.
        inputs, outputs: by name, in dualnet's layout.
    """

    unit: int
    number: int
    training: bool
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    axes: Mapping[int, Axes]
    inputs: dict[str, NDArray]
    outputs: dict[str, NDArray]


@dataclass(frozen=True, eq=False)
class Contribution:
    """What a unit gives by itself, in dualnet's layouts."""

    outputs: dict[str, NDArray]
    gradients: dict[str, NDArray]
    states: dict[str, NDArray]


@dataclass(eq=False)
class _Event:
    owner: Any
    training: bool
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    axes: dict[int, Axes]
    source: int
    result: int


def record(
    side: Side, inputs: Sequence[Tensor], *, training: bool
) -> tuple[Side, list[Executed], dict[str, NDArray]]:
    """Every call in order of execution, and the model's outputs; the model's state stays.

    The side comes back with each convolution that gets zeros around its input from a layer
    of its own, and that layer, seen as one.
    """
    events, kept = list[_Event](), list[Any]()
    tags: dict[int, dict[int, Axes]] = {}
    owners = {id(unit.owner): unit.owner for unit in side.units}
    first = {id(unit.owner): unit for unit in reversed(side.units)}

    def seen(
        owner: Any, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any, mode: bool | None
    ) -> None:
        kept.extend((args, kwargs, output))  # so that no id is given twice
        source, result = (_first_tensor(side, part) for part in ((args, kwargs), output))
        axes = _axes(side, first[id(owner)], (args, kwargs, output), tags.get(id(source), {}))
        tags[id(result)] = axes
        given: Any = tree.map(lambda leaf: _numpy(side, leaf), (tuple(args), dict(kwargs)))
        ran = training if mode is None else bool(mode)
        events.append(_Event(owner, ran, given[0], given[1], axes, id(source), id(result)))

    with side.undone():
        with side.backend.foreign.watch(list(owners.values()), seen):
            result = side.run(inputs, training=training)
        outputs = side.outputs(result)
    side, events = _with_padding(side, events)
    places: dict[int, list[int]] = {}
    for place, unit in enumerate(side.units):
        places.setdefault(id(unit.owner), []).append(place)
    found: list[Executed] = []
    counts: dict[int, int] = {}
    for event in events:
        number = counts[id(event.owner)] = counts.get(id(event.owner), -1) + 1
        found += _executed(side, event, places[id(event.owner)], number)
    return side, found, outputs


def _numpy(side: Side, leaf: Any) -> Any:
    return side.backend.state.to_numpy(leaf) if _is_tensor(side, leaf) else leaf


def _is_tensor(side: Side, leaf: Any) -> bool:
    return side.backend.state.is_tensor_type(type(leaf))


def _first_tensor(side: Side, values: Tree) -> Any:
    return next((leaf for leaf in tree.leaves(values) if _is_tensor(side, leaf)), None)


def _axes(side: Side, unit: Unit, values: Tree, tag: Mapping[int, Axes]) -> dict[int, Axes]:
    """The layout of each rank among the tensors of a call."""
    tensors = [leaf for leaf in tree.leaves(values) if _is_tensor(side, leaf)]
    ranks = {len(side.backend.state.shape(leaf)) for leaf in tensors}
    return {rank: unit.layout(rank) or tag.get(rank) or side.layout(rank) for rank in ranks}


def _with_padding(side: Side, events: list[_Event]) -> tuple[Side, list[_Event]]:
    """Convolutions together with the layers of zeros before them."""
    units, joined = list(side.units), set(side.joined)
    single = {id(unit.owner): place for place, unit in reversed(list(enumerate(units)))}
    zeros = {
        event.result: event
        for event in events
        if units[single[id(event.owner)]].kind.startswith("ZeroPadding")
    }
    found: list[_Event] = []
    for event in events:
        place = single[id(event.owner)]
        unit, before = units[place], zeros.get(event.source)
        if before is not None and _takes_zeros(unit):
            units[place] = _padded(unit, units[single[id(before.owner)]])
            joined.add(place)
        if before is not None and place in joined:
            event = replace(event, args=before.args, kwargs=before.kwargs)
        found.append(event)
    return replace(side, units=tuple(units), joined=frozenset(joined)), found


def _takes_zeros(unit: Unit) -> bool:
    return "Conv" in unit.kind and unit.options.get("padding") == "valid"


def _padded(unit: Unit, padding: Unit) -> Unit:
    def call(training: bool, x: Tensor) -> Mapping[str, Tensor]:
        return unit.call(training, padding.call(training, x)["output"])

    options = {**unit.options, "padding": padding.options["padding"]}
    return replace(unit, call=call, options=options)


def _executed(side: Side, event: _Event, places: Sequence[int], number: int) -> list[Executed]:
    """The calls of the units of one native layer: each takes what the one before gave."""
    found: list[Executed] = []
    args, kwargs = event.args, event.kwargs
    for place in places:
        unit = side.units[place]
        inputs = _named(unit, args, kwargs)
        known = {name: _seen(unit, _canonical(event.axes, x)) for name, x in inputs.items()}
        call = Executed(place, number, event.training, args, kwargs, event.axes, known, {})
        outputs = alone(side, call, known).outputs
        found.append(replace(call, outputs=outputs))
        main = next(iter(outputs.values()))
        args, kwargs = (_native(event.axes, main, side),), {}
    return found


def _named(unit: Unit, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of a call by name; those of a list are numbered."""
    signature = unit.signature
    given = dict(zip(signature, args, strict=False))
    given |= {name: value for name, value in kwargs.items() if name in signature}
    if not given and kwargs:
        given = {signature[0]: next(iter(kwargs.values()))}
    if "key" in signature and given.get("key") is None:
        given["key"] = given.get("value")
    found: dict[str, Any] = {}
    for name, value in given.items():
        leaves = [leaf for leaf in tree.leaves(value) if isinstance(leaf, np.ndarray)]
        several = isinstance(value, (list, tuple, dict))
        found |= {f"{name} {i}" if several else name: leaf for i, leaf in enumerate(leaves)}
    return found


def _canonical(axes: Mapping[int, Axes], array: NDArray) -> NDArray:
    order = axes.get(array.ndim)
    return array if order is None else array.transpose(np.argsort(order))


def _native(axes: Mapping[int, Axes], array: NDArray, side: Side) -> NDArray:
    order = axes.get(array.ndim) or side.layout(array.ndim)
    return array.transpose(order)


def _seen(unit: Unit, array: NDArray) -> NDArray:
    return array if unit.features is None else array[:, unit.features]


def _unseen(unit: Unit, array: NDArray) -> NDArray:
    return array if unit.features is None else array[:, np.argsort(unit.features)]


def alone(
    side: Side,
    call: Executed,
    inputs: Mapping[str, NDArray],
    *,
    upstream: Mapping[str, NDArray] | None = None,
) -> Contribution:
    """A unit run by itself, on inputs of dualnet's layout; its state stays.

    Args:
        call: where its mode and all other arguments come from.
        upstream: the gradients of outputs, if gradients are asked for.
    """
    unit, backend = side.units[call.unit], side.backend
    tensors = {
        name: side.tensor(_native(call.axes, _unseen(unit, x), side)) for name, x in inputs.items()
    }
    args, kwargs = _rebuilt(side, unit, call, tensors)
    watched = {n: t for n, t in tensors.items() if np.asarray(inputs[n]).dtype.kind == "f"}
    before = values(backend, unit) if unit.states else {}
    held = {name: backend.state.to_numpy(v) for name, v in unit.variables.items()}
    try:
        run = Recorded(backend, lambda: unit.call(call.training, *args, **kwargs), watched.values())
        outputs = {
            name: _canonical(call.axes, backend.state.to_numpy(t)) for name, t in run.value.items()
        }
        found = {} if upstream is None else _gradients(side, call, run, watched, upstream)
        after = values(backend, unit) if before else {}
        return Contribution(outputs, found, {n: after[n] for n in before if n in unit.states})
    finally:
        if before:
            for name, array in held.items():
                backend.state.assign(unit.variables[name], _like(side, unit.variables[name], array))


def _like(side: Side, variable: Tensor, array: NDArray) -> Tensor:
    state, device = side.backend.state, side.backend.device
    native = device.native(device.device_of(variable))
    return state.from_numpy(array, dtype=state.dtype_name(variable), device=native)


def _gradients(
    side: Side,
    call: Executed,
    run: Recorded[Mapping[str, Tensor]],
    watched: Mapping[str, Tensor],
    upstream: Mapping[str, NDArray],
) -> dict[str, NDArray]:
    """By weight, and by input."""
    unit, to_numpy = side.units[call.unit], side.backend.state.to_numpy
    variables = {name: unit.variables[name] for name in unit.trainable}
    names = [name for name in run.value if name in upstream]
    found = run.gradients(
        [run.value[name] for name in names],
        [*watched.values(), *variables.values()],
        [side.tensor(_native(call.axes, upstream[name], side)) for name in names],
    )
    arrays = [None if g is None else to_numpy(g) for g in found]
    of_inputs = dict(zip(watched, arrays, strict=False))
    of_variables = dict(zip(variables, arrays[len(watched) :], strict=True))
    known = canonical_gradients(unit, {n: g for n, g in of_variables.items() if g is not None})
    given = {
        n: _seen(unit, _canonical(call.axes, g)) for n, g in of_inputs.items() if g is not None
    }
    return known | {f"input {name}" if name != "input" else "input": g for name, g in given.items()}


def _rebuilt(
    side: Side, unit: Unit, call: Executed, tensors: Mapping[str, Tensor]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a call with other inputs."""

    def tensor(leaf: Any) -> Any:
        return side.tensor(leaf) if isinstance(leaf, np.ndarray) else leaf

    args: list[Any] = list(tree.map(tensor, call.args))
    kwargs: dict[str, Any] = dict(tree.map(tensor, call.kwargs))
    for place, name in enumerate(unit.signature):
        given = _again(name, tensors, args[place] if place < len(args) else kwargs.get(name))
        if given is None:
            continue
        if place < len(args):
            args[place] = given
        elif name in kwargs or args:
            kwargs[name] = given
        else:
            kwargs[next(iter(kwargs))] = given
    return tuple(args), kwargs


def _again(name: str, tensors: Mapping[str, Tensor], value: Any) -> Any:
    """One tensor, or a list of them like the one before."""
    if name in tensors:
        return tensors[name]
    several = [tensor for key, tensor in tensors.items() if key.startswith(f"{name} ")]
    return tree.unflatten(value, several) if several else None
