"""Optimizers in float32 and half precision, and rules that throw rounding errors far."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from optim_cases import COURSES, Course
from optim_problems import START, gradients
from optim_references import torch_optim

from dualnet import optim, registry

#: The largest of the values that are rounded.
LARGEST = max(float(np.max(np.abs(value))) for value in START.values())


def _reference(course: Course, start: dict[str, np.ndarray], steps: int) -> list[dict]:
    """Someone else's values after each step, in float64."""
    sides = {path: course.reference(value) for path, value in start.items()}
    at = {path: next(side) for path, side in sides.items()}
    after = []
    for _ in range(steps):
        found, rate = gradients(at), course.rule.learning_rate
        at = {path: side.send((found[path], rate)) for path, side in sides.items()}
        after.append(at)
    return after


def _ours(
    backend: str, rule: optim.Optimizer, steps: int, dtype: str, jit: bool | str = "auto"
) -> tuple[list[dict], dict]:
    """Our values after each step, and the state at the end."""
    chosen = registry.load(backend)
    state = chosen.state
    variables = {path: state.variable(value, dtype=dtype) for path, value in START.items()}
    bound = rule.bind(variables)
    apply, after = chosen.jit.train_step(bound.apply, jit=jit), []
    for _ in range(steps):
        at = {path: state.to_numpy(v).astype("float64") for path, v in variables.items()}
        found = gradients(at)
        apply([state.from_numpy(found[path], dtype=dtype) for path in bound.paths])
        after.append({path: state.to_numpy(v) for path, v in variables.items()})
    return after, bound.state()


def _apart(a: dict, b: dict) -> float:
    return max(float(np.max(np.abs(a[path] - b[path]))) for path in a)


@pytest.mark.parametrize("course", COURSES, ids=str)
def test_float32_stays_with_the_reference(course: Course, backend: str) -> None:
    got, wanted = _ours(backend, course.rule, 30, "float32")[0], _reference(course, START, 30)
    # Two roundings in each of 30 steps; a sign that Lion takes of a rounding error is 2e-3 off.
    assert _apart(got[-1], wanted[-1]) < 30 * 2.0**-23 * LARGEST


@pytest.mark.parametrize("course", COURSES, ids=str)
def test_half_precision_is_updated_in_float32(course: Course, backend: str) -> None:
    got, state = _ours(backend, course.rule, 3, "bfloat16", jit=False)
    wanted = _reference(course, START, 3)
    # The start and three steps are rounded to 8 bits, and gradients are taken there.
    assert _apart(got[-1], wanted[-1]) < 4 * 2.0**-8 * LARGEST
    slots = [v for k, v in state.items() if "." in k]
    assert all(value.dtype == np.float32 for value in slots)


def test_adafactor_with_a_small_epsilon_parts_from_itself() -> None:
    """Where ε₁ hardly bounds it, a step is as long where the gradient is next to nothing.

    So PyTorch's own run, its start moved by one unit in the last place, parts from itself by
    1e-3 in 300 steps; ours parts from PyTorch's by as much, and no more.
    """
    rule = optim.Adafactor(0.02, -0.5, 1e-30, 0.01, 2.0)
    options = {"beta2_decay": -0.5, "eps": (1e-30, 0.01), "d": 2.0}
    course = Course(rule, torch_optim(torch.optim.Adafactor, **options))
    moved = {path: np.nextafter(value, np.inf) for path, value in START.items()}
    theirs, control = (_reference(course, start, 300) for start in (START, moved))
    ours, _ = _ours("torch", rule, 300, "float64")
    assert _apart(ours[9], theirs[9]) < 1e-14  # rounding of 10 steps
    assert _apart(ours[99], theirs[99]) < 10 * _apart(control[99], theirs[99])  # of chance
    assert _apart(control[-1], theirs[-1]) > 1e-6  # ε of float64 is 2e-16
