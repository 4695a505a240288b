"""Learning rate schedules: hand-made values, torch's schedulers, and one value in a graph."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from schedule_cases import CASES, Case

from dualnet import optim, registry
from dualnet.config import Configurable
from dualnet.errors import ConfigError

SCHEDULES = [
    optim.ConstantRate(0.1),
    optim.ExponentialDecay(0.1, 7, 0.5),
    optim.ExponentialDecay(0.1, 7, 0.5, staircase=True),
    optim.CosineDecay(0.1, 40),
    optim.CosineDecay(0.1, 40, alpha=0.2),
    optim.PiecewiseConstant((10, 30), (0.1, 0.07, 0.001)),
    optim.LinearWarmup(10, then=0.1),
    optim.LinearWarmup(10, then=optim.ExponentialDecay(0.1, 7, 0.5), start=0.01),
    optim.InverseTimeDecay(0.1, 7, 0.5),
    optim.InverseTimeDecay(0.1, 7, 0.5, staircase=True),
    optim.PolynomialDecay(0.1, 40, 0.01, power=1.5),
    optim.PolynomialDecay(0.1, 7, 0.01, power=1.5, cycle=True),
    optim.Cyclic(0.01, 0.1, 7),
    optim.Cyclic(0.01, 0.1, 7, 3, 0.5, 0.99),
    optim.CosineRestarts(0.1, 10, t_mul=1, m_mul=0.5),
    optim.CosineRestarts(0.1, 10, t_mul=2, alpha=0.1),
    optim.CosineRestarts(0.1, 1, t_mul=3, m_mul=0.9),
    optim.OneCycle(0.1, 40),
    optim.OneCycle(0.1, 40, 0.5, "linear"),
    optim.StepDecay(0.1, 7, 0.5),
    optim.MultiStepDecay(0.1, (10, 30), 0.5),
    optim.Chained((0.1, optim.CosineDecay(0.2, 10), optim.ExponentialDecay(0.1, 7, 0.5)), (7, 30)),
]


@pytest.mark.parametrize(
    ("schedule", "wanted"),
    [
        (optim.ConstantRate(0.1), {0: 0.1, 99: 0.1}),
        (optim.ExponentialDecay(0.1, 10, 0.5), {0: 0.1, 5: 0.1 * math.sqrt(0.5), 30: 0.0125}),
        (optim.ExponentialDecay(0.1, 10, 0.5, True), {9: 0.1, 10: 0.05, 39: 0.0125}),
        (optim.CosineDecay(0.2, 100), {0: 0.2, 50: 0.1, 100: 0.0, 500: 0.0}),
        (optim.CosineDecay(0.2, 100, 0.5), {0: 0.2, 50: 0.15, 100: 0.1, 101: 0.1}),
        (optim.PiecewiseConstant([2, 4], [3, 2, 1]), {0: 3, 1: 3, 2: 2, 3: 2, 4: 1, 99: 1}),
        (optim.LinearWarmup(4, 0.8), {0: 0.0, 1: 0.2, 3: 0.6, 4: 0.8, 9: 0.8}),
        (
            optim.LinearWarmup(4, optim.CosineDecay(0.8, 10), start=0.4),
            {0: 0.4, 2: 0.6, 4: 0.8, 9: 0.4, 14: 0.0},
        ),
        (optim.InverseTimeDecay(0.4, 10, 0.5), {0: 0.4, 10: 0.4 / 1.5, 60: 0.1}),
        (optim.InverseTimeDecay(0.4, 10, 0.5, True), {9: 0.4, 19: 0.4 / 1.5, 60: 0.1}),
        (optim.PolynomialDecay(0.5, 10, 0.1), {0: 0.5, 5: 0.3, 10: 0.1, 99: 0.1}),
        (optim.PolynomialDecay(0.5, 10, 0.1, power=2), {0: 0.5, 5: 0.2, 10: 0.1, 99: 0.1}),
        (
            optim.PolynomialDecay(0.5, 10, 0.1, cycle=True),
            {0: 0.5, 5: 0.3, 10: 0.1, 15: 0.2, 20: 0.1, 30: 0.1},
        ),
        (optim.Cyclic(0.1, 0.5, 4, 2), {0: 0.1, 2: 0.3, 4: 0.5, 5: 0.3, 6: 0.1, 8: 0.3, 10: 0.5}),
        (optim.Cyclic(0.0, 0.8, 2, m_mul=0.5), {2: 0.8, 4: 0.0, 6: 0.4, 10: 0.2}),
        (optim.Cyclic(0.0, 0.8, 1, gamma=0.5), {0: 0.0, 1: 0.4, 2: 0.0, 3: 0.1}),
        (optim.CosineRestarts(0.8, 4), {0: 0.8, 2: 0.4, 4: 0.8, 8: 0.4, 12: 0.8, 20: 0.4, 28: 0.8}),
        (optim.CosineRestarts(0.8, 4, 1, 0.5, 0.5), {0: 0.8, 2: 0.6, 4: 0.4, 6: 0.3, 8: 0.2}),
        (optim.CosineRestarts(1.0, 1, 3), {3**k // 2: 1.0 for k in range(1, 30)}),
        (optim.OneCycle(0.9, 20, 0.5, "linear", 9.0, 2.0), {0: 0.1, 9: 0.9, 14: 0.475, 19: 0.05}),
        (optim.OneCycle(0.9, 20, 0.5, div_factor=9.0), {0: 0.1, 9: 0.9, 19: 1e-5, 50: 1e-5}),
        (optim.StepDecay(0.8, 5, 0.5), {0: 0.8, 4: 0.8, 5: 0.4, 15: 0.1}),
        (optim.MultiStepDecay(0.8, [2, 5], 0.5), {0: 0.8, 2: 0.4, 4: 0.4, 5: 0.2, 99: 0.2}),
        (
            optim.Chained([0.8, optim.PolynomialDecay(0.4, 4, 0.0), 0.1], [2, 5]),
            {0: 0.8, 1: 0.8, 2: 0.4, 4: 0.2, 5: 0.1, 99: 0.1},
        ),
    ],
    ids=repr,
)
def test_values_by_hand(schedule: optim.Schedule, wanted: dict[int, float]) -> None:
    for step, value in wanted.items():
        assert schedule(step) == pytest.approx(value, rel=1e-15, abs=1e-17)  # cos(π) rounds


@pytest.mark.parametrize("case", CASES, ids=str)
def test_equals_the_frameworks(case: Case) -> None:
    wanted = case.reference(60)
    # torch multiplies step by step, and cos(π) rounds near zero
    assert [case.schedule(t) for t in range(60)] == pytest.approx(wanted, rel=1e-12, abs=1e-17)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
def test_a_graph_computes_what_python_computes(schedule: optim.Schedule, backend: str) -> None:
    chosen = registry.load(backend)
    options = {"backend": "aot_eager", "fullgraph": True} if backend == "torch" else {}
    torch.compiler.reset()
    compiled = chosen.jit.jit(lambda step: schedule(step), **options)
    for step in (0, 1, 6, 7, 9, 10, 29, 30, 31, 41, 100):
        got = compiled(chosen.state.from_numpy(np.float64(step)))
        assert chosen.state.dtype_name(got) == "float64"
        wanted = schedule(step)
        # The last bit of cos and pow may differ between libraries.
        assert float(chosen.state.to_numpy(got)) == pytest.approx(wanted, rel=1e-15, abs=1e-17)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
def test_configuration_round_trip(schedule: optim.Schedule) -> None:
    assert Configurable.from_config(schedule.to_config()) == schedule


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: optim.ConstantRate(-1),
            "ConstantRate: value=-1 must be a finite number, zero or more",
        ),
        (lambda: optim.CosineDecay(0.1, 0), "decay_steps=0 must be a positive integer"),
        (lambda: optim.CosineDecay(0.1, 5, alpha=2), r"alpha=2 must be a number in \[0, 1\]"),
        (lambda: optim.ExponentialDecay(0.1, 5, 0), "decay_rate=0 must be a finite number above"),
        (lambda: optim.PiecewiseConstant((5, 5), (1, 2, 3)), r"boundaries=\(5, 5\) must increase"),
        (lambda: optim.PiecewiseConstant((5,), (1,)), "1 boundaries part 2 values, got 1"),
        (lambda: optim.LinearWarmup(2.5, 0.1), r"steps=2\.5 must be a positive integer"),
        (lambda: optim.InverseTimeDecay(0.1, 5, -1), "decay_rate=-1 must be a finite number, zer"),
        (lambda: optim.PolynomialDecay(0.1, 5, power=0), "power=0 must be a finite number above"),
        (lambda: optim.Cyclic(0.2, 0.1), r"max_learning_rate=0\.1 must not be below"),
        (lambda: optim.Cyclic(0.1, 0.2, 0), "step_size_up=0 must be a positive integer"),
        (lambda: optim.Cyclic(0.1, 0.2, 5, 0), "step_size_down=0 must be a positive integer"),
        (lambda: optim.Cyclic(0.1, 0.2, gamma=0.0), r"gamma=0\.0 must be a finite number above"),
        (lambda: optim.CosineRestarts(0.1, 5, 1.5), r"t_mul=1\.5 must be a positive integer"),
        (lambda: optim.OneCycle(0.1, 10, anneal="cosine"), "anneal='cosine'; choose 'cos' or"),
        (lambda: optim.OneCycle(0.1, 10, 0.05), r"warmup=0\.05 of 10 steps leaves no step to rise"),
        (lambda: optim.StepDecay(0.1, 0), "step_size=0 must be a positive integer"),
        (lambda: optim.MultiStepDecay(0.1, (5, 3)), r"milestones=\(5, 3\) must increase"),
        (lambda: optim.MultiStepDecay(0.1, 5), "milestones=5 must be a tuple of step numbers"),
        (lambda: optim.Chained((0.1, 0.2), ()), "0 boundaries part 1 schedules, got 2"),
        (lambda: optim.Chained((0.1, "x"), (5,)), r"schedules\[1\]='x' must be a finite number"),
        (lambda: optim.LinearWarmup(5, "0.1"), r"then='0\.1' must be a finite number"),
    ],
)
def test_bad_hyperparameters(make, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        make()


def test_every_schedule_has_a_row() -> None:
    public = {getattr(optim, name) for name in optim.__all__}
    kinds = {kind for kind in public if isinstance(kind, type) and issubclass(kind, optim.Schedule)}
    assert {type(schedule) for schedule in SCHEDULES} == kinds - {optim.Schedule}
    assert {type(case.schedule) for case in CASES} == kinds - {optim.Schedule}


def test_a_warmup_into_a_steep_decay_does_not_overflow() -> None:
    schedule = optim.LinearWarmup(10_000, optim.ExponentialDecay(0.1, 1, 1e-3))
    assert schedule(0) == 0.0
    assert schedule(5_000) == pytest.approx(0.05)  # exact but for one rounding
