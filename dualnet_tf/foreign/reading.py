"""Native layers in dualnet's words: kind, hyperparameters, weights, and how to run one alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import tensorflow as tf

from dualnet.foreign.layouts import plain
from dualnet.foreign.ours import definition_units
from dualnet.protocols.foreign import Unit
from dualnet_tf import layers
from dualnet_tf.foreign._keras import is_keras, keras_children, keras_word
from dualnet_tf.foreign.calling import call
from dualnet_tf.foreign.recurrent import recurrent_units
from dualnet_tf.foreign.weighted import WEIGHTED, named
from dualnet_tf.foreign.weightless import WEIGHTLESS, function_options

#: Native class to what reads it.
READERS = {**WEIGHTED, **WEIGHTLESS}


def units(model: Any, /) -> list[Unit]:
    found: list[Unit] = []
    _collect(model, "", found, set())
    return found


def _collect(module: Any, path: str, found: list[Unit], seen: set[int]) -> None:
    if id(module) in seen:
        return
    seen.add(id(module))
    made = list(_units(module, path))
    found += made
    if made and made[0].known and not isinstance(module, layers.Module):
        return  # a layer that is known is read as a whole
    for name, child in _children(module):
        _collect(child, f"{path}.{name}" if path else name, found, seen)


def _children(module: Any) -> Iterator[tuple[str, Any]]:
    if is_keras(module):
        yield from keras_children(module)
    elif isinstance(module, layers.Module):
        yield from module._children.items()
        if isinstance(module, layers.Adopted):
            yield "native", module.native
    else:
        pairs = module._flatten(
            predicate=lambda leaf: isinstance(leaf, tf.Module) or is_keras(leaf),
            recursive=False,
            with_path=True,
        )
        yield from ((".".join(map(str, path)), child) for path, child in pairs)


def _units(module: Any, path: str) -> Iterator[Unit]:
    if isinstance(module, layers.Module):
        own = dict(module._own) if not isinstance(module, layers.Adopted) else {}
        if hasattr(module, "_definition") and (own or not module._children):
            trainable = frozenset(name for name, v in own.items() if v.trainable)
            states = frozenset(module._states)
            yield from definition_units(module, path, own, states, trainable, layers.set_training)
        return
    if not is_keras(module):
        own = _own(module)
        if own or not any(True for _ in _children(module)):
            yield _unknown(module, path, own, frozenset(n for n, v in own.items() if v.trainable))
        return
    if keras_word(module) in ("LSTM", "GRU", "SimpleRNN", "Bidirectional"):
        yield from recurrent_units(module, path)
        return
    reader = READERS.get(keras_word(module))
    if reader is not None:
        kind, options, rules, rest = reader(module)
        held = named(module)
        yield Unit(
            path,
            kind,
            type(module).__name__,
            module,
            rest.pop("call", None) or call(module),
            options,
            {name: v.value for name, v in held.items()},
            frozenset(name for name, v in held.items() if v.trainable),
            tuple(rule for rule in rules if all(n in held for n in rule.native)),
            **rest,
        )
        if _ends_with_function(module):
            yield _activation(module, path)
        return
    held = {v.name: v for v in (*module._trainable_variables, *module._non_trainable_variables)}
    if held or not module._layers:
        own = {name: v.value for name, v in held.items()}
        yield _unknown(module, path, own, frozenset(n for n, v in held.items() if v.trainable))


def _own(module: Any) -> dict[str, tf.Variable]:
    """The variables of a plain module itself."""
    pairs = module._flatten(
        predicate=lambda leaf: isinstance(leaf, tf.Variable), recursive=False, with_path=True
    )
    return {".".join(map(str, path)): variable for path, variable in pairs}


def _unknown(
    module: Any, path: str, own: dict[str, tf.Variable], trainable: frozenset[str]
) -> Unit:
    name = type(module).__name__
    rules = tuple(plain(key) for key, v in own.items() if v.dtype.is_floating)
    states = frozenset(own) - trainable
    return Unit(
        path, name, name, module, call(module), {}, own, trainable, rules, states, known=False
    )


# Activations that end a layer


def _ends_with_function(module: Any) -> bool:
    function = getattr(module, "activation", None)
    folded = keras_word(module) not in ("Activation", "MultiHeadAttention")
    return folded and function is not None and function.__name__ != "linear"


def _activation(module: Any, path: str) -> Unit:
    function = module.activation

    def run(training: bool, x: Any) -> Mapping[str, Any]:
        return {"output": function(x)}

    options = function_options(function)
    name = function.__name__
    return Unit(f"{path}.activation", "Activation", name, module, run, options)
