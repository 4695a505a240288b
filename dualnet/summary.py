"""``model.summary()``: the layers of a model, what they give, and what they hold."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.table import Table

from dualnet import tree
from dualnet.masked import Masked

if TYPE_CHECKING:
    from dualnet.model import Model

__all__ = ["summarize"]


def summarize(model: Model) -> str:
    """A table with one row per layer: path, kind, output shape, parameters."""
    shapes = _output_shapes(model)
    layers = model.backend.layers
    table = Table(title=f"{type(model.definition).__name__} on {model.backend.name}, {model.dtype}")
    table.add_column("layer")
    table.add_column("kind")
    table.add_column("output shape")
    table.add_column("parameters", justify="right")
    for path, module in layers.modules(model.native):
        if path and path in shapes:
            table.add_row(path, type(module).__name__, shapes[path], f"{_own(model, path):,}")
    table.add_section()
    trained = sum(_size(model, v) for v in model.trainable_variables)
    total = model.count_params()
    table.add_row("total", "", "", f"{total:,}")
    if trained != total:
        table.add_row("trained", "", "", f"{trained:,}")
    text = io.StringIO()
    Console(file=text, width=100).print(table)
    return text.getvalue()


def _own(model: Model, path: str) -> int:
    """Parameters that belong to the layer itself, not to those below it."""
    return sum(
        _size(model, v) for p, v in model.named_weights().items() if p.rpartition(".")[0] == path
    )


def _size(model: Model, variable: Any) -> int:
    return int(np.prod(model.backend.state.shape(variable)))


def _output_shapes(model: Model) -> dict[str, str]:
    """Layer path to the shape of its output, from a run on one sample."""
    shapes: dict[str, str] = {}

    def remember(path: str, args: Any, kwargs: Any, output: Any) -> None:
        shapes[path] = ", ".join(_text(model, leaf) for leaf in tree.leaves(output, stop=Masked))

    with model.backend.layers.watch_outputs(model.native, remember):
        model(model.sample())
    return shapes


def _text(model: Model, leaf: Any) -> str:
    """A shape with the batch axis as ``*``."""
    if isinstance(leaf, Masked):
        return f"{_text(model, leaf.values)} masked"
    if not model.backend.state.is_tensor_type(type(leaf)):
        return str(leaf)
    return "(" + ", ".join(["*", *map(str, model.backend.state.shape(leaf)[1:])]) + ")"
