"""What a model's loss gets beside the loss of its predictions."""

from __future__ import annotations

from functools import reduce
from typing import Any

from dualnet import ops
from dualnet.regularizers import Regularizer
from dualnet.typing import Tensor

__all__ = ["Penalties"]


class Penalties:
    """The penalties of one model: those of its weights, and those of its latest call.

    The modules of a model share one such object.  Weights are read when the sum is taken; what
    layers add in a call counts once, so that no tensor of a compiled function outlives it.
    """

    def __init__(self) -> None:
        self._weights: list[tuple[Any, str, Regularizer]] = []
        self._added: list[Tensor] = []

    def regularize(self, module: Any, weight: str, regularizer: Regularizer) -> None:
        """Counts a module's weight from now on."""
        self._weights.append((module, weight, regularizer))

    def add(self, value: Tensor) -> None:
        """Counts a scalar in the next sum."""
        self._added.append(value)

    def forget(self) -> None:
        """Ends a call: what was added counts no longer."""
        if self._added:
            self._added.clear()

    def take(self) -> Tensor | None:
        """The sum of all penalties, and the end of the call; ``None`` where there are none."""
        held = [regularizer(getattr(module, name)) for module, name, regularizer in self._weights]
        terms = [*held, *self._added]
        self.forget()
        return reduce(ops.add, terms) if terms else None

    def added_to(self, loss: Tensor) -> Tensor:
        """A loss with the penalties, in the loss's dtype; the loss itself where there are none."""
        total = self.take()
        if total is None:
            return loss
        return loss + (total if total.dtype == loss.dtype else ops.astype(total, loss.dtype))
