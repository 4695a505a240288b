"""``ops.nn`` function by function: awkward arguments, kinks, kernels against definitions."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from typing import Any

import keras
import numpy as np
import pytest
import scipy.special
import tensorflow as tf
import torch
from layer_cases import ACTIVATIONS
from test_layers import EXACT, NATIVE

from dualnet import nn, ops, registry, windows
from dualnet.errors import ConfigError, DtypeError, IndexRangeError, ShapeError, UnknownName
from dualnet.nn import activations
from dualnet.ops.nn import recurrent

RANDOM = np.random.default_rng(5)

#: One elementary function or division, rounded: some units in the last place of float64.
ROUNDED = 2e-15
#: A formula of a handful of such steps.
FEW = 1e-14


def on(backend: str, *arrays: Any) -> list[Any]:
    return [NATIVE[backend].tensor(np.asarray(x), "float64") for x in arrays]


# Activations far from 0 and at their kinks

FAR = np.array([-800.0, -40.0, -20.5, -1e-9, 0.0, 1e-9, 20.5, 40.0, 800.0])

#: Values where the formulas of the table overflow or lose digits.
STABLE = {
    "sigmoid": scipy.special.expit,
    "log_sigmoid": scipy.special.log_expit,
    "softplus": lambda x: np.logaddexp(x, 0.0),
    "silu": lambda x: x * scipy.special.expit(x),
    "mish": lambda x: x * np.tanh(np.logaddexp(x, 0.0)),
    "gelu": lambda x: x * scipy.special.ndtr(x),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0.0))),
    "softmax": scipy.special.softmax,
    "log_softmax": scipy.special.log_softmax,
    "sparsemax": lambda x: 1.0 * (x == x.max()),
    "squareplus": lambda x: np.where(x > 0, x, 0.0) + 2 / (np.sqrt(x * x + 4) + np.abs(x)),
}


@pytest.mark.parametrize("name", STABLE)
def test_activations_far_from_zero(name: str, backend: str) -> None:
    y = NATIVE[backend].numpy(activations.get(name)(*on(backend, FAR)))
    # Where the result is tiny, relative to the argument.
    np.testing.assert_allclose(y, STABLE[name](FAR), rtol=ROUNDED, atol=ROUNDED)


@pytest.mark.parametrize("name", [n for n in sorted(activations._FUNCTIONS) if n != "glu"])
def test_activations_pass_nan_on(name: str, backend: str) -> None:
    assert np.isnan(NATIVE[backend].numpy(activations.get(name)(*on(backend, [np.nan])))).all()


@pytest.mark.parametrize(
    ("name", "at", "slope"),
    [
        ("relu", 0.0, 0.0),
        ("relu6", 0.0, 0.0),
        ("relu6", 6.0, 0.0),
        ("leaky_relu", 0.0, 0.01),
        ("elu", 0.0, 1.0),
        ("celu", 0.0, 1.0),
        ("selu", 0.0, 1.0507009873554805 * 1.6732632423543772),
        ("hard_tanh", 1.0, 1.0),
        ("hard_tanh", -1.0, 1.0),
        ("hard_sigmoid", 3.0, 0.0),
        ("hard_sigmoid", -3.0, 0.0),
        ("softplus", 0.0, 0.5),
        ("softsign", 0.0, 1.0),
        ("hard_shrink", 0.5, 0.0),
        ("hard_shrink", -0.5, 0.0),
        ("soft_shrink", 0.5, 0.0),
        ("soft_shrink", -0.5, 0.0),
        ("sparse_plus", -1.0, 0.0),
        ("sparse_plus", 1.0, 1.0),
        ("sparse_sigmoid", 1.0, 0.5),
        ("squareplus", 0.0, 0.5),
        ("threshold", 0.0, 0.0),
    ],
)
def test_derivatives_at_kinks(name: str, at: float, slope: float, backend: str) -> None:
    (x,) = on(backend, [at])
    native = NATIVE[backend]
    first, _ = native.gradients(lambda: activations.get(name)(x)[0], [x])
    np.testing.assert_allclose(native.numpy(first[0]), [slope], rtol=ROUNDED)


def test_options_of_activations(backend: str) -> None:
    x = np.linspace(-3, 3, 13)
    (t,) = on(backend, x)
    numpy = NATIVE[backend].numpy
    below = np.minimum(x, 0.0)
    rows = [
        (ops.nn.elu(t, alpha=0.5), np.where(x > 0, x, 0.5 * np.expm1(below))),
        (ops.nn.celu(t, alpha=0.5), np.where(x > 0, x, 0.5 * np.expm1(below / 0.5))),
        (ops.nn.leaky_relu(t, negative_slope=0.3), np.where(x > 0, x, 0.3 * x)),
        (
            ops.nn.gelu(t, approximate="tanh"),
            x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
        ),
        (ops.nn.hard_shrink(t, threshold=1.0), torch.nn.Hardshrink(1.0)(torch.tensor(x))),
        (ops.nn.soft_shrink(t, threshold=1.2), torch.nn.Softshrink(1.2)(torch.tensor(x))),
        (ops.nn.threshold(t, threshold=1.0, value=-2.0), np.where(x > 1.0, x, -2.0)),
        (ops.nn.squareplus(t, b=0.5), keras.ops.squareplus(x, 0.5).numpy()),
    ]
    for got, wanted in rows:
        np.testing.assert_allclose(numpy(got), wanted, rtol=FEW, atol=ROUNDED)
    with pytest.raises(UnknownName, match=r"unknown GELU approximation 'erf'.*none, tanh"):
        ops.nn.gelu(t, approximate="erf")
    for shrink in (ops.nn.hard_shrink, ops.nn.soft_shrink):
        with pytest.raises(ConfigError, match=r"threshold=-1\.0 must not be negative"):
            shrink(t, threshold=-1.0)
    with pytest.raises(ConfigError, match=r"b=0\.0 must be positive"):
        ops.nn.squareplus(t, b=0.0)


def test_sparsemax_along_another_axis(backend: str) -> None:
    """By its definition: Keras 3.15 adds up running sums where the paper adds up elements."""
    x = RANDOM.normal(size=(5, 6))
    wanted = ACTIVATIONS["sparsemax"](torch.tensor(x.T)).numpy().T
    y = NATIVE[backend].numpy(ops.nn.sparsemax(*on(backend, x), axis=0))
    np.testing.assert_allclose(y, wanted, rtol=0, atol=ROUNDED)
    assert (y == 0).any()
    with pytest.raises(DtypeError, match="sparsemax takes"):
        ops.nn.sparsemax(*on(backend, np.array([1, 2])))


@pytest.mark.parametrize("function", [ops.nn.softmax, ops.nn.log_softmax])
def test_softmax_along_another_axis(function: Any, backend: str) -> None:
    x = RANDOM.normal(size=(3, 4))
    reference = getattr(scipy.special, function.__name__)(x, axis=0)
    np.testing.assert_allclose(
        NATIVE[backend].numpy(function(*on(backend, x), axis=0)), reference, rtol=FEW
    )


# Products


def test_linear_of_one_vector(backend: str) -> None:
    x, kernel, bias = RANDOM.normal(size=4), RANDOM.normal(size=(4, 3)), RANDOM.normal(size=3)
    y = ops.nn.linear(*on(backend, x, kernel, bias))
    np.testing.assert_allclose(NATIVE[backend].numpy(y), x @ kernel + bias, rtol=FEW)


def test_embedding_of_a_single_id(backend: str) -> None:
    table = np.arange(6.0).reshape(3, 2)
    y = ops.nn.embedding(NATIVE[backend].tensor(np.array(2), "float64"), *on(backend, table))
    np.testing.assert_array_equal(NATIVE[backend].numpy(y), table[2])
    with pytest.raises(IndexRangeError):
        ops.nn.embedding(NATIVE[backend].tensor(np.array(3), "float64"), *on(backend, table))


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64"])
def test_embedding_takes_integers_of_any_width(dtype: str, backend: str) -> None:
    table = RANDOM.normal(size=(5, 2))
    ids = np.array([[0, 4], [4, 2]], dtype)
    y = ops.nn.embedding(*on(backend, ids, table))
    assert (NATIVE[backend].numpy(y) == table[ids]).all()


def test_gradient_of_a_table_is_dense(backend: str) -> None:
    """Rows taken twice sum up, rows not taken are zero, and none of it is sparse."""
    native = NATIVE[backend]
    ids, table = on(backend, np.array([1, 3, 1]), np.ones((5, 2)))
    first, _ = native.gradients(lambda: ops.sum(ops.nn.embedding(ids, table)), [table])
    assert native.numpy(first[0])[:, 0].tolist() == [0, 2, 0, 1, 0]


@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_one_hot_is_a_row_of_the_identity(axis: int, backend: str) -> None:
    ids = np.array([[0, 3, 1], [2, 0, 0]], "int32")
    y = ops.nn.one_hot(*on(backend, ids), 4, axis=axis, dtype="float64")
    assert (NATIVE[backend].numpy(y) == np.moveaxis(np.eye(4)[ids], -1, axis)).all()
    assert NATIVE[backend].numpy(ops.nn.one_hot(*on(backend, ids), 5)).dtype == np.float32
    (wrong,) = on(backend, np.array([0, 4]))
    with pytest.raises(IndexRangeError, match="id 4 is outside the range of 4 classes; valid"):
        ops.nn.one_hot(wrong, 4)
    with pytest.raises(DtypeError, match="ids must be integers"):
        ops.nn.one_hot(*on(backend, np.ones(2)), 4)
    compiled = NATIVE[backend].compiled(lambda: ops.nn.one_hot(wrong, 4))
    assert NATIVE[backend].numpy(compiled()).tolist() == [[1, 0, 0, 0], [0, 0, 0, 0]]


# Segments

LABELS = np.array([2, 0, 2, 4, 0, 2])
SEGMENTS = {"sum": (np.sum, 0.0), "mean": (np.mean, 0.0), "max": (np.max, -np.inf)}
SEGMENTS["min"] = (np.min, np.inf)


@pytest.mark.parametrize("kind", SEGMENTS)
@pytest.mark.parametrize("shape", [(6,), (6, 3, 2)])
def test_segments_are_those_of_numpy(kind: str, shape: Any, backend: str) -> None:
    native, (reduce, empty) = NATIVE[backend], SEGMENTS[kind]
    array = RANDOM.normal(size=shape)
    x, ids = on(backend, array, LABELS)
    function = getattr(ops.nn, f"segment_{kind}")
    rows = [array[label == LABELS] for label in range(5)]
    wanted = [reduce(r, axis=0) if len(r) else np.full(shape[1:], empty) for r in rows]
    y = function(x, ids, num_segments=5)
    np.testing.assert_allclose(native.numpy(y), wanted, rtol=0, atol=ROUNDED)
    compiled = native.compiled(lambda: function(x, ids, num_segments=5))
    np.testing.assert_array_equal(native.numpy(compiled()), native.numpy(y))
    whole = x[:, None, None] if len(shape) == 1 else x
    float32 = function(ops.astype(whole, "float32"), ids, num_segments=5)
    reshaped = np.reshape(wanted, native.numpy(float32).shape)
    np.testing.assert_allclose(native.numpy(float32), reshaped, rtol=1e-6, atol=1e-6)  # of six


@pytest.mark.parametrize("kind", SEGMENTS)
def test_derivatives_of_segments(kind: str, backend: str) -> None:
    """Rows 0 and 2 tie in their segment: they share the gradient of an extremum."""
    native = NATIVE[backend]
    x, ids = on(backend, [5.0, 1.0, 5.0, 2.0], np.array([1, 0, 1, 0]))
    values = {"sum": [3.0, 10.0], "mean": [1.5, 5.0], "max": [2.0, 5.0], "min": [1.0, 5.0]}[kind]
    share = {
        "sum": [1.0, 1.0, 1.0, 1.0],
        "mean": [0.5, 0.5, 0.5, 0.5],
        "max": [0.5, 0.0, 0.5, 1.0],
        "min": [0.5, 1.0, 0.5, 0.0],
    }[kind]

    def loss() -> Any:
        y = getattr(ops.nn, f"segment_{kind}")(x, ids, num_segments=2)
        return ops.sum(y * y)

    first, second = native.gradients(loss, [x])
    wanted = [2 * values[i] * s for i, s in zip((1, 0, 1, 0), share, strict=True)]
    np.testing.assert_allclose(native.numpy(first[0]), wanted, rtol=ROUNDED)
    assert np.isfinite(native.numpy(second[0])).all()
    if kind in ("sum", "mean"):  # linear: d(Σ g²)/dx = 2 H g, H = 2 SᵀS
        s = np.array([[0, share[1], 0, share[3]], [share[0], 0, share[2], 0]])
        np.testing.assert_allclose(native.numpy(second[0]), 4 * s.T @ s @ wanted, rtol=FEW)


def test_segments_of_awkward_values(backend: str) -> None:
    x, ids = on(backend, [np.nan, 1.0, -np.inf, 2.0, np.inf], np.array([0, 0, 1, 2, 2]))
    wanted = {"max": [np.nan, -np.inf, np.inf], "min": [np.nan, -np.inf, 2.0]}
    for kind, values in wanted.items():
        y = getattr(ops.nn, f"segment_{kind}")(x, ids, num_segments=3)
        np.testing.assert_array_equal(NATIVE[backend].numpy(y), values)
    whole, ids = on(backend, np.array([1, 2, 3]), np.array([1, 1, 0], "int32"))
    y = NATIVE[backend].numpy(ops.nn.segment_sum(whole, ids, num_segments=2))
    assert (y.tolist(), y.dtype) == ([3, 3], np.int64)


@pytest.mark.parametrize("kind", SEGMENTS)
def test_segments_that_mean_nothing(kind: str, backend: str) -> None:
    function = getattr(ops.nn, f"segment_{kind}")
    x, ids, short, parts = on(
        backend, np.ones((3, 2)), np.array([0, 1, 4]), np.array([0, 1]), np.ones(3)
    )
    with pytest.raises(IndexRangeError, match="id 4 is outside the range of 4 segments"):
        function(x, ids, num_segments=4)
    with pytest.raises(ShapeError, match=r"\(3, 2\) needs one id for each .* of shape \(2,\)"):
        function(x, short, num_segments=4)
    with pytest.raises(DtypeError, match="ids must be integers"):
        function(x, parts, num_segments=4)
    with pytest.raises(ConfigError, match="num_segments=0 must be a positive integer"):
        function(x, ids, num_segments=0)


# Windows


def test_padding_of_every_kind() -> None:
    assert windows.pads("same", (7, 8), (4, 3), (1, 3)) == ((1, 2), (0, 1))
    assert windows.pads("same", (8,), (2,), (4,)) == ((0, 0),)
    assert windows.pads(2, (7, 8), (3, 3), (1, 1)) == ((2, 2), (2, 2))
    assert windows.pads((1, (0, 2)), (7, 8), (3, 3), (1, 1)) == ((1, 1), (0, 2))
    for n in range(1, 12):  # TensorFlow's rule, as its documentation writes it
        for k in range(1, 6):
            for s in range(1, 5):
                out = -(-n // s)
                total = max((out - 1) * s + k - n, 0)
                assert windows.pads("same", (n,), (k,), (s,)) == ((total // 2, total - total // 2),)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"padding": "sane"}, "unknown padding 'sane'; did you mean 'same'"),
        ({"padding": "causal"}, "needs one spatial axis, here there are 2"),
        ({"padding": (1, 2, 3)}, "2 numbers or pairs"),
        ({"padding": -1}, "2 numbers or pairs"),
        ({"strides": 0}, "strides=0 must be a positive integer, or 2 of them"),
        ({"dilation": (1, 2, 3)}, r"dilation=\(1, 2, 3\) must be"),
    ],
)
def test_windows_that_mean_nothing(options: dict[str, Any], match: str, backend: str) -> None:
    x, kernel = on(backend, np.ones((1, 5, 5, 2)), np.ones((3, 3, 2, 4)))
    with pytest.raises(ConfigError, match=match):
        ops.nn.conv(x, kernel, **options)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"padding": "causal"}, "'causal' means nothing to a transposed convolution"),
        ({"padding": "same", "output_padding": 1}, "'same', which makes size·stride outputs"),
        ({"output_padding": -1}, "output_padding=-1 must be a number, or 2 of them"),
        ({"output_padding": (1,)}, r"output_padding=\(1,\) must be"),
    ],
)
def test_transposed_windows_that_mean_nothing(
    options: dict[str, Any], match: str, backend: str
) -> None:
    x, kernel = on(backend, np.ones((1, 5, 5, 2)), np.ones((3, 3, 2, 4)))
    with pytest.raises(ConfigError, match=match):
        ops.nn.conv_transpose(x, kernel, **options)


@pytest.mark.parametrize(
    ("shape", "options", "match"),
    [
        ((1, 5, 2), {}, r"needs an input of rank 4 .* got shape \(1, 5, 2\)"),
        ((1, 5, 5, 3), {}, r"needs 2 input channels .* got input \(1, 5, 5, 3\)"),
        ((1, 5, 5, 2), {"groups": 4}, r"divisible by 4 group\(s\)"),
        ((1, 1, 1, 2), {"padding": 2}, "nothing is left of a transposed convolution"),
    ],
)
def test_transposed_kernels_that_do_not_fit(
    shape: tuple[int, ...], options: dict[str, Any], match: str, backend: str
) -> None:
    x, kernel = on(backend, np.ones(shape), np.ones((3, 3, 2, 4)))
    with pytest.raises(ShapeError, match=match):
        ops.nn.conv_transpose(x, kernel, **options)


@pytest.mark.parametrize("shape", [(3, 3, 1, 4), (3, 3, 3, 3)])
def test_depthwise_kernels_that_do_not_fit(shape: tuple[int, ...], backend: str) -> None:
    x, kernel = on(backend, np.ones((1, 5, 5, 3)), np.ones(shape))
    with pytest.raises(ShapeError, match=r"input channels .* divisible by 3"):
        ops.nn.depthwise_conv(x, kernel)


def test_transposed_convolutions_are_those_of_the_frameworks(backend: str) -> None:
    """Of PyTorch for padding in numbers, of Keras for words, whatever is wider, window or step."""
    x = RANDOM.normal(size=(2, 5, 3))
    for k, s in itertools.product((1, 2, 3, 4, 5), (1, 2, 3)):
        kernel = RANDOM.normal(size=(k, 3, 4))
        ours = on(backend, x, kernel)
        wanted = {
            p: keras.ops.conv_transpose(x, kernel.swapaxes(1, 2), s, padding=p).numpy()
            for p in ("same", "valid")
        }
        if k > 2:
            full = torch.nn.functional.conv_transpose1d(
                torch.tensor(x).mT, torch.tensor(kernel).permute(1, 2, 0), None, s, 1, s - 1
            )
            wanted[1] = full.mT.numpy()
        for padding, value in wanted.items():
            extra = s - 1 if padding == 1 else None
            y = ops.nn.conv_transpose(*ours, strides=s, padding=padding, output_padding=extra)
            np.testing.assert_allclose(NATIVE[backend].numpy(y), value, rtol=0, atol=EXACT)


def test_depthwise_convolution_of_volumes(backend: str) -> None:
    x, kernel = RANDOM.normal(size=(1, 3, 4, 3, 2)), RANDOM.normal(size=(2, 2, 2, 1, 4))
    y = ops.nn.depthwise_conv(*on(backend, x, kernel))
    wanted = torch.nn.functional.conv3d(
        torch.tensor(x).movedim(-1, 1), torch.tensor(kernel).permute(4, 3, 0, 1, 2), groups=2
    )
    wanted = wanted.movedim(1, -1).numpy()
    np.testing.assert_allclose(NATIVE[backend].numpy(y), wanted, rtol=0, atol=EXACT)


@pytest.mark.parametrize(
    ("pads", "options", "error", "match"),
    [
        (1, {"mode": "wrap"}, UnknownName, "unknown padding mode 'wrap'.*circular, constant, edge"),
        ((1, 2, 3), {}, ConfigError, r"pads=\(1, 2, 3\) must be a whole number, or 2 of them"),
        (1.5, {}, ConfigError, "must be a whole number"),
        ((-2, 0), {}, ShapeError, "cuts more off an axis than a tensor of shape"),
        ((0, 1), {"mode": "edge"}, ShapeError, "nothing to repeat along an empty axis"),
    ],
)
def test_padding_that_means_nothing(
    pads: Any, options: dict[str, Any], error: type[Exception], match: str, backend: str
) -> None:
    (x,) = on(backend, np.ones((3, 0)))
    with pytest.raises(error, match=match):
        ops.pad(x, pads, **options)


@pytest.mark.parametrize("padding", [-1, (1, 2, 3), 0.5])
def test_frames_that_mean_nothing(padding: Any) -> None:
    for layer in (nn.ZeroPadding2D, nn.Cropping2D):
        with pytest.raises(ConfigError, match=r"must (be a whole number|not be less than 0)"):
            layer(padding)


def test_pool_padding_as_wide_as_the_window(backend: str) -> None:
    (x,) = on(backend, np.ones((1, 5, 2)))
    for pool in (ops.nn.max_pool, ops.nn.avg_pool):
        with pytest.raises(ConfigError, match="window of padding alone"):
            pool(x, pool_size=2, padding=2)


def test_pool_window_wider_than_the_input(backend: str) -> None:
    (x,) = on(backend, np.ones((1, 8, 8, 3), np.float32))
    for pool in (ops.nn.max_pool, ops.nn.avg_pool):
        with pytest.raises(ShapeError, match=r"too small for the window \(30, 30\)"):
            pool(x, pool_size=30)


def test_batch_norm_of_one_value_under_xla_leaves_no_nan() -> None:
    vector = tf.ones(3)

    @tf.function(input_signature=[tf.TensorSpec((None, 3))], autograph=False, jit_compile=True)
    def moved(x: Any) -> Any:
        arguments = (x, None, None, vector, vector)
        return ops.nn.batch_norm_training(*arguments, momentum=0.9, epsilon=1e-5)[1:]

    for state in moved(tf.ones((1, 3))):
        assert np.isfinite(state.numpy()).all()


def test_conv_of_another_rank(backend: str) -> None:
    x, kernel = on(backend, np.ones((1, 5, 2)), np.ones((3, 3, 2, 4)))
    with pytest.raises(ShapeError, match=r"needs an input of rank 4 .* got shape \(1, 5, 2\)"):
        ops.nn.conv(x, kernel)


def test_tensorflow_kernels_without_onednn() -> None:
    """Where TensorFlow runs without oneDNN, it has fewer kernels: ours must not need them."""
    code = (
        "import numpy as np, tensorflow as tf\n"
        "import dualnet_tf.ops.nn as nn\n"
        "for dtype in ('float32', 'float64'):\n"
        "    for options in ({'groups': 2}, {'dilation': 2}, {'groups': 2, 'dilation': 2}):\n"
        "        x = tf.ones((1, 6, 6, 4), dtype)\n"
        "        k = tf.ones((2, 2, 4 // options.get('groups', 1), 4), dtype)\n"
        "        with tf.GradientTape() as tape:\n"
        "            tape.watch((x, k))\n"
        "            y = nn.max_pool(nn.conv(x, k, **options), pool_size=2)\n"
        "        assert None not in tape.gradient(y, (x, k))\n"
        "    for options in ({'groups': 2}, {'dilation': 2, 'strides': 2}):\n"
        "        k = tf.ones((2, 2, 4, 4), dtype)\n"
        "        d = tf.ones((2, 2, 1, 8), dtype)\n"
        "        with tf.GradientTape() as tape:\n"
        "            tape.watch((k, d))\n"
        "            y = nn.conv_transpose(nn.depthwise_conv(x, d)[..., :4], k, **options)\n"
        "        assert None not in tape.gradient(y, (k, d))\n"
    )
    environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": "0", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


# Resizing


def resized_by_torch(x: np.ndarray, size: Any, **options: Any) -> np.ndarray:
    y = torch.nn.functional.interpolate(torch.tensor(x).movedim(-1, 1), size, **options)
    return y.movedim(1, -1).numpy()


SIZES = [((5, 4), (7, 9)), ((7, 9), (5, 4)), ((6, 4), (3, 8)), ((3, 5), (3, 1)), ((1, 2), (4, 2))]


@pytest.mark.parametrize(("size", "to"), SIZES)
@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("method", ["nearest-exact", "bilinear", "bicubic"])
def test_resize_is_that_of_the_frameworks(
    method: str, antialias: bool, size: Any, to: Any, backend: str
) -> None:
    """PyTorch's in float64 where it means the same; its plain bicubic has another cubic."""
    x = RANDOM.normal(size=(2, *size, 3))
    y = NATIVE[backend].numpy(
        ops.nn.resize(*on(backend, x), to, method=method, antialias=antialias)
    )
    assert y.dtype == np.float64
    if method == "nearest-exact":
        assert (y == resized_by_torch(x, to, mode=method)).all()
    elif method == "bilinear" or antialias:
        wanted = resized_by_torch(x, to, mode=method, antialias=antialias)
        np.testing.assert_allclose(y, wanted, rtol=0, atol=EXACT)
    else:
        wanted = tf.image.resize(x, to, method=method).numpy()
        np.testing.assert_allclose(y, wanted, rtol=0, atol=5e-3)  # float32, a table of 1024 entries


def test_bicubic_gives_back_quadratic_polynomials(backend: str) -> None:
    """Keys' cubic with a = -1/2 is exact for them, away from the border."""
    x = np.arange(12.0)[None, :, None] ** 2
    y = NATIVE[backend].numpy(ops.nn.resize(*on(backend, x), 30, method="bicubic"))
    centres = (np.arange(30) + 0.5) * 12 / 30 - 0.5
    np.testing.assert_allclose(y[0, 5:25, 0], centres[5:25] ** 2, rtol=EXACT)


@pytest.mark.parametrize("method", ["bilinear", "bicubic", "nearest"])
def test_derivatives_of_resize(method: str, backend: str) -> None:
    """Linear in the image: its map is found from unit vectors."""
    native = NATIVE[backend]
    (x,) = on(backend, RANDOM.normal(size=(1, 3, 4, 2)))
    options = {"method": method, "antialias": True}

    def compute() -> Any:
        return native.loss([ops.nn.resize(x, (5, 2), **options)])

    eye = np.eye(24).reshape(24, 3, 4, 2)
    matrix = native.numpy(ops.nn.resize(*on(backend, eye), (5, 2), **options)).reshape(24, -1)
    square = 2 * matrix * (np.cos(np.arange(20)) + 1.5) @ matrix.T
    first, second = native.gradients(compute, [x])
    wanted = square @ native.numpy(x).ravel()
    np.testing.assert_allclose(native.numpy(first[0]).ravel(), wanted, rtol=0, atol=EXACT)
    wanted = 2 * square @ wanted
    np.testing.assert_allclose(native.numpy(second[0]).ravel(), wanted, rtol=0, atol=EXACT)


def test_resize_refuses(backend: str) -> None:
    (x,) = on(backend, np.ones((1, 4, 4, 2)))
    with pytest.raises(UnknownName, match=r"unknown resize method 'bilinaer'; did you mean"):
        ops.nn.resize(x, 2, method="bilinaer")
    with pytest.raises(ConfigError, match=r"size=\(2, 2, 2\) must be a positive integer, or 2"):
        ops.nn.resize(x, (2, 2, 2))
    (image,) = on(backend, np.ones((1, 4, 4, 2), np.uint8))
    assert NATIVE[backend].numpy(ops.nn.resize(image, 2, method="nearest")).dtype == np.uint8
    with pytest.raises(DtypeError, match="resize by bilinear takes floating dtypes, got"):
        ops.nn.resize(image, 2)
    for function in (ops.nn.resize, lambda y, n: ops.nn.adaptive_avg_pool(y, output_size=n)):
        with pytest.raises(ShapeError, match=r"needs \(batch, \*spatial, channels\), got shape"):
            function(image[0, 0], 2)


@pytest.mark.parametrize(("n", "to"), [(7, 3), (5, 5), (4, 9), (10, 4), (1, 3)])
def test_adaptive_pools_are_those_of_pytorch(n: int, to: int, backend: str) -> None:
    x = RANDOM.normal(size=(2, n, 6, 3))
    native = torch.tensor(x).movedim(-1, 1)
    for kind in ("avg", "max"):
        wanted = getattr(torch.nn.functional, f"adaptive_{kind}_pool2d")(native, (to, 4))
        y = getattr(ops.nn, f"adaptive_{kind}_pool")(*on(backend, x), output_size=(to, 4))
        wanted = wanted.movedim(1, -1).numpy()
        np.testing.assert_allclose(NATIVE[backend].numpy(y), wanted, rtol=0, atol=EXACT)


# Recurrent kernels against their definitions


def _scan(step: Any, inputs: Any, states: Any) -> Any:
    """A plain loop, on PyTorch."""
    outputs = []
    for t in range(inputs[0].shape[1]):
        states = step(states, tuple(x[:, t] for x in inputs))
        outputs.append(states[0])
    return torch.stack(outputs, 1), states


@pytest.mark.parametrize("name", ["lstm", "gru", "rnn"])
def test_recurrent_kernels_are_their_definitions(name: str, backend: str) -> None:
    gates, states = {"lstm": (4, 2), "gru": (3, 1), "rnn": (1, 1)}[name]
    shapes = [(3, 6, 2), *[(3, 5)] * states, (2, 5 * gates), (5, 5 * gates), (5 * gates,)]
    shapes += [(5 * gates,)] * (name == "gru")
    arrays = [RANDOM.normal(size=shape) for shape in shapes]
    definition = getattr(recurrent, name)(_scan, *on("torch", *arrays), None)
    kernel = getattr(ops.nn, name)(*on(backend, *arrays))
    for got, wanted in zip(kernel, definition, strict=True):
        np.testing.assert_allclose(NATIVE[backend].numpy(got), wanted.numpy(), rtol=0, atol=EXACT)


@pytest.mark.parametrize("xla", [False, True])
def test_float32_lstm_of_tensorflow_has_both_derivatives(xla: bool) -> None:
    """What is written out step by step, its gradient, and that one's gradient; XLA takes loops."""
    rng = np.random.default_rng(0)
    shapes = [(3, 6, 2), (3, 5), (3, 5), (2, 20), (5, 20), (20,)]
    arrays = [rng.normal(size=shape) for shape in shapes]
    upstream = [rng.normal(size=shape) for shape in [(3, 6, 5), (3, 5), (3, 5)]]

    def derivatives(*tensors: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as outer:
            outer.watch(tensors)
            with tf.GradientTape() as inner:
                inner.watch(tensors)
                values = ops.nn.lstm(*tensors)
            above = [tf.constant(each, tensors[0].dtype) for each in upstream]
            first = inner.gradient(values, tensors, above)
            norm = tf.add_n([tf.reduce_sum(g * g) for g in first])
        return [*values, *first, *outer.gradient(norm, tensors)]

    specs = [tf.TensorSpec((None if a.shape[0] == 3 else a.shape[0], *a.shape[1:])) for a in arrays]
    compiled = tf.function(derivatives, specs, autograph=False, jit_compile=xla)
    names = {node.name for node in compiled.get_concrete_function().graph.as_graph_def().node}
    assert ("TanhGrad" in names) is not xla  # a loop's would be in the loop
    got = compiled(*[tf.constant(a, tf.float32) for a in arrays])
    for one, other in zip(got, derivatives(*map(tf.constant, arrays)), strict=True):
        # float32 rounds at 6e-8; a dozen times over six steps, and again in the derivatives
        np.testing.assert_allclose(one, other, rtol=0, atol=3e-6 * np.max(np.abs(other)))


def test_lstm_and_gru_are_those_of_pytorch(backend: str) -> None:
    """The frameworks' own modules, weights copied: canonical layout is theirs transposed."""
    x = RANDOM.normal(size=(3, 6, 2))
    for kind, name in ((torch.nn.LSTM, "lstm"), (torch.nn.GRU, "gru")):
        native = kind(2, 4, batch_first=True, dtype=torch.float64)
        w = {key: value.detach().numpy() for key, value in native.named_parameters()}
        biases = [w["bias_ih_l0"], w["bias_hh_l0"]]
        if name == "lstm":
            biases = [biases[0] + biases[1]]
        zeros = [np.zeros((3, 4))] * (2 if name == "lstm" else 1)
        weights = (w["weight_ih_l0"].T, w["weight_hh_l0"].T, *biases)
        outputs, *_ = getattr(ops.nn, name)(*on(backend, x, *zeros, *weights))
        wanted = native(torch.tensor(x))[0].detach().numpy()
        np.testing.assert_allclose(NATIVE[backend].numpy(outputs), wanted, rtol=0, atol=EXACT)


# Attention


def test_attention_is_that_of_pytorch(backend: str) -> None:
    q, k, v = (RANDOM.normal(size=(2, 3, n, 4)) for n in (5, 6, 6))
    mask = RANDOM.random((2, 1, 5, 6)) < 0.7
    y = ops.nn.dot_product_attention(*on(backend, q, k, v), mask=on(backend, mask)[0])
    wanted = torch.nn.functional.scaled_dot_product_attention(
        *on("torch", q, k, v), attn_mask=torch.tensor(mask)
    )
    np.testing.assert_allclose(NATIVE[backend].numpy(y), wanted.numpy(), rtol=0, atol=EXACT)


def test_attention_scale_and_causality(backend: str) -> None:
    x = RANDOM.normal(size=(2, 4, 3))
    weights = ops.nn.attention_weights(*on(backend, x, x), scale=0.0, causal=True)
    wanted = np.tril(np.ones((4, 4))) / np.arange(1, 5)[:, None]
    np.testing.assert_allclose(NATIVE[backend].numpy(weights), [wanted, wanted], rtol=ROUNDED)


# Dropout


def test_dropout_by_the_frameworks_own_generator(backend: str) -> None:
    (x,) = on(backend, np.ones(4000))
    y = ops.nn.dropout(x, rate=0.25, key=0, site=0, step=0, shared=False)
    y = NATIVE[backend].numpy(y)
    assert set(np.unique(y)) == {0.0, 1 / 0.75}
    assert abs((y == 0).mean() - 0.25) < 0.035  # five standard deviations of 4000 draws


@pytest.mark.parametrize("bias", [True, False])
def test_one_product_is_several(backend: str, bias: bool) -> None:
    """Without gradients, and of many numbers, PyTorch makes one product of all kernels."""
    there, random = registry.load(backend), np.random.default_rng(0)
    x, kernels = random.normal(size=(16, 512, 8)), random.normal(size=(3, 8, 4))
    biases = random.normal(size=(3, 4)) if bias else [None] * 3
    tensor = there.state.from_numpy
    given = [tensor(kernel) for kernel in kernels], [b if b is None else tensor(b) for b in biases]
    with there.tape.no_gradient():
        found = ops.nn.linears(tensor(x), *given)
    for y, kernel, b in zip(found, kernels, biases, strict=True):
        wanted = x @ kernel + (0 if b is None else b)
        np.testing.assert_allclose(there.state.to_numpy(y), wanted, 1e-12, 1e-12)  # sums of 8
