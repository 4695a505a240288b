"""Constraints: formulas against Keras, and weights after each update."""

from __future__ import annotations

import json
from typing import Any

import keras
import numpy as np
import pytest

import dualnet as dn
from dualnet import constraints as con
from dualnet import nn, optim, registry
from dualnet.errors import ConfigError, UnknownName

random = np.random.default_rng(1)
X, Y = random.normal(size=(16, 3)), random.normal(size=(16, 4))

THEIRS = keras.constraints
SAME = [
    (con.MaxNorm(), THEIRS.MaxNorm()),
    (con.MaxNorm(0.5, axis=1), THEIRS.MaxNorm(0.5, axis=1)),
    (con.MaxNorm(1.0, axis=(0, 1)), THEIRS.MaxNorm(1.0, axis=(0, 1))),
    (con.MinMaxNorm(1.0, 1.5), THEIRS.MinMaxNorm(1.0, 1.5)),
    (con.MinMaxNorm(0.2, 0.6, 0.3, -1), THEIRS.MinMaxNorm(0.2, 0.6, 0.3, -1)),
    (con.NonNeg(), THEIRS.NonNeg()),
    (con.UnitNorm(), THEIRS.UnitNorm()),
    (con.UnitNorm(1), THEIRS.UnitNorm(1)),
]


@pytest.mark.parametrize(("ours", "theirs"), SAME, ids=[repr(ours) for ours, _ in SAME])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_keras_formula(ours: Any, theirs: Any, dtype: str, backend: str) -> None:
    w = random.normal(size=(5, 4)).astype(dtype)
    w[:, 0] = 0.0  # of no length at all
    got = ours(registry.load(backend).state.from_numpy(w))
    assert dn.to_numpy(got).dtype == dtype
    # One rounding for each of five operations.
    wanted = keras.ops.convert_to_numpy(theirs(keras.ops.convert_to_tensor(w)))
    np.testing.assert_allclose(dn.to_numpy(got), wanted, rtol=10 * np.finfo(dtype).eps)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: con.MaxNorm(-1.0), "max_value=-1.0"),
        (lambda: con.MinMaxNorm(2.0, 1.0), "min_value must not be above max_value"),
        (lambda: con.MinMaxNorm(rate=1.5), "rate=1.5"),
        (lambda: con.get("max_nrm"), "did you mean 'max_norm'"),
        (lambda: con.get(3), "got 3"),
        (lambda: nn.Dense(2, bias_constraint="positive"), "constraint"),
    ],
)
def test_bad_arguments(make: Any, match: str) -> None:
    with pytest.raises((ConfigError, UnknownName), match=match):
        make()


def test_names_and_json() -> None:
    layer = nn.Dense(2, kernel_constraint="max_norm", bias_constraint=con.UnitNorm())
    assert layer == nn.Dense(2, kernel_constraint=con.MaxNorm(), bias_constraint="unit_norm")
    assert nn.Layer.from_config(json.loads(json.dumps(layer.to_config()))) == layer


# In training

NET = nn.Sequential(
    nn.Dense(5, activation="tanh", kernel_constraint=con.MaxNorm(0.6), bias_constraint="non_neg"),
    nn.Dense(4, kernel_constraint=con.MinMaxNorm(0.5, 0.9, 0.5)),
)


def keras_twin(start: dict[str, np.ndarray]) -> Any:
    model = keras.Sequential(
        [
            keras.Input((3,), dtype="float64"),
            keras.layers.Dense(
                5,
                activation="tanh",
                kernel_constraint=THEIRS.MaxNorm(0.6),
                bias_constraint="non_neg",
                dtype="float64",
            ),
            keras.layers.Dense(
                4, kernel_constraint=THEIRS.MinMaxNorm(0.5, 0.9, 0.5), dtype="float64"
            ),
        ]
    )
    model.set_weights(
        [start[f"{layer}.{name}"] for layer in ("dense", "dense_1") for name in ("kernel", "bias")]
    )
    model.compile(keras.optimizers.SGD(0.5), "mse")
    return model


def test_each_step_is_that_of_keras(backend: str) -> None:
    model = dn.Model(NET, (3,), backend=backend, dtype="float64")
    twin = keras_twin(model.state())
    model.compile(optim.SGD(0.5), "mse")
    for _ in range(5):
        model.fit(X, Y, batch_size=16, epochs=1, verbose=0)
        twin.train_on_batch(X, Y)
        mine = model.state()
        for path, theirs in zip(
            ("dense.kernel", "dense.bias", "dense_1.kernel", "dense_1.bias"),
            twin.get_weights(),
            strict=True,
        ):
            # Keras computes the learning rate, which 0.5 leaves exact, and the loss in float32.
            np.testing.assert_allclose(mine[path], theirs, rtol=1e-6, atol=1e-7)
        assert np.linalg.norm(mine["dense.kernel"], axis=0).max() <= 0.6
        assert mine["dense.bias"].min() >= 0.0


@pytest.mark.parametrize("jit", [False, True], ids=["eager", "compiled"])
def test_an_update_in_a_loop(jit: bool, backend: str) -> None:
    layer = nn.Dense(4, kernel_constraint="unit_norm")
    model = dn.Model(layer, (3,), backend=backend, dtype="float64")
    optimizer = optim.Adam(0.1).bind(model)

    def step(x: Any, y: Any) -> None:
        with dn.GradientTape() as tape:
            loss = dn.losses.mse(y, model(x, training=True))
        optimizer.apply(tape.gradient(loss, model.trainable_variables))

    free = dn.Model(nn.Dense(4), (3,), backend=backend, dtype="float64")
    other = optim.Adam(0.1).bind(free)
    x, y = (registry.load(backend).state.from_numpy(a) for a in (X, Y))
    with dn.GradientTape() as tape:
        loss = dn.losses.mse(y, free(x, training=True))
    other.apply(tape.gradient(loss, free.trainable_variables))
    (dn.jit(step) if jit else step)(x, y)
    wanted = free.state()["kernel"]
    wanted = wanted / (np.linalg.norm(wanted, axis=0) + 1e-7)
    np.testing.assert_allclose(model.state()["kernel"], wanted, rtol=1e-12)  # one division apart


@pytest.mark.parametrize("jit", [False, True], ids=["eager", "compiled"])
def test_an_update_left_out_constrains_nothing(jit: bool, backend: str) -> None:
    layer = nn.Dense(2, kernel_constraint="unit_norm")
    model = dn.Model(layer, (3,), backend=backend, dtype="float64")
    before = model.state()["kernel"]
    optimizer = optim.SGD(0.1, nonfinite="skip").bind(model)
    state = registry.load(backend).state
    bad = [state.from_numpy(np.full(shape, np.nan)) for shape in ((3, 2), (2,))]
    (dn.jit(optimizer.apply) if jit else optimizer.apply)(bad)
    np.testing.assert_array_equal(model.state()["kernel"], before)
    assert optimizer.skipped == 1


def test_a_variable_without_a_gradient_stays(backend: str) -> None:
    model = dn.Model(nn.Dense(2, kernel_constraint="unit_norm"), (3,), backend=backend)
    before = model.state()["kernel"]
    optimizer = optim.SGD(0.1).bind(model)
    optimizer.apply([None, model.trainable_variables[1] * 0.0])
    np.testing.assert_array_equal(model.state()["kernel"], before)


def test_half_precision(backend: str) -> None:
    layer = nn.Dense(2, kernel_constraint=con.MaxNorm(0.5))
    model = dn.Model(layer, (3,), backend=backend, dtype="bfloat16")
    model.compile(optim.SGD(0.1), "mse")
    model.fit(X.astype("float32"), Y[:, :2].astype("float32"), epochs=1, verbose=0)
    norms = np.linalg.norm(model.state()["kernel"].astype("float64"), axis=0)
    assert norms.max() <= 0.5 * (1 + 2.0**-8)  # rounded once to bfloat16


def test_compare_constrains_both_sides() -> None:
    report = dn.compare(
        NET, X, Y, loss="mse", optimizer=optim.SGD(0.5), epochs=2, batch_size=8, dtype="float64"
    )
    assert report.verdict in ("identical", "agree")


def test_lbfgs_takes_none(backend: str) -> None:
    model = dn.Model(nn.Dense(2, kernel_constraint="unit_norm"), (3,), backend=backend)
    with pytest.raises(ConfigError, match="takes no constraints"):
        optim.LBFGS().bind(model)
