"""Optimizers and learning rate schedules.

An optimizer is a frozen value; bound to a model it works:

    optimizer = optim.Adam(1e-3).bind(model)
    optimizer.apply(gradients)

Variables with hyperparameters of their own are named by their paths (:class:`Group`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dualnet.errors import ConfigError, no_attribute, unknown_name
from dualnet.optim.adadelta import Adadelta
from dualnet.optim.adafactor import Adafactor
from dualnet.optim.adagrad import Adagrad
from dualnet.optim.adam import Adam, AdamW
from dualnet.optim.adamax import Adamax
from dualnet.optim.base import Optimizer
from dualnet.optim.bound import BoundOptimizer
from dualnet.optim.ftrl import Ftrl
from dualnet.optim.groups import Group
from dualnet.optim.lamb import Lamb
from dualnet.optim.lbfgs import LBFGS
from dualnet.optim.lion import Lion
from dualnet.optim.muon import Muon
from dualnet.optim.nadam import Nadam
from dualnet.optim.rmsprop import RMSprop
from dualnet.optim.scaling import LossScale
from dualnet.optim.schedule_free import ScheduleFreeAdamW
from dualnet.optim.schedules import (
    Chained,
    ConstantRate,
    CosineDecay,
    CosineRestarts,
    Cyclic,
    ExponentialDecay,
    InverseTimeDecay,
    LinearWarmup,
    MultiStepDecay,
    OneCycle,
    PiecewiseConstant,
    PolynomialDecay,
    Schedule,
    StepDecay,
)
from dualnet.optim.sgd import SGD

__all__ = [
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "BoundOptimizer",
    "Chained",
    "ConstantRate",
    "CosineDecay",
    "CosineRestarts",
    "Cyclic",
    "ExponentialDecay",
    "Ftrl",
    "Group",
    "InverseTimeDecay",
    "LBFGS",
    "Lamb",
    "LearningRateSchedule",
    "LinearWarmup",
    "Lion",
    "LossScale",
    "MultiStepDecay",
    "Muon",
    "Nadam",
    "OneCycle",
    "Optimizer",
    "PiecewiseConstant",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "RMSprop",
    "SGD",
    "Schedule",
    "ScheduleFreeAdamW",
    "StepDecay",
    "get",
]

NAMES: dict[str, Callable[[], Optimizer]] = {
    "adadelta": Adadelta,
    "adafactor": Adafactor,
    "adagrad": Adagrad,
    "adam": Adam,
    "adamax": Adamax,
    "adamw": AdamW,
    "ftrl": Ftrl,
    "lamb": Lamb,
    "lbfgs": LBFGS,
    "lion": Lion,
    "muon": Muon,
    "nadam": Nadam,
    "rmsprop": RMSprop,
    "schedule_free_adamw": ScheduleFreeAdamW,
    "sgd": SGD,
}


def get(optimizer: str | Optimizer) -> Optimizer:
    """The optimizer that a name stands for, with its defaults; an optimizer as it is.

    >>> get("adam")
    Adam()

    Raises:
        UnknownName: no optimizer has this name.
        ConfigError: it is neither a name nor an optimizer.
    """
    if isinstance(optimizer, Optimizer):
        return optimizer
    if not isinstance(optimizer, str):
        raise ConfigError(
            f"an optimizer is a name or a value such as optim.Adam(1e-3), got {optimizer!r}"
        )
    if optimizer.lower() not in NAMES:
        raise unknown_name("optimizer", optimizer, NAMES)
    return NAMES[optimizer.lower()]()


# Keras's names.
LearningRateSchedule = Schedule
PiecewiseConstantDecay = PiecewiseConstant

if not TYPE_CHECKING:  # which would take every name for one that is there

    def __getattr__(name: str) -> Any:
        """Whoever asks for a name that is not here is told of the nearest."""
        raise no_attribute(__name__, name, __all__)
