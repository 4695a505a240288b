"""Control flow: Python's own where tensors have values, else the compiler's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from dualnet.typing import Tensor, Tree

#: Carry and slice to the new carry and an output.
Step = Callable[[Any, Any], tuple[Any, Any]]


class Control(Protocol):
    """What :mod:`dualnet.ops.control` stands on, which checks arguments and results."""

    def branch(
        self,
        pred: Tensor,
        true_fn: Callable[..., Tree],
        false_fn: Callable[..., Tree],
        operands: tuple[Tree, ...],
        /,
    ) -> Tree:
        """What one of two functions gives, by a bool scalar.

        Raises:
            ShapeError, DtypeError: compiled code traces both, and they give trees or tensors of
                different kinds.
        """
        ...

    def loop(
        self,
        cond_fn: Callable[..., Tensor],
        body_fn: Callable[..., tuple[Tree, ...]],
        state: tuple[Tree, ...],
        /,
        *,
        maximum: int | None,
    ) -> tuple[Tree, ...]:
        """``state = body_fn(*state)``, ``maximum`` times or while ``cond_fn(*state)`` holds."""
        ...

    def scan(
        self, step: Step, init: Tree, xs: Tree, length: int | Tensor, /, *, reverse: bool
    ) -> tuple[Tree, Tree]:
        """The last carry and the stacked outputs of a step for each slice of ``xs``."""
        ...
