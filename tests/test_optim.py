"""Optimizers: against ``torch.optim``, backend against backend, eager against compiled."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from optim_cases import CASES, COURSES, OTHERS, OURS, SEARCHES, VARIANTS, Case, Course
from optim_problems import START
from optim_problems import gradients as gradients_at
from optim_runs import (
    BACKENDS,
    PATHS,
    SHAPES,
    Run,
    assert_close,
    first_values,
    full,
    gradient_stream,
    quick,
)

from dualnet import optim, registry
from dualnet.config import Configurable
from dualnet.errors import (
    ConfigError,
    DtypeError,
    ForeignTensorError,
    NonFiniteError,
    ShapeError,
    StateError,
    UnknownName,
)
from dualnet.optim import clipping

RULES = [case.rule for case in (*CASES, *COURSES, *VARIANTS, *SEARCHES)] + OURS + OTHERS


def _reference(case: Case, stream: list, dtype: torch.dtype) -> list[np.ndarray]:
    parameters = [torch.nn.Parameter(torch.tensor(v, dtype=dtype)) for v in first_values()]
    optimizer = case.reference(parameters)
    for step, row in enumerate(stream):
        if step and step % 10 == 0:
            for group in optimizer.param_groups:
                group["lr"] /= 2
        for parameter, g in zip(parameters, row, strict=True):
            parameter.grad = None if g is None else torch.tensor(g, dtype=dtype)
        optimizer.step()
    return [parameter.detach().numpy() for parameter in parameters]


# Against PyTorch's own.  A variable whose gradient is None is skipped by torch.optim together
# with its step count; ours has one count for all, so these streams have every gradient.


@pytest.mark.parametrize("case", CASES, ids=str)
def test_equals_torch_optim(case: Case, backend: str) -> None:
    stream = full(gradient_stream())
    wanted = _reference(case, stream, torch.float64)
    got = quick(backend, case.rule).train(stream, halve=True).values()
    assert_close(got, wanted, 1e-12)  # rounding of 100 steps; a wrong term is above 1e-9


@pytest.mark.parametrize("case", CASES, ids=str)
def test_float32_stays_with_torch_optim(case: Case, backend: str) -> None:
    stream = full(gradient_stream())
    wanted = _reference(case, stream, torch.float32)
    got = quick(backend, case.rule, "float32").train(stream, halve=True).values()
    assert_close(got, wanted, 1e-4)  # 100 steps of float32 rounding, divided by small roots


def _follow(course: Course) -> dict[str, np.ndarray]:
    """The reference's values after 300 steps, its learning rate halved at every hundredth."""
    sides = {path: course.reference(value) for path, value in START.items()}
    at = {path: next(side) for path, side in sides.items()}
    for step in range(300):
        found, rate = gradients_at(at), course.rule.learning_rate * 0.5 ** (step // 100)
        at = {path: side.send((found[path], rate)) for path, side in sides.items()}
    return at


def _check_course(course: Course, backend: str) -> None:
    """As ``fit`` makes its steps: eager on PyTorch, a graph on TensorFlow."""
    state = registry.load(backend).state
    variables = {path: state.variable(value) for path, value in START.items()}
    bound = course.rule.bind(variables)
    apply = registry.load(backend).jit.train_step(bound.apply, jit="auto")
    for step in range(300):
        if step and step % 100 == 0:
            bound.learning_rate = bound.learning_rate / 2
        found = gradients_at({path: state.to_numpy(v) for path, v in variables.items()})
        apply([state.from_numpy(found[path]) for path in bound.paths])
    for path, value in _follow(course).items():
        got = state.to_numpy(variables[path])
        # Rounding of 300 steps; the learning itself is above 1e-2.
        np.testing.assert_allclose(got, value, rtol=1e-12, atol=1e-12, err_msg=path)
        assert np.abs(got - START[path]).max() > 1e-2


@pytest.mark.parametrize("course", COURSES, ids=str)
def test_three_hundred_steps_on_three_problems(course: Course, backend: str) -> None:
    _check_course(course, backend)


@pytest.mark.parametrize("course", VARIANTS, ids=str)
def test_three_hundred_steps_with_other_options(course: Course) -> None:
    _check_course(course, "torch")


@pytest.mark.parametrize("rule", [*OURS, *OTHERS], ids=repr)
def test_backends_agree_eagerly_and_compiled(rule: optim.Optimizer) -> None:
    stream = gradient_stream()[:30]
    wanted = Run("torch", rule).train(stream).values()
    assert not all(np.array_equal(a, b) for a, b in zip(wanted, first_values(), strict=True))
    for run in (
        Run("tensorflow", rule),
        Run("torch", rule).compiled(),
        Run("tensorflow", rule).compiled(),
    ):
        assert_close(run.train(stream).values(), wanted, 1e-14)  # rounding of 30 steps
        assert run.bound.step == 30


def test_every_optimizer_has_a_row() -> None:
    public = {
        getattr(optim, name)
        for name in optim.__all__
        if isinstance(getattr(optim, name), type)
        and issubclass(getattr(optim, name), optim.Optimizer)
    }
    assert {type(rule) for rule in RULES} == public - {optim.Optimizer}
    rows = (*COURSES, *SEARCHES)  # three hundred steps beside another's
    assert {type(row.rule) for row in rows} == public - {optim.Optimizer}


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_configuration_round_trip(rule: optim.Optimizer) -> None:
    assert Configurable.from_config(json.loads(json.dumps(rule.to_config()))) == rule


# The formula itself, by hand.


def _one_step(rule: optim.Optimizer, backend: str, p: float, g: float) -> float:
    state = registry.load(backend).state
    variable = state.variable(np.array([p]))
    rule.bind([variable]).apply([state.from_numpy(np.array([g]))])
    return float(state.to_numpy(variable)[0])


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        (optim.SGD(0.5), 2.0 - 0.5 * 4.0),
        (optim.SGD(0.5, 0.5, nesterov=True), 2.0 - 0.5 * (4.0 + 0.5 * 4.0)),
        (optim.SGD(0.5, weight_decay=0.1), 2.0 * 0.95 - 0.5 * 4.0),
        (optim.SGD(0.5, 0.5, weight_decay=0.1), 2.0 * 0.95 - 0.5 * 4.0),
        (optim.SGD(0.5, l2=0.1), 2.0 - 0.5 * (4.0 + 0.1 * 2.0)),
        (optim.SGD(0.5, clipvalue=3.0), 2.0 - 0.5 * 3.0),
        (optim.SGD(0.5, clipnorm=3.0, l2=1.0), 2.0 - 0.5 * (3.0 + 2.0)),
        (optim.SGD(0.5, global_clipnorm=5.0), 2.0 - 0.5 * 4.0),
        (optim.Adam(0.5, epsilon=1.0), 2.0 - 0.5 * 4.0 / (4.0 + 1.0)),
        (optim.Adam(0.5, epsilon=1.0, weight_decay=0.1), 2.0 * 0.95 - 0.5 * 4.0 / (4.0 + 1.0)),
        (optim.RMSprop(0.5, rho=0.75, epsilon=1.0), 2.0 - 0.5 * 4.0 / (2.0 + 1.0)),
        (optim.Adamax(0.5, epsilon=1.0), 2.0 - 0.5 * 4.0 / (4.0 + 1.0)),
        (optim.Adagrad(0.5, epsilon=1.0), 2.0 - 0.5 * 4.0 / (4.0 + 1.0)),
        (optim.Adadelta(0.5, 0.75, 5.0), 2.0 - 0.5 * 5**0.5 / (4.0 + 5.0) ** 0.5 * 4.0),
        (optim.Lion(0.5, weight_decay=0.1), 2.0 * 0.95 - 0.5),
        (optim.Lamb(0.5, epsilon=1.0), 2.0 - 0.5 * 2.0),
        (optim.Ftrl(0.5, beta=2.0), (4.0 / 0.5 * 2.0 - 4.0) / ((2.0 + 4.0) / 0.5)),
        (optim.Adafactor(0.5, epsilon_2=0.1), 2.0 - 0.5 * 2.0 * 1.0),
    ],
    ids=repr,
)
def test_first_step_by_hand(rule: optim.Optimizer, wanted: float, backend: str) -> None:
    got = _one_step(rule, backend, p=2.0, g=4.0)
    assert got == pytest.approx(wanted, rel=1e-14)  # a few roundings of 1e-16


def test_centered_rmsprop_survives_a_constant_gradient(backend: str) -> None:
    run = quick(backend, optim.RMSprop(rho=0.5, centered=True))
    # The variance s - a² of a constant is zero, and -1e-16 by rounding for this one.
    run.train([[np.full(shape, 0.7) for shape in SHAPES]] * 60)
    assert all(np.isfinite(value).all() for value in run.values())


def test_a_missing_gradient_leaves_the_variable_alone(backend: str) -> None:
    run = Run(backend, optim.AdamW(0.1, l2=0.1))
    run.train([[np.ones((3, 4)), None, np.ones(())]])
    changed = [not np.array_equal(a, b) for a, b in zip(run.values(), first_values(), strict=True)]
    assert changed == [True, False, True]
    assert not run.bound.state()["m.encoder.bias"].any()


def test_no_gradients_at_all(backend: str) -> None:
    run = Run(backend, optim.SGD(0.1, global_clipnorm=1.0)).train([[None, None, None]])
    assert all(np.array_equal(a, b) for a, b in zip(run.values(), first_values(), strict=True))


def test_no_decay_spares_by_path(backend: str) -> None:
    rule = optim.SGD(0.5, weight_decay=0.2, no_decay=("*.bias", "scale"))
    values = Run(backend, rule).train([[np.zeros(shape) for shape in SHAPES]]).values()
    factors = [0.9, 1.0, 1.0]
    for value, start, factor in zip(values, first_values(), factors, strict=True):
        np.testing.assert_array_equal(value, start * factor)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_variables_are_updated_in_float32(dtype: str, backend: str) -> None:
    run = Run(backend, optim.Adam(1e-2), dtype).train([[np.full(s, 1e-5) for s in SHAPES]] * 3)
    # v = g² = 1e-10 and ε = 1e-8 are zero in float16: the step would be infinite.
    for value, start in zip(run.values(), first_values(), strict=True):
        np.testing.assert_allclose(value, start - 0.03, atol=0.02)  # bfloat16 keeps 8 bits
    assert run.bound.state()["m.scale"].dtype == np.float32


# Clipping


def by_global_norm(gradients: clipping.Gradients, limit: float) -> clipping.Gradients:
    return clipping.scaled(gradients, clipping.global_norm(gradients), limit)


@pytest.mark.parametrize("limit", [0.5, 100.0])
def test_clipping_equals_numpy(limit: float, backend: str) -> None:
    state = registry.load(backend).state
    rng = np.random.default_rng(2)
    arrays = [rng.standard_normal(shape) * 3 for shape in ((3, 4), (5,))]
    tensors = [state.from_numpy(arrays[0]), None, state.from_numpy(arrays[1])]
    norm = np.sqrt(sum(np.sum(a**2) for a in arrays))
    by_each = [a * limit / max(np.linalg.norm(a), limit) for a in arrays]
    wanted = {
        by_global_norm: [a * limit / max(norm, limit) for a in arrays],
        clipping.clip_by_norm: by_each,
        clipping.clip_by_value: [np.clip(a, -limit, limit) for a in arrays],
    }
    for clip, expected in wanted.items():
        got = clip(tensors, limit)
        assert got[1] is None
        for a, b in zip([got[0], got[2]], expected, strict=True):
            np.testing.assert_allclose(state.to_numpy(a), b, rtol=1e-14)  # two roundings


def test_gradients_within_the_limit_are_not_touched(backend: str) -> None:
    state = registry.load(backend).state
    g = np.random.default_rng(3).standard_normal(50)
    got = by_global_norm([state.from_numpy(g)], 1e6)[0]
    np.testing.assert_array_equal(state.to_numpy(got), g)


BAD = [np.array([[np.nan, 1.0, 1.0, 1.0]] * 3), np.ones(4), np.ones(())]
GOOD = [np.ones(shape) for shape in SHAPES]


@pytest.mark.parametrize("rule", [optim.Adam(nonfinite="error"), optim.SGD(0.1, global_clipnorm=1)])
def test_a_nonfinite_norm_is_an_error_before_any_change(
    rule: optim.Optimizer, backend: str
) -> None:
    run = Run(backend, rule).train([GOOD])
    before, state = run.values(), run.bound.state()
    with pytest.raises(NonFiniteError, match="norm of the gradients is NaN or infinite at step 2"):
        run.train([BAD])
    assert all(np.array_equal(a, b) for a, b in zip(run.values(), before, strict=True))
    assert all(np.array_equal(state[name], value) for name, value in run.bound.state().items())


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
def test_a_nonfinite_step_is_skipped_on_request(compiled: bool, backend: str) -> None:
    rule = optim.AdamW(1e-2, nonfinite="skip")
    skipping, clean = Run(backend, rule), Run(backend, rule)
    if compiled:
        skipping.compiled()
    skipping.train([GOOD, BAD, GOOD, BAD, GOOD])
    clean.train([GOOD] * 3)
    assert_close(skipping.values(), clean.values(), 1e-14)  # compiled: rounding
    assert (skipping.bound.step, skipping.bound.skipped) == (3, 2)


def test_a_compiled_step_tells_late(backend: str) -> None:
    run = Run(backend, optim.SGD(0.1, global_clipnorm=1.0)).compiled().train([GOOD, BAD])
    with pytest.raises(NonFiniteError, match="NaN or infinite in 1 compiled steps, which were l"):
        run.bound.check_finite()
    assert all(np.isfinite(value).all() for value in run.values())
    skipping = Run(backend, optim.SGD(0.1, nonfinite="skip")).train([BAD])
    skipping.bound.check_finite()


# Averages of weights, gradients of several calls


def test_the_average_of_the_weights(backend: str) -> None:
    run = quick(backend, optim.Adam(0.1, ema=0.75))
    wanted = first_values()
    for row in full(gradient_stream())[:10]:
        run.train([row])
        wanted = [0.75 * e + 0.25 * p for e, p in zip(wanted, run.values(), strict=True)]
    trained = run.values()
    with run.bound.averaged():
        assert_close(run.values(), wanted, 1e-14)  # rounding of 10 steps
    assert all(np.array_equal(a, b) for a, b in zip(run.values(), trained, strict=True))
    np.testing.assert_allclose(run.bound.state()["ema.scale"], wanted[2], rtol=1e-14)  # the same


def test_the_average_of_a_schedule_free_rule(backend: str) -> None:
    rule = optim.ScheduleFreeAdamW(0.1)
    run = Run(backend, rule).train(full(gradient_stream())[:5])
    values, state = run.values(), run.bound.state()
    with run.bound.averaged():
        averages = run.values()
    for path, p, x in zip(PATHS, values, averages, strict=True):
        wanted = (p - 0.1 * state[f"z.{path}"]) / 0.9
        np.testing.assert_allclose(x, wanted, rtol=1e-14)  # two roundings
    assert all(np.array_equal(a, b) for a, b in zip(run.values(), values, strict=True))


def test_a_rule_without_an_average_says_so(backend: str) -> None:
    run = Run(backend, optim.SGD(0.1))
    with (
        pytest.raises(StateError, match="keeps no average; make it with ema"),
        run.bound.averaged(),
    ):
        pass


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
def test_calls_put_together_are_one_update(compiled: bool, backend: str) -> None:
    stream = full(gradient_stream())[:9]
    means = [
        [sum(parts) / 3 for parts in zip(*stream[first : first + 3], strict=True)]
        for first in (0, 3, 6)
    ]
    rule = optim.AdamW(0.1, global_clipnorm=1.0, ema=0.5)
    run = Run(backend, rule.replace(accumulate=3))
    if compiled:
        run.compiled()
    run.train(stream)
    wanted = Run(backend, rule).train(means)
    assert_close(run.values(), wanted.values(), 1e-13)  # Adam divides by the roots of sums
    assert (run.bound.step, run.bound.skipped) == (3, 0)
    before = run.values()
    run.train(stream[:2])
    assert all(np.array_equal(a, b) for a, b in zip(run.values(), before, strict=True))
    state = run.bound.state()
    assert state["accumulated_calls"] == 2
    np.testing.assert_allclose(state["accumulated.scale"], (stream[0][2] + stream[1][2]) / 3)


def test_calls_put_together_continue_on_the_other_backend(both: tuple[str, str]) -> None:
    rule, stream = optim.SGD(0.1, 0.9, accumulate=2, ema=0.5), full(gradient_stream())[:6]
    whole, first, second = (Run(both[place], rule) for place in (0, 0, 1))
    first.train(stream[:3])
    for path, value in zip(PATHS, first.values(), strict=True):
        second.backend.state.assign(second.variables[path], second.backend.state.from_numpy(value))
    second.bound.load_state(first.bound.state())
    assert_close(second.train(stream[3:]).values(), whole.train(stream).values(), 1e-14)  # rounding


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
def test_a_bad_call_spoils_one_update_of_several(compiled: bool, backend: str) -> None:
    run = Run(backend, optim.SGD(0.1, accumulate=2, nonfinite="skip"))
    if compiled:
        run.compiled()
    run.train([GOOD, BAD, GOOD, GOOD])
    for value, start in zip(run.values(), first_values(), strict=True):
        np.testing.assert_allclose(value, start - 0.1, rtol=0, atol=1e-15)  # one rounding
    assert (run.bound.step, run.bound.skipped) == (1, 1)


# Scaled losses


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
def test_a_loss_scale_follows_the_gradients(compiled: bool, backend: str) -> None:
    scale = optim.LossScale(8.0, growth_steps=2)
    run, plain = Run(backend, optim.SGD(0.5, loss_scale=scale)), Run(backend, optim.SGD(0.5))
    apply = run.bound.apply_scaled
    if compiled:
        run.compiled(run.bound.apply_scaled)
        apply = run.apply
    factors = []
    for row in (GOOD, BAD, GOOD, GOOD, GOOD):
        factors.append(float(run.bound.state()["loss_scale"]))
        apply(run.tensors([g * factors[-1] for g in row]))
    assert factors == [8.0, 8.0, 4.0, 4.0, 8.0]
    assert (run.bound.step, run.bound.skipped) == (4, 0)
    assert_close(run.values(), plain.train([GOOD] * 4).values(), 1e-15)  # powers of two are exact
    run.bound.check_finite()


def test_a_loss_scale_at_its_end(backend: str) -> None:
    run = Run(backend, optim.SGD(0.5, loss_scale=optim.LossScale(2.0)))
    one = run.backend.state.from_numpy(np.array(3.0))
    assert float(run.backend.state.to_numpy(run.bound.scaled(one))) == 6.0
    for _ in range(2):
        run.bound.apply_scaled(run.tensors(BAD))
    assert run.bound.state()["loss_scale"] == 1.0
    assert all(np.array_equal(a, b) for a, b in zip(run.values(), first_values(), strict=True))
    with pytest.raises(NonFiniteError, match="though their loss is no longer scaled"):
        run.bound.check_finite()


def test_fit_scales_the_loss_of_mixed_float16(backend: str) -> None:
    import dualnet as dn

    model = dn.Model(
        dn.nn.Dense(1, use_bias=False, kernel_initializer="ones"),
        input_shape=(2,),
        backend=backend,
        dtype="mixed_float16",
    )
    model.compile(optim.SGD(1e4), "mse")
    x = np.array([[1e-4, 1e-4]])
    # The gradient, 2e-8, is less than half of the smallest float16, 6e-8; scaled it is kept.
    y = x.astype("float16").astype("float64").sum(1, keepdims=True) - 1e-4
    model.fit(x, y, epochs=1, verbose=0)
    moved = 1.0 - next(iter(model.state().values()))
    np.testing.assert_allclose(moved, 2e-4, rtol=0.01)  # float16 has 11 bits
    assert model.optimizer.state()["loss_scale"] == 2.0**15


# Step, learning rate, state


def test_the_learning_rate_is_read_and_set_between_compiled_steps(backend: str) -> None:
    run = Run(backend, optim.SGD(0.5)).compiled()
    run.train([GOOD])
    run.bound.learning_rate = 0.125
    assert run.bound.learning_rate == 0.125
    run.train([GOOD])
    for value, start in zip(run.values(), first_values(), strict=True):
        np.testing.assert_allclose(value, start - 0.625, rtol=0, atol=1e-15)  # two roundings


def test_a_compiled_step_is_traced_once(backend: str) -> None:
    run = Run(backend, optim.Adam(optim.CosineDecay(0.1, 50)))
    traces = 0

    def step(gradients: list) -> None:
        nonlocal traces
        traces += 1
        run.bound.apply(gradients)

    if backend == "torch":
        torch.compiler.reset()
        counted = torch._dynamo.testing.CompileCounter()
        compiled = torch.compile(run.bound.apply, backend=counted, fullgraph=True)
    else:
        compiled = run.backend.jit.jit(step)
    for _ in range(5):
        compiled(run.tensors(GOOD))
    assert (counted.frame_count if backend == "torch" else traces) == 1
    assert run.bound.step == 5


def test_a_scheduled_learning_rate_cannot_be_set(backend: str) -> None:
    run = Run(backend, optim.SGD(optim.CosineDecay(0.1, 10))).train([GOOD] * 5)
    assert run.bound.learning_rate == pytest.approx(0.05)  # half way
    with pytest.raises(StateError, match=r"follows CosineDecay\(.*\) and cannot be set"):
        run.bound.learning_rate = 1.0


@pytest.mark.parametrize("value", [-1.0, float("nan"), "fast"])
def test_a_bad_learning_rate_is_refused(value: object, backend: str) -> None:
    run = Run(backend, optim.SGD(0.1))
    with pytest.raises(ConfigError, match=r"learning_rate=.* must be a finite number"):
        run.bound.learning_rate = value
    assert run.bound.learning_rate == 0.1


@pytest.mark.parametrize(
    ("rule", "source"),
    [(rule, source) for rule in OURS for source in BACKENDS]
    + [(rule, BACKENDS[place % 2]) for place, rule in enumerate(OTHERS)],
    ids=repr,
)
def test_state_continues_on_the_other_backend(rule: optim.Optimizer, source: str) -> None:
    target = BACKENDS[1 - BACKENDS.index(source)]
    stream = gradient_stream()[:20]
    whole = Run(source, rule).train(stream)
    first, second = Run(source, rule).train(stream[:10]), Run(target, rule)
    for path, value in zip(PATHS, first.values(), strict=True):
        second.backend.state.assign(second.variables[path], second.backend.state.from_numpy(value))
    second.bound.load_state(first.bound.state())
    assert second.bound.step == 10
    second.train(stream[10:])
    assert_close(second.values(), whole.values(), 1e-14)  # rounding of 10 steps


def test_state_names_are_slots_and_paths(backend: str) -> None:
    state = Run(backend, optim.Adam(0.25)).train([GOOD] * 3).bound.state()
    slots = {f"{slot}.{path}" for slot in "mv" for path in PATHS}
    assert state.keys() == {"step", "learning_rate"} | slots
    assert state["step"] == 3
    assert state["learning_rate"] == 0.25
    assert state["m.encoder.kernel"].shape == (3, 4)


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        (optim.Adamax(), "m:all u:all"),
        (optim.Nadam(), "m:all v:all mu_product:all"),
        (optim.Adagrad(), "s:all"),
        (optim.Adadelta(), "s:all u:all"),
        (optim.Adafactor(), "row:matrix column:matrix v:vector"),
        (optim.Lion(), "m:all"),
        (optim.Lamb(), "m:all v:all"),
        (optim.Ftrl(), "z:all n:all"),
        (optim.Muon(), "m:all v:vector"),
        (optim.ScheduleFreeAdamW(), "v:all z:all weight:all"),
    ],
    ids=repr,
)
def test_slots_of_each_rule(rule: optim.Optimizer, wanted: str) -> None:
    of = {"all": PATHS, "matrix": PATHS[:1], "vector": PATHS[1:]}
    slots = [slot.split(":") for slot in wanted.split()]
    names = {f"{name}.{path}" for name, kind in slots for path in of[kind]}
    state = Run("torch", rule).bound.state()
    assert state.keys() == {"step", "learning_rate"} | names


def test_first_values_of_slots(backend: str) -> None:
    state = Run(backend, optim.Ftrl(initial_accumulator_value=0.5)).bound.state()
    np.testing.assert_array_equal(state["n.encoder.bias"], np.full(4, 0.5))
    state = Run(backend, optim.ScheduleFreeAdamW()).bound.state()
    np.testing.assert_array_equal(state["z.encoder.kernel"], first_values()[0])
    state = Run(backend, optim.Adafactor()).bound.state()
    assert state["row.encoder.kernel"].shape == (3, 1)
    assert state["column.encoder.kernel"].shape == (1, 4)


def test_a_learning_rate_of_zero_moves_no_average(backend: str) -> None:
    run = Run(backend, optim.ScheduleFreeAdamW(optim.LinearWarmup(5, then=0.1))).train([GOOD])
    assert_close(run.values(), first_values(), 1e-15)  # one rounding of the average


def test_lamb_moves_a_variable_of_zeros(backend: str) -> None:
    state = registry.load(backend).state
    variable = state.variable(np.zeros(2))
    optim.Lamb(0.5, epsilon=1.0).bind([variable]).apply([state.from_numpy(np.array([3.0, 0.0]))])
    # Its norm is zero, so the ratio of norms is 1: Adam's first step, g / (|g| + ε).
    np.testing.assert_allclose(state.to_numpy(variable), [-0.375, 0.0], rtol=1e-14)  # roundings


def test_a_state_that_does_not_fit_changes_nothing(backend: str) -> None:
    run = Run(backend, optim.Adam()).train([GOOD])
    before = run.bound.state()
    with pytest.raises(StateError, match=r"unknown \['v_max\.encoder\.bias'"):
        run.bound.load_state(Run(backend, optim.Adam(amsgrad=True)).bound.state())
    with pytest.raises(ShapeError, match=r"v\.scale has shape \(\), the state \(2,\)"):
        run.bound.load_state({**before, "step": np.array(9), "v.scale": np.ones(2)})
    with pytest.raises(StateError, match="step is int64, the state float64"):
        run.bound.load_state({**{k: v + 1 for k, v in before.items()}, "step": np.array(9.5)})
    with pytest.raises(StateError, match=r"v\.scale is float64, the state complex128"):
        run.bound.load_state({**before, "step": np.array(9), "v.scale": np.array(1j)})
    assert all(np.array_equal(before[name], value) for name, value in run.bound.state().items())


# Errors


def test_wrong_gradients_are_refused_before_any_change(backend: str) -> None:
    run, other = Run(backend, optim.SGD(0.1)), Run(BACKENDS[backend == "torch"], optim.SGD(0.1))
    good = run.tensors(GOOD)
    wrong = [
        (good[:2], ShapeError, "2 gradients for 3 variables"),
        ([good[1], good[0], good[2]], ShapeError, r"of 'encoder.bias' has shape \(3, 4\), its"),
        ([*good[:2], np.ones(())], ForeignTensorError, "of 'scale' is numpy.ndarray; its variable"),
        ([*good[:2], other.tensors(GOOD)[2]], ForeignTensorError, "of 'scale' is t"),
        (
            [*good[:2], _narrow(run, good[2])],
            DtypeError,
            "of 'scale' is float32, its variable floa",
        ),
    ]
    for gradients, error, text in wrong:
        with pytest.raises(error, match=text):
            run.bound.apply(gradients)
    assert run.bound.step == 0
    assert all(np.array_equal(a, b) for a, b in zip(run.values(), first_values(), strict=True))


def _narrow(run: Run, tensor: object) -> object:
    return run.backend.state.from_numpy(run.backend.state.to_numpy(tensor), dtype="float32")


def test_what_cannot_be_bound(both: tuple[str, str]) -> None:
    variables = [registry.load(name).state.variable(np.ones(2)) for name in both]
    with pytest.raises(ForeignTensorError, match="variables of tensorflow and torch"):
        optim.SGD(0.1).bind(variables)
    with pytest.raises(ConfigError, match="nothing to train"):
        optim.SGD(0.1).bind([])
    with pytest.raises(ConfigError, match=r"is numpy\.ndarray, which no optimizer can change"):
        optim.SGD(0.1).bind([np.ones(2)])
    with pytest.raises(ConfigError, match=r"is torch\.Tensor, which no optimizer can change"):
        optim.SGD(0.1).bind({"w": torch.ones(2)})


def test_a_tree_of_variables_gives_paths(backend: str) -> None:
    make = registry.load(backend).state.variable
    tree = {"b": [make(np.ones(1)), make(np.ones(2))], "a": {"w": make(np.ones(3))}}
    bound = optim.SGD(0.1, 0.9).bind(tree)
    assert bound.paths == ("a.w", "b.0", "b.1")
    assert bound.state()["v.b.1"].shape == (2,)
    assert optim.SGD(0.1).bind(make(np.ones(1))).paths == ("0",)
    assert optim.SGD(0.1).bind(v for v in tree["b"]).paths == ("0", "1")


def test_get_by_name() -> None:
    assert optim.get("AdamW") == optim.AdamW(weight_decay=0.01)
    assert optim.get("schedule_free_adamw") == optim.ScheduleFreeAdamW()
    assert set(optim.NAMES.values()) == {type(row.rule) for row in (*COURSES, *SEARCHES)}
    assert optim.get(optim.SGD(0.5)) == optim.SGD(0.5)
    with pytest.raises(UnknownName, match="unknown optimizer 'adm'; did you mean 'adam'"):
        optim.get("adm")


def test_slots_lie_as_they_are_read_beside_a_transposed_variable() -> None:
    """PyTorch's fused kernels walk memory, ``state`` and checkpoints walk indices."""
    variable = torch.nn.Parameter(torch.arange(6.0).reshape(3, 2).T)
    bound = optim.Adam(0.1).bind([variable])
    g = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    bound.apply([g])
    np.testing.assert_allclose(bound.state()["m.0"], 0.1 * g.numpy(), rtol=1e-6)  # float32


def test_a_subclass_with_its_own_formula_is_not_fused(backend: str) -> None:
    class Sign(optim.SGD):
        def update(self, p, g, slots, *, lr):
            return p - lr * g / abs(g), {}

    assert _one_step(Sign(0.5), backend, p=2.0, g=4.0) == 1.5
