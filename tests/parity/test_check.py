"""``parity.check``: one function, its value and gradients, held to be the same."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dualnet import ops, parity
from dualnet.errors import BackendNotFound, ConfigError, NonFiniteError, ParityError, TapeError
from tests.parity.conftest import numbers


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_functions_that_agree(dtype):
    found = parity.check(
        lambda x, w: {"y": ops.tanh(ops.matmul(x, w)), "n": ops.sum(x * x)},
        numbers(5, 4),
        numbers(4, 3),
        dtype=dtype,
    )
    assert list(found.distances) == [
        "value 0",
        "value 1",
        "gradient of input 0",
        "gradient of input 1",
    ]
    assert found.backends == ("torch", "tensorflow")
    assert max(d.relative for d in found.distances.values()) < found.rtol


def test_trees_and_integers_go_in_and_gradients_can_be_left_out():
    take = lambda inputs: ops.take(inputs["table"], inputs["ids"], axis=0)  # noqa: E731 - a value
    found = parity.check(take, {"table": numbers(4, 2), "ids": np.array([3, 0, 3])})
    assert list(found.distances) == ["value", "gradient of input"]
    assert list(parity.check(ops.exp, numbers(3), gradients=False).distances) == ["value"]


def wrong_on_tensorflow(right, wrong):
    return lambda x: (wrong if tf.is_tensor(x) else right)(x)


def test_a_wrong_value_is_named_with_index_values_and_ulps():
    fn = wrong_on_tensorflow(
        lambda x: x * 1.0, lambda x: x * tf.constant([1.0, 1.0, 1 + 1e-9], x.dtype)
    )
    with pytest.raises(ParityError, match=r"value\[2\] is .*4\.0.* on torch, .* ulps apart, 4e-09"):
        parity.check(fn, np.array([1.0, 2.0, 4.0]))


def test_a_wrong_gradient_is_named():
    @tf.custom_gradient
    def square(x):
        return x * x, lambda upstream: 2.1 * x * upstream

    with pytest.raises(ParityError, match=r"gradient of input\[1\]"):
        parity.check(wrong_on_tensorflow(lambda x: x * x, square), np.array([1.0, 2.0]))


@pytest.mark.parametrize(
    ("right", "wrong", "text"),
    [
        (
            lambda x: (x, x),
            lambda x: x,
            r"value has the form \(\*, \*\) on torch, \* on",
        ),
        (lambda x: x, lambda x: x[:1], r"value has shape \(2,\) on torch, \(1,\) on tensorflow"),
        (lambda x: x, lambda x: tf.cast(x, tf.float32), "value is float64 on torch, float32 on"),
        (
            lambda x: x * 1,
            lambda x: tf.stop_gradient(x),
            "a gradient of input on torch, and none",
        ),
        (lambda x: x / 0, lambda x: x * 0, r"value\[0\] is .*inf.* on torch"),
    ],
)
def test_another_form_is_a_difference(right, wrong, text):
    with pytest.raises(ParityError, match=text):
        parity.check(wrong_on_tensorflow(right, wrong), np.array([1.0, 2.0]))


def test_nan_on_both_sides_is_no_difference():
    found = parity.check(lambda x: ops.log(x), np.array([-1.0, 1.0]), gradients=False)
    assert found.distances["value"].absolute == 0


def test_a_denormal_beside_the_zero_that_it_may_be_flushed_to_is_no_difference():
    fn = wrong_on_tensorflow(lambda x: x * 1, lambda x: x * 0)
    parity.check(fn, np.array([1e-310]), gradients=False)
    with pytest.raises(ParityError, match=r"value\[0\] is"):
        parity.check(fn, np.array([1e-290]), gradients=False)


def test_the_tolerance_can_be_given():
    fn = wrong_on_tensorflow(lambda x: x * 1, lambda x: x * (1 + 1e-9))
    parity.check(fn, np.ones(3), rtol=1e-8)
    with pytest.raises(ParityError, match="rtol=1e-10"):
        parity.check(fn, np.ones(3), rtol=1e-10)


DERIVATIVES = {"second_gradients": True, "gradcheck": True}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_second_gradients_and_differences(dtype):
    found = parity.check(
        lambda x, w: ops.tanh(ops.matmul(x, w)),
        numbers(5, 4),
        numbers(4, 3),
        dtype=dtype,
        **DERIVATIVES,
    )
    assert list(found.distances)[3:] == [f"second gradient of input {i}" for i in (0, 1)]
    assert max(d.relative for d in found.distances.values()) < found.rtol


def test_second_gradients_are_those_of_the_definition():
    """``∇ Σ s·g`` with ``g = r·3x²`` is ``s·r·6x``: the ratio to ``6x`` is in [¼, 9/4)."""
    from dualnet.parity.evaluation import Evaluation

    x = np.array([1.0, -2.0, 0.5])
    for name in ("torch", "tensorflow"):
        leaves = Evaluation(lambda x: x**3, (x,), "float64", "cpu", 2, 0).on(name).leaves
        ratio = leaves["second gradient of input"] / (6 * x)
        assert np.all((ratio >= 0.25) & (ratio < 2.25))
        r = leaves["gradient of input"] / (3 * x**2)
        assert np.all((r >= 0.5) & (r < 1.5))


@pytest.mark.parametrize(
    ("fn", "x"),
    [
        (lambda x: ops.nn.relu(x[0]) - ops.nn.relu(x[1]), np.zeros(2)),  # kinks of both kinds
        (lambda x: ops.max(x, axis=-1), np.ones((3, 4))),
        (ops.abs, np.array([0.0, 1.0, -2.0])),
        (ops.log, np.array([1e-8, 1.0, 5.0])),  # a step of one size for all would leave the domain
        (ops.nn.softmax, numbers(5, 4) * 100),  # gradients of 1e-20 are rounding
        (lambda x: ops.var(x) * 1e6, numbers(6) + 10),
        (lambda x: x * 2, numbers(3)),  # no second derivative
        (lambda x: ops.exp(x), numbers(3) * 20),
        (lambda x: ops.sqrt(x * x + 1e-12), np.zeros(2)),  # narrower than the step
    ],
    ids=["kinks", "ties", "abs", "log", "softmax", "variance", "linear", "exp", "narrow"],
)
def test_differences_raise_no_false_alarm(fn, x):
    parity.check(fn, x, rtol=1e-11, **DERIVATIVES)  # conditioning of the variance: 1e-13


def test_derivatives_can_be_given_in_a_property():
    shapes = st.tuples(st.integers(1, 4), st.integers(1, 4))
    elements = st.floats(-4, 4, allow_subnormal=False)  # to TensorFlow they are zero: a kink

    @settings(max_examples=15, deadline=None, derandomize=True, database=None)
    @given(shapes.flatmap(lambda shape: arrays(np.float64, shape, elements=elements)))
    def holds(x):
        parity.check(lambda x: ops.nn.relu(x) * ops.sin(x), x, **DERIVATIVES)

    holds()


def test_a_wrong_gradient_on_both_sides_is_found_by_differences():
    """The index is the element whose gradient is wrong, by one part in 10⁶."""

    def planted(x):
        if not tf.is_tensor(x):
            return WrongSquare.apply(x)
        wrong = tf.custom_gradient(lambda x: (x * x, lambda u: u * 2 * x * tf.constant(FACTOR)))
        return wrong(x)

    with pytest.raises(ParityError) as caught:
        parity.check(planted, numbers(2, 3), gradcheck=True)
    text = str(caught.value)
    assert text.startswith("gradient of input[1, 1] is np.float64(")
    for part in ("on torch, but np.float64(", "by central differences: ", "ulps apart", "allowed"):
        assert part in text
    assert "control: one ulp in every input moves it by" in text
    assert text.endswith("rounding does not explain the difference")


FACTOR = np.ones((2, 3))
FACTOR[1, 1] += 1e-6


class WrongSquare(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, upstream):
        (x,) = ctx.saved_tensors
        return upstream * 2 * x * torch.tensor(FACTOR)


def wrong_second(x):
    """``x²`` whose first gradient is right and whose second is 1 % off."""

    @tf.custom_gradient
    def slope(x, u):
        return 2 * x * u, lambda v: (2.02 * u * v, 2 * x * v)

    return tf.custom_gradient(lambda x: (x * x, lambda u: slope(x, u)))(x)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, r"second gradient of input\[.*on torch.*on tensorflow"),
        ({"rtol": 1.0, "gradcheck": True}, r"second gradient of input.*tensorflow, but.*differ"),
    ],
)
def test_a_wrong_second_gradient_is_named(options, text):
    fn = wrong_on_tensorflow(lambda x: x * x, wrong_second)
    parity.check(fn, numbers(2, 3))
    with pytest.raises(ParityError, match=text):
        parity.check(fn, numbers(2, 3), second_gradients=True, **options)


@pytest.mark.parametrize(
    ("terms", "verdict"),
    [
        (
            [1e3, 2.3e3, 1.7e3, -1e3 - 1e-6, -2.3e3, -1.7e3],
            "rounding, which is magnified here, may",
        ),
        ([1e-6, 2.0, 3.0, 4.0, 5.0, 6.0], "rounding does not explain"),
    ],
)
def test_the_control_tells_conditioning_from_a_mistake(terms, verdict):
    fn = wrong_on_tensorflow(ops.sum, lambda x: ops.sum(x) + 1e-13)
    with pytest.raises(
        ParityError, match=f"control: one ulp in every input .* on torch: {verdict}"
    ):
        parity.check(fn, np.array(terms), gradients=False, rtol=1e-15)


def no_derivative(x):
    class Refuses(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, upstream):
            raise RuntimeError("no derivative here")

    return Refuses.apply(x)


@pytest.mark.parametrize(
    ("fn", "x", "options", "error", "text"),
    [
        (ops.argmax, numbers(3), {"gradcheck": True}, TapeError, "leave the option out"),
        (lambda x: x + 1, np.arange(3), {"second_gradients": True}, TapeError, "floating inputs"),
        (
            wrong_on_tensorflow(lambda x: no_derivative(x), lambda x: x * 2),
            numbers(3),
            {},
            TapeError,
            "torch cannot take the gradient of this function .*no derivative here.*gradients=False",
        ),
        (
            wrong_on_tensorflow(lambda x: x * 1, lambda x: tf.raw_ops.Igamma(a=x, x=x)),
            np.ones(2),
            {"second_gradients": True},
            TapeError,
            "tensorflow cannot take the second gradient.*dn.custom_gradient",
        ),
        (ops.sqrt, np.zeros(2), {"gradcheck": True}, NonFiniteError, "edge of its domain"),
        (ops.exp, numbers(2), {"gradcheck": True, "gradients": False}, ConfigError, "gradcheck"),
        (ops.exp, numbers(2), {"seed": -1}, ConfigError, "seed"),
    ],
)
def test_what_cannot_be_differentiated_is_told_with_what_to_do(fn, x, options, error, text):
    with pytest.raises(error, match=text):
        parity.check(fn, x, **options)


def test_bad_arguments():
    with pytest.raises(ConfigError, match="int32"):
        parity.check(ops.exp, np.ones(2), dtype="int32")
    with pytest.raises(BackendNotFound, match="jax"):
        parity.check(ops.exp, np.ones(2), backends=("torch", "jax"))
