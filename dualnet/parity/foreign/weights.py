"""Weights of native layers, read and written in dualnet's layouts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from dualnet.parity.foreign.facts import Facts
from dualnet.protocols import Backend
from dualnet.protocols.foreign import Rule, Unit
from dualnet.typing import NDArray

__all__ = [
    "assign",
    "canonical_gradients",
    "facts",
    "native_gradients",
    "native_values",
    "neutral",
    "renamed",
    "trained",
    "values",
]


def values(backend: Backend, unit: Unit) -> dict[str, NDArray]:
    """Every weight and state of a unit."""
    found: dict[str, NDArray] = {}
    for rule in unit.rules:
        arrays = [backend.state.to_numpy(unit.variables[name]) for name in rule.native]
        found.update(zip(rule.ours, rule.read(*arrays), strict=True))
    return found


def neutral(given: Mapping[str, NDArray]) -> dict[str, NDArray]:
    """Weights like these that make no difference: scales of one, all others zero."""
    return {
        name: np.ones_like(array) if name == "gamma" else np.zeros_like(array)
        for name, array in given.items()
    }


def native_values(unit: Unit, given: Mapping[str, NDArray]) -> dict[str, NDArray]:
    """The arrays of the native variables that hold these weights."""
    found: dict[str, NDArray] = {}
    for rule in unit.rules:
        arrays = rule.write(*(given[name] for name in rule.ours))
        found.update(zip(rule.native, arrays, strict=True))
    return found


def assign(backend: Backend, unit: Unit, given: Mapping[str, NDArray]) -> None:
    """Writes weights into the native variables."""
    for name, array in native_values(unit, given).items():
        variable = unit.variables[name]
        dtype = backend.state.dtype_name(variable)
        device = backend.device.native(backend.device.device_of(variable))
        backend.state.assign(variable, backend.state.from_numpy(array, dtype=dtype, device=device))


def canonical_gradients(unit: Unit, given: Mapping[str, NDArray]) -> dict[str, NDArray]:
    """Gradients of weights, from those of native variables; only where all of them are there.

    Variables whose sum is the weight have each the weight's gradient.
    """
    found: dict[str, NDArray] = {}
    for rule in unit.rules:
        arrays = [given[name] for name in rule.native if name in given]
        if rule.summed and arrays:
            found[rule.ours[0]] = arrays[0]
        elif arrays and len(arrays) == len(rule.native):
            found.update(zip(rule.ours, rule.read(*arrays), strict=True))
    return found


def native_gradients(unit: Unit, given: Mapping[str, NDArray]) -> dict[str, NDArray]:
    """Gradients of the trained native variables, from those of weights."""
    found: dict[str, NDArray] = {}
    for rule in unit.rules:
        if not all(name in given for name in rule.ours):
            continue
        wanted = [given[name] for name in rule.ours]
        arrays = wanted * len(rule.native) if rule.summed else rule.write(*wanted)
        found.update(zip(rule.native, arrays, strict=True))
    return {name: array for name, array in found.items() if name in unit.trainable}


def trained(unit: Unit) -> tuple[str, ...]:
    """The names of the weights of which some variable is trained."""
    return tuple(
        name
        for rule in unit.rules
        if any(native in unit.trainable for native in rule.native)
        for name in rule.ours
    )


def facts(backend: Backend, unit: Unit) -> Facts:
    """A unit as a value."""
    return Facts(
        unit.path, unit.kind, unit.native, dict(unit.options), values(backend, unit), unit.known
    )


def renamed(unit: Unit, names: Mapping[str, str]) -> Unit:
    """The unit with other names for its weights."""

    def over(given: Iterable[str]) -> tuple[str, ...]:
        return tuple(names.get(name, name) for name in given)

    rules = tuple(
        Rule(over(rule.ours), rule.native, rule.read, rule.write, rule.summed)
        for rule in unit.rules
    )
    return replace(unit, rules=rules, states=frozenset(over(unit.states)))
