"""Recurrent layers: one unit each, of one direction or both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dualnet.foreign.layouts import channels_last, plain, reordered
from dualnet.protocols.foreign import Rule, Unit

#: Native class to kind, and which block of gates is dualnet's first, second, …
KINDS: dict[str, tuple[str, tuple[int, ...]]] = {
    "LSTM": ("LSTM", (0, 1, 2, 3)),
    "GRU": ("GRU", (1, 0, 2)),
    "SimpleRNN": ("SimpleRNN", (0,)),
}


def recurrent_units(module: Any, path: str) -> Iterator[Unit]:
    both = hasattr(module, "forward_layer")
    parts = {"": module.forward_layer, "_back": module.backward_layer} if both else {"": module}
    first = parts[""]
    kind, order = KINDS.get(type(first).__name__, (type(first).__name__, (0,)))
    held: dict[str, Any] = {}
    rules: list[Rule] = []
    for suffix, part in parts.items():
        for variable in part.cell.weights:
            name = f"{variable.name}{suffix}"
            held[name] = variable
            rules.append(reordered(name, name, order) if len(order) == 3 else plain(name))
    options: dict[str, Any] = {
        "units": first.units,
        "return_sequences": first.return_sequences,
        "bidirectional": both,
        "use_bias": first.use_bias,
        "activation": first.activation.__name__,
    }
    if both:
        options["merge_mode"] = module.merge_mode
    else:
        options["go_backwards"] = first.go_backwards
    if kind == "GRU":
        options["reset_after"] = first.reset_after
    if kind != "SimpleRNN":
        options["recurrent_activation"] = first.recurrent_activation.__name__
    yield Unit(
        path,
        kind,
        type(module).__name__,
        module,
        _call(module, first.return_sequences),
        options,
        {name: variable.value for name, variable in held.items()},
        frozenset(name for name, variable in held.items() if variable.trainable),
        tuple(rules),
        layout=channels_last,
        known=type(first).__name__ in KINDS,
    )


def _call(module: Any, sequences: bool) -> Callable[..., Mapping[str, Any]]:
    name = "sequences" if sequences else "last"

    def run(training: bool, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        result = module(*args, **kwargs, training=training)
        return {name: result[0] if isinstance(result, (tuple, list)) else result}

    return run
