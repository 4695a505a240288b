"""Applying an update rule to many variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from dualnet.typing import Tensor

if TYPE_CHECKING:
    from dualnet.optim.base import Optimizer

Slots = dict[str, list[Tensor]]


class Optim(Protocol):
    """The rule is the core's; how it is carried out over many variables is the backend's."""

    def counter(self, value: int, /) -> Tensor:
        """The step counter: a native int64 scalar variable on the host."""
        ...

    def scalar(self, value: float, /) -> Tensor:
        """A float64 scalar variable on the host (the learning rate)."""
        ...

    def read(self, scalar: Tensor, /) -> Tensor:
        """The scalar as the rule's coefficients use it: a Python number where one can be
        had (eager), a float64 or int64 tensor inside a compiled function."""
        ...

    def apply(
        self,
        rule: Optimizer,
        variables: Sequence[Tensor],
        gradients: Sequence[Tensor],
        slots: Slots,
        coefficients: dict[str, Tensor],
        /,
    ) -> None:
        """Runs ``rule.update`` for every variable and assigns the results in place.

        A backend may use one fused kernel for a rule instead; the case tables hold it
        to the rule.
        """
        ...
