"""L-BFGS: against ``torch.optim.LBFGS`` and SciPy, and what ``minimize`` promises."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import scipy.optimize
import torch
from optim_cases import SEARCH_VARIANTS, SEARCHES, Search
from optim_problems import PROBLEMS, START, descent

import dualnet as dn
from dualnet import nn, optim, registry
from dualnet.errors import ConfigError, NonFiniteError, ShapeError, StateError

Descent = Callable[[dict[str, np.ndarray]], tuple[np.ndarray, dict[str, np.ndarray]]]
WOLFE = optim.LBFGS(line_search_fn="strong_wolfe")


class Running:
    """The variables of a problem in NumPy, searched on one backend."""

    def __init__(
        self, backend: str, rule: optim.LBFGS, start: dict[str, np.ndarray], descent: Descent
    ) -> None:
        self.state = registry.load(backend).state
        self.variables = {path: self.state.variable(value) for path, value in start.items()}
        self.bound = rule.bind(self.variables)
        self._descent = descent
        self.calls = 0

    def closure(self) -> tuple:
        self.calls += 1
        loss, gradients = self._descent(self.values())
        make = self.state.from_numpy
        return make(loss), [make(gradients[path]) for path in self.bound.paths]

    def run(self, updates: int) -> Running:
        for _ in range(updates):
            self.bound.minimize(self.closure)
        return self

    def values(self) -> dict[str, np.ndarray]:
        return {path: self.state.to_numpy(v) for path, v in self.variables.items()}


def _problem(name: str) -> tuple[dict[str, np.ndarray], Descent]:
    return {path: START[path] for path in PROBLEMS[name]}, lambda at: descent(name, at)


def _reference(case: Search, name: str) -> tuple[dict[str, np.ndarray], int]:
    """PyTorch's values, and how often it evaluated the loss."""
    start, descent = _problem(name)
    variables = {path: torch.nn.Parameter(torch.tensor(start[path])) for path in sorted(start)}
    optimizer, calls = case.reference(variables.values()), 0

    def closure() -> torch.Tensor:
        nonlocal calls
        calls += 1
        loss, gradients = descent({path: v.detach().numpy() for path, v in variables.items()})
        for path, variable in variables.items():
            variable.grad = torch.tensor(gradients[path])
        return torch.tensor(loss)

    for _ in range(case.updates):
        optimizer.step(closure)
    return {path: v.detach().numpy() for path, v in variables.items()}, calls


def _check(case: Search, backend: str) -> None:
    for name in PROBLEMS:
        search = Running(backend, case.rule, *_problem(name)).run(case.updates)
        wanted, calls = _reference(case, name)
        assert search.calls == search.bound.evaluations == calls
        assert search.bound.step == case.updates
        for path, value in search.values().items():
            # Rounding of up to 300 iterations; the way to the minimum is above 1e-1.
            np.testing.assert_allclose(value, wanted[path], rtol=1e-12, atol=1e-12, err_msg=path)
        assert max(np.abs(value - START[path]).max() for path, value in wanted.items()) > 1e-1


@pytest.mark.parametrize("case", SEARCHES, ids=str)
def test_searches_equal_torch_on_three_problems(case: Search, backend: str) -> None:
    _check(case, backend)


@pytest.mark.parametrize("case", SEARCH_VARIANTS, ids=str)
def test_searches_with_other_options(case: Search) -> None:
    _check(case, "torch")


def _quadratic(at: dict[str, np.ndarray]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    scales = np.array([1.0, 10.0, 100.0])
    return np.asarray(np.sum(scales * (at["x"] - 1) ** 2)), {"x": 2 * scales * (at["x"] - 1)}


def _rosenbrock(at: dict[str, np.ndarray]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    x = at["x"]
    return np.asarray(scipy.optimize.rosen(x)), {"x": scipy.optimize.rosen_der(x)}


@pytest.mark.parametrize("descent", [_quadratic, _rosenbrock])
def test_scipy_finds_the_same_minimum(descent: Descent, backend: str) -> None:
    start = np.array([-1.2, 1.0, 0.5])
    rule = WOLFE.replace(tolerance_grad=1e-10, tolerance_change=1e-14)
    search = Running(backend, rule, {"x": start}, descent).run(5)

    def fun(x: np.ndarray) -> tuple[float, np.ndarray]:
        loss, gradients = descent({"x": x})
        return float(loss), gradients["x"]

    wanted = scipy.optimize.minimize(fun, start, jac=True, method="L-BFGS-B", tol=1e-14)
    # Where both stop, the gradient is below 1e-6, and the least curvature above 0.1.
    np.testing.assert_allclose(search.values()["x"], wanted.x, atol=1e-5)
    np.testing.assert_allclose(search.values()["x"], np.ones(3), atol=1e-8)  # ours, to 1e-10


def test_float32_stays_with_torch(backend: str) -> None:
    """Few iterations: the curvature is a quotient of differences, which rounding fills."""
    start = np.array([3.0, -2.0, 0.5], dtype="float32")
    state = registry.load(backend).state
    ours, theirs = state.variable(start), torch.nn.Parameter(torch.tensor(start))

    def closure() -> tuple:
        loss, gradients = _quadratic({"x": state.to_numpy(ours).astype("float64")})
        return state.from_numpy(loss), [state.from_numpy(gradients["x"], dtype="float32")]

    def reference() -> torch.Tensor:
        loss, gradients = _quadratic({"x": theirs.detach().double().numpy()})
        theirs.grad = torch.tensor(gradients["x"], dtype=torch.float32)
        return torch.tensor(loss)

    rule = WOLFE.replace(max_iter=4).bind([ours])
    rule.minimize(closure)
    torch.optim.LBFGS([theirs], max_iter=4, line_search_fn="strong_wolfe").step(reference)
    # 4 iterations of 2⁻²⁴, times the condition of 100.
    np.testing.assert_allclose(state.to_numpy(ours), theirs.detach().numpy(), atol=1e-4)


def test_half_precision_is_searched_in_float32(backend: str) -> None:
    state = registry.load(backend).state
    variable = state.variable(np.array([3.0, -2.0, 0.5]), dtype="bfloat16")

    def closure() -> tuple:
        loss, gradients = _quadratic({"x": state.to_numpy(variable).astype("float64")})
        return state.from_numpy(loss), [state.from_numpy(gradients["x"], dtype="bfloat16")]

    bound = WOLFE.bind([variable])
    bound.minimize(closure)
    np.testing.assert_allclose(state.to_numpy(variable), np.ones(3), atol=0.1)  # 8 bits
    assert bound.state()["gradient.0"].dtype == np.float32


# What minimize promises


def test_minimize_returns_the_loss_before_the_update(backend: str) -> None:
    search = Running(backend, WOLFE, *_problem("linear"))
    wanted = descent("linear", search.values())[0]
    loss = search.state.to_numpy(search.bound.minimize(search.closure))
    assert loss == wanted
    assert descent("linear", search.values())[0] < wanted


def test_a_closure_of_a_tape(backend: str) -> None:
    rng = np.random.default_rng(2)
    x = rng.standard_normal((12, 3))
    y = x @ np.array([[1.0], [-2.0], [0.5]]) + 0.25
    model = dn.Model(nn.Dense(1), input_shape=(3,), backend=backend, dtype="float64")
    inputs, targets = model.to_native(x), model.to_native(y)
    optimizer = WOLFE.bind(model)

    def closure() -> tuple:
        with dn.GradientTape() as tape:
            loss = dn.losses.mse(targets, model(inputs, training=True))
        return loss, tape.gradient(loss, model.trainable_variables)

    optimizer.minimize(closure)
    kernel, bias = (model.state()[path] for path in ("kernel", "bias"))
    # The targets are linear; it stops where the loss, a square, changes by less than 1e-9.
    np.testing.assert_allclose(kernel, [[1.0], [-2.0], [0.5]], atol=1e-4)
    np.testing.assert_allclose(bias, [0.25], atol=1e-4)


def test_other_optimizers_minimize_with_one_evaluation(backend: str) -> None:
    minimized = Running(backend, optim.Adam(0.1), *_problem("linear")).run(3)
    applied = Running(backend, optim.Adam(0.1), *_problem("linear"))
    for _ in range(3):
        applied.bound.apply(applied.closure()[1])
    assert minimized.calls == 3
    for path, value in applied.values().items():
        np.testing.assert_array_equal(minimized.values()[path], value)


def test_a_state_continues_on_the_other_backend(both: tuple[str, str]) -> None:
    rule = WOLFE.replace(max_iter=3, history_size=4)
    whole = Running(both[0], rule, *_problem("network")).run(6)
    first = Running(both[0], rule, *_problem("network")).run(3)
    second = Running(both[1], rule, first.values(), _problem("network")[1])
    second.bound.load_state(first.bound.state())
    second.run(3)
    assert second.bound.step == 6
    assert second.bound.evaluations == whole.bound.evaluations
    for path, value in whole.values().items():
        # Rounding of 9 iterations.
        np.testing.assert_allclose(second.values()[path], value, rtol=1e-12, err_msg=path)


def test_state_names_are_kinds_and_paths(backend: str) -> None:
    search = Running(backend, WOLFE.replace(max_iter=3, max_eval=9), *_problem("linear"))
    names = {
        f"{kind}.{path}" for kind in ("gradient", "move", "s", "y") for path in PROBLEMS["linear"]
    }
    names |= {"step", "learning_rate", "iterations", "evaluations"}
    assert search.bound.state().keys() == names
    search.run(1)
    state = search.bound.state()
    assert state.keys() == names
    assert state["s.linear.kernel"].shape == (2, 2, 2, 3)  # three iterations make two changes
    few = Running(backend, WOLFE.replace(history_size=1), *_problem("linear"))
    with pytest.raises(StateError, match=r"the state has 2 pairs of changes, .* keeps 1; raise"):
        few.bound.load_state(state)
    with pytest.raises(ShapeError, match=r"y\.linear\.bias has shape \(2, 3\), the state \(1, 3\)"):
        search.bound.load_state({**state, "y.linear.bias": np.zeros((1, 3))})
    with pytest.raises(StateError, match=r"missing \['iterations'\]"):
        search.bound.load_state({k: v for k, v in state.items() if k != "iterations"})
    assert all(np.array_equal(state[name], value) for name, value in search.bound.state().items())


def test_an_error_leaves_everything_as_it_was(backend: str) -> None:
    rule = optim.LBFGS(max_iter=4)
    search = Running(backend, rule, *_problem("valley")).run(2)
    before, state = search.values(), search.bound.state()
    good = search._descent

    def failing(at: dict[str, np.ndarray]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        loss, gradients = good(at)
        return (
            loss if np.array_equal(at["valley"], before["valley"]) else loss * np.nan
        ), gradients

    search._descent = failing
    with pytest.raises(NonFiniteError, match=r"the loss \(nan\) or its gradient .*nothing was ch"):
        search.run(1)
    assert all(np.array_equal(before[path], value) for path, value in search.values().items())
    kept = search.bound.state()
    assert all(np.array_equal(state[k], kept[k]) for k in state if k != "evaluations")


def test_a_search_goes_around_points_without_a_loss(backend: str) -> None:
    """The logarithm's domain ends before the first step of a search does."""

    def barrier(at: dict[str, np.ndarray]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        with np.errstate(invalid="ignore"):
            x = at["x"]
            return np.asarray(np.sum(20 * x - np.log(x))), {"x": 20 - 1 / x}

    rule = WOLFE.replace(tolerance_change=1e-14)
    search = Running(backend, rule, {"x": np.array([0.9, 2.0])}, barrier).run(3)
    np.testing.assert_allclose(search.values()["x"], np.full(2, 0.05), rtol=1e-6)  # g < 1e-7


def test_what_cannot_be_minimized(backend: str) -> None:
    search = Running(backend, WOLFE, *_problem("linear"))
    with pytest.raises(StateError, match="several times in one update; give minimize a function"):
        search.bound.apply(search.closure()[1])
    with pytest.raises(ConfigError, match=r"minimize takes a function that .* got builtins\.float"):
        search.bound.minimize(0.5)  # type: ignore[arg-type] # that is the test
    with pytest.raises(ConfigError, match=r"the function to minimize gave .*; it returns \(loss"):
        search.bound.minimize(lambda: search.closure()[1])
    vector = search.state.from_numpy(np.ones(2))
    with pytest.raises(ConfigError, match=r"is a tensor of one number"):
        search.bound.minimize(lambda: (vector, search.closure()[1]))
    with pytest.raises(ShapeError, match="1 gradients for 2 variables"):
        search.bound.minimize(lambda: (search.closure()[0], search.closure()[1][:1]))
    compiled = registry.load("tensorflow").jit.jit(lambda: search.bound.minimize(search.closure))
    if backend == "tensorflow":
        with pytest.raises(StateError, match="compile the function that computes the loss"):
            compiled()
    assert search.bound.step == 0
    assert all(np.array_equal(START[path], value) for path, value in search.values().items())


# In fit


def _trained(backend: str, **options: object) -> tuple[dn.Model, list[float]]:
    rng = np.random.default_rng(3)
    x = rng.standard_normal((32, 4))
    y = np.tanh(x @ rng.standard_normal((4, 1)))
    net = nn.Sequential(nn.Dense(5, activation="tanh"), nn.Dense(1))
    model = dn.Model(net, input_shape=(4,), backend=backend, dtype="float64", seed=1)
    model.compile(WOLFE.replace(max_iter=5), "mse", ["mae"], **options)
    history = model.fit(x, y, batch_size=32, epochs=4, verbose=0)
    return model, history["loss"] + history["mae"]


def test_fit_makes_a_closure_of_every_batch() -> None:
    torch_model, of_torch = _trained("torch")
    _, eager = _trained("tensorflow", jit=False)
    tf_model, of_tf = _trained("tensorflow")
    np.testing.assert_allclose(of_torch, of_tf, rtol=1e-11)  # rounding of 20 iterations
    np.testing.assert_allclose(eager, of_tf, rtol=1e-11)  # the same
    for path, value in torch_model.state().items():
        np.testing.assert_allclose(tf_model.state()[path], value, rtol=1e-10, err_msg=path)
    assert of_torch[3] < 0.01 * of_torch[0]
    assert torch_model.optimizer.step == 4


def test_compare_says_that_it_cannot() -> None:
    x = np.ones((8, 4))
    with pytest.raises(ConfigError, match="compare what fit gives on each backend"):
        dn.compare(nn.Dense(1), x, x[:, :1], loss="mse", optimizer=optim.LBFGS())
