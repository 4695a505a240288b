"""The variables that an optimizer is bound to, by path, and whose they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dualnet import registry
from dualnet.errors import ConfigError, ForeignTensorError
from dualnet.protocols import Backend
from dualnet.typing import Tensor, Tree

__all__ = ["common_backend", "described", "named_variables"]


def named_variables(model: Tree) -> dict[str, Tensor]:
    """Path to variable, of a model or of a tree of variables."""
    if hasattr(model, "named_trainable_variables"):
        named = dict(model.named_trainable_variables())
    else:
        held = getattr(model, "trainable_variables", model)
        named = dict(_paths(held if isinstance(held, dict) else _as_list(held)))
    if not named:
        raise ConfigError("there is nothing to train: the model has no trainable variables")
    return named


def _as_list(held: Any) -> list[Any]:
    """The branches of a tuple, list or iterator; anything else is one variable."""
    return list(held) if isinstance(held, (Sequence, Iterator)) else [held]


def _paths(held: Tree, path: str = "") -> Iterator[tuple[str, Tensor]]:
    """The leaves of a tree with their places: ``"encoder.0"``."""
    if isinstance(held, dict):
        children = [(str(key), held[key]) for key in sorted(held)]
    elif isinstance(held, (tuple, list)):
        children = [(str(place), child) for place, child in enumerate(held)]
    else:
        yield path, held
        return
    for name, child in children:
        yield from _paths(child, f"{path}.{name}" if path else name)


def common_backend(named: dict[str, Tensor]) -> Backend:
    """The backend of all variables."""
    found: dict[str, Backend] = {}
    for path, variable in named.items():
        backend = registry.of_type(type(variable))
        if backend is None or not backend.state.is_variable(variable):
            raise ConfigError(
                f"{path or 'the argument'} is {described(variable)}, which no optimizer can "
                "change; bind a dn.Model, or a list of variables: optimizer.bind([w, b])"
            )
        found[backend.name] = backend
    if len(found) > 1:
        raise ForeignTensorError(
            f"variables of {' and '.join(sorted(found))} in one optimizer; bind one for each"
        )
    return next(iter(found.values()))


def described(value: Any) -> str:
    """The type of a value, for an error."""
    return f"{type(value).__module__}.{type(value).__qualname__}"
