"""Layers around others and of other kinds: against PyTorch, Keras, and what no row shows."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch
from torch.nn.utils import parametrizations

import dualnet as dn
from dualnet import nn, ops, optim, registry
from dualnet.errors import ConfigError, MaskError, ShapeError

random = np.random.default_rng(3)
X, Y = random.normal(size=(6, 4)), random.normal(size=(6, 3))

#: Some twenty float64 operations on values of about 1.
EXACT = 1e-12


def model(layer: nn.Layer, shape: Any, backend: str, **options: Any) -> dn.Model:
    return dn.Model(layer, shape, backend=backend, **{"dtype": "float64", **options})


def native(backend: str, x: np.ndarray) -> Any:
    return registry.load(backend).state.from_numpy(x)


# Spectral and weight normalisation


def torch_twin(state: dict[str, np.ndarray], spectral: bool) -> torch.nn.Module:
    """PyTorch's parametrization of a dense layer, begun with our values."""
    linear = torch.nn.Linear(4, 3, dtype=torch.float64)
    with torch.no_grad():
        linear.weight.copy_(torch.tensor(state["layer.kernel"].T))
        linear.bias.copy_(torch.tensor(state["layer.bias"]))
    if not spectral:
        return parametrizations.weight_norm(linear)
    twin = parametrizations.spectral_norm(linear, n_power_iterations=2)
    held = twin.parametrizations.weight[0]
    held._u.copy_(torch.tensor(state["vector_u"]))
    held._v.copy_(torch.tensor(state["vector_v"]))
    return twin


@pytest.mark.parametrize("spectral", [True, False], ids=["spectral", "weight"])
def test_training_is_that_of_pytorch(spectral: bool, backend: str) -> None:
    dense = nn.Dense(3, bias_initializer="random_normal")
    layer: nn.Layer = nn.WeightNormalization(dense)
    if spectral:
        layer = nn.SpectralNormalization(dense, power_iterations=2)
    ours = model(layer, (4,), backend)
    twin = torch_twin(ours.state(), spectral)
    optimizer = torch.optim.SGD(twin.parameters(), lr=0.1)
    ours.compile(optim.SGD(0.1), "mse")
    losses = []
    twin.train()
    for _ in range(5):
        optimizer.zero_grad()
        loss = ((twin(torch.tensor(X)) - torch.tensor(Y)) ** 2).mean()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    history = ours.fit(X, Y, batch_size=6, epochs=5, shuffle=False, verbose=0)
    np.testing.assert_allclose(history["loss"], losses, rtol=EXACT)
    twin.eval()
    with torch.no_grad():
        wanted = twin(torch.tensor(X)).numpy()
    np.testing.assert_allclose(ours.predict(X), wanted, rtol=EXACT, atol=EXACT)


def test_the_first_norm_is_near_one(backend: str) -> None:
    layer = nn.SpectralNormalization(nn.Dense(3, use_bias=False))
    kernel = model(layer, (4,), backend).predict(np.eye(4))
    assert np.linalg.svd(kernel)[1][0] == pytest.approx(1.0, abs=0.02)  # after 15 iterations


def test_weight_normalization_starts_as_the_layer(backend: str) -> None:
    wrapped = model(nn.WeightNormalization(nn.Conv1D(3, 2, name="conv")), (5, 2), backend)
    state = wrapped.state()
    plain = model(nn.Conv1D(3, 2), (5, 2), backend)
    plain.load_state({name: state[f"layer.{name}"] for name in ("kernel", "bias")})
    x = random.normal(size=(2, 5, 2))
    np.testing.assert_allclose(wrapped.predict(x), plain.predict(x), rtol=EXACT, atol=EXACT)


@pytest.mark.parametrize("wrapper", [nn.SpectralNormalization, nn.WeightNormalization])
def test_mixed_precision_normalises_wide_weights(wrapper: Any, backend: str) -> None:
    built = model(wrapper(nn.Dense(3)), (4,), backend, dtype="mixed_bfloat16")
    y = built(X.astype("float32"), training=True)
    state = registry.load(backend).state
    assert state.dtype_name(y) == "bfloat16"
    assert {state.dtype_name(v) for v in built.variables} == {"float32"}
    wide = model(wrapper(nn.Dense(3)), (4,), backend, dtype="float32")(
        X.astype("float32"), training=True
    )
    # Inputs and weights rounded to 8 bits, four products each.
    difference = dn.to_numpy(ops.astype(y, "float32")) - dn.to_numpy(wide)
    assert np.abs(difference).max() < 4 * 2.0**-7


def test_an_embedding_is_normalised(backend: str) -> None:
    layer = nn.SpectralNormalization(nn.Embedding(5, 3))
    table = model(layer, (), backend).predict(np.arange(5))
    assert np.linalg.svd(table)[1][0] == pytest.approx(1.0, abs=0.05)  # after 15 iterations


@pytest.mark.parametrize("wrapper", [nn.SpectralNormalization, nn.WeightNormalization])
def test_a_layer_without_a_kernel_is_refused(wrapper: Any, backend: str) -> None:
    with pytest.raises(ConfigError, match="no weight named kernel or embeddings"):
        model(wrapper(nn.Flatten()), (4,), backend)


# Others


def test_ternary_dense_computes_with_three_numbers(backend: str) -> None:
    built = model(nn.TernaryDense(3, threshold=0.2, use_bias=False), (4,), backend)
    assert set(built.predict(np.eye(4)).ravel()) <= {-1.0, 0.0, 1.0}


def test_masks_pass_a_ternary_layer(backend: str) -> None:
    net = nn.Sequential(nn.Masking(), nn.TernaryDense(3), nn.Unmask())
    assert model(net, (5, 4), backend).predict(random.normal(size=(2, 5, 4))).shape == (2, 5, 3)


def test_a_product_over_masked_values_is_refused(backend: str) -> None:
    x = nn.Input((5, 4))
    y = nn.Masking()(x)
    with pytest.raises(MaskError):
        model(nn.Graph(x, nn.Dot(1)(y, y)), None, backend)


@pytest.mark.parametrize(
    ("equation", "shape", "bias", "input_shape"),
    [
        ("abc,cd->abd", (None, 6), "d", (5, 4)),
        ("abc,cde->abde", (5, 2, 3), "de", (5, 4)),
        ("abc,cde->abde", (5, 2, 3), "e", (5, 4)),
        ("abc,cde->aebd", (3, None, 2), "ed", (5, 4)),
        ("...x,xy->...y", 6, "y", (5, 4)),
        ("...bx,xy->...by", (5, 6), "by", (5, 4)),
        ("ab...,bc->ac...", 6, "c", (5, 4)),
        ("abc,bcd->ad", 6, None, (5, 4)),
    ],
)
def test_einsum_dense_is_keras(
    equation: str, shape: Any, bias: str | None, input_shape: Any, backend: str
) -> None:
    options = {"bias_axes": bias, "activation": "tanh", "bias_initializer": "random_normal"}
    ours = model(nn.EinsumDense(equation, shape, **options), input_shape, backend)
    theirs = keras.layers.EinsumDense(equation, shape, dtype="float64", **options)
    x = random.normal(size=(2, *input_shape))
    theirs.build(x.shape)
    state = ours.state()
    theirs.set_weights([state[name] for name in ("kernel", "bias") if name in state])
    wanted = keras.ops.convert_to_numpy(theirs(x))
    np.testing.assert_allclose(ours.predict(x), wanted, rtol=EXACT, atol=EXACT)


@pytest.mark.parametrize(
    ("axes", "normalize", "one", "other"),
    [
        (1, False, (4,), (4,)),
        (1, True, (4,), (4,)),
        ((2, 1), False, (3, 4), (4, 5)),
        ((1, 2), False, (4, 3), (5, 4)),
        (-1, False, (3, 4), (4,)),
        (-1, True, (3, 4), (5, 2, 4)),
    ],
)
def test_dot_is_keras(axes: Any, normalize: bool, one: Any, other: Any, backend: str) -> None:
    a, b = random.normal(size=(2, *one)), random.normal(size=(2, *other))
    got = model(nn.Dot(axes, normalize), (one, other), backend)(a, b)
    theirs = keras.layers.Dot(axes, normalize=normalize, dtype="float64")
    wanted = keras.ops.convert_to_numpy(theirs([a, b]))
    np.testing.assert_allclose(dn.to_numpy(got), wanted, rtol=EXACT, atol=EXACT)


class Language(nn.Layer):
    """Ids to scores of ids, by the same table."""

    table: nn.Layer

    def forward(self, ids: Any) -> Any:
        return self.table(self.table(ids), reverse=True)


def test_a_table_in_both_directions(backend: str) -> None:
    net = Language(nn.ReversibleEmbedding(7, 3))
    built = model(net, (5,), backend, input_dtype="int64")
    ids = random.integers(0, 7, (2, 5))
    table = built.state()["table.embeddings"]
    np.testing.assert_allclose(built.predict(ids), table[ids] @ table.T, rtol=EXACT, atol=EXACT)


def test_the_way_back_has_a_dtype_of_its_own(backend: str) -> None:
    layer = nn.ReversibleEmbedding(7, 3, reverse_dtype="float64")
    built = model(Language(layer), (5,), backend, input_dtype="int64", dtype="float32")
    assert built.predict(np.zeros((2, 5), "int64")).dtype == "float64"


def test_lambda(backend: str) -> None:
    layer = nn.Lambda(lambda x, power, shift=0.0: x**power + shift, {"power": 2})
    built = model(layer, (4,), backend)
    np.testing.assert_allclose(built.predict(X), X**2, rtol=EXACT)
    step = dn.jit(dn.value_and_grad(lambda x: ops.sum(built.native(x, shift=1.0))))
    value, gradient = step(native(backend, X))
    assert dn.to_numpy(value) == pytest.approx((X**2 + 1).sum(), rel=EXACT)
    np.testing.assert_allclose(dn.to_numpy(gradient), 2 * X, rtol=EXACT)


def test_lambda_is_code() -> None:
    with pytest.raises(ConfigError, match="is code and cannot be written"):
        nn.Lambda(lambda x: x).to_config()


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: nn.SpectralNormalization(nn.Dense(2), 0), "power_iterations must be a positive"),
        (lambda: nn.WeightNormalization(3), "takes a layer, got 3"),
        (lambda: nn.Wrapper(nn.Dense), "takes a layer"),
        (lambda: nn.EinsumDense("ab,bc", 3), "is no equation"),
        (lambda: nn.EinsumDense("...ab,bc->ac", 3), "at one place of both sides"),
        (lambda: nn.EinsumDense("...a...,ab->...b...", 3), "at one place"),
        (lambda: nn.EinsumDense("ab,bc->ad", 3), "c, d stands once"),
        (lambda: nn.EinsumDense("ab,bc->ac", 3, bias_axes="b"), "bias_axes='b' has b"),
        (lambda: nn.TernaryDense(2, threshold=-1.0), "threshold=-1.0 must not be negative"),
        (lambda: nn.TernaryDense(0), "units must be a positive"),
        (lambda: nn.ReversibleEmbedding(3, 2, logit_soft_cap=0.0), "logit_soft_cap=0.0"),
        (lambda: nn.ReversibleEmbedding(3, 2, False), "embeddings_initializer|initializer"),
        (lambda: nn.Lambda("relu"), "Lambda takes a function"),
        (lambda: nn.Dot(0), "axes=0 must be an integer or two, and not 0"),
        (lambda: nn.Dot((1, 2, 3)), "axes="),
        (lambda: nn.ActivityRegularization(l1=-1.0), "l1=-1.0"),
    ],
)
def test_bad_arguments(make: Any, match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        make()


@pytest.mark.parametrize(
    ("layer", "shape", "match"),
    [
        (nn.EinsumDense("abc,cd->abd", (7, 6)), (5, 4), "axis 'b' is 7 in output_shape and 5"),
        (nn.EinsumDense("abc,cd->abd", 6), (5, 4), "output_shape needs 2 sizes"),
        (nn.EinsumDense("ab,bc->ac", 6), (5, 4), "does not fit an input of shape"),
        (nn.EinsumDense("ab,bc->ac", (None,)), (4,), "the size of axis c is not known"),
        (nn.EinsumDense("ab,ac->bc", 2), (4,), "the first axis is the batch on both sides"),
        (nn.EinsumDense("ab,ac->ac", 2), (4,), "the size of axis a is not known"),
        (nn.Dot(1), ((4,), (5,)), "."),
        (nn.Dot(1), ((4,), (4,), (4,)), "Dot takes two inputs, got 3"),
    ],
)
def test_shapes_that_do_not_fit(layer: nn.Layer, shape: Any, match: str, backend: str) -> None:
    with pytest.raises(ShapeError, match=match):
        model(layer, shape, backend)
