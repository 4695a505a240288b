"""What ``compile`` chose, and what is made of it once the model has weights."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dualnet import losses, metrics, optim, registry
from dualnet.config import Configurable, encode
from dualnet.errors import ConfigError, ShapeError
from dualnet.training.steps import Steps

if TYPE_CHECKING:
    from dualnet.model import Model

__all__ = ["Compiled", "with_scale"]


class Compiled:
    """Optimizer, loss and metrics, names resolved; and the steps made of them."""

    def __init__(
        self,
        optimizer: str | optim.Optimizer,
        loss: str | Callable[..., Any],
        chosen: Any,
        jit: bool | str,
        check_finite: bool,
    ) -> None:
        if jit not in (True, False, "auto"):
            raise ConfigError(f"jit={jit!r}; choose 'auto', True or False")
        self.optimizer = optim.get(optimizer)
        self.loss = _scalar(losses.get(loss))
        chosen = tuple(chosen) if isinstance(chosen, (list, tuple)) else (chosen,)
        self.metrics = [metrics.get(metric, self.loss) for metric in chosen]
        self.jit = jit
        self.check_finite = check_finite
        self.bound: optim.BoundOptimizer | None = None
        self._steps: Steps | None = None
        self._named = (
            loss if isinstance(loss, str) else losses.get(loss),
            [self._written(*pair) for pair in zip(chosen, self.metrics, strict=True)],
        )

    @staticmethod
    def _written(chosen: Any, metric: metrics.Metric) -> Any:
        """A metric as it stands in a configuration: its name, or what a function stands for."""
        own = isinstance(chosen, str) or isinstance(metric, metrics.Function)
        return chosen if own else metric

    def bind(self, model: Model) -> optim.BoundOptimizer:
        """The optimizer with slots on the model's backend; made once."""
        if self.bound is None:
            self.bound = with_scale(self.optimizer, model.dtype).bind(model)
        return self.bound

    def steps(self, model: Model) -> Steps:
        """The steps on the model's backend; made once.

        They leave labels alone: every batch is checked before it comes to a step.
        """
        if self._steps is None:
            loss: Any = self.loss
            unchecked = loss.replace(validate=False) if hasattr(loss, "validate") else loss
            self._steps = Steps(model, unchecked, self.metrics, self.bind(model), self.jit)
        return self._steps

    def to_config(self) -> dict[str, Any]:
        """As JSON data; ``None`` for a loss or metric that is a function of the user's."""
        loss, chosen = self._named
        return {
            "optimizer": self.optimizer.to_config(),
            "loss": _named_config(loss),
            "metrics": [_named_config(metric) for metric in chosen],
            "jit": self.jit,
            "check_finite": self.check_finite,
        }


def with_scale(optimizer: optim.Optimizer, dtype: str) -> optim.Optimizer:
    """The optimizer for a model of this dtype: with a loss scale where gradients are float16."""
    if optimizer.loss_scale is not None or dtype != "mixed_float16":
        return optimizer
    return optimizer.replace(loss_scale=optim.LossScale())


def _scalar(loss: Callable[..., Any]) -> Callable[..., Any]:
    """A loss as steps call it; a function of the user's is looked at while it works.

    It may leave out the third argument, and is then refused sample weights.
    """
    if isinstance(loss, losses.Loss):
        return loss
    weighted = _takes_weights(loss)

    @functools.wraps(loss)
    def scalar(y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        if sample_weight is not None and not weighted:
            raise ConfigError(
                f"the loss {loss.__name__} takes no sample weights; give it a third argument"
            )
        value = loss(y_true, y_pred, sample_weight) if weighted else loss(y_true, y_pred)
        backend = registry.of_type(type(value))
        if backend is None:
            raise ConfigError(f"the loss {loss.__name__} gave {value!r}, not a tensor")
        if backend.state.shape(value) != ():
            raise ShapeError(
                f"the loss {loss.__name__} gave a tensor of shape {backend.state.shape(value)}; "
                "reduce it to one number, as with ops.mean"
            )
        return value

    return scalar


def _takes_weights(loss: Callable[..., Any]) -> bool:
    try:
        inspect.signature(loss).bind(None, None, None)
    except TypeError:
        return False
    return True


def _named_config(choice: Any) -> Any:
    return encode(choice) if isinstance(choice, (str, Configurable)) else None
