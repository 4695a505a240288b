"""The door to hand-written framework code inside a definition."""

from __future__ import annotations

from typing import Any, ClassVar

from dualnet.errors import ConfigError
from dualnet.nn.layer import Layer
from dualnet.typing import Shape

__all__ = ["Native"]


class Native(Layer):
    """Native modules as a layer, one for each backend that is to be used.

    A ``torch.nn.Module`` for ``torch``; a ``tf.Module`` or a Keras layer for
    ``tensorflow``; or a function without arguments that makes one, which is what lets
    several models of one definition have weights of their own.  The module gets the
    layer's inputs as they are.  Its weights keep the dtype and the first values that it
    gave them; they are found at ``<path>.native``.

    >>> from dualnet import nn
    >>> import torch
    >>> nn.Native(torch=lambda: torch.nn.Linear(4, 2))
    Native(torch=…)

    Raises:
        ConfigError: materialised on a backend for which nothing was given.
    """

    given: dict[str, Any]

    autocast: ClassVar[bool] = False  # the module is the judge of its dtypes

    def __init__(self, *, name: str | None = None, trainable: bool = True, **given: Any) -> None:
        object.__setattr__(self, "given", given)
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "trainable", trainable)
        self.__post_init__()

    def check(self) -> None:
        if not self.given:
            raise ConfigError("Native needs a module: nn.Native(torch=…, tensorflow=…)")
        for backend, module in self.given.items():
            if not callable(module):
                raise ConfigError(f"Native: {backend}={module!r} is no module and makes none")

    def __repr__(self) -> str:
        return f"Native({', '.join(f'{backend}=…' for backend in self.given)})"

    def build(self, *input_shapes: Shape) -> None:
        builder = self._builder
        backend = builder.backend
        if backend.name not in self.given:
            raise ConfigError(
                f"{self._definition!r} has no module for {backend.name!r}; "
                f"add {backend.name}=… to nn.Native"
            )
        module = backend.layers.adopt(self.given[backend.name], device=builder.device)
        backend.layers.attach(self, "native", module)
        backend.layers.set_training(module, self.training)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.native(*args, **kwargs)
