"""Native layers in dualnet's words: kind, hyperparameters, weights, and how to run one alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn

from dualnet.foreign.layouts import plain
from dualnet.foreign.ours import definition_units
from dualnet.protocols.foreign import Unit
from dualnet_torch import layers
from dualnet_torch.foreign.calling import call
from dualnet_torch.foreign.recurrent import recurrent_units
from dualnet_torch.foreign.weighted import WEIGHTED, named
from dualnet_torch.foreign.weightless import WEIGHTLESS

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
    for name, child in module.named_children():
        _collect(child, f"{path}.{name}" if path else name, found, seen)


def _units(module: Any, path: str) -> Iterator[Unit]:
    own = {
        **dict(module.named_parameters(recurse=False)),
        **dict(module.named_buffers(recurse=False)),
    }
    trainable = frozenset(name for name, v in own.items() if v.requires_grad)
    if isinstance(module, layers.Module):
        if hasattr(module, "_definition") and (own or not any(True for _ in module.children())):
            states = frozenset(dict(module.named_buffers(recurse=False)))
            yield from definition_units(module, path, own, states, trainable, layers.set_training)
        return
    if isinstance(module, nn.RNNBase):
        yield from recurrent_units(module, path)
        return
    reader = next((READERS[kind] for kind in type(module).__mro__ if kind in READERS), None)
    if reader is not None:
        kind, options, rules, rest = reader(module)
        kept = tuple(rule for rule in rules if all(n in named(module) for n in rule.native))
        yield Unit(
            path,
            kind,
            type(module).__name__,
            module,
            rest.pop("call", None) or call(module),
            options,
            named(module),
            frozenset(name for name, v in named(module).items() if v.requires_grad),
            kept,
            **rest,
        )
    elif own or not any(True for _ in module.children()):
        yield _unknown(module, path, own, trainable)


def _unknown(module: Any, path: str, own: dict[str, Tensor], trainable: frozenset[str]) -> Unit:
    name = type(module).__name__
    rules = tuple(plain(key) for key, v in own.items() if v.is_floating_point())
    states = frozenset(dict(module.named_buffers(recurse=False)))
    return Unit(
        path, name, name, module, call(module), {}, own, trainable, rules, states, known=False
    )
