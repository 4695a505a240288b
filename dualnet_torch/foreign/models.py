"""Native models as a whole: copies of them, runs of them, and what happens inside."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from dualnet.errors import ConfigError
from dualnet.typing import DtypeName
from dualnet_torch import layers
from dualnet_torch.foreign._keras import is_keras
from dualnet_torch.state import DTYPES

#: The attributes by which layers drop values in training.
RATES = {
    torch.nn.modules.dropout._DropoutNd: "p",
    torch.nn.RNNBase: "dropout",
    torch.nn.MultiheadAttention: "dropout",
}


def is_model(candidate: object, /) -> bool:
    return isinstance(candidate, torch.nn.Module) and not is_keras(candidate)


def has_weights(model: Any, /) -> bool:
    held = (*model.parameters(), *model.buffers())
    return not any(isinstance(v, torch.nn.parameter.UninitializedParameter) for v in held)


def variables(model: Any, /) -> dict[str, torch.Tensor]:
    return layers.variables(model)


def duplicate(model: Any, /, *, dtype: DtypeName) -> Any:
    try:
        return copy.deepcopy(model).to(DTYPES[dtype])
    except Exception as error:  # whatever an attribute's own copying raises
        raise ConfigError(f"{type(model).__name__} cannot be copied: {error!r}") from error


def run(model: Any, inputs: Sequence[torch.Tensor], /, *, training: bool) -> Any:
    model.train(training)
    return model(*inputs)


@contextlib.contextmanager
def watch(
    owners: Sequence[Any], callback: Callable[[Any, Any, Any, Any, bool | None], None], /
) -> Iterator[None]:
    def seen(owner: Any, args: Any, kwargs: Any, output: Any) -> None:
        callback(owner, args, kwargs, output, owner.training)

    hooks = [owner.register_forward_hook(seen, with_kwargs=True) for owner in owners]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


@contextlib.contextmanager
def without_dropout(model: Any, /) -> Iterator[None]:
    found = [(module, name) for module in model.modules() for name in _rates(module)]
    before = [(module, name, getattr(module, name)) for module, name in found]
    modes = [(module, module.training) for module in model.modules()]
    try:
        for module, name, rate in before:
            setattr(module, name, type(rate)(0))
        yield
    finally:
        for module, name, rate in before:
            setattr(module, name, rate)
        for module, training in modes:
            module.training = training


def _rates(module: Any) -> list[str]:
    """The attributes of a module that hold a rate of dropout."""
    if isinstance(module, layers.Module):
        return [
            name for name in ("rate", "dropout") if isinstance(getattr(module, name, None), float)
        ]
    return [name for kind, name in RATES.items() if isinstance(module, kind)]


@contextlib.contextmanager
def exact() -> Iterator[None]:
    yield  # PyTorch keeps its constants in float64
