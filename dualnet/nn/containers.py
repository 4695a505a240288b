"""Layers made of layers: ``Sequential`` and ``Graph``."""

from __future__ import annotations

from typing import Any

from dualnet import ops, tree
from dualnet.config import Configurable
from dualnet.errors import ConfigError, MaskError
from dualnet.masked import ADVICE
from dualnet.nn.graph import Node, topological_order
from dualnet.nn.layer import Layer, Sublayers, unique_names
from dualnet.nn.masks import Masked, combined, every_step, fitting, parted
from dualnet.typing import Tensor, Tree

__all__ = ["Graph", "Operation", "Output", "Sequential"]


class Several(Layer):
    """Base of the containers: layers as siblings, each named among the others."""

    layers: tuple[Layer, ...]

    def check(self) -> None:
        given: tuple[Any, ...] = self.layers
        for place, layer in enumerate(given):
            if not isinstance(layer, Layer):
                hint = f"; write nn.{layer.__name__}(…)" if isinstance(layer, type) else ""
                raise ConfigError(
                    f"{type(self).__name__} takes layers, got {layer!r} at position {place}{hint}"
                )
        unique_names(self.layers)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.layers))})"

    def sublayers(self) -> Sublayers:
        return dict(zip(unique_names(self.layers), self.layers, strict=True))


class Sequential(Several):
    """Layers one after another: ``y = f_n(… f_2(f_1(x)))``.

    Takes layers as arguments or one list.

    >>> from dualnet import nn
    >>> nn.Sequential(nn.Dense(4), nn.Dense(2)) == nn.Sequential([nn.Dense(4), nn.Dense(2)])
    True
    """

    def __init__(self, *layers: Any, name: str | None = None, trainable: bool = True) -> None:
        if len(layers) == 1 and isinstance(layers[0], (list, tuple)):
            layers = tuple(layers[0])
        object.__setattr__(self, "layers", layers)
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "trainable", trainable)
        self.__post_init__()

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


class Operation(Layer):
    """One function of :mod:`dualnet.ops` as a layer; what ``node + node`` stands for."""

    op: str

    def forward(self, *args: Tensor) -> Tensor:
        return getattr(ops, self.op)(*args)

    def forward_masked(self, *args: Any) -> Any:
        if self.op == "matmul":
            raise MaskError(f"a matrix product of masked values would mix their steps; {ADVICE}")
        values, masks = zip(*map(parted, args), strict=True)
        return fitting(self, self.forward(*values), combined(*masks))


class Output(Layer):
    """One of the outputs of a layer that has several."""

    index: int

    def forward(self, outputs: tuple[Tensor, ...]) -> Tensor:
        return outputs[self.index]

    def forward_masked(self, outputs: tuple[Any, ...]) -> Any:
        return outputs[self.index]


#: For each argument its place in a graph's list of values, or the places of a list of them.
Places = tuple[int | list[int], ...]


class Ref(Configurable):
    """A place in a graph's list of values."""

    place: int


class Step(Configurable):
    """One line of a graph's program: a layer, and what it is applied to."""

    layer: int
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


class InputSpec(Configurable):
    """Shape (without batch axis) and dtype of one input, and whether it has a mask."""

    shape: tuple[int | None, ...]
    dtype: str | None = None
    masked: bool = False


class Graph(Several):
    """A graph of layers from inputs to outputs: shared layers, several inputs and outputs.

    >>> from dualnet import nn
    >>> x = nn.Input((28, 28, 1))
    >>> y = nn.Dense(10)(nn.Flatten()(x))
    >>> nn.Graph(x, y)
    Graph(Flatten(), Dense(units=10))

    Args:
        inputs: a node from ``nn.Input``, or a tuple, list or dict of them; the model takes
            its input in the same form.
        outputs: the node, or the tree of nodes, that the model returns.
    """

    steps: tuple[Step, ...]
    input_specs: tuple[InputSpec, ...]
    inputs: Tree
    outputs: Tree

    def __init__(
        self, inputs: Tree, outputs: Tree, *, name: str | None = None, trainable: bool = True
    ) -> None:
        starts, ends = _nodes("inputs", inputs), _nodes("outputs", outputs)
        order = [node for node in topological_order(ends) if node.layer is not None]
        _check_inputs(starts, topological_order(ends))
        layers = {id(node.layer): node.layer for node in order}
        number = {key: place for place, key in enumerate(layers)}
        place = {id(node): place for place, node in enumerate([*starts, *order])}

        def refer(leaf: Any) -> Any:
            return Ref(place[id(leaf)]) if isinstance(leaf, Node) else leaf

        fields = {
            "layers": tuple(layers.values()),
            "steps": tuple(
                Step(number[id(n.layer)], tree.map(refer, n.args), tree.map(refer, n.kwargs))
                for n in order
            ),
            "input_specs": tuple(InputSpec(n.shape or (), n.dtype, n.masked) for n in starts),
            "inputs": tree.map(refer, inputs),
            "outputs": tree.map(refer, outputs),
            "name": name,
            "trainable": trainable,
        }
        for key, value in fields.items():
            object.__setattr__(self, key, value)
        self.__post_init__()

    def makes_masks(self) -> bool:
        return any(spec.masked for spec in self.input_specs)

    def build(self, *shapes: Any) -> None:
        self._plan = _plan(self.steps, self.outputs, len(self.input_specs))

    def forward(self, x: Tree) -> Tree:
        values = tree.leaves(x, stop=Masked)
        if len(values) != len(self.input_specs):
            raise ConfigError(
                f"this graph has {len(self.input_specs)} inputs, got {len(values)} tensors"
            )
        for place, spec in enumerate(self.input_specs):
            if spec.masked and not isinstance(values[place], Masked):
                values[place] = Masked(values[place], every_step(values[place]))

        def value(leaf: Any) -> Any:
            return values[leaf.place] if _is_ref(leaf) else leaf

        for step, places, spent in self._plan:
            layer = self.layers[step.layer]
            if places is None:
                y = layer(*tree.map(value, step.args), **tree.map(value, step.kwargs))
            else:
                y = layer(*[_found(values, place) for place in places])
            values.append(y)
            for place in spent:
                values[place] = None  # so that its memory is free for what follows
        outputs = self.outputs
        return values[outputs.place] if _is_ref(outputs) else tree.map(value, outputs)


def _plan(
    steps: tuple[Step, ...], outputs: Tree, inputs: int
) -> tuple[tuple[Step, Places | None, tuple[int, ...]], ...]:
    """Each step, the places of its arguments if these are plain, and what it uses last."""
    needed = {leaf.place for leaf in tree.leaves(outputs) if _is_ref(leaf)}
    found = []
    for place, step in reversed(list(enumerate(steps, inputs))):
        used = [leaf.place for leaf in tree.leaves((step.args, step.kwargs)) if _is_ref(leaf)]
        places = None if step.kwargs else _places(step.args)
        spent = {*used, place} - needed
        found.append((step, places, tuple(sorted(spent))))
        needed.update(used)
    return tuple(reversed(found))


def _places(args: tuple[Any, ...]) -> Places | None:
    """Where arguments stand that are values or lists of them; ``None`` if others are among them."""
    if not all(_is_ref(arg) or (type(arg) is list and all(map(_is_ref, arg))) for arg in args):
        return None
    return tuple(arg.place if _is_ref(arg) else [ref.place for ref in arg] for arg in args)


def _found(values: list[Any], place: int | list[int]) -> Any:
    return values[place] if isinstance(place, int) else [values[each] for each in place]


def _is_ref(leaf: Any) -> bool:
    return isinstance(leaf, Ref)


def _nodes(role: str, given: Tree) -> list[Node]:
    nodes = tree.leaves(given)
    for node in nodes:
        if not isinstance(node, Node):
            raise ConfigError(f"Graph {role} are nodes made by nn.Input and layers, got {node!r}")
    return nodes


def _check_inputs(starts: list[Node], order: list[Node]) -> None:
    reached = {id(node) for node in order if node.layer is None}
    given = {id(node) for node in starts}
    if any(node.layer is not None for node in starts):
        raise ConfigError("Graph inputs must come from nn.Input(shape)")
    if given - reached:
        raise ConfigError("an input of the Graph is used by none of its outputs; leave it out")
    if reached - given:
        raise ConfigError("an output depends on an nn.Input that is not among the Graph's inputs")
