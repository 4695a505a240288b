"""``parity.check``: one function, its value and gradients, held to be the same."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from dualnet import ops, parity
from dualnet.errors import BackendNotFound, ConfigError, ParityError
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


def test_the_tolerance_can_be_given():
    fn = wrong_on_tensorflow(lambda x: x * 1, lambda x: x * (1 + 1e-9))
    parity.check(fn, np.ones(3), rtol=1e-8)
    with pytest.raises(ParityError, match="rtol=1e-10"):
        parity.check(fn, np.ones(3), rtol=1e-10)


def test_bad_arguments():
    with pytest.raises(ConfigError, match="int32"):
        parity.check(ops.exp, np.ones(2), dtype="int32")
    with pytest.raises(BackendNotFound, match="jax"):
        parity.check(ops.exp, np.ones(2), backends=("torch", "jax"))
