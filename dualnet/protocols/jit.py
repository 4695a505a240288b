"""Compilation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class Jit(Protocol):
    """Turning Python functions of tensors into compiled ones."""

    def jit(self, function: Callable[..., Any], /, **options: Any) -> Callable[..., Any]:
        """``tf.function`` or ``torch.compile``; the options are the framework's own."""
        ...

    def train_step(self, function: Callable[..., Any], /, *, jit: bool | str) -> Callable[..., Any]:
        """The form in which a training, evaluation or prediction step runs.

        ``jit="auto"`` is what is quick without a long compilation: a graph on
        TensorFlow, eager on PyTorch.  ``True`` compiles fully (XLA, ``torch.compile``),
        ``False`` runs eagerly.
        """
        ...

    def tracing(self) -> bool:
        """Whether tensors have no values here: in a function being compiled or vectorised."""
        ...
