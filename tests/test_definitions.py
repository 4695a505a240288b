"""Layers as definitions: values, configuration, graphs, names and paths, subclassing, errors."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from layer_cases import CASES, Case

import dualnet as dn
from dualnet import nn, ops
from dualnet.errors import ConfigError, StateError, UnknownName

RANDOM = np.random.default_rng(2)

#: Doubling is exact in float64; the same kernel may sum in another order.
DOUBLED = 1e-15
#: Sums of at most ten float64 terms of size about 1, and functions of them.
SUMS = 1e-13


def model(net: nn.Layer, shape: Any, backend: str = "torch", **options: Any) -> dn.Model:
    return dn.Model(net, input_shape=shape, backend=backend, dtype="float64", **options)


def output(built: dn.Model, *inputs: Any) -> Any:
    return dn.to_numpy(built(*inputs))


# Values


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_every_layer_goes_through_json(case: Case) -> None:
    again = nn.Layer.from_config(json.loads(json.dumps(case.layer.to_config())))
    assert again == case.layer
    assert repr(again) == repr(case.layer)
    assert hash(again) == hash(case.layer)


def test_text_is_a_call_without_defaults() -> None:
    text = "Conv2D(filters=8, kernel_size=(3, 1), padding='same')"
    assert repr(nn.Conv2D(8, [3, 1], padding="same", strides=1)) == text
    assert eval(text, {"Conv2D": nn.Conv2D}) == nn.Conv2D(8, (3, 1), padding="same")


def test_a_function_of_ours_is_its_name() -> None:
    assert nn.Dense(3, activation=ops.nn.relu) == nn.Dense(3, activation="relu")
    assert nn.Dense(3, activation=ops.tanh).activation == "tanh"


def test_a_function_of_the_user_is_used_and_not_written() -> None:
    layer = nn.Dense(3, activation=lambda x: x * 2.0)
    plain = model(nn.Dense(3), (2,))
    x = RANDOM.normal(size=(4, 2))
    np.testing.assert_allclose(output(model(layer, (2,)), x), 2.0 * output(plain, x), rtol=DOUBLED)
    with pytest.raises(ConfigError, match="is code and cannot be written"):
        layer.to_config()


def test_a_layer_is_an_activation(backend: str) -> None:
    net = nn.Dense(3, activation=nn.LayerNorm())
    built = model(net, (2,), backend)
    assert sorted(built.state()) == ["activation.beta", "activation.gamma", "bias", "kernel"]
    y = output(built, RANDOM.normal(size=(4, 2)))
    np.testing.assert_allclose(y.mean(-1), 0.0, atol=SUMS)
    assert nn.Layer.from_config(net.to_config()) == net


def test_long_names_are_the_same_classes() -> None:
    for name in nn.__all__:
        cls = getattr(nn, name)
        if isinstance(cls, type) and cls.__name__ != name:
            short = name.replace("Pooling", "Pool").replace("Average", "Avg")
            assert cls is getattr(nn, short.replace("Normalization", "Norm"))
    assert nn.BatchNormalization is nn.BatchNorm


# Graphs


def two_towers() -> nn.Graph:
    shared = nn.Dense(3, "tanh")
    a, b = nn.Input((4,)), nn.Input((4,))
    joined = nn.Concatenate()([shared(a), shared(b)])
    return nn.Graph((a, b), {"sum": nn.Dense(2)(joined), "difference": shared(a) - shared(b)})


def test_a_graph_shares_takes_several_and_gives_several(backend: str) -> None:
    built = model(two_towers(), ((4,), (4,)), backend)
    a, b = RANDOM.normal(size=(2, 5, 4))
    w = built.state()
    kernels = [path for path in w if path.endswith("kernel")]
    assert kernels == ["dense.kernel", "dense_1.kernel"]
    ya, yb = (np.tanh(x @ w["dense.kernel"] + w["dense.bias"]) for x in (a, b))
    got = built(a, b)
    together = np.concatenate([ya, yb], -1) @ w["dense_1.kernel"] + w["dense_1.bias"]
    np.testing.assert_allclose(dn.to_numpy(got["sum"]), together, rtol=SUMS, atol=SUMS)
    np.testing.assert_allclose(dn.to_numpy(got["difference"]), ya - yb, rtol=SUMS, atol=SUMS)


def test_a_graph_goes_through_json() -> None:
    net = two_towers()
    again = nn.Layer.from_config(json.loads(json.dumps(net.to_config())))
    assert again == net
    a, b = RANDOM.normal(size=(2, 5, 4))
    one, other = (model(graph, ((4,), (4,))) for graph in (net, again))
    assert (dn.to_numpy(one(a, b)["sum"]) == dn.to_numpy(other(a, b)["sum"])).all()


def test_nodes_compute_like_tensors(backend: str) -> None:
    x = nn.Input((3,))
    y = nn.Identity()(x)
    built = model(nn.Graph(x, (2.0 * y + 1.0 - y / 4.0) * -y), (3,), backend)
    value = RANDOM.normal(size=(2, 3))
    wanted = (2.0 * value + 1.0 - value / 4.0) * -value
    np.testing.assert_allclose(output(built, value), wanted, rtol=SUMS)


def test_keyword_arguments_reach_layers_of_a_graph(backend: str) -> None:
    x, mask = nn.Input((5, 2)), nn.Input((5,), dtype="bool")
    out = nn.LSTM(3, return_state=True)(x, mask=mask)
    built = model(nn.Graph((x, mask), (out[0], out[2])), None, backend)
    value, seen = RANDOM.normal(size=(2, 5, 2)), np.ones((2, 5), bool)
    seen[:, 3:] = False
    h, c = (dn.to_numpy(y) for y in built(value, seen))
    hs, cs = (dn.to_numpy(y) for y in built(value[:, :3], seen[:, :3]))
    np.testing.assert_allclose(h, hs, rtol=SUMS)
    np.testing.assert_allclose(c, cs, rtol=SUMS)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda x: nn.Graph(nn.Identity()(x), x), r"must come from nn\.Input"),
        (lambda x: nn.Graph((x, nn.Input((2,))), nn.Identity()(x)), "used by none of its outputs"),
        (lambda x: nn.Graph(x, nn.Add()(x, nn.Input((2,)))), "not among the Graph's inputs"),
        (lambda x: nn.Graph(x, nn.Dense(3)), "are nodes made by"),
        (lambda x: list(nn.LSTM(2)(x)), "take them by index"),
        (lambda x: x["a"], "indexed by one integer"),
    ],
)
def test_graphs_that_are_none(make: Any, match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        make(nn.Input((4,)))


def test_a_node_is_neither_true_nor_false() -> None:
    with pytest.raises(StateError, match="has no value yet"):
        bool(nn.Input((4,)))


# Names and paths


def test_paths_follow_the_tree(backend: str) -> None:
    inner = nn.Sequential(nn.Dense(2), nn.Dense(2, name="last"), name="encoder")
    built = model(nn.Sequential(inner, nn.BatchNorm(scale=False), nn.Dense(1)), (3,), backend)
    assert list(built.state()) == [
        "encoder.dense.kernel",
        "encoder.dense.bias",
        "encoder.last.kernel",
        "encoder.last.bias",
        "batch_norm.beta",
        "batch_norm.moving_mean",
        "batch_norm.moving_variance",
        "dense.kernel",
        "dense.bias",
    ]


def test_first_weights_depend_on_the_path_and_nothing_else() -> None:
    alone = model(nn.Sequential(nn.Dense(2, name="a")), (3,)).state()
    beside = nn.Sequential(nn.Dense(3, name="b"), nn.Dense(2, name="a"))
    for backend in ("torch", "tensorflow"):
        assert (model(beside, (3,), backend).state()["a.kernel"] == alone["a.kernel"]).all()


@pytest.mark.parametrize("name", ["a.b", "1st", "", "a b"])
def test_names_are_words(name: str) -> None:
    with pytest.raises(ConfigError, match="must be a word"):
        nn.Dense(2, name=name)


def test_siblings_have_names_of_their_own() -> None:
    with pytest.raises(ConfigError, match="two layers are named 'a'"):
        nn.Sequential(nn.Dense(2, name="a"), nn.Flatten(name="a"))


# Subclassing


class Highway(nn.Layer):
    """``g·f(x) + (1 - g)·x`` with a learned gate; Srivastava et al. 2015."""

    inner: nn.Layer
    bias: float = -1.0

    def check(self) -> None:
        if self.bias > 0:
            raise ConfigError("Highway: bias must not be positive")

    def build(self, input_shape):
        features = input_shape[-1]
        self.add_weight("gate", (features, features))
        self.add_weight("shift", (features,), nn.initializers.Constant(self.bias))
        self.add_weight("seen", (), "zeros", trainable=False, dtype="int64")

    def forward(self, x):
        if self.training:
            ops.assign(self.seen, self.seen + x.shape[0])
        gate = ops.nn.sigmoid(ops.nn.linear(x, self.gate, self.shift))
        return gate * self.inner(x) + (1.0 - gate) * x


def test_a_users_layer(backend: str) -> None:
    net = Highway(nn.Dense(3, "tanh"))
    assert repr(net) == "Highway(inner=Dense(units=3, activation='tanh'))"
    assert nn.Layer.from_config(net.to_config()) == net == Highway(nn.Dense(3, "tanh"))
    built = model(net, (3,), backend)
    w, x = built.state(), RANDOM.normal(size=(4, 3))
    gate = 1 / (1 + np.exp(-(x @ w["gate"] + w["shift"])))
    inner = np.tanh(x @ w["inner.kernel"] + w["inner.bias"])
    np.testing.assert_allclose(output(built, x), gate * inner + (1 - gate) * x, rtol=SUMS)
    assert (w["shift"] == -1.0).all()
    built(x, training=True)
    assert built.state()["seen"] == 4
    assert len(built.trainable_variables) == 4


def test_an_inherited_layer_has_the_fields_of_both(backend: str) -> None:
    class Doubled(nn.Dense):
        factor: float = 2.0

        def forward(self, x):
            return super().forward(x) * self.factor

    x = RANDOM.normal(size=(4, 3))
    plain, doubled = (model(layer, (3,), backend) for layer in (nn.Dense(2), Doubled(2)))
    np.testing.assert_allclose(output(doubled, x), 2.0 * output(plain, x), rtol=DOUBLED)


def test_frozen_layers_have_no_gradient(backend: str) -> None:
    frozen = nn.Sequential(nn.Dense(2), nn.BatchNorm(), trainable=False)
    built = model(nn.Sequential(frozen, nn.Dense(1)), (3,), backend)
    assert len(built.variables) == 8
    assert len(built.trainable_variables) == 2


# Errors


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: nn.Dense(0), "Dense: units must be a positive integer, got 0"),
        (lambda: nn.Dense(2.5), "units must be a positive integer, got 2.5"),
        (lambda: nn.Dense(True), "units must be a positive integer, got True"),
        (lambda: nn.Dense(2, 3), "an activation is a name or a function, got 3"),
        (lambda: nn.Conv2D(4, 3, groups=3), "4 filters cannot be divided among 3 groups"),
        (lambda: nn.Conv2D(4, (3, 3, 3)), "kernel_size=(3, 3, 3) must be a positive integer, or 2"),
        (lambda: nn.Conv2D(4, 3, padding="causal"), "needs one spatial axis"),
        (lambda: nn.MaxPool2D(0), "pool_size=0 must be a positive integer"),
        (lambda: nn.Dropout(1.5), "Dropout: rate must be a number from 0 to 1, got 1.5"),
        (lambda: nn.Dropout(0.5, noise_shape=(0,)), "noise_shape=(0,) holds positive integers"),
        (lambda: nn.BatchNorm(momentum=2), "momentum must be a number from 0 to 1, got 2"),
        (lambda: nn.LayerNorm(epsilon=0.0), "LayerNorm: epsilon must be positive, got 0.0"),
        (lambda: nn.Reshape((-1, -1)), "sizes are positive, and one may be -1"),
        (lambda: nn.Reshape(3), "target_shape is a tuple of integers, got 3"),
        (lambda: nn.Permute((0, 1)), "dims are the numbers from 1"),
        (lambda: nn.RepeatVector(0), "RepeatVector: n must be a positive integer, got 0"),
        (lambda: nn.Sequential(nn.Dense), "got <class 'dualnet.nn.core.Dense'> at position 0; wri"),
        (lambda: nn.Native(), "Native needs a module"),
        (lambda: nn.Native(torch=3), "torch=3 is no module and makes none"),
        (lambda: Highway(nn.Dense(2), 1.0), "bias must not be positive"),
    ],
)
def test_hyperparameters_out_of_range(make: Any, match: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(match)):
        make()


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: nn.Dense(2, "rellu"), "unknown activation 'rellu'; did you mean 'relu'?"),
        (lambda: nn.Conv1D(2, 3, padding="sane"), "unknown padding 'sane'; did you mean 'same'?"),
        (lambda: nn.Dense(2, kernel_initializer="zeroes"), "did you mean 'zeros'?"),
        (lambda: nn.LSTM(2, recurrent_initializer="ortho"), "unknown initializer 'ortho'"),
        (
            lambda: nn.Layer.from_config({"class": "nn.Dence", "config": {}}),
            "did you mean 'nn.Dense'?",
        ),
    ],
)
def test_names_that_nobody_knows(make: Any, match: str) -> None:
    with pytest.raises(UnknownName, match=re.escape(match)):
        make()


def test_numpys_numbers_are_pythons() -> None:
    dense = nn.Dense(np.int64(3), use_bias=np.bool_(False))
    conv = nn.Conv2D(np.int32(2), (np.int64(3), np.int64(3)))
    assert (dense, conv) == (nn.Dense(3, use_bias=False), nn.Conv2D(2, (3, 3)))
    assert (type(dense.units), type(dense.use_bias), type(conv.filters)) == (int, bool, int)
    assert nn.Layer.from_config(json.loads(json.dumps(conv.to_config()))) == conv
    assert type(nn.Dropout(np.float64(0.5)).rate) is float


def test_a_definition_computes_nothing() -> None:
    with pytest.raises(StateError, match=r"is a definition and holds no weights"):
        nn.Dense(2)(np.ones((1, 3)))
    with pytest.raises(StateError, match=r"add_weight\('kernel'\) belongs in build"):
        nn.Dense(2).build((1, 3))


def test_weights_have_names_of_their_own(backend: str) -> None:
    class Scale(nn.Layer):
        factor: float = 1.0

        def build(self, input_shape):
            self.add_weight("factor", input_shape[-1:])

        def forward(self, x):
            return x * self.factor

    with pytest.raises(ConfigError, match=r"weight 'factor' would hide Scale\.factor: a hyper"):
        model(Scale(), (3,), backend)


def test_a_layer_that_computes_nothing(backend: str) -> None:
    class Empty(nn.Layer):
        pass

    with pytest.raises(NotImplementedError, match="Empty defines no forward"):
        model(Empty(), (3,), backend)
