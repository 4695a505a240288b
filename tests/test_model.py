"""Models: materialisation, native objects, state, summary, bad input."""

from __future__ import annotations

import contextlib
import gc
import threading
import weakref

import numpy as np
import pytest
import tensorflow as tf
import torch

import dualnet as dn
from dualnet import nn


class Residual(nn.Layer):
    """``x + scale * inner(x)``."""

    inner: nn.Layer
    scale: float = 1.0

    def forward(self, x):
        return x + self.scale * self.inner(x)


class Tower(nn.Layer):
    """Sub-layers in a tuple and in a dict."""

    blocks: tuple[nn.Layer, ...]
    heads: dict[str, nn.Layer]

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return {name: self.heads[name](x) for name in sorted(self.heads)}


NET = nn.Sequential(
    nn.Dense(8, activation="relu", name="first"),
    Residual(nn.Dense(8), scale=0.5),
    nn.BatchNorm(),
    nn.Dense(3),
)
PATHS = [
    "first.kernel",
    "first.bias",
    "residual.inner.kernel",
    "residual.inner.bias",
    "batch_norm.gamma",
    "batch_norm.beta",
    "batch_norm.moving_mean",
    "batch_norm.moving_variance",
    "dense.kernel",
    "dense.bias",
]


def test_native_is_a_real_module(backend: str) -> None:
    model = dn.Model(NET, input_shape=(4,), backend=backend)
    assert isinstance(model.native, {"torch": torch.nn.Module, "tensorflow": tf.Module}[backend])
    assert isinstance(model.native.residual.inner, type(model.native.residual)) is False
    assert isinstance(model.native.residual, Residual)


def test_paths_mirror_the_definition(backend: str) -> None:
    assert list(dn.Model(NET, input_shape=(4,), backend=backend).state()) == PATHS


def test_torch_names_are_the_paths() -> None:
    native = dn.Model(NET, input_shape=(4,), backend="torch").native
    assert list(native.state_dict()) == PATHS
    assert [name for name, _ in native.named_modules()][1:4] == [
        "first",
        "residual",
        "residual.inner",
    ]


def test_tensorflow_names_are_the_paths() -> None:
    native = dn.Model(NET, input_shape=(4,), backend="tensorflow").native
    assert {v.name.removesuffix(":0") for v in native.variables} == set(PATHS)
    assert len(native.trainable_variables) == len(PATHS) - 2


def test_initial_weights_are_the_same_bits() -> None:
    states = [
        dn.Model(NET, input_shape=(4,), backend=b, seed=3).state() for b in ("torch", "tensorflow")
    ]
    for path in PATHS:
        np.testing.assert_array_equal(states[0][path], states[1][path])


def test_a_weight_depends_on_its_path_only(backend: str) -> None:
    small = nn.Sequential(nn.Dense(8, name="first"))
    alone = dn.Model(small, input_shape=(4,), backend=backend).state()
    inside = dn.Model(NET, input_shape=(4,), backend=backend).state()
    np.testing.assert_array_equal(alone["first.kernel"], inside["first.kernel"])
    other = dn.Model(small, input_shape=(4,), backend=backend, seed=1).state()
    assert not np.array_equal(alone["first.kernel"], other["first.kernel"])


def test_a_torch_hook_fires() -> None:
    model = dn.Model(NET, input_shape=(4,), backend="torch")
    seen = []
    model.native.residual.inner.register_forward_hook(lambda m, i, o: seen.append(tuple(o.shape)))
    model(np.zeros((5, 4), "float32"))
    assert seen == [(5, 8)]


def test_torch_natives_work_as_torch_modules() -> None:
    model = dn.Model(NET, input_shape=(4,), backend="torch")
    x = torch.zeros(2, 4)
    compiled = torch.compile(model.native, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x), model(x))
    model.native.load_state_dict(model.native.state_dict())
    optimizer = torch.optim.SGD(model.native.parameters(), lr=0.1)
    model.native.train()
    model.native(torch.randn(8, 4)).sum().backward()
    before = model.state()["dense.bias"]
    optimizer.step()
    assert not np.array_equal(before, model.state()["dense.bias"])


def test_tensorflow_natives_work_as_tf_modules(tmp_path) -> None:
    model = dn.Model(NET, input_shape=(4,), backend="tensorflow")
    x = tf.zeros((2, 4))
    np.testing.assert_allclose(tf.function(model.native)(x), model(x), atol=1e-6)  # graph rounding
    checkpoint = tf.train.Checkpoint(model=model.native)
    path = checkpoint.write(str(tmp_path / "native"))
    before = model.state()
    model.load_state({name: np.zeros_like(value) for name, value in before.items()})
    checkpoint.read(path).assert_consumed()
    for name, value in model.state().items():
        np.testing.assert_array_equal(value, before[name])


def test_built_at_the_first_batch(backend: str) -> None:
    model = dn.Model(NET, backend=backend)
    with pytest.raises(dn.NotBuiltError, match="input_shape"):
        model.state()
    model(np.zeros((5, 4), "float32"))
    explicit = dn.Model(NET, input_shape=(4,), backend=backend)
    for path, value in explicit.state().items():
        np.testing.assert_array_equal(value, model.state()[path])
    with pytest.raises(dn.StateError, match="already"):
        model.build((4,))


def test_a_refused_first_input_leaves_no_trace(backend: str) -> None:
    net = nn.Sequential(nn.Dense(5), nn.Conv2D(2, 3))
    good, bad = np.ones((2, 8, 8, 3), "float32"), np.ones((2, 4), "float32")
    model = dn.Model(net, backend=backend, seed=3)
    with pytest.raises(dn.ShapeError):
        model(bad)
    with pytest.raises(dn.ShapeError):
        model.build((4,))
    assert (model.built, model.input_shape) == (False, None)
    fresh = dn.Model(net, backend=backend, seed=3)
    np.testing.assert_array_equal(model.predict(good), fresh.predict(good))
    assert model.state().keys() == fresh.state().keys()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_rounds_alike(dtype: str) -> None:
    values = np.random.default_rng(0).normal(size=200_000)
    # Just above the middle of two float16 and of two bfloat16, by less than float32 sees.
    values[:2] = 1 + 2.0**-11 + 2.0**-40, 1 + 2.0**-8 + 2.0**-40
    values[2:4] = 1e6, -1e300
    with np.errstate(over="ignore"):
        single = torch.from_numpy(values.astype("float32"))
    reference = single.to(getattr(torch, dtype)).float()
    for name in ("torch", "tensorflow"):
        state = dn.registry.load(name).state
        found = state.to_numpy(state.from_numpy(values, dtype=dtype))
        np.testing.assert_array_equal(found, reference.numpy(), err_msg=name)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_first_weights_in_half_precision_are_the_same_bits(dtype: str) -> None:
    class Fixed(nn.Layer):
        def build(self, shape):
            self.add_weight("w", shape[1:], nn.initializers.RandomNormal())

        def forward(self, x):
            return x * self.w

    first, second = (
        dn.Model(Fixed(), (200_000,), backend=name, dtype=dtype).state()["w"]
        for name in ("torch", "tensorflow")
    )
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("seed", [5, 2**64 - 1])
def test_a_native_run_repeats(backend: str, seed: int) -> None:
    x = np.ones((4, 64), "float32")

    def masks(seed: int) -> np.ndarray:
        model = dn.Model(nn.Dropout(0.5), (64,), backend=backend, random="native", seed=seed)
        outs = [model(x, training=True) for _ in range(2)]
        return np.stack([model.backend.state.to_numpy(out) for out in outs])

    first = masks(seed)
    assert not np.array_equal(first[0], first[1])
    np.testing.assert_array_equal(first, masks(seed))
    assert not np.array_equal(first, masks(6))


def test_calls_and_building_are_on_the_model_device(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = dn.registry.load(backend)
    inside: list[str] = []

    @contextlib.contextmanager
    def scope(name: str):
        inside.append(name)
        yield
        inside.pop()

    class Where(nn.Layer):
        def forward(self, x):
            seen.append(inside[-1:])
            return x

    seen: list[list[str]] = []
    monkeypatch.setattr(module.device, "scope", scope)
    model = dn.Model(Where(), (2,), backend=backend, device="cpu")
    model(np.ones((1, 2)))
    assert seen == [["cpu:0"], ["cpu:0"]]


def test_containers_of_layers(backend: str) -> None:
    tower = Tower((nn.Dense(4), nn.Dense(4)), {"a": nn.Dense(1), "b": nn.Dense(2)})
    model = dn.Model(tower, input_shape=(3,), backend=backend)
    assert "blocks.1.kernel" in model.state()
    assert "heads.b.bias" in model.state()
    out = model(np.zeros((2, 3), "float32"))
    assert {name: tuple(value.shape) for name, value in out.items()} == {"a": (2, 1), "b": (2, 2)}


def test_a_shared_layer_has_one_set_of_weights(backend: str) -> None:
    dense = nn.Dense(3)
    model = dn.Model(nn.Sequential(dense, dense), input_shape=(3,), backend=backend)
    assert list(model.state()) == ["dense.kernel", "dense.bias"]
    x = np.ones((1, 3), "float32")
    kernel = model.state()["dense.kernel"]
    np.testing.assert_allclose(model.predict(x), x @ kernel @ kernel, rtol=1e-5)  # float32


def test_graph_with_two_inputs_and_two_outputs(backend: str) -> None:
    a, b = nn.Input((3,)), nn.Input((5,))
    dense = nn.Dense(4)
    h = dense(a) + nn.Dense(4)(b) * 2.0
    net = nn.Graph({"a": a, "b": b}, (nn.Dense(2)(h), dense(a)))
    model = dn.Model(net, backend=backend)
    first, second = model.predict({"a": np.ones((6, 3)), "b": np.ones((6, 5))})
    assert (first.shape, second.shape) == ((6, 2), (6, 4))
    assert nn.Graph.from_config(net.to_config()) == net


def test_a_graph_keeps_the_dtypes_of_its_inputs_whoever_gives_their_shapes(backend: str) -> None:
    ids, x = nn.Input((None,), "int64"), nn.Input((3,))
    net = nn.Graph((ids, x), (nn.Embedding(7, 2)(ids), nn.Dense(2)(x)))
    model = dn.Model(net, ((4,), (3,)), backend=backend)
    vectors, _ = model(np.array([[1, 2, 3, 4]]), np.ones((1, 3)))
    assert vectors.shape == (1, 4, 2)


def test_frozen_layers_are_not_trained(backend: str) -> None:
    net = nn.Sequential(nn.Dense(3, trainable=False), nn.Dense(2))
    model = dn.Model(net, input_shape=(4,), backend=backend)
    assert list(model.named_trainable_variables()) == ["dense_1.kernel", "dense_1.bias"]
    assert model.count_params() == 15 + 8


def test_state_round_trip_across_backends() -> None:
    source = dn.Model(NET, input_shape=(4,), backend="torch", seed=1)
    target = dn.Model(NET, input_shape=(4,), backend="tensorflow", seed=2)
    target.load_state(source.state())
    x = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    np.testing.assert_allclose(source.predict(x), target.predict(x), atol=1e-6)  # float32 rounding


def test_load_state_is_all_or_nothing(backend: str) -> None:
    model = dn.Model(NET, input_shape=(4,), backend=backend)
    before = model.state()
    wrong_shape = {**before, "dense.bias": np.zeros(7)}
    with pytest.raises(dn.ShapeError, match=r"dense.bias has shape \(3,\), the state \(7,\)"):
        model.load_state({k: v * 0 for k, v in wrong_shape.items()})
    with pytest.raises(dn.StateError, match=r"missing \['dense.bias'\]"):
        model.load_state({k: v * 0 for k, v in before.items() if k != "dense.bias"})
    for path, value in model.state().items():
        np.testing.assert_array_equal(value, before[path])


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros(3, "complex64"),
        np.array([1, 2, None]),
        np.array(["a", "b", "c"]),
        [[1.0], [1.0, 2.0], []],
    ],
    ids=["complex", "objects", "text", "ragged"],
)
def test_a_value_that_does_not_convert_changes_nothing(backend: str, bad: object) -> None:
    model = dn.Model(NET, input_shape=(4,), backend=backend)
    before = model.state()
    with pytest.raises(dn.StateError, match=r"dense\.bias"):  # the last of the paths
        model.load_state({**{k: v + 1 for k, v in before.items()}, "dense.bias": bad})
    for path, value in model.state().items():
        np.testing.assert_array_equal(value, before[path])


def test_integer_state_takes_no_floats(backend: str) -> None:
    model = dn.Model(nn.Sequential(nn.Dense(2), nn.Dropout(0.5)), (3,), backend=backend)
    (calls,) = [path for path in model.state() if path.startswith("dropout.")]
    with pytest.raises(dn.StateError, match=rf"{calls} is int64, the state float64"):
        model.load_state({calls: np.asarray(1.5)}, strict=False)
    model.load_state({calls: np.asarray(7, "int32")}, strict=False)
    assert model.state()[calls] == 7


def test_summary_shows_paths_shapes_and_counts(backend: str) -> None:
    texts: list[str] = []
    dn.Model(NET, input_shape=(4,), backend=backend).summary(print_fn=texts.append)
    for part in ("first", "residual.inner", "(*, 8)", "40", "total", "155"):
        assert part in texts[0]


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16", "mixed_bfloat16"])
def test_dtypes(backend: str, dtype: str) -> None:
    net = nn.Sequential(nn.Dense(8, activation="gelu"), nn.LayerNorm(), nn.Dense(3))
    model = dn.Model(net, input_shape=(4,), backend=backend, dtype=dtype)
    wide = "float32" if dtype.startswith("mixed") else dtype
    narrow = dtype.removeprefix("mixed_")
    names = {model.backend.state.dtype_name(v) for v in model.variables}
    assert names == {wide}
    out = model(np.ones((2, 4)))
    assert model.backend.state.dtype_name(out) == narrow


def test_model_casts_floating_inputs(backend: str) -> None:
    model = dn.Model(nn.Dense(2), input_shape=(3,), backend=backend, dtype="float64")
    out = model(np.ones((1, 3), "float32"))
    assert model.backend.state.dtype_name(out) == "float64"


def test_two_threads_two_backends() -> None:
    x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
    y = np.arange(64) % 3

    def train(backend: str) -> dict[str, np.ndarray]:
        model = dn.Model(NET, input_shape=(4,), backend=backend)
        model.compile("adam", "cross_entropy", ["accuracy"])
        model.fit(x, y, batch_size=16, epochs=5, verbose=0)
        return model.state()

    alone = {name: train(name) for name in ("torch", "tensorflow")}
    together: dict[str, dict[str, np.ndarray]] = {}

    def work(name: str) -> None:
        with dn.using(name):
            together[name] = train(name)

    threads = [threading.Thread(target=work, args=(name,)) for name in alone]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, state in alone.items():
        for path, value in state.items():
            np.testing.assert_array_equal(value, together[name][path], err_msg=f"{name} {path}")


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_layer_classes_are_made_once_and_let_go(backend: str, dtype: str) -> None:
    class Scratch(nn.Layer):
        def forward(self, x):
            return x

    first, second = (dn.Model(Scratch(), (2,), backend=backend, dtype=dtype) for _ in range(2))
    assert type(first.native) is type(second.native)
    layer_class = weakref.ref(Scratch)
    del Scratch, first, second
    gc.collect()
    assert layer_class() is None


def test_threads_share_a_mixed_model(backend: str) -> None:
    model = dn.Model(NET, input_shape=(4,), backend=backend, dtype="mixed_bfloat16")
    kinds = [(type(v), model.backend.state.dtype_name(v)) for v in model.variables]
    x = np.random.default_rng(0).normal(size=(16, 4))
    alone = model.predict(x)
    seen: list[str] = []

    def call() -> None:
        for _ in range(100):
            out = model(x)
            seen.append(model.backend.state.dtype_name(out))
            seen.append(model.backend.state.dtype_name(model.native.first.kernel))

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(seen), set(seen)) == (800, {"bfloat16", "float32"})
    assert [(type(v), model.backend.state.dtype_name(v)) for v in model.variables] == kinds
    np.testing.assert_array_equal(model.predict(x), alone)


def test_a_mixed_layer_is_itself_during_its_forward(backend: str) -> None:
    class Looking(nn.Layer):
        """Looks at its module, as another thread would, while ``forward`` runs."""

        def build(self, shape):
            self.add_weight("kernel", (shape[-1], 2))

        def forward(self, x):
            seen.append([state.dtype_name(w) for w in (self.kernel, model.native.kernel)])
            return x @ self.kernel

    seen: list[list[str]] = []
    model = dn.Model(Looking(), backend=backend, dtype="mixed_bfloat16")
    state = model.backend.state
    model(np.ones((1, 3)))
    assert seen[-1] == ["bfloat16", "float32"]


@pytest.mark.parametrize(
    "compiled",
    [
        ("torch", lambda f: torch.compile(f, fullgraph=True, backend="aot_eager")),
        ("tensorflow", tf.function),
    ],
    ids=["torch", "tensorflow"],
)
def test_a_mixed_model_compiles(compiled) -> None:
    backend, compile_ = compiled
    model = dn.Model(NET, input_shape=(4,), backend=backend, dtype="mixed_bfloat16")
    x = model.to_native(np.random.default_rng(0).normal(size=(8, 4)))
    to_numpy = model.backend.state.to_numpy
    # One bfloat16 rounding of values below 4: graphs leave out some roundings.
    np.testing.assert_allclose(to_numpy(compile_(model.native)(x)), to_numpy(model(x)), atol=0.03)


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: dn.Model(nn.Dense), dn.ConfigError, r"write nn.Dense\(…\)"),
        (lambda: dn.Model(torch.nn.Linear(1, 1)), dn.ConfigError, "nn.Native"),
        (lambda: dn.Model(nn.Dense(1), (0,)), dn.ShapeError, "without the batch axis"),
        (lambda: dn.Model(nn.Dense(1), (1,), seed=-1), dn.ConfigError, "seed"),
        (lambda: dn.Model(nn.Dense(1), (1,), dtype="int8"), dn.DtypeError, "'int8'"),
        (lambda: dn.Model(nn.Dense(1), input_dtype="flot32"), dn.DtypeError, "mean 'float32'"),
        (lambda: dn.Model(nn.Dense(1), (1,))(np.array([["a"]])), dn.DtypeError, "encode it"),
        (lambda: nn.Dense(1, name=5), dn.ConfigError, "must be a word"),
        (
            lambda: dn.Model(nn.Dense(1), (1,), random="mine"),
            dn.ConfigError,
            "'shared' or 'native'",
        ),
        (lambda: nn.Sequential(nn.Dense(1), nn.Dense), dn.ConfigError, r"write nn.Dense\(…\)"),
        (lambda: nn.Dense(1)(np.zeros((1, 1))), dn.StateError, "is a definition"),
        (lambda: nn.Dense(1, name="a.b"), dn.ConfigError, "'a.b'"),
        (
            lambda: nn.Sequential(nn.Dense(1, name="a"), nn.Dense(1, name="a")),
            dn.ConfigError,
            "two layers are named 'a'",
        ),
    ],
)
def test_bad_definitions(make, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text), dn.using("torch"):
        make()


def test_a_name_that_hides_a_module_attribute_is_refused(backend: str) -> None:
    with pytest.raises(dn.ConfigError, match="give it another name"):
        dn.Model(nn.Sequential(nn.Dense(1, name="forward")), (1,), backend=backend)


def test_foreign_tensors_are_refused() -> None:
    model = dn.Model(nn.Dense(1), (2,), backend="tensorflow")
    with pytest.raises(dn.ForeignTensorError, match=r"dn.transfer\(tensor, 'tensorflow'\)"):
        model(torch.zeros(1, 2))


def test_an_error_inside_a_network_names_the_layer(backend: str) -> None:
    net = nn.Sequential(nn.Dense(4), Residual(nn.Dense(5)))
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the framework's own type
        dn.Model(net, input_shape=(3,), backend=backend)
    assert any("residual" in note for note in caught.value.__notes__)
