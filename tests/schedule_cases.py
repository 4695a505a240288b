"""One row per schedule and option: ours, and PyTorch's or Keras's of the same meaning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
import torch
from torch.optim import lr_scheduler

from dualnet import optim


@dataclass(frozen=True)
class Case:
    """A schedule, and who else computes it: ``reference(n)`` are the first ``n`` learning rates."""

    schedule: optim.Schedule
    against: str
    reference: Callable[[int], list[float]]

    def __str__(self) -> str:
        return f"{self.against}: {self.schedule!r}"


def _torch(schedule: optim.Schedule, make: Callable[[Any], Any], rate: float = 0.1) -> Case:
    """A row beside a scheduler of PyTorch, made for an optimizer with learning rate ``rate``."""
    return Case(schedule, "PyTorch", partial(_of_torch, make, rate))


def _of_torch(make: Callable[[Any], Any], rate: float, count: int) -> list[float]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], rate)
    scheduler = make(optimizer)
    rates = []
    for _ in range(count):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        scheduler.step()
    return rates


def _keras(schedule: optim.Schedule, kind: str, *args: Any, **options: Any) -> Case:
    """A row beside a schedule of Keras."""
    return Case(schedule, "Keras", partial(_of_keras, kind, args, options))


def _of_keras(kind: str, args: tuple, options: dict, count: int) -> list[float]:
    options = {name: _wide(value) for name, value in options.items()}
    schedule = getattr(keras.optimizers.schedules, kind)(*map(_wide, args), **options)
    return [float(schedule(step)) for step in range(count)]


def _wide(value: Any) -> Any:
    """A number as Keras computes with in float64: a Python float would be float32 to it."""
    if isinstance(value, tuple):
        return [_wide(each) for each in value]
    return np.asarray(value) if isinstance(value, float) else value


CASES = [
    _torch(optim.ConstantRate(0.1), lambda o: lr_scheduler.ConstantLR(o, 1.0)),
    _torch(optim.ExponentialDecay(0.1, 1, 0.9), lambda o: lr_scheduler.ExponentialLR(o, 0.9)),
    _torch(
        optim.ExponentialDecay(0.1, 7, 0.9, staircase=True),
        lambda o: lr_scheduler.StepLR(o, 7, 0.9),
    ),
    _keras(optim.ExponentialDecay(0.1, 7, 0.9), "ExponentialDecay", 0.1, 7, 0.9),
    _keras(
        optim.ExponentialDecay(0.1, 7, 0.9, staircase=True),
        "ExponentialDecay",
        *(0.1, 7, 0.9, True),
    ),
    _torch(
        optim.InverseTimeDecay(0.1, 7, 0.5),
        lambda o: lr_scheduler.LambdaLR(o, lambda t: 1 / (1 + 0.5 * t / 7)),
    ),
    _keras(optim.InverseTimeDecay(0.1, 7, 0.5), "InverseTimeDecay", 0.1, 7, 0.5),
    _keras(optim.InverseTimeDecay(0.1, 7, 0.5, True), "InverseTimeDecay", 0.1, 7, 0.5, True),
    _torch(
        optim.PolynomialDecay(0.1, 30, 0.0, 2.0), lambda o: lr_scheduler.PolynomialLR(o, 30, 2.0)
    ),
    _keras(optim.PolynomialDecay(0.1, 30), "PolynomialDecay", 0.1, 30, 1e-4),
    _keras(optim.PolynomialDecay(0.1, 30, 0.02, 1.5), "PolynomialDecay", 0.1, 30, 0.02, 1.5),
    _keras(
        optim.PolynomialDecay(0.1, 7, 0.02, 1.5, cycle=True),
        "PolynomialDecay",
        *(0.1, 7, 0.02, 1.5, True),
    ),
    _keras(optim.CosineDecay(0.1, 40, 0.2), "CosineDecay", 0.1, 40, 0.2),
    _torch(
        optim.Chained((optim.CosineDecay(0.1, 40), 0.0), (40,)),  # PyTorch's rises again
        lambda o: lr_scheduler.SequentialLR(
            o,
            [lr_scheduler.CosineAnnealingLR(o, 40), lr_scheduler.ConstantLR(o, 0.0, 999)],
            [40],
        ),
    ),
    _torch(
        optim.CosineRestarts(0.1, 5),
        lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 5, 2),
    ),
    _torch(
        optim.CosineRestarts(0.1, 5, 1, alpha=0.1),
        lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 5, 1, 0.01),
    ),
    _keras(optim.CosineRestarts(0.1, 5, 2, 0.8), "CosineDecayRestarts", 0.1, 5, 2.0, 0.8),
    _keras(
        optim.CosineRestarts(0.1, 5, 1, alpha=0.1), "CosineDecayRestarts", 0.1, 5, 1.0, 1.0, 0.1
    ),
    _torch(optim.OneCycle(0.1, 61), lambda o: lr_scheduler.OneCycleLR(o, 0.1, 61)),
    _torch(
        optim.OneCycle(0.1, 61, 0.5, "linear", 10.0, 100.0),
        lambda o: lr_scheduler.OneCycleLR(
            o, 0.1, 61, None, None, 0.5, "linear", div_factor=10.0, final_div_factor=100.0
        ),
    ),
    _torch(
        optim.Cyclic(0.02, 0.1, 8),
        lambda o: lr_scheduler.CyclicLR(o, 0.02, 0.1, 8, cycle_momentum=False),
    ),
    _torch(
        optim.Cyclic(0.02, 0.1, 8, 4, m_mul=0.5),
        lambda o: lr_scheduler.CyclicLR(o, 0.02, 0.1, 8, 4, "triangular2", cycle_momentum=False),
    ),
    _torch(
        optim.Cyclic(0.02, 0.1, 8, 4, gamma=0.97),
        lambda o: lr_scheduler.CyclicLR(
            o, 0.02, 0.1, 8, 4, "exp_range", 0.97, cycle_momentum=False
        ),
    ),
    _torch(optim.StepDecay(0.1, 7), lambda o: lr_scheduler.StepLR(o, 7)),
    _torch(
        optim.MultiStepDecay(0.1, (10, 30), 0.5),
        lambda o: lr_scheduler.MultiStepLR(o, [10, 30], 0.5),
    ),
    _torch(
        optim.PiecewiseConstant((10, 30), (0.1, 0.01, 0.001)),
        lambda o: lr_scheduler.MultiStepLR(o, [10, 30]),
    ),
    _torch(
        optim.PiecewiseConstant((20,), (0.05, 0.1)), lambda o: lr_scheduler.ConstantLR(o, 0.5, 20)
    ),
    _keras(  # Keras's boundaries still have the value before them
        optim.PiecewiseConstant((11, 31), (0.1, 0.07, 0.001)),
        "PiecewiseConstantDecay",
        *((10, 30), (0.1, 0.07, 0.001)),
    ),
    _torch(
        optim.LinearWarmup(20, then=0.1, start=0.025),
        lambda o: lr_scheduler.LinearLR(o, 0.25, 1.0, 20),
    ),
    _keras(
        optim.LinearWarmup(10, then=optim.CosineDecay(0.1, 40, 0.2), start=0.01),
        "CosineDecay",
        *(0.01, 40, 0.2),
        warmup_target=0.1,
        warmup_steps=10,
    ),
    _torch(
        optim.Chained((0.1, optim.ExponentialDecay(0.1, 1, 0.9)), (10,)),
        lambda o: lr_scheduler.SequentialLR(
            o,
            [lr_scheduler.ConstantLR(o, 1.0, 99), lr_scheduler.ExponentialLR(o, 0.9)],
            [10],
        ),
    ),
]
