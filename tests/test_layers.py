"""Every layer, on both backends, against its formula: values, gradients, states, compiled."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import torch
from layer_cases import ACTIVATIONS, CASES, ELSEWHERE, Case

import dualnet as dn
from dualnet import dtypes, nn, ops, registry, tree
from dualnet.errors import ConfigError, DtypeError, IndexRangeError, ShapeError
from dualnet.nn import activations
from dualnet.nn.build import Builder

NAMES = [case.name for case in CASES]
ONE_PER_LAYER = list({type(case.layer): case for case in reversed(CASES)}.values())
#: Traced once for all ranks: compilers take seconds for random numbers, and for loops.
TRACED_ELSEWHERE = (nn.SpatialDropout2D, nn.SpatialDropout3D, nn.ConvLSTM2D, nn.ConvLSTM3D)
COMPILED = [
    case
    for case in CASES
    if (case.training or any(case is one for one in ONE_PER_LAYER))
    and not isinstance(case.layer, TRACED_ELSEWHERE)
]
TRACED = [case for case in ONE_PER_LAYER if not isinstance(case.layer, TRACED_ELSEWHERE)]

#: How many axes vary in size where a layer lets more than the batch vary.
OPEN_AXES: dict[type, int] = {
    **dict.fromkeys((nn.LSTM, nn.GRU, nn.SimpleRNN, nn.RNN, nn.MultiHeadAttention), 2),
    **dict.fromkeys((nn.Conv1D, nn.ConvLSTM1D, nn.Bidirectional), 2),
    **dict.fromkeys((nn.Attention, nn.AdditiveAttention, nn.GroupedQueryAttention), 2),
    **dict.fromkeys((nn.PositionalEncoding, nn.RotaryEmbedding), 2),
    **dict.fromkeys((nn.GlobalAvgPool1D, nn.GlobalMaxPool1D, nn.BatchNorm, nn.LayerNorm), 2),
    **dict.fromkeys((nn.Conv2D, nn.MaxPool2D, nn.AvgPool2D, nn.GlobalAvgPool2D), 3),
    **dict.fromkeys((nn.Conv3D, nn.MaxPool3D, nn.AvgPool3D), 4),
    **dict.fromkeys((nn.UpSampling1D, nn.AdaptiveAvgPool1D, nn.AdaptiveMaxPool1D), 2),
    **dict.fromkeys((nn.UpSampling2D, nn.Resizing, nn.AdaptiveMaxPool2D), 3),
    **dict.fromkeys((nn.ZeroPadding2D, nn.Conv2DTranspose, nn.DepthwiseConv2D), 3),
}

#: Sums of at most some hundred float64 terms of size about 1.
EXACT = 1e-12
#: float32 rounds at 6e-8; the longest chains here (recurrent, five steps) lose two digits.
SINGLE = 2e-5
#: A second derivative multiplies some more of the same.
SECOND = 1e-10


class OnTorch:
    """How a test runs a layer natively on PyTorch."""

    name = "torch"

    def tensor(self, x: np.ndarray, dtype: str) -> Any:
        return torch.tensor(x, dtype=getattr(torch, dtype) if x.dtype.kind == "f" else None)

    def numpy(self, x: Any) -> np.ndarray:
        return x.detach().numpy().copy()

    def gradients(self, loss: Callable[..., Any], sources: list[Any]) -> tuple[Any, Any]:
        """First derivatives, and those of the sum of their squares."""
        for source in sources:
            source.requires_grad_()
        first = torch.autograd.grad(loss(), sources, create_graph=True, materialize_grads=True)
        total = sum((g * g).sum() for g in first)
        if not total.requires_grad:  # linear in everything
            return first, [torch.zeros_like(s) for s in sources]
        return first, torch.autograd.grad(total, sources, materialize_grads=True)

    def loss(self, outputs: list[Any]) -> Any:
        """Squares with a weight of its own for each element: all gradients differ."""
        return sum((y * y * self.spread(y)).sum() for y in outputs)

    def spread(self, y: Any) -> Any:
        return torch.arange(y.numel(), dtype=y.dtype).cos().reshape(y.shape) + 1.5

    def compiled(self, function: Callable[..., Any]) -> Callable[..., Any]:
        torch.compiler.reset()
        return torch.compile(function, fullgraph=True, backend="aot_eager")


class OnTensorFlow:
    """How a test runs a layer natively on TensorFlow."""

    name = "tensorflow"

    def tensor(self, x: np.ndarray, dtype: str) -> Any:
        return tf.constant(x, getattr(tf, dtype) if x.dtype.kind == "f" else None)

    def numpy(self, x: Any) -> np.ndarray:
        return x.numpy()

    def gradients(self, loss: Callable[..., Any], sources: list[Any]) -> tuple[Any, Any]:
        none = tf.UnconnectedGradients.ZERO
        with tf.GradientTape() as outer:
            outer.watch(sources)
            with tf.GradientTape() as inner:
                inner.watch(sources)
                value = loss()
            first = inner.gradient(value, sources, unconnected_gradients=none)
            total = tf.add_n([tf.reduce_sum(g * g) for g in first])
        return first, outer.gradient(total, sources, unconnected_gradients=none)

    def loss(self, outputs: list[Any]) -> Any:
        return tf.add_n([tf.reduce_sum(y * y * self.spread(y)) for y in outputs])

    def spread(self, y: Any) -> Any:
        return tf.reshape(tf.cos(tf.cast(tf.range(tf.size(y)), y.dtype)), tf.shape(y)) + 1.5

    def compiled(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return tf.function(function, autograph=False)


NATIVE = {"torch": OnTorch(), "tensorflow": OnTensorFlow()}


class Run:
    """A case materialised on a backend, with random weights."""

    def __init__(self, case: Case, backend: str, dtype: str = "float64") -> None:
        self.case, self.native = case, NATIVE[backend]
        self.backend = registry.load(backend)
        device = self.backend.device.native("cpu:0")
        builder = Builder(self.backend, device, dtypes.policy(dtype), seed=0)
        self.module = builder.module(case.layer)
        self.backend.layers.set_training(self.module, False)
        self.inputs = tree.map(lambda x: self.native.tensor(x, dtype), case.arrays())
        self.options = {
            key: self.native.tensor(value, dtype) if isinstance(value, np.ndarray) else value
            for key, value in case.options.items()
        }
        self()  # makes the weights
        self.randomise()
        self.backend.layers.set_training(self.module, case.training)

    def __call__(self) -> Any:
        return self.module(*self.inputs, **self.options)

    def randomise(self) -> None:
        for path, variable in self.variables().items():
            if dtypes.is_floating(self.backend.state.dtype_name(variable)):
                shape = self.backend.state.shape(variable)
                random = np.random.default_rng(sum(path.encode()))
                value = random.uniform(0.5, 1.5, shape) * np.where(
                    random.random(shape) < 0.5, -1, 1
                )
                value = abs(value) if "variance" in path else value
                dtype = self.backend.state.dtype_name(variable)
                self.backend.state.assign(variable, self.native.tensor(value, dtype))

    def variables(self) -> dict[str, Any]:
        return self.backend.layers.variables(self.module)

    def weights(self) -> dict[str, np.ndarray]:
        return {
            path: self.native.numpy(v).astype(np.float64) for path, v in self.variables().items()
        }

    def trained(self) -> dict[str, Any]:
        states = self.backend.layers.states(self.module)
        return {path: v for path, v in self.variables().items() if path not in states}

    def sources(self) -> list[Any]:
        return [*floating(self.inputs), *self.trained().values()]

    def loss(self) -> Any:
        return self.native.loss(flat(self()))


def flat(outputs: Any) -> list[Any]:
    return tree.leaves(outputs)


def floating(tensors: list[Any]) -> list[Any]:
    return [x for x in tree.leaves(tensors) if dtypes.is_floating(dtypes.canonical(x.dtype))]


def reference(run: Run) -> tuple[list[np.ndarray], dict[str, np.ndarray], Any, Any]:
    """Outputs, states, first and second derivatives, by the case's formula in float64."""
    inputs = tree.map(torch.tensor, run.case.arrays())
    weights = {path: torch.tensor(value) for path, value in run.weights().items()}
    sources = [*floating(inputs), *(weights[path] for path in run.trained())]
    for source in sources:
        source.requires_grad_()
    found = run.case.reference(weights, *inputs)
    states: dict[str, Any] = {}
    if isinstance(found, tuple) and isinstance(found[-1], dict):
        *found, states = found
    outputs = flat(found)

    first, second = (), ()
    if sources:
        first, second = NATIVE["torch"].gradients(lambda: NATIVE["torch"].loss(outputs), sources)
    as_numpy = NATIVE["torch"].numpy
    return (
        [as_numpy(y) for y in outputs],
        {path: as_numpy(value) for path, value in states.items()},
        [as_numpy(g) for g in first],
        [as_numpy(g) for g in second],
    )


def assert_near(got: Any, wanted: Any, tolerance: float, what: str) -> None:
    """Compares arrays relative to the largest value among all of them, at least 1."""
    assert len(got) == len(wanted), what
    scale = max([1.0, *(np.abs(w).max(initial=0.0) for w in wanted)])
    for place, (g, w) in enumerate(zip(got, wanted, strict=True)):
        assert g.shape == w.shape, f"{what} {place}: shape {g.shape}, wanted {w.shape}"
        error = np.abs(g - w).max(initial=0.0) / scale
        assert error <= tolerance, f"{what} {place}: error {error:.1e} of {scale:.1e}"


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_values_gradients_and_states_are_those_of_the_formula(case: Case, backend: str) -> None:
    run = Run(case, backend)
    outputs, states, first, second = reference(run)
    numpy = run.native.numpy
    assert_near([numpy(y) for y in flat(run())], outputs, EXACT, "output")
    now = run.weights()
    assert_near([now[path] for path in states], list(states.values()), EXACT, "state")
    for x, given in zip(flat(run.inputs), flat(case.arrays()), strict=True):
        np.testing.assert_array_equal(numpy(x), given, "a layer writes into no input")
    run = Run(case, backend)  # a second call in training would draw another mask
    if first:
        got = run.native.gradients(run.loss, run.sources())
        assert_near([numpy(g) for g in got[0]], first, EXACT, "gradient")
        assert_near([numpy(g) for g in got[1]], second, SECOND, "second derivative")


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_float32_is_float64_rounded(case: Case, backend: str) -> None:
    run = Run(case, backend, "float32")
    outputs, _, first, _ = reference(run)
    got = flat(run())
    for y in got:
        assert run.backend.state.dtype_name(y) == "float32"
    assert_near([run.native.numpy(y) for y in got], outputs, SINGLE, "output")
    run = Run(case, backend, "float32")
    if first:
        got = run.native.gradients(run.loss, run.sources())[0]
        assert_near([run.native.numpy(g) for g in got], first, SINGLE, "gradient")


@pytest.mark.parametrize("case", COMPILED, ids=[case.name for case in COMPILED])
def test_compiled_is_eager(case: Case, backend: str) -> None:
    eager, run = Run(case, backend), Run(case, backend)
    numpy = run.native.numpy

    def call() -> Any:
        return run.module(*run.inputs, **run.options)

    compiled = run.native.compiled(call)
    for _ in range(2):  # states move from call to call
        wanted = [numpy(y) for y in flat(eager())]
        assert_near([numpy(y) for y in flat(compiled())], wanted, EXACT, "output")
    after = run.weights()
    assert_near(list(after.values()), list(eager.weights().values()), EXACT, "state")


@pytest.mark.parametrize("case", TRACED, ids=[case.name for case in TRACED])
def test_graph_gives_both_derivatives_without_knowing_sizes(case: Case) -> None:
    run = Run(case, "tensorflow")
    count = OPEN_AXES.get(type(case.layer), 1)

    def spec(x: Any) -> tf.TensorSpec:
        return tf.TensorSpec([None if a < count else n for a, n in enumerate(x.shape)], x.dtype)

    specs = tree.map(spec, run.inputs)

    @tf.function(input_signature=specs, autograph=False)
    def derivatives(*inputs: Any) -> Any:
        run.inputs = list(inputs)
        return run.native.gradients(run.loss, run.sources())

    arrays = run.inputs
    _, _, first, second = reference(run)
    if first:
        got = derivatives(*arrays)
        assert_near([g.numpy() for g in got[0]], first, EXACT, "gradient")
        assert_near([g.numpy() for g in got[1]], second, SECOND, "second derivative")


def test_every_public_layer_has_a_row() -> None:
    public = {getattr(nn, name) for name in nn.__all__}
    layers = {kind for kind in public if inspect.isclass(kind) and issubclass(kind, nn.Layer)}
    rows = {type(case.layer) for case in CASES}
    missing = {kind.__name__ for kind in layers - rows} ^ set(ELSEWHERE)
    assert not missing


def test_every_activation_has_a_row() -> None:
    assert set(ACTIVATIONS) == set(activations._FUNCTIONS)


# Half precision


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "mixed_bfloat16"])
@pytest.mark.parametrize(
    "layer", [nn.BatchNorm(), nn.LayerNorm(), nn.GroupNorm(2), nn.RMSNorm()], ids=repr
)
def test_half_precision_is_normalised_in_float32(layer: nn.Layer, dtype: str, backend: str) -> None:
    """Squares of 300 overflow float16, and 8 bits of bfloat16 hold no variance of such values."""
    loaded, native = registry.load(backend), NATIVE[backend]
    x = np.random.default_rng(0).normal(300.0, 30.0, (64, 4)).astype(np.float32)
    builder = Builder(loaded, loaded.device.native("cpu:0"), dtypes.policy(dtype), seed=0)
    module = builder.module(layer)
    low = ops.astype(native.tensor(x, "float32"), dtypes.policy(dtype).compute)
    y = module(low)
    assert loaded.state.dtype_name(y) == dtypes.policy(dtype).compute
    wide = loaded.state.to_numpy(ops.astype(low, "float64"))
    axes = {nn.BatchNorm: (0,), nn.GroupNorm: None}.get(type(layer), (-1,))
    if axes is None:
        pairs = wide.reshape(64, 2, 2)
        centred = pairs - pairs.mean(-1, keepdims=True)
        wanted = (centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)).reshape(64, 4)
    else:
        centred = wide - wide.mean(axes, keepdims=True) * (not isinstance(layer, nn.RMSNorm))
        wanted = centred / np.sqrt((centred**2).mean(axes, keepdims=True) + 1e-5)
    ulp = {"float16": 2.0**-10, "bfloat16": 2.0**-7}[dtypes.policy(dtype).compute]
    error = np.abs(loaded.state.to_numpy(ops.astype(y, "float64")) - wanted).max()
    assert error <= 3 * ulp  # values up to 3, rounded once


# Awkward values


def test_max_pool_propagates_nan(backend: str) -> None:
    x = np.arange(16.0).reshape(1, 4, 4, 1)
    x[0, 0, 1] = np.nan
    y = ops.nn.max_pool(NATIVE[backend].tensor(x, "float64"), pool_size=2)
    wanted = [[np.nan, 7.0], [13.0, 15.0]]
    np.testing.assert_array_equal(NATIVE[backend].numpy(y)[0, :, :, 0], wanted)


def test_max_pool_of_minus_infinity_and_ties(backend: str) -> None:
    """Padding is -inf; the first of equal maxima takes the gradient."""
    native = NATIVE[backend]
    x = native.tensor(np.array([-np.inf, -np.inf, 2.0, 2.0]).reshape(1, 4, 1), "float64")
    y = ops.nn.max_pool(x, pool_size=2, padding="same")
    assert native.numpy(y).tolist() == [[[-np.inf], [2.0]]]
    x = native.tensor(np.array([1.0, 1.0, 2.0, 2.0]).reshape(1, 4, 1), "float64")
    first, _ = native.gradients(lambda: native.loss([ops.nn.max_pool(x, pool_size=2)]), [x])
    assert (native.numpy(first[0]).ravel() != 0).tolist() == [True, False, True, False]


def test_dropout_drops_infinities_and_counts_its_calls(backend: str) -> None:
    case = Case("", nn.Dropout(0.5), (np.full((40,), np.inf),), lambda w, x: x, training=True)
    run = Run(case, backend)
    masks = [NATIVE[backend].numpy(run()) for _ in range(2)]
    assert not np.isnan(masks[0]).any()
    assert (masks[0] == 0).any()
    assert (masks[0] != masks[1]).any()
    assert run.weights()["calls"] == 2


def test_attention_without_anything_to_see_has_finite_gradients(backend: str) -> None:
    native = NATIVE[backend]
    mask = native.tensor(np.zeros((1, 3, 3), bool), "float64")
    q = native.tensor(np.random.default_rng(0).normal(size=(1, 3, 2)), "float64")
    first, second = native.gradients(
        lambda: native.loss([ops.nn.dot_product_attention(q, q, q, mask=mask)]), [q]
    )
    assert not native.numpy(first[0]).any()
    assert not native.numpy(second[0]).any()


def test_first_biases_of_the_forget_gate_are_one(backend: str) -> None:
    loaded = registry.load(backend)
    builder = Builder(loaded, loaded.device.native("cpu:0"), dtypes.policy("float32"), seed=0)
    module = builder.module(nn.LSTM(2))
    module(NATIVE[backend].tensor(np.zeros((1, 3, 2)), "float32"))
    assert NATIVE[backend].numpy(module.bias).tolist() == [0, 0, 1, 1, 0, 0, 0, 0]


# Native modules


class Halve(tf.Module):
    def __init__(self) -> None:
        super().__init__()
        self.factor = tf.Variable(0.5)

    def __call__(self, x: Any) -> Any:
        return x * self.factor


def _native_layer() -> nn.Native:
    class HalveTorch(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.factor = torch.nn.Parameter(torch.tensor(0.5))

        def forward(self, x: Any) -> Any:
            return x * self.factor

    return nn.Native(torch=HalveTorch, tensorflow=Halve)


def test_native_modules_are_layers(backend: str) -> None:
    net = nn.Sequential(_native_layer(), nn.Identity())
    run = Run(Case("", net, ((3, 2),), lambda w, x: x), backend, "float32")
    variables = run.variables()
    assert list(variables) == ["native.native.factor"]
    before = float(run.native.numpy(variables["native.native.factor"]))
    np.testing.assert_allclose(run.native.numpy(run()), run.native.numpy(run.inputs[0]) * before)


def test_a_native_instance_is_shared_and_a_factory_makes_new_ones(backend: str) -> None:
    make = {"torch": lambda: torch.nn.Linear(2, 3), "tensorflow": Halve}[backend]
    for given, shared in ((make(), True), (make, False)):
        case = Case("", nn.Native(**{backend: given}), ((3, 2),), lambda w, x: x)
        one, other = (list(Run(case, backend, "float32").variables().values()) for _ in range(2))
        assert one
        assert all((a is b) == shared for a, b in zip(one, other, strict=True))


def test_keras_layers_are_told_the_mode() -> None:
    import keras

    layer = nn.Native(
        tensorflow=lambda: keras.Sequential([keras.layers.Dense(3), keras.layers.Dropout(0.5)])
    )
    run = Run(Case("", layer, ((40, 2),), lambda w, x: x), "tensorflow", "float32")
    assert [path.split(".")[-1] for path in run.trained()] == ["kernel", "bias"]
    assert not (run().numpy() == 0).any()
    run.backend.layers.set_training(run.module, True)
    assert (run().numpy() == 0).any()


def test_native_without_this_backend(backend: str) -> None:
    other = {"torch": "tensorflow", "tensorflow": "torch"}[backend]
    layer = nn.Native(**{other: lambda: None})
    with pytest.raises(ConfigError, match=f"has no module for '{backend}'; add {backend}=…"):
        Run(Case("", layer, ((3, 2),), lambda w, x: x), backend)


# Errors


def call(layer: nn.Layer, backend: str, *shapes: Any) -> Any:
    """Builds the layer for the first shape (or array), then calls it with the next ones."""
    run = Run(Case("", layer, (shapes[0],), lambda w, x: x), backend)
    for shape in shapes[1:]:
        given = shape if isinstance(shape, np.ndarray) else np.ones(shape)
        run.module(run.native.tensor(given, "float64"))


SHAPES: list[tuple[nn.Layer, tuple[Any, ...], str]] = [
    (nn.Dense(10), ((32,),), r"Dense\(units=10\) needs input of rank 2 or more, got shape \(32,\)"),
    (nn.Dense(10), ((3, 4), (3, 5)), r"needs an input with 4 features .* got shape \(3, 5\)"),
    (nn.Dense(10), ((2, 3, 4), (2, 3, 5)), r"needs an input with 4 features"),
    (nn.Conv2D(4, 3), ((2, 5, 5),), r"needs input of rank 4, got shape \(2, 5, 5\); the layout"),
    (nn.Conv2D(4, 3), ((2, 5, 5, 3), (2, 5, 5, 4)), "needs 3 input channels"),
    (nn.Conv2D(4, 3), ((2, 5, 2, 3),), r"too small for the window \(3, 3\)"),
    (nn.Conv2D(4, 3, groups=2), ((2, 5, 5, 3),), "3 input channels .* among 2 groups"),
    (nn.MaxPool2D(3), ((2, 2, 5, 3),), r"too small for the window \(3, 3\)"),
    (nn.AvgPool1D(3), ((2, 2, 3),), r"too small for the window \(3,\)"),
    (nn.GlobalAvgPool2D(), ((2, 3),), "needs input of rank 4"),
    (nn.LayerNorm(1), ((2, 3, 4),), "axis must name the last axes"),
    (nn.GroupNorm(4), ((2, 6),), "6 channels .* among 4 groups"),
    (nn.Reshape((5, 2)), ((3, 4),), r"cannot take samples of shape \(4,\): 4 values"),
    (nn.Cropping1D(2), ((2, 3, 4),), "cuts more off an axis than a tensor of shape"),
    (nn.ZeroPadding2D(), ((2, 3, 4),), "needs input of rank 4"),
    (nn.UpSampling2D(), ((2, 3, 4),), "needs input of rank 4"),
    (nn.AdaptiveMaxPool1D(2), ((2, 3),), "needs input of rank 3"),
    (nn.LSTM(3), ((2, 3),), "needs input of rank 3, got"),
    (nn.Add(), ((2, 3),), "merges two or more inputs, got 1"),
]


@pytest.mark.parametrize(("layer", "shapes", "match"), SHAPES, ids=[str(s[:2]) for s in SHAPES])
def test_wrong_shapes(layer: nn.Layer, shapes: Any, match: str, backend: str) -> None:
    with pytest.raises(ShapeError, match=match):
        call(layer, backend, *shapes)


OPTIONS: list[tuple[Any, str]] = [
    (lambda: nn.ReLU(max_value=-1.0), "max_value=-1.0 must not be less than the threshold 0.0"),
    (lambda: nn.ReLU(negative_slope=float("nan")), "negative_slope must be a finite number"),
    (lambda: nn.LeakyReLU("a"), "negative_slope must be a finite number, got 'a'"),
    (lambda: nn.PReLU(shared_axes=(0,)), r"shared_axes are numbers from 1 on, got \(0,\)"),
    (lambda: nn.TimeDistributed(3), "TimeDistributed takes a layer, got 3"),
    (lambda: nn.Bidirectional(nn.Dense(2)), "takes a recurrent layer .*, got Dense"),
    (lambda: nn.Bidirectional(nn.GRU(2), "add"), "unknown merge mode 'add'"),
    (lambda: nn.Bidirectional(nn.GRU(2), "sum", nn.GRU(2)), "must have go_backwards=True"),
    (lambda: nn.GaussianNoise(-1.0), "stddev must not be negative"),
    (lambda: nn.GaussianDropout(1.0), "rate must be less than 1; Dropout takes 1"),
    (lambda: nn.AlphaDropout(1.5), "rate must be a number from 0 to 1"),
    (lambda: nn.SpatialDropout2D(-0.1), "rate must be a number from 0 to 1"),
]


@pytest.mark.parametrize(("make", "match"), OPTIONS, ids=[match for _, match in OPTIONS])
def test_hyperparameters_that_mean_nothing(make: Any, match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        make()


def test_relu_layers_keep_nan_and_infinities(backend: str) -> None:
    x = NATIVE[backend].tensor(np.array([np.nan, -np.inf, np.inf]), "float64")
    for options, wanted in (({}, [np.nan, 0, np.inf]), ({"max_value": 6.0}, [np.nan, 0, 6])):
        case = Case("", nn.ReLU(**options), ((3,),), lambda w, x: x)
        run = Run(case, backend)
        np.testing.assert_array_equal(run.native.numpy(run.module(x)), wanted)


def test_states_of_both_directions_go_in_and_out(backend: str) -> None:
    layer = nn.Bidirectional(nn.LSTM(3, return_state=True), None)
    run = Run(Case("", layer, ((2, 4, 5),), lambda w, x: x), backend)
    whole = run()
    assert [tuple(y.shape) for y in whole[0]] == [(2, 3)] * 2
    first = run.module(run.inputs[0][:, :2])
    rest = run.module.layer(run.inputs[0][:, 2:], initial_state=tuple(first[1:3]))
    assert_near([run.native.numpy(rest[0])], [run.native.numpy(whole[0][0])], EXACT, "output")
    again = run.module(run.inputs[0], initial_state=tuple(first[1:]))
    wanted = run.module.backward_layer(run.inputs[0], initial_state=tuple(first[3:]))
    assert_near([run.native.numpy(again[0][1])], [run.native.numpy(wanted[0])], EXACT, "output")


def test_unit_normalization_of_nothing_has_finite_gradients(backend: str) -> None:
    run = Run(Case("", nn.UnitNormalization(), (np.zeros((2, 3)),), lambda w, x: x), backend)
    first, second = run.native.gradients(run.loss, run.inputs)
    assert not run.native.numpy(run()).any()
    assert not run.native.numpy(first[0]).any()
    assert np.isfinite(run.native.numpy(second[0])).all()


def test_batch_norm_of_one_value_per_channel(backend: str) -> None:
    case = Case("", nn.BatchNorm(), ((1, 4),), lambda w, x: x, training=True)
    run = Run(case, backend)
    before = run.weights()
    with pytest.raises(ShapeError, match=r"more than one value per channel, got shape \(1, 4\)"):
        run()
    assert_near(list(run.weights().values()), list(before.values()), 0.0, "state")


def test_embedding_refuses_what_points_nowhere(backend: str) -> None:
    ids = np.array([[0, 1]])
    with pytest.raises(DtypeError, match="ids must be integers"):
        call(nn.Embedding(4, 2), backend, ids, np.array([[0.0]]))
    for wrong in (-1, 4):
        with pytest.raises(IndexRangeError, match=f"id {wrong} is outside the table of 4 rows"):
            call(nn.Embedding(4, 2), backend, ids, np.array([[0, wrong]]))


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64", "bool"])
@pytest.mark.parametrize(
    ("layer", "shape"), [(nn.Dense(2), (3, 4)), (nn.Conv2D(2, 3), (1, 8, 8, 3))], ids=str
)
def test_another_dtype_is_refused(
    layer: nn.Layer, shape: tuple[int, ...], dtype: str, backend: str
) -> None:
    text = re.escape(f'an input of {dtype} meets a kernel of float32; cast the input: x.astype("fl')
    x = np.ones(shape, dtype)
    model = dn.Model(layer, shape[1:], backend=backend)
    for compute in (model, model.predict):
        with pytest.raises(DtypeError, match=text):
            compute(x)


def test_a_last_batch_of_one_is_refused_in_a_graph_too(backend: str) -> None:
    model = dn.Model(nn.Sequential(nn.BatchNorm(), nn.Dense(2)), (3,), backend=backend)
    model.compile(optimizer="sgd", loss="mse")
    x, y = np.ones((5, 3), np.float32), np.ones((5, 2), np.float32)
    model.fit(x[:4], y[:4], batch_size=4, epochs=1, verbose=0)
    before = model.state()
    with pytest.raises(ShapeError, match="more than one value per channel"):
        model.fit(x[:1], y[:1], batch_size=4, epochs=1, verbose=0)
    for name, value in model.state().items():
        np.testing.assert_array_equal(value, before[name], name)


def test_an_id_that_points_nowhere_in_a_graph(backend: str) -> None:
    model = dn.Model(nn.Embedding(4, 2), (3,), backend=backend)
    with pytest.raises(IndexRangeError, match=r"9 is outside .* of 4 .* valid \w+ are 0 to 3"):
        model.predict(np.array([[0, 1, 9]]))
