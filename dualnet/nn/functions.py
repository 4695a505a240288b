"""Any function of tensors as a layer."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from dualnet.errors import ConfigError
from dualnet.nn.layer import Layer

__all__ = ["Lambda"]


class Lambda(Layer):
    """``function(x, **arguments)``.

    The function holds no weights, and is written over :mod:`dualnet.ops` to run on every
    backend.  It is code: a model with one is saved by its weights, and not described by
    ``to_config``.

    >>> from dualnet import nn, ops
    >>> net = nn.Sequential(nn.Dense(4), nn.Lambda(ops.clip, {"min": 0.0, "max": 1.0}))

    Args:
        function: of the layer's inputs.
        arguments: what it is given by keyword.
    """

    function: Callable[..., Any]
    arguments: dict[str, Any] = dataclasses.field(default_factory=dict)

    def check(self) -> None:
        if not callable(self.function):
            raise ConfigError(f"Lambda takes a function, got {self.function!r}")

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **self.arguments, **kwargs)
