"""Every layer's output, and the gradient of the loss with respect to it, by path."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from dualnet import losses, tree
from dualnet.model import Model
from dualnet.parity.recorded import Recorded, floating_leaves
from dualnet.protocols import Backend
from dualnet.training.steps import whole_loss
from dualnet.typing import NDArray, Tensor, Tree

__all__ = ["Call", "Trace", "trace", "trace_calls"]


@dataclass(frozen=True, eq=False)
class Call:
    """One call of one layer; every tensor as NumPy.

    Attributes:
        path: the layer's path; ``""`` is the network itself.
        number: 0 for the layer's first call in this run, 1 for its second, …
        kind: name of the layer's class.
        args, kwargs: what it was called with.
        output: what it gave.
        gradient: of the loss, with respect to the output, in the same structure; ``None``
            for leaves that the loss does not depend on.
    """

    path: str
    number: int
    kind: str
    args: Tree
    kwargs: Tree
    output: Tree
    gradient: Tree

    @property
    def name(self) -> str:
        """The path; with a number after the first call of a shared layer: ``"dense#1"``."""
        return f"{self.path}#{self.number}" if self.number else self.path


@dataclass(frozen=True, eq=False)
class Trace:
    """The calls of a forward pass, in the order in which they finished.

    >>> import dualnet as dn, numpy as np
    >>> from dualnet import parity
    >>> net = dn.nn.Sequential(dn.nn.Dense(3, activation="relu"), dn.nn.Dense(1))
    >>> model = dn.Model(net, input_shape=(2,), backend="torch", dtype="float64")
    >>> found = parity.trace(model, np.ones((4, 2)), np.ones((4, 1)), "mse")
    >>> list(found.outputs), found.outputs["dense"].shape, found.gradients["dense"].shape
    (['dense', 'dense_1', ''], (4, 3), (4, 3))
    """

    calls: tuple[Call, ...]
    loss: float

    def __iter__(self) -> Iterator[Call]:
        return iter(self.calls)

    def __len__(self) -> int:
        return len(self.calls)

    def __repr__(self) -> str:
        return f"Trace({len(self.calls)} calls, loss {self.loss:.6g})"

    @property
    def outputs(self) -> dict[str, Tree]:
        """Name of the call to output, in order of execution."""
        return {call.name: call.output for call in self.calls}

    @property
    def gradients(self) -> dict[str, Tree]:
        """Name of the call to the gradient with respect to its output."""
        return {call.name: call.gradient for call in self.calls}


def trace(
    model: Model,
    x: Tree,
    y: Tree,
    loss: str | Callable[..., Any],
    *,
    sample_weight: Tree = None,
    training: bool = True,
) -> Trace:
    """Runs a model once and writes down what every layer gave, and what the loss asks of it.

    The model is left as it was: moving means, dropout counters and all.

    Args:
        x, y, sample_weight: one batch: arrays, or tensors of the model's backend.
        loss: as for :meth:`dualnet.Model.compile`.
        training: the mode of dropout and batch normalisation.

    Raises:
        ForeignTensorError: a tensor of another framework.
        UnknownName: no loss has this name.
    """
    wide = model.policy.variable
    inputs = model.to_native(x)
    model.ensure_built(inputs)
    before = model.state()
    try:
        return trace_calls(
            model,
            losses.get(loss),
            (inputs, model.to_native(y, wide), model.to_native(sample_weight, wide)),
            training=training,
        )
    finally:
        model.load_state(before)


def trace_calls(
    model: Model, loss: Callable[..., Any], batch: tuple[Tree, Tree, Tree], *, training: bool
) -> Trace:
    """:func:`trace` on native tensors; the model's state moves on as in training."""
    backend, (x, y, weight) = model.backend, batch
    seen: list[tuple[str, Tree, Tree, Tree]] = []
    backend.layers.set_training(model.native, training)

    def run() -> Tensor:
        with backend.layers.watch_outputs(model.native, lambda *call: seen.append(call)):
            prediction = model.run(x)
        return whole_loss(model, loss, y, prediction, weight)

    recorded = Recorded(backend, run, floating_leaves(backend, x))
    outputs = [leaf for *_, output in seen for leaf in floating_leaves(backend, output)]
    found = recorded.gradients([recorded.value], outputs)
    gradients = {id(leaf): gradient for leaf, gradient in zip(outputs, found, strict=True)}
    kinds = {path: type(module).__name__ for path, module in backend.layers.modules(model.native)}
    calls: list[Call] = []
    counts: dict[str, int] = {}
    for path, args, kwargs, output in seen:
        number = counts[path] = counts.get(path, -1) + 1
        asked = tree.map(lambda leaf: gradients.get(id(leaf)), output)
        parts = (
            tree.map(lambda leaf: _numpy(backend, leaf), p) for p in (args, kwargs, output, asked)
        )
        calls.append(Call(path, number, kinds[path], *parts))
    return Trace(tuple(calls), float(backend.state.to_numpy(recorded.value)))


def _numpy(backend: Backend, leaf: Any) -> Any | NDArray:
    """A tensor as NumPy; anything else (``None``, an option) as it is."""
    return backend.state.to_numpy(leaf) if backend.state.is_tensor_type(type(leaf)) else leaf
