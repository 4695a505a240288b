"""Applying an update rule to many variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from dualnet.typing import DtypeName, NDArray, Tensor

if TYPE_CHECKING:
    from dualnet.optim.base import Optimizer
    from dualnet.optim.scalar import Number

__all__ = ["Optim"]


class Optim(Protocol):
    """The rule is the core's; how it is carried out over many variables is the backend's."""

    def counter(self, value: int, /) -> Tensor:
        """A step counter: a native int64 scalar variable on the host."""
        ...

    def scalar(self, value: float, /) -> Tensor:
        """A float64 scalar variable on the host (the learning rate)."""
        ...

    def beside(self, variable: Tensor, value: NDArray, /, *, dtype: DtypeName) -> Tensor:
        """A variable for the optimizer's own use that lies where, and as, another one lies."""
        ...

    def count(self, counter: Tensor, /) -> None:
        """Adds one to a counter."""
        ...

    def read(self, scalar: Tensor, /) -> Any:
        """A 0-dim tensor as the rule computes with it.

        Eagerly its value, as a Python number; inside a compiled function a tensor, float64
        if it is a number, so that one trace serves every step.
        """
        ...

    def apply(
        self,
        rule: Optimizer,
        variables: list[Tensor],
        gradients: list[Tensor],
        slots: Mapping[str, list[Tensor | None]],
        step: Number,
        lr: Number,
        finite: Tensor | None,
        /,
    ) -> None:
        """Runs ``rule.advance`` for every variable and assigns the results in place.

        The scalars of ``rule.step_coefficients`` are computed in float64 and take the dtype
        of what they meet.

        A backend may use one fused kernel for a rule instead; the case tables hold it to the
        rule.

        Args:
            gradients: one for each variable, float32 where the variable is half precision.
            slots: by name, one for each variable; ``None`` where it has no such slot.
            step: the number of this step, from 1.
            lr: its learning rate.
            finite: as in ``rule.advance``.
        """
        ...
