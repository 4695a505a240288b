"""Control flow in functions that are being compiled, where tensors have no values yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from dualnet.typing import Tensor, Tree

#: Carry and slice to the new carry and an output.
Step = Callable[[Any, Any], tuple[Any, Any]]


class Control(Protocol):
    """What :mod:`dualnet.ops.control` stands on; it checks the arguments and runs eager code."""

    def branch(
        self,
        pred: Tensor,
        true_fn: Callable[..., Tree],
        false_fn: Callable[..., Tree],
        operands: tuple[Tree, ...],
        /,
    ) -> Tree:
        """What one of two functions gives, by a bool scalar; both are traced.

        Raises:
            ShapeError: the two give trees or tensors of different kinds.
        """
        ...

    def loop(
        self, cond_fn: Callable[..., Tensor], body_fn: Callable[..., Tree], loop_vars: Tree, /
    ) -> Tree:
        """``loop_vars = body_fn(*loop_vars)`` as long as ``cond_fn(*loop_vars)`` holds."""
        ...

    def scan(
        self, step: Step, init: Tree, xs: Tree, length: int | Tensor, /, *, reverse: bool
    ) -> tuple[Tree, Tree]:
        """The last carry and the stacked outputs of a step for each slice of ``xs``."""
        ...
