"""Symbolic nodes: what ``nn.Input`` gives and layers return when applied to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from dualnet import shapes, tree
from dualnet.errors import ConfigError, StateError
from dualnet.typing import Shape

if TYPE_CHECKING:
    from dualnet.nn.layer import Layer

__all__ = ["Input", "Node", "apply_symbolically", "batch_shape", "topological_order"]


class Node:
    """The value that a layer will give, before there are any tensors.

    Nodes add, multiply and index like the tensors they stand for.
    """

    def __init__(
        self,
        layer: Layer | None,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
        *,
        shape: tuple[int | None, ...] | None = None,
        dtype: str | None = None,
        masked: bool = False,
    ) -> None:
        self.layer = layer
        self.args = args
        self.kwargs = kwargs or {}
        self.shape = shape
        self.dtype = dtype
        self.masked = masked

    def parents(self) -> list[Node]:
        """The nodes this one is computed from."""
        return [leaf for leaf in tree.leaves((self.args, self.kwargs)) if isinstance(leaf, Node)]

    def _operation(self, op: str, *args: Any) -> Node:
        from dualnet.nn.containers import Operation  # the layers stand on this module

        return Node(Operation(op), args)

    def __add__(self, other: Any) -> Node:
        return self._operation("add", self, other)

    def __radd__(self, other: Any) -> Node:
        return self._operation("add", other, self)

    def __sub__(self, other: Any) -> Node:
        return self._operation("subtract", self, other)

    def __rsub__(self, other: Any) -> Node:
        return self._operation("subtract", other, self)

    def __mul__(self, other: Any) -> Node:
        return self._operation("multiply", self, other)

    def __rmul__(self, other: Any) -> Node:
        return self._operation("multiply", other, self)

    def __truediv__(self, other: Any) -> Node:
        return self._operation("divide", self, other)

    def __matmul__(self, other: Any) -> Node:
        return self._operation("matmul", self, other)

    def __neg__(self) -> Node:
        return self._operation("negative", self)

    def __getitem__(self, key: int) -> Node:
        if not isinstance(key, int):
            raise ConfigError(f"a node is indexed by one integer (an output), got {key!r}")
        from dualnet.nn.containers import Output  # the layers stand on this module

        return Node(Output(key), (self,))

    def __iter__(self) -> Iterator[Node]:
        raise ConfigError(
            "how many outputs a node has is known only when it runs; take them by index: "
            "out = layer(x); y, state = out[0], out[1]"
        )

    def __bool__(self) -> bool:
        raise StateError("a node has no value yet; branch on tensors inside a layer's forward")


def Input(  # noqa: N802 - Keras's name
    shape: Sequence[int | None], dtype: str | None = None, *, masked: bool = False
) -> Node:
    """A placeholder for one input of a graph.

    Args:
        shape: without the batch axis; ``None`` where the size may vary.
        dtype: ``"int64"`` for token ids; the model's floating dtype if not given.
        masked: whether the layers see :class:`dualnet.nn.Masked`; a plain tensor that is given
            there has all its steps.
    """
    parsed = shapes.parse(shape)
    if not isinstance(parsed, shapes.SampleShape):
        raise ConfigError(f"Input(shape={shape!r}): one nn.Input is one shape")
    return Node(None, shape=parsed.sizes, dtype=dtype, masked=masked)


def apply_symbolically(layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Node:
    """The node for ``layer`` applied to arguments some of which are nodes."""
    return Node(layer, args, kwargs)


def topological_order(outputs: list[Node]) -> list[Node]:
    """Every node the outputs depend on, each after its parents; deep graphs are fine."""
    order: list[Node] = []
    done: set[int] = set()
    stack = list(reversed(outputs))
    while stack:
        node = stack[-1]
        waiting = [parent for parent in node.parents() if id(parent) not in done]
        if id(node) in done or not waiting:
            stack.pop()
            if id(node) not in done:
                done.add(id(node))
                order.append(node)
        else:
            stack.extend(reversed(waiting))
    return order


def batch_shape(shape: Shape | tuple[int | None, ...], batch: int, unknown: int) -> Shape:
    """A concrete shape for a trial run: the batch axis added, open sizes filled in."""
    return (batch, *(unknown if size is None else size for size in shape))
