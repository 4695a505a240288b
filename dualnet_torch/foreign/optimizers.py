"""Native optimizers, taken from a user's model to a copy of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from dualnet.errors import ConfigError

#: Native class to dualnet's name, and native hyperparameters to dualnet's.
WORDS: dict[str, tuple[str, dict[str, str]]] = {
    "SGD": (
        "SGD",
        {
            "lr": "learning_rate",
            "momentum": "momentum",
            "nesterov": "nesterov",
            "weight_decay": "l2",
        },
    ),
    "Adam": (
        "Adam",
        {"lr": "learning_rate", "eps": "epsilon", "amsgrad": "amsgrad", "weight_decay": "l2"},
    ),
    "AdamW": (
        "AdamW",
        {
            "lr": "learning_rate",
            "eps": "epsilon",
            "amsgrad": "amsgrad",
            "weight_decay": "weight_decay",
        },
    ),
    "RMSprop": (
        "RMSprop",
        {
            "lr": "learning_rate",
            "alpha": "rho",
            "eps": "epsilon",
            "momentum": "momentum",
            "centered": "centered",
            "weight_decay": "l2",
        },
    ),
}


def loss(function: Callable[..., Any], /) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    if isinstance(function, torch.nn.modules.loss._Loss):  # these take the output first
        return lambda targets, output: function(output, targets)
    return function


def is_optimizer(candidate: object, /) -> bool:
    return isinstance(candidate, torch.optim.Optimizer)


def rebind(optimizer: Any, model: Any, copy: Any, /) -> Rebound:
    return Rebound(optimizer, model, copy)


class Rebound:
    """A new optimizer of the same class, groups and slots."""

    rounding = 0.0

    def __init__(self, optimizer: Any, model: Any, copy: Any) -> None:
        pairs = zip(model.parameters(), copy.parameters(), strict=True)
        twins = {id(old): new for old, new in pairs}
        given = [p for group in optimizer.param_groups for p in group["params"]]
        if not any(id(p) in twins for p in given):
            raise ConfigError(
                f"this {type(optimizer).__name__} holds no parameter of the {type(model).__name__} "
                "that is compared: make it of model.parameters()"
            )
        groups = [
            {**group, "params": [twins[id(p)] for p in group["params"] if id(p) in twins]}
            for group in optimizer.param_groups
        ]
        self._native = type(optimizer)(groups, **optimizer.defaults)
        if optimizer.state:
            self._native.load_state_dict(optimizer.state_dict())
        self.kind, names = WORDS.get(type(optimizer).__name__, (type(optimizer).__name__, {}))
        first = optimizer.param_groups[0]
        self.options: Mapping[str, Any] = {
            ours: first[name] for name, ours in names.items() if name in first
        } | _betas(first)

    def apply(self, gradients: Mapping[int, torch.Tensor], /) -> None:
        for group in self._native.param_groups:
            for parameter in group["params"]:
                parameter.grad = gradients.get(id(parameter))
        self._native.step()
        self._native.zero_grad(set_to_none=True)


def _betas(group: Mapping[str, Any]) -> dict[str, float]:
    betas = group.get("betas")
    return {} if betas is None else {"beta_1": float(betas[0]), "beta_2": float(betas[1])}
