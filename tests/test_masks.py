"""Masks: no layer loses one, padding changes nothing, and both backends mean the same by it."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import torch
from layer_cases import CASES, Case

import dualnet as dn
from dualnet import losses, metrics, nn, ops, registry
from dualnet.data import Ragged, pad_sequences
from dualnet.errors import ConfigError, DataError, MaskError, ShapeError
from dualnet.masked import Masked
from dualnet.nn.build import Builder

#: Sums of at most some hundred float64 terms of size about 1.
EXACT = 1e-12

RANDOM = np.random.default_rng(3)
SEQUENCES = [RANDOM.normal(size=(n, 3)) for n in (5, 2, 7, 3, 4, 1)]
LENGTHS = [len(sequence) for sequence in SEQUENCES]
STEPS = [RANDOM.normal(size=(len(sequence), 2)) for sequence in SEQUENCES]
ROWS = RANDOM.normal(size=(len(SEQUENCES), 2))


def mask_of(lengths: Any, length: int) -> np.ndarray:
    return np.arange(length) < np.asarray(lengths)[:, None]


def values(x: Any) -> np.ndarray:
    return dn.to_numpy(x.values if isinstance(x, Masked) else x)


# No layer loses a mask


def padded_otherwise(x: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The same steps, with other padding."""
    there = mask.reshape(*mask.shape, *(1,) * (x.ndim - 2))
    if x.dtype.kind == "f":
        return np.where(there, x, 100.0 + x)
    return np.where(there, x, x.flat[0])


def output(case: Case, backend: str, arrays: list[np.ndarray], masks: list[Any]) -> Any:
    """The output of a layer whose inputs of two axes and more are masked."""
    loaded = registry.load(backend)
    builder = Builder(loaded, loaded.device.native("cpu:0"), dn.dtypes.policy("float64"), seed=0)
    module = builder.module(case.layer)
    loaded.layers.set_training(module, case.training)
    pairs = zip(arrays, masks, strict=True)
    given = [x if mask is None else Masked(x, mask) for x, mask in pairs]
    inputs = dn.tree.map(loaded.state.from_numpy, given)
    return module(*inputs)


ONE_PER_LAYER = {type(case.layer): case for case in reversed(CASES)}
#: Where a mask is ended in so many words.
ENDED = (nn.Unmask, nn.Sequential)


@pytest.mark.parametrize("kind", ONE_PER_LAYER, ids=lambda kind: kind.__name__)
def test_a_layer_carries_a_mask_uses_it_or_refuses(kind: type[nn.Layer], backend: str) -> None:
    """What comes out of the steps that are there does not depend on the padding."""
    case = ONE_PER_LAYER[kind]
    arrays = case.arrays()
    masks = [
        mask_of([max(1, x.shape[1] - 1 - i % 2) for i in range(len(x))], x.shape[1])
        if isinstance(x, np.ndarray) and x.ndim > 1 and x.shape[1] > 1
        else None
        for x in arrays
    ]
    if kind in ENDED or all(mask is None for mask in masks):
        return
    try:
        one = output(case, backend, arrays, masks)
    except MaskError:
        return
    others = [
        x if mask is None else padded_otherwise(x, mask)
        for x, mask in zip(arrays, masks, strict=True)
    ]
    other = output(case, backend, others, masks)
    leaves = zip(*(dn.tree.leaves(each, stop=Masked) for each in (one, other)), strict=True)
    for a, b in leaves:
        there = dn.to_numpy(a.mask) if isinstance(a, Masked) else slice(None)
        np.testing.assert_array_equal(values(a)[there], values(b)[there])


CARRIED = [
    nn.Dense(4),
    nn.Activation("softmax"),
    nn.PReLU(),
    nn.Dropout(0.5),
    nn.SpatialDropout1D(0.5),
    nn.GaussianNoise(1.0),
    nn.LayerNorm(),
    nn.RMSNorm(),
    nn.UnitNormalization(),
    nn.BatchNorm(),
    nn.Softmax(1),
    nn.Identity(),
    nn.TimeDistributed(nn.Dense(2)),
    nn.LSTM(2, return_sequences=True),
    nn.Bidirectional(nn.GRU(2, return_sequences=True), "sum"),
    nn.Sequential(nn.Dense(2), nn.Dropout(0.1)),
]
USED = [
    nn.LSTM(2),
    nn.SimpleRNN(2),
    nn.Bidirectional(nn.LSTM(2)),
    nn.GlobalAvgPool1D(),
    nn.GlobalMaxPool1D(),
    nn.Unmask(),
]
REFUSED = [
    nn.Conv1D(2, 3),
    nn.SeparableConv1D(2, 3),
    nn.Flatten(),
    nn.Reshape((3, 5)),
    nn.Permute((2, 1)),
    nn.MaxPool1D(),
    nn.AdaptiveAvgPool1D(2),
    nn.UpSampling1D(),
    nn.GroupNorm(1),
    nn.InstanceNorm(),
    nn.LayerNorm((-2, -1)),
    nn.UnitNormalization(1),
    nn.BatchNorm(axis=1),
    nn.TimeDistributed(nn.Sequential(nn.Dense(2), nn.BatchNorm())),
]


def called(layer: nn.Layer, backend: str, x: Any, **options: Any) -> Any:
    return dn.Model(layer, backend=backend, dtype="float64")(x, **options)


def five_steps() -> Masked:
    return pad_sequences(SEQUENCES[:2])


@pytest.mark.parametrize("layer", CARRIED, ids=repr)
def test_carried(layer: nn.Layer, backend: str) -> None:
    x = five_steps()
    y = called(layer, backend, x)
    assert isinstance(y, Masked)
    np.testing.assert_array_equal(dn.to_numpy(y.mask), x.mask)


@pytest.mark.parametrize("layer", USED, ids=repr)
def test_used_up(layer: nn.Layer, backend: str) -> None:
    assert not isinstance(called(layer, backend, five_steps()), Masked)


@pytest.mark.parametrize("layer", REFUSED, ids=repr)
def test_refused(layer: nn.Layer, backend: str) -> None:
    with pytest.raises(MaskError) as caught:
        called(layer, backend, five_steps())
    assert "mask" in str(caught.value)


def test_a_layer_of_ones_own_refuses_until_it_says_what_a_mask_means(backend: str) -> None:
    class Twice(nn.Layer):
        def forward(self, x: Any) -> Any:
            return x * 2.0

    class TwiceEachStep(Twice):
        forward_masked = nn.passed

    class Sum(nn.Layer):
        inner: nn.Layer

        def forward(self, x: Any) -> Any:
            return x + self.inner(x)

    x = five_steps()
    with pytest.raises(MaskError, match=r"Twice\(\) does not know which steps .* nn.Unmask\(\)"):
        called(Twice(), backend, x)
    y = called(TwiceEachStep(), backend, x)
    np.testing.assert_array_equal(values(y), x.values * 2)
    with pytest.raises(MaskError, match="a sum of Masked would lose its mask"):
        called(Sum(nn.Dense(3)), backend, x)


def test_masks_of_several_inputs(backend: str) -> None:
    one, other = Masked(np.ones((2, 3, 2)), mask_of([3, 1], 3)), np.ones((2, 3, 2))
    second = Masked(np.ones((2, 3, 2)), mask_of([2, 2], 3))

    def mask(layer: nn.Layer, *inputs: Any) -> list[list[int]]:
        found = dn.Model(layer, backend=backend, dtype="float64")(*inputs)
        return dn.to_numpy(found.mask).astype(int).tolist()

    for layer in (nn.Add(), nn.Multiply(), nn.Maximum(), nn.Average(), nn.Concatenate()):
        assert mask(layer, one, second) == [[1, 1, 0], [1, 0, 0]]
        assert mask(layer, other, one) == [[1, 1, 1], [1, 0, 0]]
    along = nn.Concatenate(axis=1)
    assert mask(along, one, other) == [[1, 1, 1, 1, 1, 1], [1, 0, 0, 1, 1, 1]]
    assert mask(nn.Concatenate(axis=0), one, second)[1:3] == [[1, 0, 0], [1, 1, 0]]
    with pytest.raises(MaskError, match=r"shape \(1, 3, 2\), which a mask of shape \(1, 1\)"):
        mask(nn.Add(), Masked(np.ones((2, 1, 2)), mask_of([1, 1], 1)), other)


def test_ends_of_time(backend: str) -> None:
    x = five_steps()
    padded = called(nn.ZeroPadding1D((1, 2)), backend, x)
    mask = dn.to_numpy(padded.mask).astype(int).tolist()
    assert mask == [[0, 1, 1, 1, 1, 1, 0, 0], [0, 1, 1, 0, 0, 0, 0, 0]]
    cropped = called(nn.Cropping1D((1, 1)), backend, x)
    assert dn.to_numpy(cropped.mask).astype(int).tolist() == [[1, 1, 1], [1, 0, 0]]


def test_masks_begin(backend: str) -> None:
    x = np.array([[[1.0, 0.0], [0.0, 0.0], [-1.0, -1.0]]])
    for value, wanted in ((0.0, [[1, 0, 1]]), (-1.0, [[1, 1, 0]])):
        found = called(nn.Masking(value), backend, x)
        assert dn.to_numpy(found.mask).astype(int).tolist() == wanted
    again = called(nn.Sequential(nn.Masking(), nn.Masking(-1.0)), backend, x)
    assert dn.to_numpy(again.mask).astype(int).tolist() == [[1, 0, 0]]
    ids = np.array([[4, 0, 2]])
    net = nn.Embedding(5, 3, mask_zero=True)
    assert dn.to_numpy(called(net, backend, ids).mask).astype(int).tolist() == [[1, 0, 1]]
    fewer = Masked(ids, np.array([[True, True, False]]))
    assert dn.to_numpy(called(net, backend, fewer).mask).astype(int).tolist() == [[1, 0, 0]]
    with pytest.raises(ShapeError, match=r"with mask_zero, ids are \(batch, time\)"):
        called(net, backend, ids[0])


def test_inputs_of_a_graph_with_masks(backend: str) -> None:
    x = nn.Input((None, 3), masked=True)
    y = nn.Dense(3)(x)
    net = nn.Graph(x, {"steps": (y + x) * 2.0, "last": nn.GRU(2)(y)})
    assert nn.Graph.from_config(net.to_config()) == net
    model = dn.Model(net, backend=backend, dtype="float64")
    assert model.built
    given = five_steps()
    found = model(given)
    np.testing.assert_array_equal(dn.to_numpy(found["steps"].mask), given.mask)
    whole = model(given.values)  # a plain tensor has all its steps
    assert dn.to_numpy(whole["steps"].mask).all()
    product = nn.Graph(x, x @ np.eye(3))
    with pytest.raises(MaskError, match="a matrix product"):
        dn.Model(product, backend=backend, dtype="float64")


# Masked values are no tensors


def test_masked_values_are_no_tensors(backend: str) -> None:
    state = registry.load(backend).state
    x = Masked(state.from_numpy(np.ones((2, 3))), state.from_numpy(np.ones((2, 3), bool)))
    plain = x.values
    uses = (
        lambda: x + plain,
        lambda: x @ plain,
        lambda: -x,
        lambda: x > 0,
        lambda: x[0],
        lambda: len(x),
        lambda: bool(x),
        lambda: list(x),
        lambda: x.shape,
        lambda: x.dtype,
        lambda: ops.add(x, plain),
        lambda: ops.add(plain, x),
        lambda: ops.concat([x, plain]),
        lambda: ops.zeros_like(x),
        lambda: ops.nn.relu(x),
        lambda: losses.mse(plain, x),
        lambda: metrics.Accuracy().update(plain, x),
        lambda: np.mean(x),
    )
    for use in uses:
        with pytest.raises(MaskError, match=r"Masked"):
            use()
    with pytest.raises((MaskError, ValueError), match="Masked"):  # TensorFlow's own sum comes first
        plain * x
    with pytest.raises(AttributeError, match="immutable"):
        x.mask = None


def test_masked_values_are_nodes_of_a_tree() -> None:
    x = Masked(np.ones((2, 3)), np.ones((2, 3), bool))
    assert dn.tree.structure({"a": x, "b": 1}) == "{a: Masked(*, *), b: *}"
    doubled = dn.tree.map(lambda leaf: leaf * 2, (x,))[0]
    assert doubled.values.sum() == 12
    assert dn.tree.leaves([x], stop=Masked) == [x]
    for twin in (pickle.loads(pickle.dumps(x)), copy.deepcopy(x)):
        np.testing.assert_array_equal(twin.values, x.values)


def test_masks_that_fit_no_values(backend: str) -> None:
    model = dn.Model(nn.Dense(2), (None, 3), backend=backend)
    model.compile("sgd", "mse")
    before = model.state()
    x = np.ones((4, 5, 3), np.float32)
    for mask, match in (
        (np.ones((4, 5)), "a mask is float64, it must be boolean"),
        (np.ones((4, 3), bool), r"a mask of shape \(4, 3\) for values of shape \(4, 5, 3\)"),
        (np.ones((4, 5, 3), bool), r"it must be \(batch, time\)"),
    ):
        with pytest.raises(MaskError, match=match):
            model.fit(Masked(x, mask), np.ones((4, 5, 2), np.float32), verbose=0)
        with pytest.raises((MaskError, dn.ForeignTensorError), match="mask"):
            model.predict(Masked(x, mask))
    for path, value in model.state().items():
        np.testing.assert_array_equal(value, before[path])


# Networks without masks pay nothing


def test_only_networks_with_masks_look_for_them(backend: str) -> None:
    def looking(net: nn.Layer) -> set[str]:
        model = dn.Model(net, (4, 3), backend=backend)
        found = model.backend.layers.modules(model.native)
        return {path for path, part in found if getattr(type(part), "_masking", False)}

    plain = nn.Sequential(nn.Dense(2), nn.LSTM(2))
    assert looking(plain) == set()
    assert looking(nn.Sequential(nn.Masking(), plain)) == {
        "masking",
        "sequential.dense",
        "sequential.lstm",
    }
    model = dn.Model(plain, (None, 3), backend=backend)
    model(five_steps())
    assert getattr(type(model.native.layers[0]), "_masking", False)


# Padding changes nothing


class SelfAttention(nn.Layer):
    """Made of layers: what is inside sees the masks."""

    attention: nn.Layer

    def forward(self, x: Any) -> Any:
        return self.attention(x, x)


NETWORKS: dict[str, tuple[nn.Layer, Any]] = {
    "lstm": (nn.Sequential(nn.LSTM(4), nn.Dense(2)), ROWS),
    "gru, all steps": (nn.Sequential(nn.GRU(4, return_sequences=True), nn.Dense(2)), STEPS),
    "both ways": (nn.Bidirectional(nn.LSTM(1, return_sequences=True)), STEPS),
    "stacked": (nn.Sequential(nn.SimpleRNN(4, return_sequences=True), nn.GRU(2)), ROWS),
    "means": (nn.Sequential(nn.Dense(4, "tanh"), nn.GlobalAvgPool1D(), nn.Dense(2)), ROWS),
    "maxima": (nn.Sequential(nn.Dense(2), nn.LayerNorm(), nn.GlobalMaxPool1D()), ROWS),
    "attention": (nn.Sequential(SelfAttention(nn.MultiHeadAttention(2, 3)), nn.LSTM(2)), ROWS),
    "attention, all steps": (
        nn.Sequential(SelfAttention(nn.Attention(use_scale=True)), nn.Dense(2)),
        STEPS,
    ),
    "weights of steps": (nn.Sequential(nn.Dense(2), nn.Softmax(1)), STEPS),
}


def loss_and_gradients(model: dn.Model, x: Any, y: Any) -> tuple[float, list[np.ndarray]]:
    with dn.GradientTape() as tape:
        loss = losses.MeanSquaredError()(y, model(x, training=True))
    found = tape.gradient(loss, model.trainable_variables)
    return float(dn.to_numpy(loss)), [dn.to_numpy(g) for g in found]


@pytest.mark.parametrize("name", NETWORKS)
def test_padded_is_one_by_one(name: str, backend: str) -> None:
    net, y = NETWORKS[name]
    by_steps = isinstance(y, list)
    model = dn.Model(net, (None, 3), backend=backend, dtype="float64")
    padded = model.predict(Ragged(SEQUENCES, pad_to=8, value=9.0), batch_size=4)
    counts = LENGTHS if by_steps else [1] * len(SEQUENCES)
    total, sums = 0.0, [0.0] * len(model.trainable_variables)
    for place, sequence in enumerate(SEQUENCES):
        one = model.predict(sequence[None])[0]
        same = padded[place, : len(one)] if by_steps else padded[place]
        assert np.abs(same - one).max() <= EXACT
        loss, found = loss_and_gradients(model, sequence[None], y[place][None])
        total += counts[place] * loss
        sums = [s + counts[place] * g for s, g in zip(sums, found, strict=True)]
    targets = pad_sequences(y, 8, value=-5.0) if by_steps else y
    loss, found = loss_and_gradients(model, pad_sequences(SEQUENCES, 8, value=9.0), targets)
    assert abs(loss - total / sum(counts)) <= EXACT
    for padded_gradient, s in zip(found, sums, strict=True):
        assert np.abs(padded_gradient - s / sum(counts)).max() <= EXACT


def test_batch_statistics_are_those_of_the_steps_there(backend: str) -> None:
    joined = np.concatenate(SEQUENCES)
    ragged, whole = (
        dn.Model(nn.BatchNorm(momentum=0.5), (None, 3), backend=backend, dtype="float64")
        for _ in range(2)
    )
    padded = ragged(pad_sequences(SEQUENCES, value=9.0), training=True)
    wanted = dn.to_numpy(whole(joined[None], training=True))[0]
    there = dn.to_numpy(padded.mask)
    assert np.abs(values(padded)[there] - wanted).max() <= EXACT
    for path, value in whole.state().items():
        assert np.abs(ragged.state()[path] - value).max() <= EXACT


def test_a_sequence_that_is_not_there_at_all(backend: str) -> None:
    x = Masked(np.ones((1, 3, 2)), np.zeros((1, 3), bool))
    for layer in (nn.GlobalAvgPool1D(), nn.GlobalMaxPool1D(), nn.LSTM(2)):
        assert not values(called(layer, backend, x)).any()
    y = called(nn.BatchNorm(), backend, x, training=True)
    assert np.isfinite(values(y)).all()
    assert float(dn.to_numpy(losses.MeanSquaredError()(np.zeros((1, 3, 2)), y))) == 0.0


# Losses and metrics


def test_losses_and_metrics_are_of_the_steps_there(backend: str) -> None:
    state = registry.load(backend).state
    logits, labels = RANDOM.normal(size=(3, 4, 5)), RANDOM.integers(0, 5, (3, 4))
    mask, weights = mask_of([4, 1, 2], 4), np.array([1.0, 3.0, 0.5])
    y = Masked(np.where(mask, labels, -1), mask)
    p = Masked(state.from_numpy(logits), state.from_numpy(mask))
    logs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    each = -np.take_along_axis(logs, labels[..., None], -1)[..., 0]
    right = logits.argmax(-1) == labels
    weighted = (each * weights[:, None])[mask].sum() / mask.sum()
    spread = np.broadcast_to(weights[:, None], mask.shape)
    for targets, predicted in ((labels, p), (y, p.values), (y, p)):
        loss = losses.CrossEntropy()
        assert abs(float(loss(targets, predicted)) - each[mask].mean()) <= EXACT
        assert abs(float(loss(targets, predicted, weights)) - weighted) <= EXACT
        accuracy = metrics.Accuracy()
        got = accuracy.result(accuracy.tally(targets, predicted))
        assert got == right[mask].mean()
        got = accuracy.result(accuracy.tally(targets, predicted, weights))
        assert abs(got - np.average(right[mask], weights=spread[mask])) <= EXACT
    by_step = np.where(mask, RANDOM.uniform(size=mask.shape), 7.0)
    loss = float(losses.CrossEntropy()(labels, p, Masked(by_step, mask)))
    assert abs(loss - (each * by_step)[mask].sum() / mask.sum()) <= EXACT
    got = accuracy.result(accuracy.tally(labels, p, Masked(by_step, mask)))
    assert abs(got - np.average(right[mask], weights=by_step[mask])) <= EXACT
    elements = losses.CrossEntropy(reduction="none")(labels, p)
    assert np.abs(values(elements) - each * mask).max() <= EXACT
    np.testing.assert_array_equal(dn.to_numpy(elements.mask), mask)
    with pytest.raises(MaskError, match=r"mask= and masked values"):
        losses.CrossEntropy()(labels, p, mask=mask)


def test_functions_of_ones_own_get_masked_values(backend: str) -> None:
    def error(y: Any, p: Any) -> Any:
        wrong = ops.where(p.mask, (p.values - y.values)[..., 0] ** 2, 0.0)
        return ops.sum(wrong) / ops.sum(ops.astype(p.mask, "float64"))

    net = nn.Sequential(nn.Dense(1))
    targets = [one[:, :1] for one in STEPS]
    scores = []
    for loss, metric in (("mse", "mse"), (error, error)):
        model = dn.Model(net, (None, 3), backend=backend, dtype="float64")
        model.compile("sgd", loss, metrics=[metric])
        x, y = Ragged(SEQUENCES, pad_to=8), Ragged(targets, pad_to=8)
        model.fit(x, y, batch_size=6, verbose=0)
        scores.append(list(model.evaluate(x, y, batch_size=6).values()))
    assert np.abs(np.subtract(*scores)).max() <= EXACT


# Training


def test_how_long_padding_is_changes_nothing(backend: str) -> None:
    net = nn.Sequential(nn.Dense(3), nn.BatchNorm(), nn.LSTM(3, return_sequences=True), nn.Dense(2))
    weight = np.arange(1.0, 7.0)

    def trained(pad_to: Any) -> tuple[Any, dict[str, float], Any]:
        model = dn.Model(net, (None, 3), backend=backend, dtype="float64")
        model.compile("sgd", "mse", metrics=["mae"], jit=False)  # traced in the tests below
        x, y = Ragged(SEQUENCES, pad_to=pad_to), Ragged(STEPS, pad_to=pad_to)
        options = {"sample_weight": weight, "validation_split": 0.34, "verbose": 0}
        history = model.fit(x, y, batch_size=2, **options)
        return history.history, model.evaluate(x, y, batch_size=4), model.predict(x)

    wanted, scores, outputs = trained(16)
    for pad_to in (None, (4, 8)):
        history, got, found = trained(pad_to)
        for key, row in wanted.items():
            assert np.abs(np.subtract(history[key], row)).max() <= EXACT, key
        assert all(abs(got[key] - value) <= EXACT for key, value in scores.items())
        for place, length in enumerate(LENGTHS):
            assert np.abs(found[place, :length] - outputs[place, :length]).max() <= EXACT
            assert not found[place, length:].any()  # what is not there is 0


def test_epoch_losses_are_of_all_steps_alike(backend: str) -> None:
    model = dn.Model(nn.Dense(2), (None, 3), backend=backend, dtype="float64")
    model.compile("sgd", "mse")
    got = [model.evaluate(Ragged(SEQUENCES), Ragged(STEPS), batch_size=n)["loss"] for n in (1, 6)]
    joined = model.predict(np.concatenate(SEQUENCES)[None])[0]
    wanted = ((joined - np.concatenate(STEPS)) ** 2).mean()
    assert abs(got[0] - wanted) <= EXACT
    assert abs(got[1] - wanted) <= EXACT


def test_losses_of_whole_sequences_are_means_over_sequences(backend: str) -> None:
    model = dn.Model(nn.Dense(1, "sigmoid"), (None, 3), backend=backend, dtype="float64")
    model.compile("sgd", "dice")
    regions = [(one[:, :1] > 0).astype(float) for one in STEPS]
    x, y = Ragged(SEQUENCES), Ragged(regions)
    got = [model.evaluate(x, y, batch_size=n)["loss"] for n in (1, 4, 6)]
    alone = [
        losses.dice(region[None], model.predict(sequence[None]))
        for region, sequence in zip(regions, SEQUENCES, strict=True)
    ]
    assert np.abs(got - np.mean([dn.to_numpy(loss) for loss in alone])).max() <= EXACT


def test_summary_tells_what_is_masked(backend: str) -> None:
    net = nn.Sequential(nn.Masking(), nn.Dense(2), nn.LSTM(4))
    text = dn.Model(net, (5, 3), backend=backend).summary(lambda text: None)
    assert "(*, 5, 2) masked" in text
    assert "(*, 4)" in text


def test_lengths_of_a_bucket_are_traced_once() -> None:
    traces: list[Any] = []

    class Count(nn.Layer):
        forward_masked = nn.passed

        def forward(self, x: Any) -> Any:
            traces.append(tuple(x.shape))
            return x

    model = dn.Model(nn.Sequential(Count(), nn.GRU(2)), (None, 3), backend="tensorflow")
    x = Ragged([s.astype("float32") for s in SEQUENCES], pad_to=(4, 8))
    model.predict(x, batch_size=2)
    model.compile("sgd", "mse")
    model.fit(x, ROWS.astype("float32"), batch_size=2, epochs=3, verbose=0)
    # The model is built, the shape of its output looked at twice, for the lengths there are, and
    # each of the two functions is traced for the first length and then for any.
    assert len(traces) <= 7, traces


def test_labels_where_there_is_no_step_are_not_looked_at(backend: str) -> None:
    model = dn.Model(nn.Dense(3), (None, 3), backend=backend)
    model.compile("sgd", "cross_entropy", metrics=["accuracy"])
    labels = [np.zeros(n, np.int64) for n in LENGTHS]
    x = pad_sequences([s.astype("float32") for s in SEQUENCES])
    model.fit(x, pad_sequences(labels, value=-1), verbose=0)
    model.fit(x, Ragged(labels, value=-1), verbose=0)
    labels[3][1] = 7
    for wrong in (pad_sequences(labels), Ragged(labels)):
        with pytest.raises(dn.LabelError, match="label 7"):
            model.fit(x, wrong, verbose=0)


# Compiled, narrow, compared

WHOLE = nn.Sequential(
    nn.Masking(),
    nn.Dense(3, activation="tanh"),
    nn.BatchNorm(),
    nn.GRU(4, return_sequences=True),
    nn.Softmax(1),
)


def test_compiled_is_eager(backend: str) -> None:
    eager, model = (dn.Model(WHOLE, (None, 3), backend=backend, dtype="float64") for _ in range(2))
    x = model.to_native(pad_sequences(SEQUENCES))
    for each in (eager, model):
        each.backend.layers.set_training(each.native, True)
    if backend == "torch":
        torch.compiler.reset()
        call = torch.compile(model.native, fullgraph=True, backend="aot_eager")
    else:
        call = tf.function(model.native, autograph=False)
    for _ in range(2):
        wanted, found = eager.native(x), call(x)
        np.testing.assert_array_equal(dn.to_numpy(found.mask), dn.to_numpy(x.mask))
        assert np.abs(values(found) - values(wanted)).max() <= EXACT


def test_mixed_precision_and_masks(backend: str) -> None:
    narrow = dn.Model(WHOLE, (None, 3), backend=backend, dtype="mixed_bfloat16")
    wide = dn.Model(WHOLE, (None, 3), backend=backend, dtype="float32")
    x = pad_sequences([s.astype("float32") for s in SEQUENCES])
    one, other = narrow(x), wide(x)
    assert narrow.backend.state.dtype_name(one.values) == "bfloat16"
    assert np.abs(values(one) - values(other)).max() <= 0.05  # 8 bits of probabilities below 1
    again = narrow(Masked(np.where(x.mask[..., None], x.values, 50.0), x.mask))
    np.testing.assert_array_equal(values(one)[x.mask], values(again)[x.mask])


def test_masked_networks_agree() -> None:
    net = nn.Sequential(nn.LSTM(4, return_sequences=True), nn.BatchNorm(), nn.Dense(2))
    x, y = Ragged(SEQUENCES, pad_to=8), Ragged(STEPS, pad_to=8)
    report = dn.compare(net, x, y, loss="mse", optimizer="adam", batch_size=3, metrics=["mae"])
    assert report.verdict == "agree", str(report)


def test_a_trace_has_the_masks(backend: str) -> None:
    net = nn.Sequential(nn.LSTM(4, return_sequences=True), nn.GlobalAvgPool1D(), nn.Dense(2))
    model = dn.Model(net, (None, 3), backend=backend, dtype="float64")
    found = dn.parity.trace(model, pad_sequences(SEQUENCES), ROWS, "mse")
    np.testing.assert_array_equal(found.outputs["lstm"].mask, mask_of(LENGTHS, 7))
    gradient = found.gradients["lstm"]
    assert gradient.mask is None
    assert not gradient.values[~mask_of(LENGTHS, 7)].any()


# Sequences


def test_padding_of_sequences() -> None:
    rows = [[1, 2, 3], [4], [5, 6]]
    assert pad_sequences(rows).values.tolist() == [[1, 2, 3], [4, 0, 0], [5, 6, 0]]
    pre = pad_sequences(rows, 4, padding="pre", value=-1, dtype="float32")
    assert pre.values.tolist() == [[-1, 1, 2, 3], [-1, -1, -1, 4], [-1, -1, 5, 6]]
    assert pre.mask.sum(1).tolist() == [3, 1, 2]
    assert pre.values.dtype == np.float32
    assert pad_sequences(rows, 2, truncating="post").values.tolist() == [[1, 2], [4, 0], [5, 6]]
    assert pad_sequences(rows, 2, truncating="pre").values.tolist() == [[2, 3], [4, 0], [5, 6]]
    import keras

    theirs = keras.utils.pad_sequences(rows, 2)
    ours = pad_sequences(rows, 2, padding="pre", truncating="pre").values
    np.testing.assert_array_equal(ours, theirs)


def test_ragged_sequences() -> None:
    ragged = Ragged(SEQUENCES, pad_to=(2, 6, 9))
    assert ragged.shape == (6, None, 3)
    assert ragged.lengths.tolist() == LENGTHS
    some = ragged.take(np.array([3, 1]))
    assert some.padded().values.shape == (2, 6, 3)
    np.testing.assert_array_equal(some.padded().values[0, :3], SEQUENCES[3])
    assert ragged[1:2].padded().values.shape == (1, 2, 3)
    assert repr(ragged) == "Ragged(6 sequences of 1 to 7 steps)"
    data = dn.data.Batches({"a": ragged, "b": ROWS}, ROWS, batch_size=4, shuffle=True, seed=0)
    order = dn.random.Stream(0, "shuffle", step=1).permutation(6)
    batch = next(data.epoch(1))
    for row, place in enumerate(order[:4]):
        there = batch.x["a"].mask[row]
        np.testing.assert_array_equal(batch.x["a"].values[row][there], SEQUENCES[place])
        np.testing.assert_array_equal(batch.x["b"][row], ROWS[place])


SEQUENCE_ERRORS = [
    (lambda: Ragged([]), DataError, "there is no sequence"),
    (lambda: Ragged([[1.0], []]), DataError, "sequence 1 has no steps"),
    (lambda: Ragged([[1.0], [1]]), DataError, "dtype int64, those of sequence 0 have"),
    (lambda: Ragged([np.ones((2, 3)), np.ones((2, 4))]), DataError, r"steps of shape \(4,\)"),
    (lambda: Ragged(3), DataError, "a int is no list of sequences"),
    (lambda: Ragged([[1.0] * 5], pad_to=4), DataError, "5 steps, more than pad_to=4"),
    (lambda: Ragged([[1.0]], pad_to=0), ConfigError, "pad_to"),
    (lambda: Ragged([[1.0]], pad_to=()), ConfigError, "names no length"),
    (lambda: Ragged([[1.0]])[0], ConfigError, "cut by slices"),
    (lambda: np.asarray(Ragged([[1.0]])), DataError, "are no array"),
    (lambda: pad_sequences([[1, 2, 3]], 2), DataError, "3 steps, more than pad_to=2"),
    (lambda: pad_sequences([[1]], padding="before"), ConfigError, "choose 'post' or 'pre'"),
    (lambda: pad_sequences([[1]], truncating="no"), ConfigError, "choose 'post' or 'pre'"),
]


@pytest.mark.parametrize(("make", "error", "match"), SEQUENCE_ERRORS)
def test_sequences_that_cannot_be(make: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        make()


def test_ragged_data_is_checked_before_training(backend: str) -> None:
    model = dn.Model(nn.LSTM(2), (None, 3), backend=backend, dtype="float64")
    model.compile("sgd", "mse")
    bad = [s.copy() for s in SEQUENCES]
    bad[4][1, 2] = np.nan
    with pytest.raises(dn.NonFiniteError, match="x has 1 value NaN or infinite"):
        model.fit(Ragged(bad), ROWS, verbose=0)
    with pytest.raises(ShapeError, match=r"x has samples of shape \(5, 2\), the model takes"):
        model.fit(Ragged([s[:, :2] for s in SEQUENCES]), ROWS, verbose=0)
    with pytest.raises(ShapeError, match="targets of shape"):
        model.fit(Ragged(SEQUENCES), ROWS[:, :1], verbose=0)
    with pytest.raises(DataError, match="lengths differ"):
        model.fit(Ragged(SEQUENCES), ROWS[:3], verbose=0)


def test_sequences_of_targets_are_as_long_as_those_of_the_inputs(backend: str) -> None:
    """Otherwise one target would stand for all steps, in TensorFlow's graph."""
    net = nn.Sequential(nn.GRU(2, return_sequences=True), nn.Dense(2))
    model = dn.Model(net, (None, 3), backend=backend, dtype="float64")
    model.compile("sgd", "cross_entropy")
    before = model.state()
    labels = [np.arange(len(s)) % 2 for s in SEQUENCES]
    later = max(range(1, len(labels)), key=lambda place: len(labels[place]))
    one_less = [row[:-1] if place == later else row for place, row in enumerate(labels)]
    for targets in ([row[:1] for row in labels], one_less):
        with pytest.raises(ShapeError, match=r"targets of shape .* give integer labels of shape"):
            model.fit(Ragged(SEQUENCES), Ragged(targets), verbose=0)
    np.testing.assert_equal(model.state(), before)
    longest = max(map(len, SEQUENCES))
    x, y = (Ragged(part, pad_to=longest) for part in (SEQUENCES, [row[:1] for row in labels]))
    assert np.isfinite(model.fit(x, y, verbose=0).history["loss"]).all()


def test_ctc_of_ragged_sequences_and_ragged_labels(backend: str) -> None:
    """The masks of inputs and of labels have lengths of their own."""
    random = np.random.default_rng(4)
    sounds = [random.normal(size=(n, 3)) for n in (9, 7, 5)]
    words = [np.array(word) for word in ([1, 2, 2], [3], [2, 1])]
    net = nn.Sequential(nn.LSTM(4, return_sequences=True), nn.Dense(4))
    model = dn.Model(net, (None, 3), backend=backend, dtype="float64")
    model.compile(dn.optim.SGD(0.1), dn.losses.CTC())
    ragged = Ragged(sounds, pad_to=9), Ragged(words, pad_to=3)
    alone = [
        dn.to_numpy(dn.losses.ctc(word[None], model(sound[None])))
        for sound, word in zip(sounds, words, strict=True)
    ]
    found = model.evaluate(*ragged, batch_size=3)["loss"]
    assert found == pytest.approx(np.mean(alone), rel=1e-12)  # sums of some ten steps
    history = model.fit(*ragged, batch_size=2, epochs=3, verbose=0)
    assert history["loss"][-1] < history["loss"][0]
