"""A layer around another one."""

from __future__ import annotations

from typing import Any

from dualnet.errors import ConfigError
from dualnet.nn.layer import Layer

__all__ = ["Wrapper"]


class Wrapper(Layer):
    """Base of the layers around another one, which is found at ``self.layer``.

    By itself it does what the other does:

    >>> from dualnet import nn
    >>> class Residual(nn.Wrapper):
    ...     def forward(self, x):
    ...         return x + self.layer(x)
    >>> Residual(nn.Dense(3))
    Residual(layer=Dense(units=3))

    Args:
        layer: any layer.
    """

    layer: Layer

    def check(self) -> None:
        if not isinstance(self.layer, Layer):
            raise ConfigError(f"{type(self).__name__} takes a layer, got {self.layer!r}")

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.layer(*args, **kwargs)
