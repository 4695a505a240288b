"""Regularizers: values and gradients against Keras, and where they count."""

from __future__ import annotations

import json
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch

import dualnet as dn
from dualnet import nn, ops, optim, registry
from dualnet import regularizers as reg
from dualnet.errors import ConfigError, ShapeError, UnknownName

random = np.random.default_rng(0)
MATRIX = random.normal(size=(4, 3))
MATRIX[1, 1] = 0.0  # where |x| has a kink
X, Y = random.normal(size=(24, 3)), random.normal(size=(24, 2))

#: Sums of some ten float64 terms of size about 1.
EXACT = 1e-12
#: The same in float32, with differences of products.
SINGLE = 2e-6

THEIRS = keras.regularizers
SAME = [
    (reg.L1(0.3), THEIRS.L1(0.3)),
    (reg.L2(0.2), THEIRS.L2(0.2)),
    (reg.L1L2(0.1, 0.4), THEIRS.L1L2(0.1, 0.4)),
    (reg.Orthogonal(), THEIRS.OrthogonalRegularizer()),
    (reg.Orthogonal(2.0, "columns"), THEIRS.OrthogonalRegularizer(2.0, "columns")),
]
NAMES = [repr(ours) for ours, _ in SAME]


def native(backend: str, x: np.ndarray) -> Any:
    return registry.load(backend).state.from_numpy(x)


@pytest.mark.parametrize(("ours", "theirs"), SAME, ids=NAMES)
@pytest.mark.parametrize("jit", [False, True], ids=["eager", "compiled"])
def test_value_and_gradient_are_keras(ours: Any, theirs: Any, jit: bool, backend: str) -> None:
    w = tf.constant(MATRIX, tf.float32)  # as Keras keeps some factors
    with tf.GradientTape() as tape:
        tape.watch(w)
        wanted = theirs(w)
    call = dn.jit(dn.value_and_grad(ours)) if jit else dn.value_and_grad(ours)
    value, gradient = call(native(backend, MATRIX))
    np.testing.assert_allclose(dn.to_numpy(value), wanted, rtol=SINGLE)
    theirs = tape.gradient(wanted, w)
    np.testing.assert_allclose(dn.to_numpy(gradient), theirs, rtol=SINGLE, atol=SINGLE)


def test_formulas(backend: str) -> None:
    w = native(backend, MATRIX)
    unit = MATRIX / np.linalg.norm(MATRIX, axis=1, keepdims=True)
    cosines = np.abs(unit @ unit.T)[np.triu_indices(4, k=1)]
    for regularizer, wanted in [
        (reg.L1(0.3), 0.3 * np.abs(MATRIX).sum()),
        (reg.L2(0.2), 0.2 * (MATRIX**2).sum()),
        (reg.L1L2(0.1, 0.4), 0.1 * np.abs(MATRIX).sum() + 0.4 * (MATRIX**2).sum()),
        (reg.Orthogonal(), 0.01 * cosines.mean()),
    ]:
        assert dn.to_numpy(regularizer(w)) == pytest.approx(wanted, rel=EXACT)


def test_one_row_is_orthogonal(backend: str) -> None:
    assert dn.to_numpy(reg.Orthogonal()(native(backend, MATRIX[:1]))) == 0.0


def test_orthogonal_is_for_matrices(backend: str) -> None:
    with pytest.raises(ShapeError, match=r"got shape \(4,\)"):
        reg.Orthogonal()(native(backend, MATRIX[:, 0]))


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: reg.L1(-1.0), "l1=-1.0 must be a finite number, zero or more"),
        (lambda: reg.L2(float("inf")), "l2=inf"),
        (lambda: reg.L1L2(l2="a"), "l2='a'"),
        (lambda: reg.Orthogonal(-0.1), "factor=-0.1"),
        (lambda: reg.Orthogonal(mode="row"), "did you mean 'rows'"),
        (lambda: reg.get("l3"), "did you mean 'l2'"),
        (lambda: reg.get(0.1), "got 0.1"),
        (lambda: nn.Dense(2, kernel_regularizer="l9"), "regularizer"),
        (lambda: nn.Dense(2, activity_regularizer=0.1), "activity_regularizer|regularizer"),
    ],
)
def test_bad_arguments(make: Any, match: str) -> None:
    with pytest.raises((ConfigError, UnknownName), match=match):
        make()


def test_names_and_json() -> None:
    layer = nn.Conv2D(2, 3, kernel_regularizer="l2", activity_regularizer="L1")
    assert layer == nn.Conv2D(2, 3, kernel_regularizer=reg.L2(), activity_regularizer=reg.L1())
    assert nn.Layer.from_config(json.loads(json.dumps(layer.to_config()))) == layer
    assert reg.OrthogonalRegularizer is reg.Orthogonal


# In training


class Tied(nn.Layer):
    """A user's layer, with a regularised weight and a penalty of its own."""

    def build(self, input_shape: Any) -> None:
        self.add_weight("scale", input_shape[-1:], "ones", regularizer="l2")

    def forward(self, x: Any) -> Any:
        self.add_penalty(0.1 * ops.mean(x * x))
        return x * self.scale


NET = nn.Sequential(
    nn.Dense(
        5,
        activation="tanh",
        kernel_regularizer=reg.L1L2(0.01, 0.02),
        bias_regularizer=reg.L2(0.3),
        activity_regularizer=reg.L2(0.05),
    ),
    nn.ActivityRegularization(l1=0.02),
    Tied(),
    nn.Dense(2, kernel_regularizer=reg.Orthogonal(0.5), trainable=False),
)


def torch_loss(w: dict[str, torch.Tensor], x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The same network and penalties, by hand; a frozen layer's weights count nowhere."""
    h = torch.tanh(x @ w["dense.kernel"] + w["dense.bias"])
    out = (h * w["tied.scale"]) @ w["dense_1.kernel"] + w["dense_1.bias"]
    kernel = w["dense.kernel"]
    penalty = 0.01 * kernel.abs().sum() + 0.02 * (kernel**2).sum()
    penalty = penalty + 0.3 * (w["dense.bias"] ** 2).sum() + 0.01 * (w["tied.scale"] ** 2).sum()
    penalty = penalty + (0.05 * (h**2).sum() + 0.02 * h.abs().sum()) / len(x)
    return ((out - y) ** 2).mean() + penalty + 0.1 * (h**2).mean()


def hand_written(start: dict[str, np.ndarray], steps: int) -> tuple[list[float], Any]:
    """Losses before each step, and the weights after the last."""
    w = {path: torch.tensor(value) for path, value in start.items()}
    trained = [v for path, v in w.items() if not path.startswith("dense_1")]
    for variable in trained:
        variable.requires_grad_()
    optimizer = torch.optim.SGD(trained, lr=0.05, momentum=0.9)
    x, y = torch.tensor(X), torch.tensor(Y)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = torch_loss(w, x, y)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses, {path: v.detach().numpy() for path, v in w.items()}


def made(backend: str, **options: Any) -> dn.Model:
    return dn.Model(NET, (3,), backend=backend, dtype="float64", **options)


def test_fit_is_a_loop_written_by_hand(backend: str) -> None:
    model = made(backend)
    losses, weights = hand_written(model.state(), 50)
    model.compile(optim.SGD(0.05, momentum=0.9), "mse")
    history = model.fit(X, Y, batch_size=len(X), epochs=50, shuffle=False, verbose=0)
    np.testing.assert_allclose(history["loss"], losses, rtol=EXACT)
    for path, value in model.state().items():
        np.testing.assert_allclose(value, weights[path], rtol=EXACT, atol=EXACT, err_msg=path)
    after = {path: torch.tensor(value) for path, value in weights.items()}
    wanted = float(torch_loss(after, torch.tensor(X), torch.tensor(Y)))
    assert model.evaluate(X, Y)["loss"] == pytest.approx(wanted, rel=EXACT)


@pytest.mark.parametrize("jit", [False, True], ids=["eager", "compiled"])
def test_a_low_level_loop_has_the_penalty(jit: bool, backend: str) -> None:
    model = made(backend)
    losses, weights = hand_written(model.state(), 3)
    optimizer = optim.SGD(0.05, momentum=0.9).bind(model)

    def step(x: Any, y: Any) -> Any:
        with dn.GradientTape() as tape:
            prediction = model(x, training=True)
            loss = dn.losses.mse(y, prediction) + model.penalty()
        optimizer.apply(tape.gradient(loss, model.trainable_variables))
        return loss

    step = dn.jit(step) if jit else step
    x, y = native(backend, X), native(backend, Y)
    got = [float(dn.to_numpy(step(x, y))) for _ in range(3)]
    np.testing.assert_allclose(got, losses, rtol=EXACT)
    for path, value in model.state().items():
        np.testing.assert_allclose(value, weights[path], rtol=EXACT, atol=EXACT, err_msg=path)


def test_compiled_fit_is_eager() -> None:
    """On PyTorch, where fit compiles only if asked to."""
    losses = []
    for jit in (False, True):
        model = made("torch")
        model.compile("adam", "mse", jit=jit)
        losses.append(model.fit(X, Y, batch_size=8, epochs=2, verbose=0)["loss"])
    np.testing.assert_allclose(*losses, rtol=EXACT)


def test_activities_count_for_one_call(backend: str) -> None:
    net = nn.Sequential(nn.Dense(2, kernel_regularizer="l2"), nn.ActivityRegularization(l2=1.0))
    model = dn.Model(net, (3,), backend=backend, dtype="float64")
    kernel = 0.01 * (model.state()["dense.kernel"] ** 2).sum()
    for x in (X[:4], X[:8]):
        y = dn.to_numpy(model(x))
        wanted = kernel + (y**2).sum() / len(x)
        assert dn.to_numpy(model.penalty()) == pytest.approx(wanted, rel=EXACT)
    model.predict(X)
    assert dn.to_numpy(model.penalty()) == pytest.approx(kernel, rel=EXACT)


def test_without_regularizers_the_penalty_is_zero(backend: str) -> None:
    model = dn.Model(nn.Dense(2), (3,), backend=backend, dtype="float64")
    zero = model.penalty()
    assert dn.to_numpy(zero) == 0.0
    assert registry.of_type(type(zero)) is model.backend
    with pytest.raises(dn.NotBuiltError):
        dn.Model(nn.Dense(2), backend=backend).penalty()


def test_state_is_not_regularised(backend: str) -> None:
    class Wrong(nn.Layer):
        def build(self, input_shape: Any) -> None:
            self.add_weight("count", (), "zeros", trainable=False, regularizer="l2")

    with pytest.raises(ConfigError, match="'count' is state"):
        dn.Model(Wrong(), (3,), backend=backend)


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "bfloat16"])
def test_half_precision_is_summed_in_float32(dtype: str, backend: str) -> None:
    layer = nn.Dense(2, activity_regularizer=reg.L1(1.0), kernel_initializer="ones")
    model = dn.Model(layer, (1,), backend=backend, dtype=dtype)
    model(np.full((1000, 1), 3.0, "float32"))
    assert float(dn.to_numpy(model.penalty())) == 6.0  # 6000 by bfloat16 additions is not


def test_the_loss_of_compare_has_it() -> None:
    report = dn.compare(
        NET, X, Y, loss="mse", optimizer=optim.SGD(0.05), epochs=1, batch_size=8, dtype="float64"
    )
    assert report.verdict in ("identical", "agree")
    model = made("torch")
    before, _ = hand_written(model.state(), 1)
    first = torch_loss(
        {k: torch.tensor(v) for k, v in model.state().items()}, torch.tensor(X), torch.tensor(Y)
    )
    assert before[0] == float(first)


#: Each hyperparameter for a weight's penalty, and a layer that has it.
ROLES = [
    (lambda **k: nn.Dense(2, **k), "kernel", "kernel", (3,)),
    (lambda **k: nn.Dense(2, **k), "bias", "bias", (3,)),
    (lambda **k: nn.Conv1D(2, 2, **k), "kernel", "kernel", (4, 3)),
    (lambda **k: nn.Conv2DTranspose(2, 2, **k), "bias", "bias", (4, 4, 3)),
    (lambda **k: nn.DepthwiseConv1D(2, **k), "depthwise", "kernel", (4, 3)),
    (lambda **k: nn.SeparableConv2D(2, 2, **k), "depthwise", "depthwise_kernel", (4, 4, 3)),
    (lambda **k: nn.SeparableConv1D(2, 2, **k), "pointwise", "pointwise_kernel", (4, 3)),
    (lambda **k: nn.EinsumDense("ab,bc->ac", 2, bias_axes="c", **k), "kernel", "kernel", (3,)),
    (lambda **k: nn.TernaryDense(2, **k), "kernel", "kernel", (3,)),
    (lambda **k: nn.BatchNorm(**k), "gamma", "gamma", (3,)),
    (lambda **k: nn.LayerNorm(**k), "beta", "beta", (3,)),
    (lambda **k: nn.GroupNorm(1, **k), "gamma", "gamma", (3,)),
    (lambda **k: nn.PReLU(**k), "alpha", "alpha", (3,)),
    (lambda **k: nn.SimpleRNN(2, **k), "bias", "bias", (4, 3)),
    (lambda **k: nn.LSTM(2, **k), "kernel", "kernel", (4, 3)),
    (lambda **k: nn.RNN(nn.GRUCell(2, **k)), "recurrent", "cell.recurrent_kernel", (4, 3)),
    (lambda **k: nn.ConvLSTM1D(2, 2, **k), "recurrent", "recurrent_kernel", (4, 5, 3)),
    (lambda **k: nn.Embedding(4, 2, **k), "embeddings", "embeddings", (3,)),
]


@pytest.mark.parametrize(("layer", "role", "weight", "shape"), ROLES)
def test_every_role(layer: Any, role: str, weight: str, shape: Any, backend: str) -> None:
    options = {
        f"{role}_regularizer": "l2",
        f"{role}_initializer": nn.initializers.Constant(0.5),
        f"{role}_constraint": "non_neg",
    }
    model = dn.Model(layer(**options), shape, backend=backend, dtype="float64")
    size = model.state()[weight].size
    assert dn.to_numpy(model.penalty()) == pytest.approx(0.01 * 0.25 * size, rel=EXACT)
    assert list(model.constraints()) == [weight]


def test_every_projection_of_attention_is_regularised(backend: str) -> None:
    layer = nn.MultiHeadAttention(2, 3, kernel_regularizer="l2", bias_constraint="non_neg")
    model = dn.Model(layer, ((4, 6), (5, 6)), backend=backend, dtype="float64")
    state = model.state()
    kernels = [value for path, value in state.items() if path.endswith("_kernel")]
    assert len(kernels) == 4
    wanted = 0.01 * sum((kernel**2).sum() for kernel in kernels)
    assert dn.to_numpy(model.penalty()) == pytest.approx(wanted, rel=EXACT)
    assert set(model.constraints()) == {"query_bias", "value_bias", "output_bias"}
