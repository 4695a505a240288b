"""Groups of variables: against ``torch.optim`` with ``param_groups``, and who is in which."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from optim_problems import START, gradients
from optim_runs import (
    PATHS,
    Run,
    assert_close,
    first_values,
    full,
    gradient_stream,
    quick,
)

import dualnet as dn
from dualnet import nn, optim, registry
from dualnet.config import Configurable
from dualnet.errors import ConfigError, UnknownName

Parameters = dict[str, torch.nn.Parameter]
STEPS = 300


@dataclass(frozen=True)
class Row:
    """A rule with groups, and PyTorch's optimizers that together equal it."""

    rule: optim.Optimizer
    reference: Callable[[Parameters], list[torch.optim.Optimizer]]

    def __str__(self) -> str:
        return repr(self.rule)


def _of(p: Parameters, *paths: str) -> list[torch.nn.Parameter]:
    return [p[path] for path in paths]


ROWS = [
    Row(
        optim.AdamW(
            0.01,
            weight_decay=0.1,
            groups=(
                optim.Group(("*.bias", "*.offset"), weight_decay=0.0, learning_rate=0.003),
                optim.Group("network.*", multiplier=0.5, beta_1=0.8, beta_2=0.99, epsilon=1e-6),
            ),
        ),
        lambda p: [
            torch.optim.AdamW(
                [
                    {"params": _of(p, "linear.kernel", "valley")},
                    {
                        "params": _of(p, "linear.bias", "network.offset"),
                        "weight_decay": 0.0,
                        "lr": 0.003,
                    },
                    {
                        "params": _of(p, "network.hidden", "network.output"),
                        "lr": 0.005,
                        "betas": (0.8, 0.99),
                        "eps": 1e-6,
                    },
                ],
                lr=0.01,
                weight_decay=0.1,
            )
        ],
    ),
    Row(
        optim.Adam(
            0.01,
            weight_decay=0.1,
            no_decay=("*.bias",),
            groups=(
                optim.Group("linear.*", optim.SGD(0.05, 0.9, nesterov=True, weight_decay=0.2)),
                optim.Group("valley", optim.RMSprop(optim.ExponentialDecay(0.01, 100, 0.5))),
            ),
        ),
        lambda p: [
            torch.optim.AdamW(
                _of(p, "network.hidden", "network.output", "network.offset"), 0.01, weight_decay=0.1
            ),
            _with_decay(
                torch.optim.SGD(
                    [
                        {"params": _of(p, "linear.kernel"), "decay": 0.2},
                        {"params": _of(p, "linear.bias"), "decay": 0.0},
                    ],
                    0.05,
                    0.9,
                    nesterov=True,
                )
            ),
            _on_schedule(torch.optim.RMSprop(_of(p, "valley"), 0.01), 0.5**0.01),
        ],
    ),
]


def _with_decay(optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
    """Decoupled decay before each step, which PyTorch's SGD does not have."""

    def decay(*_: object) -> None:
        with torch.no_grad():
            for group in optimizer.param_groups:
                for parameter in group["params"]:
                    parameter.mul_(1 - group["lr"] * group["decay"])

    optimizer.register_step_pre_hook(decay)
    return optimizer


def _on_schedule(optimizer: torch.optim.Optimizer, factor: float) -> torch.optim.Optimizer:
    def slow(*_: object) -> None:
        for group in optimizer.param_groups:
            group["lr"] *= factor

    optimizer.register_step_post_hook(slow)
    return optimizer


def _reference(row: Row) -> dict[str, np.ndarray]:
    parameters = {path: torch.nn.Parameter(torch.tensor(value)) for path, value in START.items()}
    optimizers = row.reference(parameters)
    for _ in range(STEPS):
        found = gradients({path: p.detach().numpy() for path, p in parameters.items()})
        for path, parameter in parameters.items():
            parameter.grad = torch.tensor(found[path])
        for optimizer in optimizers:
            optimizer.step()
    return {path: p.detach().numpy() for path, p in parameters.items()}


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_three_hundred_steps_equal_param_groups(row: Row, backend: str) -> None:
    state = registry.load(backend).state
    variables = {path: state.variable(value) for path, value in START.items()}
    bound = row.rule.bind(variables)
    apply = registry.load(backend).jit.train_step(bound.apply, jit="auto")
    for _ in range(STEPS):
        found = gradients({path: state.to_numpy(v) for path, v in variables.items()})
        apply([state.from_numpy(found[path]) for path in bound.paths])
    for path, wanted in _reference(row).items():
        got = state.to_numpy(variables[path])
        # Rounding of 300 steps; the learning itself is above 1e-2.
        np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-12, err_msg=path)
        assert np.abs(got - START[path]).max() > 1e-2


MIXED = optim.Adam(
    optim.CosineDecay(0.1, 50),
    weight_decay=0.1,
    ema=0.9,
    global_clipnorm=1.0,
    groups=(
        optim.Group("*.bias", optim.Lion(1e-3)),
        optim.Group("scale", multiplier=0.5, amsgrad=True),
    ),
)


def test_backends_agree_eagerly_and_compiled() -> None:
    rows = gradient_stream()[:20]
    wanted = Run("torch", MIXED).train(rows)
    for run in (
        Run("tensorflow", MIXED),
        Run("torch", MIXED).compiled(),
        Run("tensorflow", MIXED).compiled(),
    ):
        run.train(rows)
        assert_close(run.values(), wanted.values(), 1e-14)  # rounding of 20 steps
        with run.bound.averaged(), wanted.bound.averaged():
            assert_close(run.values(), wanted.values(), 1e-14)  # the same


def test_state_names_stay_slots_and_paths(both: tuple[str, str]) -> None:
    rows = full(gradient_stream())[:10]
    whole, first, second = (Run(both[place], MIXED) for place in (0, 0, 1))
    first.train(rows[:5])
    state = first.bound.state()
    slots = {"m.encoder.kernel", "v.encoder.kernel", "m.encoder.bias", "m.scale", "v.scale"}
    averages = {f"ema.{path}" for path in PATHS}
    assert state.keys() == {"step", "v_max.scale"} | slots | averages
    for path, value in zip(PATHS, first.values(), strict=True):
        second.backend.state.assign(second.variables[path], second.backend.state.from_numpy(value))
    second.bound.load_state(state)
    second.train(rows[5:])
    assert_close(second.values(), whole.train(rows).values(), 1e-14)  # rounding of 10 steps


def test_no_decay_is_the_short_form(backend: str) -> None:
    rows = full(gradient_stream())[:5]
    short = optim.AdamW(0.1, weight_decay=0.2, no_decay=("*.bias", "scale"))
    long = optim.AdamW(
        0.1, weight_decay=0.2, groups=(optim.Group(("*.bias", "scale"), weight_decay=0.0),)
    )
    got, wanted = (quick(backend, rule).train(rows).values() for rule in (short, long))
    assert all(np.array_equal(a, b) for a, b in zip(got, wanted, strict=True))


def test_no_decay_spares_in_every_group_but_one_that_decides(backend: str) -> None:
    rule = optim.SGD(
        0.5,
        weight_decay=0.2,
        no_decay=("*",),
        groups=(optim.Group("*.bias", l2=1.0), optim.Group("scale", weight_decay=0.4)),
    )
    values = Run(backend, rule).train([[np.zeros(v.shape) for v in first_values()]]).values()
    for value, start, factor in zip(values, first_values(), (1.0, 0.5, 0.8), strict=True):
        np.testing.assert_allclose(value, start * factor, rtol=1e-15)  # one rounding


def test_the_first_match_has_the_variable(backend: str) -> None:
    rule = optim.SGD(
        1.0,
        groups=(
            optim.Group("encoder.b*", learning_rate=0.5),
            optim.Group("encoder.*", learning_rate=0.25),
        ),
    )
    values = Run(backend, rule).train([[np.ones(v.shape) for v in first_values()]]).values()
    for value, start, rate in zip(values, first_values(), (0.25, 0.5, 1.0), strict=True):
        np.testing.assert_array_equal(value, start - rate)


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
def test_a_multiplier_follows_and_an_own_rate_does_not(compiled: bool, backend: str) -> None:
    rule = optim.SGD(
        1.0,
        groups=(
            optim.Group("*.bias", learning_rate=0.5),
            optim.Group("scale", multiplier=0.25),
        ),
    )
    run = Run(backend, rule)
    if compiled:
        run.compiled()
    run.bound.learning_rate = 2.0
    values = run.train([[np.ones(v.shape) for v in first_values()]]).values()
    for value, start, rate in zip(values, first_values(), (2.0, 0.5, 0.5), strict=True):
        np.testing.assert_array_equal(value, start - rate)


def test_a_group_without_an_average_is_left_alone(backend: str) -> None:
    rule = optim.SGD(0.1, groups=(optim.Group("scale", optim.ScheduleFreeAdamW(0.1)),))
    run = Run(backend, rule).train(full(gradient_stream())[:3])
    before = run.values()
    with run.bound.averaged():
        inside = run.values()
    same = [np.array_equal(a, b) for a, b in zip(before, inside, strict=True)]
    assert same == [True, True, False]


def test_groups_by_the_paths_of_a_model(both: tuple[str, str]) -> None:
    rng = np.random.default_rng(5)
    x, y = rng.standard_normal((16, 4)), rng.standard_normal((16, 1))
    net = nn.Sequential(nn.Dense(5, activation="tanh"), nn.Dense(1))
    rule = optim.Adam(0.01, groups=(optim.Group("dense_1.*", optim.SGD(0.1, 0.9)),))
    report = dn.compare(
        net,
        x,
        y,
        loss="mse",
        optimizer=rule,
        dtype="float64",
        epochs=2,
        batch_size=4,
        backends=both,
    )
    assert report.verdict in ("identical", "agree"), str(report)


def test_a_configuration_keeps_groups() -> None:
    rules = [row.rule for row in ROWS] + [MIXED]
    for rule in rules:
        assert Configurable.from_config(json.loads(json.dumps(rule.to_config()))) == rule
    group = optim.Group(["a", "b"], momentum=0.5, multiplier=0.1)
    assert repr(group) == "Group(('a', 'b'), multiplier=0.1, momentum=0.5)"
    assert group.replace(multiplier=0.2) == optim.Group(("a", "b"), momentum=0.5, multiplier=0.2)


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: optim.Group(()), ConfigError, r"pattern=\(\) must be a pattern of paths such as"),
        (lambda: optim.Group(3, l2=1.0), ConfigError, "pattern=3 must be a pattern of paths"),
        (lambda: optim.Group("*"), ConfigError, r"Group\('\*'\) changes nothing; give it a"),
        (
            lambda: optim.Group("*", multiplier=0.0),
            ConfigError,
            r"multiplier=0\.0 must be a finite",
        ),
        (
            lambda: optim.Group("*", multiplier=2.0, learning_rate=0.1),
            ConfigError,
            "has its own learning rate, so there is nothing to multiply",
        ),
        (
            lambda: optim.Group("*", optim.SGD(), multiplier=2.0),
            ConfigError,
            "has its own learning rate, so there is nothing to multiply",
        ),
        (
            lambda: optim.Group("*", optim.SGD(), momentum=0.9),
            ConfigError,
            "has a whole optimizer; give momentum to that one",
        ),
        (
            lambda: optim.SGD(groups=optim.Group("*", momentum=0.9)),
            ConfigError,
            r"groups=Group\('\*', momentum=0\.9\) must be a tuple of optim\.Group",
        ),
        (lambda: optim.SGD(groups=("*.bias",)), ConfigError, "must be a tuple of optim"),
        (
            lambda: optim.SGD(groups=(optim.Group("*", momentun=0.9),)),
            UnknownName,
            "unknown hyperparameter of SGD 'momentun'; did you mean 'momentum'",
        ),
        (
            lambda: optim.SGD(groups=(optim.Group("*", momentum=1.0),)),
            ConfigError,
            r"SGD: momentum=1\.0 must be a number in \[0, 1\)",
        ),
        (
            lambda: optim.SGD(groups=(optim.Group("*", accumulate=2),)),
            ConfigError,
            "accumulate concerns all variables together; give it to the SGD that has the group",
        ),
        (
            lambda: optim.SGD(groups=(optim.Group("*", optim.Adam(ema=0.9)),)),
            ConfigError,
            r"ema of a group's Adam\(ema=0\.9\)",
        ),
        (
            lambda: optim.SGD(groups=(optim.Group("*", "adam"),)),
            ConfigError,
            r"a value such as optim\.SGD\(0\.1\), got 'adam'|optimizer must be .*, got 'adam'",
        ),
        (
            lambda: optim.SGD(groups=(optim.Group("*", optim.LBFGS()),)),
            ConfigError,
            "cannot have a group of them; bind it to all",
        ),
        (
            lambda: optim.SGD(ema=0.9, groups=(optim.Group("*", optim.ScheduleFreeAdamW()),)),
            ConfigError,
            r"ScheduleFreeAdamW: it has its own average; leave out ema=0\.9",
        ),
    ],
)
def test_bad_groups(make: Callable[[], object], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make()


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (
            optim.SGD(groups=(optim.Group("*.bais", l2=1.0),)),
            r"no variable's path matches '\*\.bais'; there are, for example, encoder\.bias",
        ),
        (
            optim.SGD(groups=(optim.Group(("scale", "*.gamma"), l2=1.0),)),
            r"no variable's path matches '\*\.gamma'",
        ),
        (
            optim.SGD(groups=(optim.Group("*", l2=1.0), optim.Group("*.bias", l2=0.0))),
            r"Group\('\*\.bias', l2=0\.0\) comes too late: groups before it have all of its",
        ),
        (optim.AdamW(no_decay=("*.gamma", "*.beta")), r"no_decay=\('\*\.gamma', .*no variable's"),
    ],
    ids=repr,
)
def test_groups_that_match_nothing(rule: optim.Optimizer, text: str, backend: str) -> None:
    with pytest.raises(ConfigError, match=text):
        Run(backend, rule)
