"""Hyperparameters out of range: every optimizer, every hyperparameter, every bad value."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import pytest

from dualnet import optim
from dualnet.errors import ConfigError

NOT_NUMBERS = (math.nan, math.inf, "0.1", None, True)
NEGATIVE = (-0.1, *NOT_NUMBERS)
NOT_POSITIVE = (0.0, *NEGATIVE)
NOT_DECAYS = (1.0, *NEGATIVE)
NOT_COUNTS = (0, -1, 1.5, "3", True)
NOT_SWITCHES = ("yes", 2.0, None)

#: Where ``None`` means that there is none.
OPTIONAL = {"clipvalue", "clipnorm", "global_clipnorm", "ema", "epsilon_1", "max_eval"}

#: Every hyperparameter of every optimizer, and what it must not be.
BAD: dict[str, tuple[Any, ...]] = {
    "accumulate": NOT_COUNTS,
    "adjust": ("rms", None),
    "amsgrad": NOT_SWITCHES,
    "beta": NEGATIVE,
    "beta_1": NOT_DECAYS,
    "beta_2": NOT_DECAYS,
    "beta_2_decay": (0.8, *NOT_NUMBERS),
    "centered": NOT_SWITCHES,
    "clip_threshold": NOT_POSITIVE,
    "clipnorm": NOT_POSITIVE,
    "clipvalue": NOT_POSITIVE,
    "ema": NOT_DECAYS,
    "epsilon": NEGATIVE,
    "epsilon_1": NOT_POSITIVE,
    "epsilon_2": NOT_POSITIVE,
    "global_clipnorm": NOT_POSITIVE,
    "groups": ("*.bias", ("*.bias",), None),
    "history_size": NOT_COUNTS,
    "initial_accumulator_value": NEGATIVE,
    "l1_regularization_strength": NEGATIVE,
    "l2": NEGATIVE,
    "l2_regularization_strength": NEGATIVE,
    "learning_rate": NEGATIVE,
    "line_search_fn": ("armijo", 3),
    "loss_scale": (8.0, "dynamic"),
    "max_eval": NOT_COUNTS,
    "max_iter": NOT_COUNTS,
    "momentum": NOT_DECAYS,
    "momentum_decay": NEGATIVE,
    "nesterov": NOT_SWITCHES,
    "no_decay": ("*.bias", (3,), None),
    "nonfinite": ("ignore", True),
    "ns_steps": NOT_COUNTS,
    "rho": NOT_DECAYS,
    "tolerance_change": NEGATIVE,
    "tolerance_grad": NEGATIVE,
    "weight_decay": NEGATIVE,
}

#: Those that divide by it, or learn nothing from it.
BEYOND: dict[tuple[str, str], tuple[Any, ...]] = {
    ("Adadelta", "epsilon"): (0.0,),
    ("Adamax", "epsilon"): (0.0,),
    ("Ftrl", "learning_rate"): (0.0,),
    ("ScheduleFreeAdamW", "beta_1"): (0.0,),
}

KINDS = sorted(
    {kind for kind in optim.NAMES.values() if isinstance(kind, type)}, key=lambda k: k.__name__
)


def _rows() -> list[Any]:
    rows = []
    for kind in KINDS:
        for field in dataclasses.fields(kind):
            bad = (*BAD[field.name], *BEYOND.get((kind.__name__, field.name), ()))
            given = [v for v in bad if not (v is None and field.name in OPTIONAL)]
            rows.append(pytest.param(kind, field.name, given, id=f"{kind.__name__}.{field.name}"))
    return rows


@pytest.mark.parametrize(("kind", "name", "values"), _rows())
def test_every_bad_value_is_refused(kind: type, name: str, values: list[Any]) -> None:
    for value in values:
        with pytest.raises(ConfigError) as caught:
            kind(**{name: value})
        text = str(caught.value)
        assert kind.__name__ in text, text
        assert name in text, text


def test_every_optimizer_is_in_the_table() -> None:
    public = {kind for name in optim.__all__ if isinstance(kind := getattr(optim, name), type)}
    rules = {kind for kind in public if issubclass(kind, optim.Optimizer)}
    assert set(KINDS) == rules - {optim.Optimizer}
    assert {field.name for kind in KINDS for field in dataclasses.fields(kind)} == BAD.keys()


# What excludes each other, and what is said.


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: optim.SGD(-0.1), r"SGD: learning_rate=-0\.1 must be a finite number, zero or mo"),
        (lambda: optim.SGD(clipnorm=1, clipvalue=1), "clipvalue and clipnorm exclude each other"),
        (lambda: optim.SGD(nonfinite="ignore"), "nonfinite='ignore'; choose one of"),
        (lambda: optim.SGD(no_decay="*.bias"), r"no_decay='\*\.bias' must be a tuple"),
        (lambda: optim.Ftrl(weight_decay=0.1), "weight_decay=0.1 has no place in a formula"),
        (lambda: optim.Muon(adjust="rms"), "adjust='rms'; choose one of"),
        (lambda: optim.ScheduleFreeAdamW(ema=0.9), "it has its own average; leave out ema=0.9"),
        (lambda: optim.LossScale(0.5), r"initial=0\.5 must be at least 1 and"),
        (lambda: optim.LossScale(growth_steps=0), "growth_steps=0 must be a positive integer"),
        (lambda: optim.LossScale(factor=1.0), r"factor=1\.0 above 1"),
        (lambda: optim.SGD(loss_scale=8), r"loss_scale=8; give optim\.LossScale\(\) or None"),
        (lambda: optim.get(3), "a name or a value such as optim.Adam"),
        (lambda: optim.LBFGS(line_search_fn="armijo"), "line_search_fn='armijo'; choose one of"),
        (
            lambda: optim.LBFGS(weight_decay=0.1, ema=0.9),
            "ema, weight_decay have no place in a formula that searches the minimum",
        ),
        (
            lambda: optim.LBFGS(loss_scale=optim.LossScale()),
            "another optimizer, or a dtype other than mixed_float16",
        ),
        (
            lambda: optim.LBFGS(groups=(optim.Group("*", learning_rate=0.1),)),
            "groups have no place in a formula",
        ),
    ],
)
def test_what_is_said(make: Callable[[], object], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        make()
