"""``compile``, ``fit``, ``evaluate``, ``predict``: what they compute and what they refuse."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest
import tensorflow as tf
import torch

import dualnet as dn
from dualnet import callbacks, metrics, nn, optim

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 4)).astype("float32")
Y = np.argmax(X[:, :3] + 0.1 * RNG.normal(size=(90, 3)), axis=1)
NET = nn.Sequential(nn.Dense(16, activation="relu"), nn.Dropout(0.1), nn.Dense(3))


def compiled(backend: str, net: nn.Layer = NET, **options) -> dn.Model:
    model = dn.Model(net, backend=backend, **{"input_shape": (4,), **options})
    model.compile(optim.Adam(0.01), "cross_entropy", ["accuracy"])
    return model


def test_fit_learns_and_reports(backend: str) -> None:
    model = compiled(backend)
    history = model.fit(X, Y, batch_size=16, epochs=30, validation_split=0.2, verbose=0)
    assert sorted(history.history) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert len(history["loss"]) == 30
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    assert model.evaluate(X, Y)["accuracy"] > 0.9
    assert model.history is history


def test_both_backends_tell_the_same_story() -> None:
    histories = [
        compiled(b, dtype="float64").fit(X, Y, batch_size=16, epochs=5, verbose=0).history
        for b in ("torch", "tensorflow")
    ]
    for name in ("loss", "accuracy"):
        np.testing.assert_allclose(histories[0][name], histories[1][name], rtol=1e-12)  # float64


def test_two_fits_are_one(backend: str) -> None:
    once, twice = compiled(backend), compiled(backend)
    once.fit(X, Y, batch_size=16, epochs=3, verbose=0)
    twice.fit(X, Y, batch_size=16, epochs=2, verbose=0)
    twice.fit(X, Y, batch_size=16, epochs=1, verbose=0)
    for path, value in once.state().items():
        np.testing.assert_array_equal(value, twice.state()[path], err_msg=path)


def test_fit_is_the_loop_by_hand(backend: str) -> None:
    model, by_hand = compiled(backend, dtype="float64"), compiled(backend, dtype="float64")
    model.fit(X, Y, batch_size=16, epochs=2, verbose=0)
    optimizer = optim.Adam(0.01).bind(by_hand)
    batches = dn.data.Batches(X, Y, batch_size=16, shuffle=True, seed=0)
    for epoch in range(2):
        for batch in batches.epoch(epoch):
            with dn.GradientTape() as tape:
                loss = dn.losses.cross_entropy(batch.y, by_hand(batch.x, training=True))
            optimizer.apply(tape.gradient(loss, by_hand.trainable_variables))
    for path, value in model.state().items():
        np.testing.assert_allclose(value, by_hand.state()[path], rtol=1e-11, atol=1e-14)  # graph


@pytest.mark.filterwarnings("ignore:The .grad attribute")  # torch's compiler looks at it itself
@pytest.mark.parametrize("jit", [False, "auto", True])
def test_jit_gives_the_same_numbers(backend: str, jit: bool | str) -> None:
    if backend == "torch" and jit is True:
        pytest.importorskip("torch._inductor")
    model = dn.Model(nn.Sequential(nn.Dense(3)), input_shape=(4,), backend=backend, dtype="float64")
    model.compile("sgd", "cross_entropy", jit=jit)
    loss = model.fit(X, Y, batch_size=30, epochs=2, verbose=0)["loss"]
    np.testing.assert_allclose(loss, EXPECTED_LOSS, rtol=1e-12)  # float64, another order of sums


def _numpy_reference() -> list[float]:
    """Softmax regression by plain SGD, in NumPy."""
    state = dn.Model(nn.Sequential(nn.Dense(3)), (4,), backend="torch", dtype="float64").state()
    w, b = state["dense.kernel"], state["dense.bias"]
    epochs = []
    for epoch in range(2):
        losses = []
        for batch in dn.data.Batches(X, Y, batch_size=30, shuffle=True, seed=0).epoch(epoch):
            z = batch.x.astype("float64") @ w + b
            p = np.exp(z - z.max(axis=1, keepdims=True))
            p /= p.sum(axis=1, keepdims=True)
            rows = np.arange(len(p))
            losses.append(-np.mean(np.log(p[rows, batch.y])))
            p[rows, batch.y] -= 1
            w, b = w - 0.01 * batch.x.T.astype("float64") @ p / 30, b - 0.01 * p.mean(axis=0)
        epochs.append(float(np.mean(losses)))
    return epochs


EXPECTED_LOSS = _numpy_reference()


def test_sources_of_batches_are_equal(backend: str) -> None:
    """Arrays, native tensors, loaders of both frameworks, lists and functions."""
    pairs = [(X[i : i + 30], Y[i : i + 30]) for i in range(0, 90, 30)]
    native = {"torch": torch.from_numpy, "tensorflow": tf.constant}[backend]
    loader = {
        "torch": lambda: torch.utils.data.DataLoader(
            torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(Y)), batch_size=30
        ),
        "tensorflow": lambda: tf.data.Dataset.from_tensor_slices((X, Y)).batch(30),
    }[backend]()
    results = []
    for source in [
        (X, Y),
        (native(X), native(Y)),
        (pairs, None),
        (lambda: iter(pairs), None),
        (loader, None),
    ]:
        model = compiled(backend)
        model.fit(*source, batch_size=30, epochs=2, shuffle=False, verbose=0)
        results.append(model.state()["dense.kernel"])
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])


def test_a_generator_serves_one_epoch_only(backend: str) -> None:
    model = compiled(backend)
    with pytest.raises(dn.DataError, match="walked once only"):
        model.fit(((X, Y) for _ in range(2)), epochs=2, verbose=0)


def test_weights_beside_batches_are_refused(backend: str) -> None:
    for option in ({"sample_weight": np.ones(90)}, {"class_weight": {0: 1.0}}):
        with pytest.raises(dn.ConfigError, match="as their third part"):
            compiled(backend).fit([(X, Y)], verbose=0, **option)


def test_weights(backend: str) -> None:
    """A sample of weight 0 has no effect; class weights are sample weights."""
    keep = Y != 2
    losses = []
    for options in (
        {"sample_weight": keep.astype("float32")},
        {"class_weight": {0: 1.0, 1: 1.0, 2: 0.0}},
    ):
        model = compiled(backend, dtype="float64")
        model.fit(X, Y, batch_size=90, epochs=1, shuffle=False, verbose=0, **options)
        losses.append(model.history["loss"][0])
    assert losses[0] == pytest.approx(losses[1], rel=1e-14)
    model = dn.Model(nn.Dense(3), input_shape=(4,), backend=backend, dtype="float64")
    model.compile("sgd", "cross_entropy")
    weighted = model.evaluate(X, Y, sample_weight=keep.astype("float64"))["loss"]
    alone = model.evaluate(X[keep], Y[keep])["loss"]
    assert weighted == pytest.approx(alone * keep.mean(), rel=1e-12)


def test_trees_of_inputs(backend: str) -> None:
    a, b = nn.Input((4,)), nn.Input((2,))
    net = nn.Graph({"a": a, "b": b}, nn.Dense(3)(nn.Dense(4)(a) + nn.Dense(4)(b)))
    model = dn.Model(net, backend=backend)
    model.compile("adam", "cross_entropy")
    data = {"a": X, "b": X[:, :2]}
    assert len(model.fit(data, Y, epochs=2, verbose=0)["loss"]) == 2
    assert model.predict(data).shape == (90, 3)


def test_predict_is_numpy_in_evaluation_mode(backend: str) -> None:
    model = compiled(backend)
    first, second = model.predict(X), model.predict(X, batch_size=7)
    assert isinstance(first, np.ndarray)
    np.testing.assert_allclose(first, second, atol=1e-6)  # float32, other batch shapes


@pytest.mark.parametrize("kind", ["event", "exception"])
def test_ctrl_c_leaves_model_and_history(backend: str, kind: str) -> None:
    class Interrupt(callbacks.Callback):
        def on_batch_end(self, batch, logs):
            if self.model.epochs == 2:
                if kind == "exception":
                    raise KeyboardInterrupt
                os.kill(os.getpid(), signal.SIGINT)

    model = compiled(backend)
    history = model.fit(X, Y, epochs=10, verbose=0, callbacks=[Interrupt()])
    assert history.interrupted
    assert len(history["loss"]) == 2
    assert model.evaluate(X, Y)["loss"] > 0
    assert not model.fit(X, Y, epochs=1, verbose=0).interrupted


def trained_once(backend: str) -> tuple[dn.Model, dict[str, np.ndarray]]:
    model = compiled(backend)
    model.fit(X, Y, epochs=1, verbose=0)
    return model, model.state()


BAD = np.where(np.arange(360).reshape(90, 4) == 7, np.nan, X)


@pytest.mark.parametrize(
    ("data", "error", "text"),
    [
        ((X[:, :3], Y), dn.ShapeError, r"samples of shape \(3,\), the model takes \(4,\)"),
        ((X[:, :, None], Y), dn.ShapeError, r"reshape\(-1, 4\)"),
        ((X, Y + 1), dn.LabelError, "3"),
        ((X, Y - 1), dn.LabelError, "-1"),
        ((X, Y[:-1]), dn.DataError, "x has 90, y has 89"),
        ((X[:0], Y[:0]), dn.DataError, "at least one"),
        ((X, None), dn.DataError, "y is None"),
        ((BAD, Y), dn.NonFiniteError, r"x\[1, 3\]"),
        ((X, np.where(Y == 1, np.nan, 1.0)), dn.NonFiniteError, "y has"),
    ],
)
def test_bad_data_changes_nothing(backend: str, data, error: type[Exception], text: str) -> None:
    model, before = trained_once(backend)
    slots = model.bound_optimizer().state()
    with pytest.raises(error, match=text):
        model.fit(*data, epochs=1, verbose=0)
    with pytest.raises(error, match=text):
        model.evaluate(*data)
    for path, value in model.state().items():
        np.testing.assert_array_equal(value, before[path])
    for name, value in model.bound_optimizer().state().items():
        np.testing.assert_array_equal(value, slots[name])


@pytest.mark.parametrize(
    ("batch", "error"),
    [
        ((X, Y + 1), dn.LabelError),
        ((X[:, :3], Y), dn.ShapeError),
        ((BAD, Y), dn.NonFiniteError),
        ((X,), dn.DataError),
    ],
)
def test_bad_batches_from_elsewhere_change_nothing(backend: str, batch, error) -> None:
    model, before = trained_once(backend)
    with pytest.raises(error):
        model.fit([batch], epochs=1, verbose=0)
    for path, value in model.state().items():
        np.testing.assert_array_equal(value, before[path])


def test_bad_weights_change_nothing(backend: str) -> None:
    model, before = trained_once(backend)
    with pytest.raises(dn.NonFiniteError, match="sample_weight has 1 value"):
        model.fit(X, Y, sample_weight=np.where(np.arange(90) == 3, np.nan, 1.0), verbose=0)
    for path, value in model.state().items():
        np.testing.assert_array_equal(value, before[path])


def test_class_and_sample_weights_multiply(backend: str) -> None:
    net = nn.Sequential(nn.Reshape((2, 2)), nn.Dense(3))
    targets = np.stack([Y, Y], axis=1)
    losses = []
    for weights in (np.ones((90, 2)), np.full((90, 2), 2.0)):
        model = compiled(backend, net, dtype="float64")
        model.fit(X, targets, batch_size=90, verbose=0, sample_weight=weights)
        losses.append(model.history["loss"][0])
    assert losses[1] == pytest.approx(2 * losses[0], rel=1e-12)  # float64 rounding


@pytest.mark.parametrize(
    ("loss", "error", "text"),
    [
        (lambda y, p, w=None: p, dn.ShapeError, r"reduce it to one number"),
        (lambda y, p: 1.0, dn.ConfigError, r"gave 1.0, not a tensor"),
        (lambda y, p: None, dn.ConfigError, r"gave None, not a tensor"),
    ],
)
@pytest.mark.parametrize("jit", [False, "auto"])
def test_a_loss_that_is_no_number(backend: str, jit, loss, error, text: str) -> None:
    model = dn.Model(nn.Dense(3), input_shape=(4,), backend=backend)
    before = model.state()
    model.compile("sgd", loss, jit=jit)
    with pytest.raises(error, match=text):
        model.fit(X, Y, verbose=0)
    for path, value in model.state().items():
        np.testing.assert_array_equal(value, before[path])


def test_a_loss_of_two_arguments(backend: str) -> None:
    model = dn.Model(nn.Dense(3), input_shape=(4,), backend=backend)
    model.compile("sgd", lambda y, p: dn.losses.cross_entropy(y, p), metrics="accuracy")
    assert "accuracy" in model.fit(X, Y, verbose=0).history
    with pytest.raises(dn.ConfigError, match="takes no sample weights"):
        model.fit(X, Y, sample_weight=np.ones(90), verbose=0)


def test_a_loader_of_either_framework_feeds_both(backend: str) -> None:
    tensors = torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(Y))
    sources = [
        torch.utils.data.DataLoader(tensors, batch_size=30),
        tf.data.Dataset.from_tensor_slices((X, Y)).batch(30),
    ]
    losses = []
    for source in sources:
        model = compiled(backend)
        losses.append(model.fit(source, verbose=0)["loss"])
    assert losses[0] == losses[1]


@pytest.mark.parametrize(
    ("x", "error", "text"),
    [
        (X.tolist(), dn.DataError, r"x is a list of Python numbers; .*np.asarray\(x\)"),
        (X.astype("datetime64[s]"), dn.DtypeError, "datetime64"),
        (X.astype("str"), dn.DtypeError, "encode it first"),
        (X.astype("object"), dn.DataError, "Python objects"),
    ],
)
def test_what_holds_no_numbers(backend: str, x, error, text: str) -> None:
    with pytest.raises(error, match=text):
        compiled(backend).fit(x, Y, verbose=0)


def test_byte_order_does_not_matter(backend: str) -> None:
    losses = [compiled(backend).fit(x, Y, verbose=0)["loss"] for x in (X, X.astype(">f4"))]
    assert losses[0] == losses[1]


def test_initial_epoch(backend: str) -> None:
    model = compiled(backend)
    assert model.fit(X, Y, epochs=5, initial_epoch=3, verbose=0).epoch == [3, 4]
    with pytest.raises(dn.ConfigError, match="initial_epoch"):
        model.fit(X, Y, epochs=2, initial_epoch=-1, verbose=0)
    with pytest.raises(dn.ConfigError, match="initial_epoch"):
        model.fit(X, Y, epochs=2, initial_epoch=5, verbose=0)


def test_compile_again_starts_afresh() -> None:
    traced = []

    class Watching(nn.Layer):
        def forward(self, x):
            traced.append(isinstance(x, tf.__internal__.EagerTensor))
            return x

    model = dn.Model(Watching(), input_shape=(4,), backend="tensorflow")
    model.predict(X)
    model.compile("sgd", "mse", jit=False)
    traced.clear()
    model.predict(X)
    assert all(traced)


def test_a_loss_that_explodes_is_noticed(backend: str) -> None:
    model = dn.Model(nn.Sequential(nn.Dense(8), nn.Dense(1)), input_shape=(4,), backend=backend)
    model.compile(optim.SGD(1e6), "mse")
    with pytest.raises(dn.NonFiniteError, match="lower the learning rate"):
        model.fit(X, X[:, :1], epochs=20, verbose=0)


def test_column_targets_do_not_broadcast(backend: str) -> None:
    model = dn.Model(nn.Dense(1), input_shape=(4,), backend=backend)
    model.compile("sgd", "mse")
    with pytest.raises(dn.ShapeError, match=r"\(90,\)"):
        model.fit(X, X[:, 0], batch_size=90, verbose=0)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda m: m.compile("adamm", "mse"), dn.UnknownName, "did you mean 'adam'"),
        (
            lambda m: m.compile("adam", "cross_entrop"),
            dn.UnknownName,
            "did you mean 'cross_entropy'",
        ),
        (
            lambda m: m.compile("adam", "mse", ["acuracy"]),
            dn.UnknownName,
            "did you mean 'accuracy'",
        ),
        (lambda m: m.compile("adam", "mse", jit="yes"), dn.ConfigError, "jit='yes'"),
        (lambda m: m.fit(X, Y, verbose=0), dn.NotCompiledError, "compile"),
        (lambda m: m.evaluate(X, Y), dn.NotCompiledError, "compile"),
    ],
)
def test_bad_calls(backend: str, call, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call(dn.Model(NET, input_shape=(4,), backend=backend))


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"epochs": 0}, dn.ConfigError, "epochs must be"),
        ({"batch_size": 0}, dn.ConfigError, "batch_size"),
        ({"validation_split": 1.5}, dn.ConfigError, "between 0 and 1"),
        ({"callbacks": [print]}, dn.ConfigError, "Callback"),
        ({"verbose": 7}, dn.ConfigError, "verbose=7"),
        ({"class_weight": [1, 2, 3]}, dn.ConfigError, r"dict\(enumerate\(weights\)\)"),
        ({"class_weight": {0: 1.0}}, dn.DataError, r"no weight for the labels \[1, 2\]"),
    ],
)
def test_bad_options(backend: str, options, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        compiled(backend).fit(X, Y, **{"verbose": 0, **options})


def test_tensorflow_traces_once_per_batch_shape() -> None:
    traces = []

    class Counting(nn.Layer):
        def forward(self, x):
            if self.training:
                traces.append(1)
            return x

    model = compiled("tensorflow", nn.Sequential(Counting(), nn.Dense(3)))
    model.fit(X, Y, batch_size=40, epochs=4, verbose=0)
    assert len(traces) <= 3  # two batch shapes (40 and 10), and TensorFlow's relaxed retrace


def test_metrics_of_one_name_are_numbered(backend: str) -> None:
    x = np.random.default_rng(0).standard_normal((64, 3))
    y = (x[:, :1] > 0).astype("int64")
    model = dn.Model(nn.Dense(1), (3,), backend=backend, seed=0)
    rates = [metrics.Recall(threshold=-9.0), metrics.Recall(threshold=9.0)]
    model.compile("adam", "binary_cross_entropy", [*rates, metrics.Function(lambda t, p: p[:, 0])])
    history = model.fit(x, y, verbose=0, validation_split=0.25)
    names = ["loss", "recall", "recall_1", "<lambda>"]
    assert list(history.history) == [*names, *(f"val_{name}" for name in names)]
    assert (history["recall"], history["recall_1"]) == ([1.0], [0.0])


def test_one_metric_without_a_list() -> None:
    model = dn.Model(nn.Dense(1), (4,), backend="torch", seed=0)
    model.compile("adam", "mse", metrics.MeanAbsoluteError())
    assert list(model.evaluate(X, X[:, :1])) == ["loss", "mean_absolute_error"]
    with pytest.raises(dn.ConfigError, match="a metric is a name, a value"):
        model.compile("adam", "mse", {"out": "mae"})
