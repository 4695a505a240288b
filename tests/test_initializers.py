"""Initializers: variances and limits against formulas; values that only the path decides."""

from __future__ import annotations

import json
import math

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from dualnet import initializers as init
from dualnet.errors import ConfigError, ShapeError, UnknownName
from dualnet.random import Stream

calm = settings(deadline=None, max_examples=50)  # a shared machine may stall past any deadline

STREAM = Stream(11, "init", "dense/kernel")
CLASSES = [getattr(init, name) for name in init.__all__ if name[0].isupper()]
CONCRETE = [kind for kind in CLASSES if kind is not init.Initializer]

DENSE, CONV, GROUPED, DEPTHWISE = (300, 200), (3, 3, 60, 90), (3, 3, 20, 300), (5, 5, 1, 2000)


def _distance(values, cdf):
    return stats.kstest(values.reshape(-1), cdf).pvalue


def _uniform(limit):
    return stats.uniform(-limit, 2.0 * limit)


def _normal(stddev):
    return stats.norm(0.0, stddev)


def _truncated(stddev):
    """The law with ``stddev`` after the cut, which is at two deviations of the law before it."""
    before = stddev / stats.truncnorm(-2.0, 2.0).std()
    return stats.truncnorm(-2.0, 2.0, scale=before)


#: Initializer, shape, and the law that SciPy has of its values.
LAWS = [
    (init.RandomNormal(), DENSE, _normal(0.05)),
    (init.RandomNormal(mean=3.0, stddev=2.0), DENSE, stats.norm(3.0, 2.0)),
    (init.RandomUniform(), DENSE, _uniform(0.05)),
    (init.RandomUniform(1.0, 3.0), DENSE, stats.uniform(1.0, 2.0)),
    (init.TruncatedNormal(), DENSE, _truncated(0.05)),
    (init.GlorotUniform(), DENSE, _uniform(math.sqrt(6 / 500))),
    (init.GlorotUniform(), CONV, _uniform(math.sqrt(6 / (9 * 150)))),
    (init.GlorotNormal(), DENSE, _truncated(math.sqrt(2 / 500))),
    (init.HeUniform(), DENSE, _uniform(math.sqrt(6 / 300))),
    (init.HeUniform(), DEPTHWISE, _uniform(math.sqrt(6 / 25))),
    (init.HeNormal(), CONV, _truncated(math.sqrt(2 / (9 * 60)))),
    (init.HeNormal(), GROUPED, _truncated(math.sqrt(2 / (9 * 20)))),
    (init.LecunUniform(), DENSE, _uniform(math.sqrt(3 / 300))),
    (init.LecunNormal(), DENSE, _truncated(math.sqrt(1 / 300))),
    (init.VarianceScaling(), DENSE, _truncated(math.sqrt(1 / 300))),
    (init.VarianceScaling(3.0, "fan_out", "normal"), DENSE, _truncated(math.sqrt(3 / 200))),
    (
        init.VarianceScaling(1.0, "fan_avg", "untruncated_normal"),
        DENSE,
        _normal(math.sqrt(1 / 250)),
    ),
]


@pytest.mark.parametrize(
    ("initializer", "shape", "law"),
    LAWS,
    ids=lambda value: repr(value) if isinstance(value, init.Initializer) else None,
)
def test_distribution(initializer, shape, law):
    values = initializer(shape, STREAM)
    assert values.shape == shape
    assert values.dtype == np.float64
    assert _distance(values, law.cdf) > 1e-3
    low, high = law.support()
    assert np.all((values >= low * (1 + 1e-15)) & (values <= high * (1 + 1e-15)))  # last bit of √
    error = 5.0 * math.sqrt(stats.kurtosis(values, axis=None, fisher=False) / values.size)
    assert abs(values.var() / law.var() - 1.0) < error  # five standard deviations of a variance


def test_truncated_stddev_is_the_integral():
    mass, _ = integrate.quad(stats.norm.pdf, -2.0, 2.0)
    square, _ = integrate.quad(lambda x: x * x * stats.norm.pdf(x), -2.0, 2.0)
    assert math.sqrt(square / mass) == pytest.approx(init.TRUNCATED_STDDEV, rel=1e-12)  # quad's


def test_constants():
    np.testing.assert_array_equal(init.Zeros()((2, 3), STREAM), [[0.0] * 3] * 2)
    np.testing.assert_array_equal(init.Ones()((2, 3), STREAM), [[1.0] * 3] * 2)
    np.testing.assert_array_equal(init.Constant(2.5)((2,), STREAM), [2.5, 2.5])
    np.testing.assert_array_equal(init.Identity(3.0)((2, 3), STREAM), [[3.0, 0, 0], [0, 3.0, 0]])


@calm
@given(shape=st.lists(st.integers(1, 6), min_size=2, max_size=4).map(tuple))
def test_orthogonal(shape):
    matrix = init.Orthogonal(gain=2.0)(shape, STREAM).reshape(-1, shape[-1])
    rows, columns = matrix.shape
    product = matrix.T @ matrix if rows >= columns else matrix @ matrix.T
    np.testing.assert_allclose(product, 4.0 * np.eye(min(rows, columns)), atol=1e-13)  # ulps · size


def test_orthogonal_is_uniform():
    """The first entry of a uniform 3-vector of length 1 is uniform in [-1, 1] (Archimedes)."""
    draws = [init.Orthogonal()((3, 3), Stream(seed, "init"))[0, 0] for seed in range(2000)]
    assert _distance(np.array(draws), _uniform(1.0).cdf) > 1e-3


@pytest.mark.parametrize("kind", CONCRETE, ids=lambda kind: kind.__name__)
def test_values_depend_on_seed_and_path_only(kind):
    shape = (4, 1, 3) if kind is init.STFT else (4, 3)
    first = kind()(shape, Stream(1, "init", "a"))
    kind()(shape, Stream(1, "init", "b"))
    again = kind()(shape, Stream(1, "init", "a"))
    np.testing.assert_array_equal(first, again)
    random = kind not in (init.Zeros, init.Ones, init.Constant, init.Identity, init.STFT)
    for other in (Stream(1, "init", "b"), Stream(2, "init", "a")):
        assert np.array_equal(first, kind()(shape, other)) != random


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((), (1, 1)),
        ((7,), (7, 7)),
        ((7, 5), (7, 5)),
        ((3, 7, 5), (21, 15)),
        ((3, 3, 8, 16), (72, 144)),
        ((3, 3, 1, 16), (9, 144)),  # depthwise: one output unit sums over 9 values
        ((0, 5), (0, 5)),
    ],
    ids=str,
)
def test_fans(shape, expected):
    assert init.fans(shape) == expected


@pytest.mark.parametrize("shape", [(), (0, 5), (3,)], ids=str)
def test_small_shapes_can_be_drawn(shape):
    assert init.GlorotUniform()(shape, STREAM).shape == shape


def test_names_find_every_initializer():
    assert set(init.NAMES.values()) == set(CONCRETE)
    for name, kind in init.NAMES.items():
        assert init.get(name) == init.get(kind.__name__) == kind()
    assert init.get("he_normal") == init.HeNormal()
    given_object = init.Constant(3.0)
    assert init.get(given_object) is given_object


@pytest.mark.parametrize("kind", CONCRETE, ids=lambda kind: kind.__name__)
def test_configurations_round_trip(kind):
    value = kind()
    config = json.loads(json.dumps(value.to_config()))
    assert init.Initializer.from_config(config) == value
    changed = {name: old + 0.5 for name, old in value.fields().items() if isinstance(old, float)}
    other = value.replace(**changed)
    assert init.Initializer.from_config(json.loads(json.dumps(other.to_config()))) == other


#: As Keras 3.15 prints them, less its seed.
SIGNATURES = {
    "Constant": {"value": 0.0},
    "Identity": {"gain": 1.0},
    "Orthogonal": {"gain": 1.0},
    "RandomNormal": {"mean": 0.0, "stddev": 0.05},
    "RandomUniform": {"minval": -0.05, "maxval": 0.05},
    "STFT": {"side": "real", "window": "hann", "scaling": "density", "periodic": False},
    "TruncatedNormal": {"mean": 0.0, "stddev": 0.05},
    "VarianceScaling": {"scale": 1.0, "mode": "fan_in", "distribution": "truncated_normal"},
}


@pytest.mark.parametrize("kind", CONCRETE, ids=lambda kind: kind.__name__)
def test_hyperparameters_are_keras_ones(kind):
    assert list(kind().fields().items()) == list(SIGNATURES.get(kind.__name__, {}).items())


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: init.get("glorot_unifrom"), UnknownName, "did you mean 'glorot_uniform'"),
        (lambda: init.get(3), ConfigError, "a name or an Initializer, got 3"),
        (lambda: init.RandomNormal(stddev=-1.0), ConfigError, "stddev must be finite and not neg"),
        (lambda: init.TruncatedNormal(stddev=math.nan), ConfigError, "stddev must be finite"),
        (lambda: init.RandomUniform(1.0, 0.0), ConfigError, "minval must not be above maxval"),
        (lambda: init.VarianceScaling(0.0), ConfigError, "scale must be positive and finite"),
        (lambda: init.VarianceScaling(1.0, "fan_im"), UnknownName, "did you mean 'fan_in'"),
        (lambda: init.VarianceScaling(distribution="unifrom"), UnknownName, "mean 'uniform'"),
        (lambda: init.Orthogonal()((3,), STREAM), ShapeError, "two or more axes"),
        (lambda: init.Identity()((3, 3, 3), STREAM), ShapeError, "the shape of a matrix"),
    ],
)
def test_bad_arguments_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_base_without_a_rule_says_so():
    class Unfinished(init.Initializer, derived=True):
        pass

    with pytest.raises(NotImplementedError, match="Unfinished must define __call__"):
        Unfinished()((2,), STREAM)


def test_ours_are_close_to_keras_in_law():
    """The same variance as Keras' own initializers, on the same shapes."""
    for name in ("GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "LecunNormal"):
        theirs = np.asarray(getattr(keras.initializers, name)(seed=1)(CONV))
        ours = getattr(init, name)()(CONV, STREAM)
        assert ours.var() == pytest.approx(theirs.var(), rel=0.04)  # five deviations at 48,600


# Short-time Fourier transform


@pytest.mark.parametrize("side", ["real", "imag"])
@pytest.mark.parametrize(
    ("window", "scaling", "periodic"),
    [
        ("hann", "density", False),
        ("hann", "spectrum", True),
        ("hamming", None, True),
        ("blackman", "density", False),
        ("bartlett", "spectrum", True),
        (None, "density", False),
        (tuple(range(1, 13)), "spectrum", False),
    ],
)
def test_stft_is_keras(side, window, scaling, periodic):
    options = {"side": side, "window": window, "scaling": scaling, "periodic": periodic}
    theirs = keras.initializers.STFT(**options)((12, 1, 9), dtype="float64")
    ours = init.STFT(**options)((12, 1, 9), STREAM)
    # Keras's sines are TensorFlow's, of angles up to 12π.
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-13)


def test_stft_is_a_transform():
    """A convolution with the kernels is NumPy's transform of the frame."""
    x = np.random.default_rng(0).normal(size=16)
    kernels = [init.STFT(side, window=None)((16, 1, 9), STREAM)[:, 0] for side in ("real", "imag")]
    np.testing.assert_allclose(x @ kernels[0] + 1j * (x @ kernels[1]), np.fft.rfft(x), atol=1e-13)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: init.STFT("reel"), "did you mean 'real'"),
        (lambda: init.STFT(window="han"), "did you mean 'hann'"),
        (lambda: init.STFT(scaling="densty"), "did you mean 'density'"),
        (lambda: init.STFT()((16, 2, 9), STREAM), "needs a shape"),
        (lambda: init.STFT(window=(1.0, 2.0))((16, 1, 9), STREAM), "the window has 2 numbers"),
    ],
)
def test_stft_bad_arguments(make, match):
    with pytest.raises((ConfigError, ShapeError, UnknownName), match=match):
        make()
