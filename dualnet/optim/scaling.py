"""Losses made larger, so that gradients in float16 are not lost below its smallest number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from dualnet import ops
from dualnet.config import Configurable
from dualnet.errors import ConfigError
from dualnet.optim import scalar
from dualnet.optim.check import check_integer, check_positive
from dualnet.optim.clipping import global_norm
from dualnet.optim.scalar import Number
from dualnet.protocols import Backend
from dualnet.typing import Tensor

__all__ = ["LossScale", "Scaling"]


class LossScale(Configurable):
    """How a loss is scaled: by a factor that follows the gradients.

    The factor is divided by ``factor`` where a gradient is NaN or infinite, and that call is
    left out; it is multiplied by ``factor`` after ``growth_steps`` good calls in a row.  It
    does not fall below 1.

    Micikevicius et al., "Mixed Precision Training", 2018, section 3.2.

    Args:
        initial: the first factor.
        growth_steps: good calls before it grows.
        factor: by how much, above 1.
    """

    initial: float = 2.0**15
    growth_steps: int = 2000
    factor: float = 2.0

    def check(self) -> None:
        name = type(self).__name__
        check_positive(name, initial=self.initial, factor=self.factor)
        check_integer(name, growth_steps=self.growth_steps)
        if self.initial < 1 or self.factor <= 1:
            raise ConfigError(
                f"{name}: initial={self.initial!r} must be at least 1 and "
                f"factor={self.factor!r} above 1"
            )


class Scaling:
    """A :class:`LossScale` at work: the factor now, and the good calls since it changed."""

    def __init__(self, backend: Backend, rule: LossScale) -> None:
        self._backend = backend
        self._rule = rule
        # A variable, though a scalar on the host: a plain float tensor of no axes is a constant
        # to torch.compile, which loses what is assigned to it.
        self._scale = backend.state.variable(
            np.asarray(float(rule.initial)),
            dtype="float64",
            device=backend.device.native("cpu:0"),
            trainable=False,
        )
        self._good = backend.optim.counter(0)

    @property
    def factor(self) -> Number:
        """The factor of the next loss."""
        return self._backend.optim.read(self._scale)

    def divided(self, gradients: Sequence[Tensor | None]) -> list[Tensor | None]:
        """Gradients of the loss itself."""
        factor = self.factor
        return [g if g is None else g / _like(factor, g) for g in gradients]

    def unscaled(self, gradients: Sequence[Tensor | None]) -> tuple[list[Tensor | None], Any]:
        """:meth:`divided`, and whether all are numbers; zeros if they are not."""
        found = self.divided(gradients)
        if all(g is None for g in found):
            return found, True
        finite = self._backend.optim.read(ops.isfinite(global_norm(found)))
        if finite is not True:
            found = [g if g is None else scalar.where(finite, g, ops.zeros_like(g)) for g in found]
        return found, finite

    def scaled(self, loss: Tensor) -> Tensor:
        """The loss times the factor."""
        return loss * _like(self.factor, loss)

    @property
    def exhausted(self) -> bool:
        """Whether the last call was not finite although its loss was hardly scaled."""
        return bool(self.factor <= 1.0) and not self._backend.optim.read(self._good)

    def adapt(self, finite: Number) -> None:
        """The factor of the next call."""
        assign = self._backend.state.assign
        scale, rule = self._scale, self._rule
        good = self._backend.optim.read(self._good) + 1
        grown = scalar.where(good >= rule.growth_steps, scale * rule.factor, scale * 1.0)
        smaller = ops.maximum(scale / rule.factor, 1.0)
        assign(scale, scalar.where(finite, grown, smaller))
        counted = scalar.where(good >= rule.growth_steps, self._good * 0, self._good + 1)
        assign(self._good, scalar.where(finite, counted, self._good * 0))

    def held(self) -> Iterator[tuple[str, Tensor]]:
        """What it keeps, by name."""
        yield "loss_scale", self._scale
        yield "loss_scale_good", self._good


def _like(factor: Number, tensor: Tensor) -> Any:
    """The factor in the dtype of a tensor; a Python number is weak already."""
    return factor if scalar.is_python(factor) else ops.astype(factor, tensor.dtype)
