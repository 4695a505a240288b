"""Layers of dualnet, materialised, as units."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dualnet.foreign.layouts import anything, channels_last, plain, stacked
from dualnet.nn.activations import Activation as Function
from dualnet.protocols.foreign import Layout, Rule, Unit
from dualnet.typing import Tensor

__all__ = ["definition_units", "named_outputs"]

#: Fields of definitions that say nothing about what a layer computes.
SILENT = ("name", "trainable")
#: Layers that treat all elements alike.
ELEMENTWISE = ("Activation", "Add", "Dropout", "Identity")


def definition_units(
    layer: Any,
    path: str,
    variables: Mapping[str, Tensor],
    states: frozenset[str],
    trainable: frozenset[str],
    set_training: Callable[[Any, bool], None],
) -> Iterator[Unit]:
    """The units of a materialised layer: itself, and the activation that it ends with."""
    kind = type(layer._definition).__name__
    fields = layer._definition.fields()
    options = {k: v for k, v in fields.items() if _tells(k)}
    inside = kind == "Activation" or "recurrent_initializer" in fields  # not after all the rest
    function: Function = None if inside else options.pop("activation", None)
    outputs = named_outputs(kind, options)

    def run(training: bool, *args: Any, **kwargs: Any) -> Mapping[str, Tensor]:
        set_training(layer, training)
        if function is None:
            return outputs(layer(*args, **kwargs))
        layer.activation = None
        try:
            return outputs(layer(*args, **kwargs))
        finally:
            layer.activation = function

    yield Unit(
        path,
        kind,
        kind,
        layer,
        run,
        options,
        variables,
        trainable,
        _rules(variables),
        states,
        ("query", "value", "key") if kind == "MultiHeadAttention" else ("input",),
        _layout(kind),
        type(layer._definition).__module__.startswith("dualnet."),
    )
    if function is not None:
        yield _activation(layer, path, function)


def _activation(layer: Any, path: str, function: Function) -> Unit:
    from dualnet.nn import activations  # definitions load only for their own models

    def run(training: bool, x: Tensor) -> Mapping[str, Tensor]:
        return {"output": activations.get(function)(x)}

    name = function if isinstance(function, str) else getattr(function, "__name__", "activation")
    return Unit(f"{path}.activation", "Activation", str(name), layer, run, {"activation": name})


def named_outputs(kind: str, options: Mapping[str, Any]) -> Callable[[Any], Mapping[str, Tensor]]:
    """What a layer gives, with names by which it is compared with another framework's.

    A recurrent layer gives all steps, or the last one.
    """
    recurrent = kind in ("LSTM", "GRU", "SimpleRNN")
    name = "output"
    if recurrent:
        name = "sequences" if options.get("return_sequences") else "last"

    def outputs(result: Any) -> Mapping[str, Tensor]:
        main = result[0] if isinstance(result, (tuple, list)) else result
        return {name: main}

    return outputs


def _tells(name: str) -> bool:
    return name not in SILENT and not name.endswith("_initializer")


def _rules(variables: Mapping[str, Tensor]) -> tuple[Rule, ...]:
    if "recurrent_bias" in variables:
        names = [name for name in variables if not name.endswith("bias") and name != "calls"]
        return (*map(plain, names), stacked("bias", ("bias", "recurrent_bias")))
    return tuple(plain(name) for name in variables if name != "calls")


def _layout(kind: str) -> Layout:
    return anything if kind in ELEMENTWISE else channels_last
