"""Recurrent layers against the frameworks' own, cells against layers, masks, and errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch

import dualnet as dn
from dualnet import nn, ops, tree
from dualnet.errors import ConfigError, MaskError, ShapeError

#: Some steps of the same sums in another order, in float64.
EXACT = 1e-13

LINE, MOVIE = (4, 3), (3, 5, 4, 2)
SEEN = np.array([[0, 1, 1, 0], [1, 1, 1, 1], [1, 0, 1, 0]], bool)


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def made(layer: nn.Layer, shape: tuple[int, ...], backend: str) -> dn.Model:
    """A model with random weights, biases too."""
    model = dn.Model(layer, shape, backend=backend, dtype="float64")
    state = {
        path: 0.5 * numbers(*v.shape, seed=i) for i, (path, v) in enumerate(model.state().items())
    }
    model.load_state(state)
    return model


def values(found: Any) -> list[np.ndarray]:
    return [dn.to_numpy(leaf) for leaf in tree.leaves(found)]


def assert_near(got: Any, wanted: Any) -> None:
    got, wanted = values(got), [np.asarray(leaf) for leaf in tree.leaves(wanted)]
    assert len(got) == len(wanted)
    for one, other in zip(got, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=EXACT)


# Keras


def keras_gru(array: np.ndarray) -> np.ndarray:
    """Keras's gates are z r h."""
    r, z, n = np.split(array, 3, -1)
    return np.concatenate((z, r, n), -1)


def keras_weights(kind: str, state: Mapping[str, np.ndarray], prefix: str) -> list[np.ndarray]:
    """The weights of a layer or a cell below ``prefix``, in Keras's order and layout."""
    names = [n for n in ("kernel", "recurrent_kernel", "bias") if prefix + n in state]
    weights = [state[prefix + name] for name in names]
    if "GRU" not in kind:
        return weights
    weights = [keras_gru(w) for w in weights]
    if f"{prefix}recurrent_bias" in state:
        weights[2] = np.stack((weights[2], keras_gru(state[f"{prefix}recurrent_bias"])))
    return weights


L = keras.layers
SAME = {"padding": "same", "return_sequences": True}
FUNCTIONS = {"activation": "softsign", "recurrent_activation": "hard_sigmoid"}

#: A layer of ours by its name in Keras, its arguments, the shape of a sample, and whether masked.
PLAIN: list[tuple[str, tuple[Any, ...], dict[str, Any], tuple[int, ...], bool]] = [
    ("SimpleRNN", (4,), {"activation": "softsign", "return_sequences": True}, LINE, False),
    ("SimpleRNN", (4,), {"use_bias": False}, LINE, True),
    ("GRU", (4,), {"return_sequences": True, "return_state": True}, LINE, False),
    ("GRU", (4,), {"reset_after": False, "return_sequences": True}, LINE, True),
    ("GRU", (4,), {"use_bias": False, "go_backwards": True}, LINE, False),
    ("LSTM", (4,), {"return_sequences": True, "return_state": True}, LINE, True),
    ("LSTM", (4,), {**FUNCTIONS, "go_backwards": True, "return_sequences": True}, LINE, False),
    ("LSTM", (4,), {"use_bias": False}, LINE, True),
    ("ConvLSTM1D", (2, 3), {"strides": 2, "return_state": True}, MOVIE[:2] + MOVIE[3:], False),
    ("ConvLSTM2D", (2, (3, 2)), SAME, MOVIE, False),
    ("ConvLSTM2D", (2, 2), {**FUNCTIONS, "dilation_rate": 2, "use_bias": False}, MOVIE, False),
    ("ConvLSTM3D", (1, 2), {"strides": (1, 2, 1)}, (3, 3, 4, 2, 2), False),
]


@pytest.mark.parametrize(
    ("kind", "args", "options", "shape", "masked"), PLAIN, ids=[f"{p[0]}{p[2]}" for p in PLAIN]
)
def test_layers_are_those_of_keras(
    kind: str, args: Any, options: Any, shape: Any, masked: bool
) -> None:
    x = numbers(3, *shape)
    mask = np.array([[1, 1, 0, 1], [1, 1, 1, 1], [1, 0, 0, 0]], bool) if masked else None
    theirs = getattr(keras.layers, kind)(*args, **options, dtype="float64")
    theirs.build(x.shape)
    for backend in ("torch", "tensorflow"):
        model = made(getattr(nn, kind)(*args, **options), shape, backend)
        theirs.set_weights(keras_weights(kind, model.state(), ""))
        ours = model(x) if mask is None else model(*masked_input(x, mask))
        found = ours.values if isinstance(ours, nn.Masked) else ours
        if isinstance(found, tuple) and isinstance(found[0], nn.Masked):
            found = (found[0].values, *found[1:])
        assert_near(found, theirs(x, mask=mask))


def masked_input(x: np.ndarray, mask: np.ndarray) -> tuple[nn.Masked]:
    return (nn.Masked(x, mask),)


@pytest.mark.parametrize("name", ["SimpleRNNCell", "GRUCell", "LSTMCell"])
def test_cells_are_those_of_keras(name: str, backend: str) -> None:
    x, states = (
        numbers(3, 2),
        tuple(numbers(3, 4, seed=i) for i in (1, 2)[: 1 + (name == "LSTMCell")]),
    )
    theirs = getattr(keras.layers, name)(4, dtype="float64")
    theirs.build((3, 2))

    class Step(nn.Layer):
        cell: nn.Cell

        def forward(self, x: Any, *states: Any) -> Any:
            return self.cell(x, states)

    model = dn.Model(Step(getattr(nn, name)(4)), backend=backend, dtype="float64")
    output, new = model(x, *states)
    theirs.set_weights(keras_weights(name, model.state(), "cell."))
    wanted, states = theirs(x, list(states))
    assert_near((output, *new), (wanted, *states))


def test_stacks_in_both_directions_are_those_of_keras(backend: str) -> None:
    layer = nn.Bidirectional(
        nn.RNN([nn.GRUCell(3), nn.LSTMCell(2)], return_sequences=True), merge_mode="ave"
    )
    model = made(layer, LINE, backend)
    options = {"dtype": "float64"}
    cells = [[L.GRUCell(3, **options), L.LSTMCell(2, **options)] for _ in range(2)]
    here, there = (
        L.RNN(
            L.StackedRNNCells(pair, **options),
            return_sequences=True,
            go_backwards=back,
            **options,
        )
        for pair, back in zip(cells, (False, True), strict=True)
    )
    theirs = L.Bidirectional(here, merge_mode="ave", backward_layer=there, **options)
    x = numbers(3, *LINE)
    theirs(x)
    theirs.set_weights(
        [
            weight
            for way in ("layer", "backward_layer")
            for place, kind in enumerate(("GRU", "LSTM"))
            for weight in keras_weights(kind, model.state(), f"{way}.cell.cells.{place}.")
        ]
    )
    assert_near(model(x), theirs(x))


# PyTorch


def test_stacked_bidirectional_layers_are_those_of_pytorch(backend: str) -> None:
    theirs = torch.nn.LSTM(
        3, 4, num_layers=2, bidirectional=True, batch_first=True, dtype=torch.float64
    )
    layer = nn.LSTM(4, return_sequences=True, return_state=True)
    net = nn.Graph(
        start := nn.Input(LINE),
        (
            first := nn.Bidirectional(layer.replace(return_state=False), name="a")(start),
            nn.Bidirectional(layer, name="b")(first),
        ),
    )
    model = dn.Model(net, backend=backend, dtype="float64")
    state = {}
    for stage, name in enumerate("ab"):
        for suffix, way in (("", "layer"), ("_reverse", "backward_layer")):
            at = {
                k: getattr(theirs, f"{k}_l{stage}{suffix}").detach().numpy()
                for k in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            }
            state[f"{name}.{way}.kernel"] = at["weight_ih"].T
            state[f"{name}.{way}.recurrent_kernel"] = at["weight_hh"].T
            state[f"{name}.{way}.bias"] = at["bias_ih"] + at["bias_hh"]
    model.load_state(state)
    x = numbers(3, *LINE)
    _, (y, h, c, h_back, c_back) = model(x)
    wanted, (hs, cs) = theirs(torch.tensor(x))
    last = (hs[2], cs[2], hs[3], cs[3])
    assert_near((y, h, c, h_back, c_back), [t.detach().numpy() for t in (wanted, *last)])


# Cells and layers


@pytest.mark.parametrize("kind", ["SimpleRNN", "GRU", "LSTM"])
@pytest.mark.parametrize("options", [{}, {"go_backwards": True, "return_state": True}], ids=str)
def test_a_cell_over_time_is_its_layer(kind: str, options: Any, backend: str) -> None:
    """Their weights have the same names and shapes, and are exchanged here."""
    layer = made(getattr(nn, kind)(4, return_sequences=True, **options), LINE, backend)
    cell = getattr(nn, f"{kind}Cell")(4)
    over = dn.Model(
        nn.RNN(cell, return_sequences=True, **options), LINE, backend=backend, dtype="float64"
    )
    over.load_state({f"cell.{path}": value for path, value in layer.state().items()})
    x = numbers(3, *LINE)
    for given in (x, nn.Masked(x, SEEN)):
        assert_near(over(given), values(layer(given)))


@pytest.mark.parametrize("layer", [nn.LSTM(3), nn.RNN([nn.GRUCell(3), nn.LSTMCell(2)])], ids=repr)
def test_dropout_masks_are_new_in_each_call_and_the_same_at_all_steps(
    layer: nn.Layer, backend: str
) -> None:
    """With one input and one state at all steps, a step that is like another gives the same."""
    cell = nn.LSTMCell(3, dropout=0.5, recurrent_dropout=0.5, activation="linear")
    net = nn.RNN(cell, return_sequences=True)
    model = dn.Model(net, (3, 6), backend=backend, dtype="float64")
    state = model.state()
    state["cell.recurrent_kernel"][:] = 0.0
    state["cell.bias"][:] = [-99.0] * 3 + [-999.0] * 3 + [0.0] * 3 + [99.0] * 3  # only g counts
    state["cell.bias"][:3] = 99.0
    model.load_state(state)
    x = np.ones((4, 3, 6))
    one, other = (values(model(x, training=True))[0] for _ in range(2))
    for y in (one, other):
        np.testing.assert_array_equal(y, y[:, :1].repeat(3, 1))
    assert (one != other).any()
    assert model.state()["cell.calls"] == 4  # of input and state, twice
    assert "calls" not in dn.Model(layer, LINE, backend=backend).state()


def test_both_directions_have_cells_of_their_own(backend: str) -> None:
    layer = nn.Bidirectional(nn.RNN([nn.LSTMCell(2)]))
    assert nn.Layer.from_config(layer.to_config()) == layer
    paths = sorted(dn.Model(layer, LINE, backend=backend).state())
    wanted = [
        f"{way}.cell.cells.0.{name}"
        for way in ("backward_layer", "layer")
        for name in ("bias", "kernel", "recurrent_kernel")
    ]
    assert paths == wanted


class Free(nn.Cell):
    """A cell with a layer inside, and without ``units``."""

    dense: nn.Layer

    def state_shapes(self) -> Any:
        return ((2,), ())

    def forward(self, x: Any, states: Any) -> Any:
        h = self.dense(ops.concat((x, states[0]), axis=-1))
        return h, (h, states[1] + 1.0)


def compiled(function: Callable[..., Any], backend: str) -> Callable[..., Any]:
    if backend == "torch":
        return torch.compile(function, fullgraph=True, backend="aot_eager")
    return tf.function(function, autograph=False)


def test_a_users_cell_with_layers_inside_is_compiled_whole(backend: str) -> None:
    """In training; PyTorch unrolls the loop, and takes seconds for the masks of each step."""
    noise = nn.Dropout(0.2) if backend == "tensorflow" else nn.Identity()
    net = nn.RNN(Free(nn.Sequential(nn.Dense(2, "tanh"), noise)))
    found = []
    for wrap in (compiled, lambda function, _: function):
        model = dn.Model(net, (2, 3), backend=backend, dtype="float64")
        model.backend.layers.set_training(model.native, True)
        x = model.to_native(numbers(3, 2, 3))
        found.append(values(wrap(model.native, backend)(x))[0])
        if backend == "tensorflow":
            assert model.state()["cell.dense.dropout.calls"] == 2
    np.testing.assert_allclose(*found, rtol=0, atol=EXACT)


# Masks


def test_a_mask_goes_where_its_steps_go(backend: str) -> None:
    x = nn.Masked(numbers(3, *LINE), SEEN)
    for layer in (nn.GRU(2, return_sequences=True), nn.RNN(nn.GRUCell(2), return_sequences=True)):
        here = made(layer, LINE, backend)(x)
        np.testing.assert_array_equal(dn.to_numpy(here.mask), SEEN)
        there = made(layer.replace(go_backwards=True, return_state=True), LINE, backend)(x)
        np.testing.assert_array_equal(dn.to_numpy(there[0].mask), SEEN[:, ::-1])
        last = made(layer.replace(return_sequences=False), LINE, backend)(x)
        np.testing.assert_array_equal(dn.to_numpy(last), dn.to_numpy(here.values)[:, -1])


def test_one_mask_only(backend: str) -> None:
    class Twice(nn.Layer):
        inner: nn.Layer

        def forward(self, x: Any) -> Any:
            return self.inner(x, mask=x.mask)

    model = dn.Model(Twice(nn.LSTM(2)), backend=backend)
    with pytest.raises(MaskError, match="mask= and an input with a mask of its own"):
        model(nn.Masked(numbers(3, *LINE).astype("float32"), SEEN))


# Errors


class Shrinking(nn.Cell):
    units: int
    what: str

    def forward(self, x: Any, states: Any) -> Any:
        (h,) = states
        found = {
            "output": (h[:, 1:], (h,)),
            "state": (h, (h[:, 1:],)),
            "count": (h, (h, h)),
            "tensor": (h, h),
            "alone": h,
        }
        return found[self.what]


CELLS = [
    ("output", r"the output of Shrinking\(.*\) has shape \(1, 2\), but initial_output\(\) gives"),
    ("state", r"state 0 of Shrinking\(.*\) has shape \(1, 2\), but state_shapes\(\) gives \(1, 3"),
    ("count", r"must give its output and a tuple of 1 new state\(s\), got 2"),
    ("tensor", r"must give its output and a tuple of 1 new state\(s\), got \w*Tensor"),
    ("alone", r"must give its output and a tuple of 1 new state\(s\), got \w*Tensor alone"),
]


@pytest.mark.parametrize(("what", "match"), CELLS, ids=[c[0] for c in CELLS])
def test_a_cell_that_does_not_keep_its_word(what: str, match: str, backend: str) -> None:
    model = dn.Model(nn.RNN(Shrinking(3, what)), backend=backend, dtype="float64")
    with pytest.raises(ShapeError, match=match):
        model(numbers(2, *LINE))


STATES: list[tuple[nn.Layer, tuple[tuple[int, ...], ...], str]] = [
    (nn.LSTM(3), ((2, 3),), r"LSTM\(units=3\) has 2 state\(s\), got 1; give .* \(batch, 3\), "),
    (nn.LSTM(3), ((2, 3), (2, 4)), r"needs a state \(batch, 3\), got shape \(1, 4\)"),
    (nn.GRU(3), ((2, 1, 3),), r"needs a state \(batch, 3\), got shape \(1, 1, 3\)"),
    (nn.RNN([nn.LSTMCell(3), nn.GRUCell(2)]), ((2, 3), (2, 3)), r"has 3 state\(s\), got 2"),
    (nn.RNN(nn.GRUCell(3)), ((2, 4),), r"needs a state \(batch, 3\), got shape \(1, 4\)"),
    (nn.Bidirectional(nn.GRU(3)), ((2, 3),), r"the states of layer and then .*, got 1"),
]


@pytest.mark.parametrize(("layer", "shapes", "match"), STATES, ids=[s[2] for s in STATES])
def test_states_that_do_not_fit(layer: nn.Layer, shapes: Any, match: str, backend: str) -> None:
    class From(nn.Layer):
        inner: nn.Layer

        def forward(self, x: Any, *states: Any) -> Any:
            return self.inner(x, initial_state=states)

    model = dn.Model(From(layer), backend=backend, dtype="float64")
    with pytest.raises(ShapeError, match=match):
        model(numbers(2, *LINE), *(numbers(*shape) for shape in shapes))


class Silent(nn.Cell):
    """Has no ``units``."""

    def forward(self, x: Any, states: Any) -> Any:
        return x, states


WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: nn.RNN(nn.LSTM(3)), r"RNN takes cells \(nn.LSTMCell, .*\), got LSTM\(units=3\)"),
    (lambda: nn.RNN([]), "StackedRNNCells takes a list of cells, got none"),
    (lambda: nn.RNN([nn.Dense(3)]), r"takes cells \(nn.LSTMCell, .*\), got Dense\(units=3\)"),
    (lambda: nn.RNN(Silent()), r"Silent\(\) does not tell how large its states are"),
    (lambda: nn.RNN([nn.GRUCell(3), Silent()]), r"Silent\(\) does not tell how large"),
    (lambda: nn.StackedRNNCells(nn.GRUCell(3)), "cells must be "),
    (lambda: nn.LSTM(0), "units must be a positive integer, got 0"),
    (lambda: nn.LSTMCell(3, dropout=1.5), "dropout must be a number from 0 to 1, got 1.5"),
    (lambda: nn.GRU(3, recurrent_dropout=-0.1), "recurrent_dropout must be a number from 0 to 1"),
    (lambda: nn.GRU(3, recurrent_activation="sigmid"), "unknown activation 'sigmid'"),
    (lambda: nn.ConvLSTM2D(3, (1, 2, 3)), "kernel_size"),
    (lambda: nn.ConvLSTM2D(0, 3), "filters must be a positive integer"),
    (lambda: nn.ConvLSTM1D(3, 3, padding="some"), "padding"),
]


@pytest.mark.parametrize(("make", "match"), WRONG, ids=[w[1] for w in WRONG])
def test_hyperparameters_that_mean_nothing(make: Any, match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        make()


RANKS: list[tuple[nn.Layer, tuple[int, ...], str]] = [
    (nn.ConvLSTM2D(2, 3), (3, 4, 2), "needs input of rank 5, got shape .*time, \\*spatial"),
    (nn.RNN(nn.GRUCell(3)), (4,), "needs input of rank 3 or more"),
    (nn.RNN(nn.GRUCell(3)), (3, 4, 5), "needs input of rank 2, .* a cell takes one step"),
]


@pytest.mark.parametrize(("layer", "shape", "match"), RANKS, ids=[r[2] for r in RANKS])
def test_inputs_of_another_rank(layer: nn.Layer, shape: Any, match: str, backend: str) -> None:
    with pytest.raises(ShapeError, match=match):
        dn.Model(layer, shape, backend=backend)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layer", [nn.SimpleRNN(3), nn.GRU(3), nn.LSTM(3)], ids=repr)
def test_inputs_of_other_features(layer: nn.Layer, dtype: Any, backend: str) -> None:
    """oneDNN's LSTM, in float32, computes something from whatever is behind the weights."""
    model = dn.Model(layer, (5, 2), backend=backend, dtype=dtype)
    with pytest.raises(ShapeError, match=r"needs an input with 2 features .*, got .* \(1, 5, 4\)"):
        model(numbers(1, 5, 4))


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("x", (2, 5, 4)),
        ("x", (2, 5, 5, 2)),
        ("h", (1, 3)),
        ("h", (2, 4)),
        ("c", (4, 3)),
        ("kernel", (2, 8)),
        ("recurrent_kernel", (4, 12)),
        ("recurrent_kernel", (3, 16)),
        ("bias", (8,)),
    ],
)
def test_tensors_that_do_not_fit_an_lstm(name: str, shape: Any, backend: str) -> None:
    sizes = {"x": (2, 5, 2), "h": (2, 3), "c": (2, 3), "kernel": (2, 12)}
    sizes |= {"recurrent_kernel": (3, 12), "bias": (12,)} | {name: shape}
    with dn.using(backend):
        tensors = [ops.asarray(numbers(*size).astype("float32")) for size in sizes.values()]
        with pytest.raises(ShapeError):
            ops.nn.lstm(*tensors)


class Forgetful(nn.Cell):
    """Its ``build`` has no place for the shapes of the states."""

    units: int

    def build(self, input_shape: Any) -> None:
        self.add_weight("kernel", (input_shape[-1], self.units))

    def forward(self, x: Any, states: Any) -> Any:
        return states[0], states


@pytest.mark.parametrize(
    ("layer", "match"),
    [
        (nn.RNN(Forgetful(2)), r"Forgetful\(units=2\) was called with 2 input\(s\), .*too many"),
        (nn.MultiHeadAttention(2, 4), r"called with 1 input\(s\), .*missing .*'value'"),
    ],
    ids=["too many", "too few"],
)
def test_a_build_that_takes_another_number_of_inputs(
    layer: nn.Layer, match: str, backend: str
) -> None:
    with pytest.raises(ConfigError, match=match):
        dn.Model(layer, (5, 4), backend=backend)
