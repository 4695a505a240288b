"""Bugs planted in one backend: each is found, in its phase, at its layer."""

from __future__ import annotations

import pytest
import tensorflow as tf

from dualnet import losses, nn, optim
from tests.parity.conftest import labels, numbers

X, Y = numbers(24, 4), labels(24, 3)
IMAGES = numbers(24, 7, 7, 2)
WORDS = numbers(24, 6, 4)


def with_option(**wrong):
    """The right function, one option wrong."""
    return lambda right: lambda *args, **options: right(*args, **options | wrong)


def unbiased_output(right):
    """Batch norm that divides by the unbiased variance."""

    def batch_norm(x, gamma, *rest, **options):
        y, mean, variance = right(x, gamma, *rest, **options)
        n = tf.cast(tf.size(x) // x.shape[-1], x.dtype)
        return y * tf.sqrt((n - 1) / n), mean, variance

    return batch_norm


def biased_running(right):
    """Batch norm whose running variance is the biased one, as in Keras."""

    def batch_norm(x, gamma, beta, mean, old, **options):
        y, new_mean, new = right(x, gamma, beta, mean, old, **options)
        kept = options["momentum"] * old
        n = tf.cast(tf.size(x) // x.shape[-1], x.dtype)
        return y, new_mean, kept + (new - kept) * (n - 1) / n

    return batch_norm


def padded_at_the_start(right):
    """``same`` padding with the odd pixel first."""

    def conv(x, kernel, bias=None, **options):
        flipped = right(x[:, ::-1, ::-1], kernel[::-1, ::-1], bias, **options)
        return flipped[:, ::-1, ::-1]

    return conv


def leaking(right):
    """A function that rounds through float32."""
    return lambda x, **options: tf.cast(right(tf.cast(x, tf.float32), **options), x.dtype)


def wrong_derivative(right):
    """ReLU with a derivative that is off by one part in a million."""

    @tf.custom_gradient
    def relu(x):
        return right(x), lambda upstream: upstream * tf.cast(x > 0, x.dtype) * (1 + 1e-6)

    return relu


CNN = nn.Sequential(nn.Conv2D(3, 2, strides=2, padding="same"), nn.Flatten(), nn.Dense(3))
NORMED = nn.Sequential(nn.Dense(5), nn.BatchNorm(), nn.Dense(3))

BUGS = {
    "layer norm's epsilon": (
        "nn.layer_norm",
        with_option(epsilon=1e-3),
        nn.Sequential(nn.Dense(5), nn.LayerNorm(), nn.Dense(3)),
        X,
        "forward",
        "layer_norm",
    ),
    "batch norm divides by the unbiased variance": (
        "nn.batch_norm_training",
        unbiased_output,
        NORMED,
        X,
        "forward",
        "batch_norm",
    ),
    "running variance is biased": (
        "nn.batch_norm_training",
        biased_running,
        NORMED,
        X,
        "state",
        "batch_norm.moving_variance",
    ),
    "dropout is not rescaled": (
        "nn.dropout",
        lambda right: lambda x, **o: right(x, **o) * (1 - o["rate"]),
        nn.Sequential(nn.Dense(8), nn.Dropout(0.5), nn.Dense(3)),
        X,
        "forward",
        "dropout",
    ),
    "padding on the wrong side": (
        "nn.conv",
        padded_at_the_start,
        CNN,
        IMAGES,
        "forward",
        "conv2d",
    ),
    "softmax along the wrong axis": (
        "nn.softmax",
        with_option(axis=1),
        nn.Sequential(nn.Dense(5), nn.Activation("softmax"), nn.Flatten(), nn.Dense(3)),
        WORDS,
        "forward",
        "activation",
    ),
    "float32 inside": (
        "nn.sigmoid",
        leaking,
        nn.Sequential(nn.Dense(5), nn.Dense(5, activation="sigmoid"), nn.Dense(3)),
        X,
        "forward",
        "dense_1",
    ),
    "no bias": (
        "nn.linear",
        lambda right: lambda x, kernel, bias=None: right(x, kernel),
        nn.Sequential(nn.Dense(5, activation="tanh"), nn.Dense(3)),
        X,
        "gradient",
        "dense_1.bias",
    ),
    "a wrong derivative": (
        "nn.relu",
        wrong_derivative,
        nn.Sequential(nn.Dense(5), nn.Activation("relu"), nn.Dense(3)),
        X,
        "gradient",
        "activation",
    ),
}


@pytest.mark.parametrize("bug", BUGS)
def test_bug_in_a_function_is_found_where_it_is(bug, run, plant):
    op, make, net, x, phase, path = BUGS[bug]
    plant("tensorflow", op, make)
    report = run(net, x, Y)
    assert (report.verdict, report.ok) == ("diverged", False)
    assert (report.first.step, report.first.phase, report.first.path) == (0, phase, path)


def test_bug_in_the_loss_is_the_losss(run):
    def loss(y, prediction, weight):
        return losses.cross_entropy(y, prediction) * (1 + 1e-8 * tf.is_tensor(prediction))

    report = run(nn.Sequential(nn.Dense(3)), X, Y, loss=loss)
    assert (report.verdict, report.first.phase, report.first.layer) == ("diverged", "loss", "loss")


def test_bug_in_the_losss_derivative_alone_is_the_losss(run):
    @tf.custom_gradient
    def off(value):
        return value, lambda upstream: upstream * (1 + 1e-6)

    def loss(y, prediction, weight):
        value = losses.cross_entropy(y, prediction)
        return off(value) if tf.is_tensor(prediction) else value

    report = run(nn.Sequential(nn.Dense(3)), X, Y, loss=loss)
    assert (report.first.phase, report.first.layer) == ("gradient", "loss")


def epsilon_in_the_root(rule, p, g, slots, *, lr, correction_1, correction_2):
    m = rule.beta_1 * slots["m"] + (1.0 - rule.beta_1) * g
    v = rule.beta_2 * slots["v"] + (1.0 - rule.beta_2) * g * g
    root = (v / correction_2 + rule.epsilon**2) ** 0.5
    return p - lr * (m / correction_1) / root, {"m": m, "v": v}


def rate_inside_momentum(rule, p, g, slots, **coefficients):
    velocity = rule.momentum * slots["v"] - coefficients["lr"] * g
    return p + velocity, {"v": velocity}


RULES = {
    "epsilon inside the root": (optim.Adam(1e-2, epsilon=1e-3), epsilon_in_the_root, "dense"),
    "learning rate inside the momentum": (
        optim.SGD(0.1, momentum=0.9),
        rate_inside_momentum,
        "v.dense",
    ),
}


@pytest.mark.parametrize("bug", RULES)
def test_bug_in_an_optimizer_is_an_update(bug, run, mlp, monkeypatch):
    rule, wrong, where = RULES[bug]
    right = type(rule).update

    def update(self, p, *args, **options):
        return (wrong if tf.is_tensor(p) else right)(self, p, *args, **options)

    monkeypatch.setattr(type(rule), "update", update)
    report = run(mlp, X, Y, optimizer=rule)
    assert (report.verdict, report.first.phase, report.first.step) == ("diverged", "update", 0)
    assert report.first.path.startswith(where)
