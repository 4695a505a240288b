"""How a Keras layer is run by itself, with and without the function that ends it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dualnet.foreign.layouts import channels_first, channels_last
from dualnet.protocols.foreign import Layout, Rule
from dualnet_tf.foreign._keras import takes_training

#: What a reader finds: kind, hyperparameters, rules, and what differs from a plain layer.
Found = tuple[str, dict[str, Any], tuple[Rule, ...], dict[str, Any]]


def call(module: Any) -> Callable[..., Mapping[str, Any]]:
    mode = takes_training(module)

    def run(training: bool, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        result = module(*args, **kwargs, **({"training": training} if mode else {}))
        return {"output": result[0] if isinstance(result, (tuple, list)) else result}

    return run


def without_function(module: Any) -> Callable[..., Mapping[str, Any]]:
    whole = call(module)

    def run(training: bool, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        function = getattr(module, "activation", None)
        if function is None:
            return whole(training, *args, **kwargs)
        module.activation = None
        try:
            return whole(training, *args, **kwargs)
        finally:
            module.activation = function

    return run


def layout(m: Any, spatial: int | None = None) -> Layout:
    return channels_first(spatial) if m.data_format == "channels_first" else channels_last
