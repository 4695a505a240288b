"""Following one measure."""

from __future__ import annotations

import math

from dualnet.callbacks.base import Logs
from dualnet.errors import ConfigError
from dualnet.optim.check import check_nonnegative

__all__ = ["Monitor", "rises"]

#: How words of names begin that stand for measures of which more is better.
RISING = (
    "acc",
    "auc",
    "concordance",
    "cosine_similarity",
    "f1",
    "f_beta",
    "iou",
    "pearson",
    "precision",
    "r2",
    "recall",
    "sensitivity",
    "specificity",
    "top_",
    "true_",
)


def rises(name: str) -> bool:
    """Whether more is better of a measure, as far as its name tells.

    >>> rises("val_accuracy"), rises("binary_iou"), rises("val_loss"), rises("stop_loss")
    (True, True, False, False)
    """
    return any(f"_{word}" in f"_{name}" for word in RISING)


class Monitor:
    """Follows one measure and says when it is better than ever before.

    Better is less by more than ``min_delta``, or more where the mode is ``"max"``; NaN is
    never better.

    Args:
        name: the measure.
        mode: ``"min"``, ``"max"``, or ``"auto"``: by the measure's name.
        min_delta: the least change that counts.
        best: what the first value must better; anything but NaN does if not given.

    Raises:
        ConfigError: a name that is none, an unknown mode, or a negative ``min_delta``.

    >>> monitor = Monitor("val_loss", "auto", min_delta=0.1)
    >>> [monitor.improved({"val_loss": loss}) for loss in (1.0, 0.95, 0.8)]
    [True, False, True]
    """

    def __init__(
        self, name: str, mode: str, min_delta: float = 0.0, best: float | None = None
    ) -> None:
        if mode not in ("auto", "min", "max"):
            raise ConfigError(f"mode={mode!r}; choose 'auto', 'min' or 'max'")
        if not isinstance(name, str):
            raise ConfigError(f"monitor={name!r}; give the name of a measure, such as 'val_loss'")
        check_nonnegative("an improvement", min_delta=min_delta)
        up = mode == "max" or (mode == "auto" and rises(name))
        self.name = name
        self._sign = -1.0 if up else 1.0
        self._min_delta = min_delta
        self.best = math.inf * self._sign if best is None else best

    def value(self, logs: Logs) -> float:
        """The measure in these logs."""
        if self.name not in logs:
            validates = any(name.startswith("val_") for name in logs)
            wants = self.name.startswith("val_") and not validates
            raise ConfigError(
                f"nothing is measured under {self.name!r}; there is {', '.join(logs)}; "
                + ("pass validation_data to fit" if wants else "monitor one of these")
            )
        return logs[self.name]

    def betters(self, value: float, other: float) -> bool:
        """Whether a value is better than another by more than ``min_delta``."""
        return self._sign * value < self._sign * other - self._min_delta

    def improved(self, logs: Logs) -> bool:
        """Whether this is the best so far, which is then remembered."""
        value = self.value(logs)
        if self.betters(value, self.best):
            self.best = value
            return True
        return False
