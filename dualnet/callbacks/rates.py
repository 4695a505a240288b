"""Setting the learning rate while training."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dualnet.callbacks.base import Callback
from dualnet.callbacks.monitor import Monitor
from dualnet.errors import ConfigError
from dualnet.optim.check import check_between, check_nonnegative
from dualnet.optim.schedules import Schedule
from dualnet.random.layout import checked_integer

if TYPE_CHECKING:
    from dualnet.model import Model

__all__ = ["LearningRateScheduler", "ReduceLROnPlateau"]


class LearningRateScheduler(Callback):
    """Sets the learning rate at the start of every epoch; it stands in the history.

    Args:
        schedule: ``schedule(epoch, learning_rate)`` or ``schedule(epoch)``, which gives the
            learning rate.

    Raises:
        ConfigError: ``schedule`` is no function; when training starts, if the optimizer has a
            schedule of its own; or when an epoch does, if the learning rate is not a finite
            number, zero or more.
    """

    def __init__(self, schedule: Callable[..., float]) -> None:
        if not callable(schedule):
            raise ConfigError(
                f"LearningRateScheduler: {schedule!r} is no function of the epoch; to set one "
                "learning rate, give it to the optimizer"
            )
        self.schedule = schedule
        self._with_rate = len(inspect.signature(schedule).parameters) > 1

    def on_train_begin(self, epochs: int, batches: int | None) -> None:
        _check_settable(type(self).__name__, self.model)
        self._set_for: int | None = None

    def on_epoch_begin(self, epoch: int) -> None:
        if epoch == self._set_for:  # the run goes on in the middle of this epoch
            return
        optimizer = self.model.bound_optimizer()
        now = (float(optimizer.learning_rate),) if self._with_rate else ()
        rate = self.schedule(epoch, *now)
        with suppress(TypeError, ValueError):  # the check says it
            rate = float(rate)
        check_nonnegative(f"the schedule gave, for epoch {epoch}", learning_rate=rate)
        optimizer.learning_rate = rate
        self._set_for = epoch

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        logs["learning_rate"] = float(self.model.bound_optimizer().learning_rate)

    def state(self) -> dict[str, Any]:
        return {"set_for": self._set_for}

    def load_state(self, state: Mapping[str, Any]) -> None:
        self._set_for = state["set_for"]


class ReduceLROnPlateau(Callback):
    """Multiplies the learning rate by ``factor`` when a measure has stopped improving.

    ``lr ← max(lr · factor, min_lr)`` after ``patience`` epochs without improvement, and then
    again after ``cooldown`` epochs, which do not count, and ``patience`` more.  The learning
    rate stands in the history: the one that the epoch was trained with.

    Args:
        monitor: the measure.
        factor: between 0 and 1.
        patience: epochs without improvement to wait for.
        mode: ``"min"``, ``"max"``, or ``"auto"``: by the measure's name.
        min_delta: the least change that counts.
        cooldown: epochs to rest after a reduction.
        min_lr: the least learning rate.

    Raises:
        ConfigError: an option out of range; or, when training starts, an optimizer with a
            schedule of its own.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        *,
        factor: float = 0.1,
        patience: int = 10,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        name = type(self).__name__
        check_between(name, factor=factor)
        check_nonnegative(name, min_lr=min_lr)
        self._args = (monitor, mode, min_delta)
        self.factor = factor
        self.patience = checked_integer("patience", patience, 0, 1 << 32)
        self.cooldown = checked_integer("cooldown", cooldown, 0, 1 << 32)
        self.min_lr = min_lr
        Monitor(*self._args)

    def on_train_begin(self, epochs: int, batches: int | None) -> None:
        _check_settable(type(self).__name__, self.model)
        self._monitor = Monitor(*self._args)
        self._waited = self._resting = 0

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        logs["learning_rate"] = float(self.model.bound_optimizer().learning_rate)
        improved = self._monitor.improved(logs)
        if self._resting:
            self._resting -= 1
            self._waited = 0
        if improved:
            self._waited = 0
        elif not self._resting:
            self._waited += 1
            if self._waited >= self.patience:
                self._reduce()

    def _reduce(self) -> None:
        optimizer = self.model.bound_optimizer()
        if optimizer.learning_rate > self.min_lr:
            optimizer.learning_rate = max(optimizer.learning_rate * self.factor, self.min_lr)
            self._waited, self._resting = 0, self.cooldown

    def state(self) -> dict[str, Any]:
        return {"best": self._monitor.best, "waited": self._waited, "resting": self._resting}

    def load_state(self, state: Mapping[str, Any]) -> None:
        self._monitor.best = state["best"]
        self._waited, self._resting = state["waited"], state["resting"]


def _check_settable(name: str, model: Model) -> None:
    rate = model.compiled.optimizer.learning_rate
    if isinstance(rate, Schedule):
        raise ConfigError(
            f"{name} sets the learning rate, which follows {rate!r}; make the optimizer with a "
            "number, or leave the callback out"
        )
