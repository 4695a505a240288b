"""The loss of a comparison: given once, given for each side, or made up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dualnet import losses, ops
from dualnet.config import Configurable
from dualnet.errors import ConfigError
from dualnet.parity.foreign.facts import Facts
from dualnet.parity.foreign.sides import Side
from dualnet.parity.recorded import Recorded
from dualnet.random.stream import Stream
from dualnet.typing import NDArray, Tensor, Tree

__all__ = ["SideLoss", "side_losses"]


@dataclass(frozen=True, eq=False)
class SideLoss:
    """``loss(output)`` on one side.

    Attributes:
        facts: the loss as a value.
        given: whether a user gave it.
    """

    side: Side
    facts: Facts
    function: Callable[[Any, Any], Tensor] | None
    targets: NDArray | None

    @property
    def given(self) -> bool:
        """Whether a user gave it."""
        return self.function is not None

    def __call__(self, result: Tree) -> Tensor:
        """The loss of a model's output."""
        if self.function is None:
            return _weighted(self.side, self.side.tensors(result))
        targets = None if self.targets is None else self.side.to_native(self.targets)
        return self.function(targets, result)

    def value_and_gradient(self, output: NDArray) -> tuple[NDArray, NDArray | None]:
        """The loss of an output in dualnet's layout, and its gradient."""
        backend = self.side.backend
        x = self.side.to_native(output)
        run = Recorded(backend, lambda: self(x), [x])
        found = run.gradients([run.value], [x])[0]
        value = backend.state.to_numpy(run.value)
        return value, None if found is None else backend.state.to_numpy(found)


def _weighted(side: Side, outputs: Sequence[Tensor]) -> Tensor:
    """``Σ mean(r · output)`` with fixed normal ``r``: every output element matters, differently."""
    total: Any = 0.0
    for place, output in enumerate(outputs):
        axes = side.layout(len(side.backend.state.shape(output)))
        shape = side.backend.state.shape(output)
        canonical = tuple(shape[i] for i in np.argsort(axes))
        r = Stream(0, "parity", f"loss {place}").normal(canonical)
        total = total + ops.mean(side.to_native(r) * output)
    return total


def side_losses(
    loss: Any, targets: NDArray | None, sides: tuple[Side, Side]
) -> tuple[SideLoss, SideLoss]:
    """The loss of each side.

    Raises:
        ConfigError: a loss without targets, or targets without a loss.
        UnknownName: no loss has this name.
    """
    if loss is None and targets is not None:
        raise ConfigError("targets are for a loss: give loss='mse', or one for each model")
    if loss is not None and targets is None:
        raise ConfigError("this loss needs targets: compare_models(a, b, inputs, targets, loss=…)")
    each = loss if isinstance(loss, tuple) else (loss, loss)
    if len(each) != 2:
        raise ConfigError(f"loss={loss!r}; give one, or a pair (of_a, of_b)")
    one, other = (_side_loss(f, targets, side) for f, side in zip(each, sides, strict=True))
    return one, other


def _side_loss(loss: Any, targets: NDArray | None, side: Side) -> SideLoss:
    if loss is None:
        return SideLoss(side, Facts("loss", "MeanOfProducts", "dualnet"), None, None)
    found: Any = losses.get(loss)
    name = getattr(found, "__name__", type(found).__name__)
    if isinstance(found, Configurable):
        function: Any = found
        return SideLoss(side, Facts("loss", name, name, found.fields()), function, targets)
    options = {"reduction": found.reduction} if hasattr(found, "reduction") else {}
    facts = Facts("loss", name, name, options, known=False)
    return SideLoss(side, facts, side.backend.foreign.loss(found), targets)
