"""Mistakes that ports make, planted one at a time in whole models: found, placed and named."""

import keras
import numpy as np
import pytest
import torch

from dualnet import optim
from dualnet.parity import compare_models
from tests.parity.foreign.pairs import PAIRS

#: The pair, how the Keras model is written wrong, where it parts first, and why.
WRITTEN = [
    ("resnet", {"epsilon": 1e-3}, "forward", "bn", "epsilon"),
    ("resnet", {"padding": "same"}, "forward", "stem", "padding side"),
    ("resnet", {"momentum": 0.1}, "state", "bn", "momentum convention"),
    ("resnet", {"activation": "gelu"}, "between", "blocks.0.conv1", "activation"),
    ("transformer", {"epsilon": 1e-3}, "forward", "layers.0.norm1", "epsilon"),
    ("transformer", {"approximate": True}, "between", "layers.0.down", "GELU form"),
    ("transformer", {"scale": True}, "between", "layers.0.attention", "scale"),
    ("transformer", {"softmax": True}, "between", "output", "softmax or logits"),
    ("lstm", {"merge_mode": "reversed"}, "between", "lstm.1", "order of concatenation"),
    ("lstm", {"activation": "relu"}, "forward", "lstm.0", "activation"),
    ("mobilenet", {"unbiased": False}, "state", "1", "running variance"),
    ("mobilenet", {"padding": "same"}, "forward", "3.0", "padding side"),
]


def check(report, phase, path, cause):
    assert (report.verdict, report.dtype) == ("diverged", "float64")
    assert (report.first.phase, report.first.path_a) == (phase, path)
    assert report.cause is not None
    assert report.cause.name == cause
    assert report.cause.after < 1e-2 * report.cause.before


@pytest.mark.parametrize(("pair", "options", "phase", "path", "cause"), WRITTEN)
def test_mistake_in_the_code(pair, options, phase, path, cause):
    a, b, inputs = PAIRS[pair](**options)
    check(compare_models(a, b, inputs, transfer="a->b"), phase, path, cause)


class Forgetful(keras.Model):
    """A model whose ``get_config`` tells the defaults of its arguments, as Keras's own does."""

    def __init__(self, epsilon=1e-5, **kwargs):
        super().__init__(**kwargs)
        self.norm = keras.layers.LayerNormalization(epsilon=epsilon)

    def call(self, x):
        return self.norm(x)


def test_mistake_in_a_model_that_forgets_its_arguments():
    x = np.random.default_rng(0).normal(size=(4, 6)).astype("float32")
    model = Forgetful(epsilon=1e-2)
    model(x)
    report = compare_models(torch.nn.Sequential(torch.nn.LayerNorm(6)), model, x, transfer="a->b")
    check(report, "forward", "0", "epsilon")


@pytest.fixture(scope="module")
def ported():
    """Pairs that have the same weights already."""
    made = {}
    for name in ("lstm", "resnet", "mobilenet"):
        a, b, inputs = PAIRS[name]()
        compare_models(a, b, inputs, transfer="a->b")
        made[name] = a, b, inputs, b.get_weights()
    return made


def blocks(order):
    def change(weights):
        return [
            np.concatenate([np.split(w, len(order), -1)[i] for i in order], -1)
            if w.shape[-1] % len(order) == 0 and place < 6
            else w
            for place, w in enumerate(weights)
        ]

    return change


def fresh_statistics(weights):
    """The first batch norm as it was made."""
    (place, *_) = [i for i, w in enumerate(weights) if w.ndim == 1]
    shape = weights[place].shape
    return [
        np.zeros(shape) if i == place + 2 else np.ones(shape) if i == place + 3 else w
        for i, w in enumerate(weights)
    ]


def transposed(weights):
    """The kernel of the first block, inputs and outputs exchanged."""
    square = next(i for i, w in enumerate(weights) if w.ndim == 4 and w.shape[2] == w.shape[3])
    return [w.swapaxes(2, 3) if i == square else w for i, w in enumerate(weights)]


def rows_as_in_pytorch(weights):
    """The kernel after the flattening, its rows in the order of channels first."""
    return [
        w.reshape(2, 2, 10, 4).transpose(2, 0, 1, 3).reshape(40, 4) if w.shape == (40, 4) else w
        for w in weights
    ]


COPIED = [
    ("lstm", blocks((0, 2, 1, 3)), "weight", "lstm.0", "gate order"),
    ("resnet", fresh_statistics, "weight", "bn", "running statistics"),
    ("resnet", transposed, "weight", "blocks.0.conv1", "kernel layout"),
    ("mobilenet", rows_as_in_pytorch, "between", "8", "Flatten order"),
]


@pytest.mark.parametrize(("pair", "change", "phase", "path", "cause"), COPIED)
def test_mistake_in_copying_weights(ported, pair, change, phase, path, cause):
    a, b, inputs, weights = ported[pair]
    b.set_weights(change(weights))
    try:
        check(compare_models(a, b, inputs), phase, path, cause)
    finally:
        b.set_weights(weights)


OPTIMIZERS = [
    (
        lambda a, b: (optim.Adam(1e-2, l2=0.1), optim.Adam(1e-2, weight_decay=0.1)),
        "weight decay",
    ),
    (
        lambda a, b: (
            torch.optim.Adam(a.parameters(), 1e-2, eps=1e-7),
            keras.optimizers.Adam(1e-2, epsilon=1e-7),
        ),
        "epsilon placement",
    ),
    (
        lambda a, b: (optim.SGD(1e-2, momentum=0.9), optim.SGD(1e-2, momentum=0.8)),
        "momentum",
    ),
]


@pytest.mark.parametrize(("make", "cause"), OPTIMIZERS)
def test_mistake_in_the_optimizer(ported, make, cause):
    a, b, inputs, _ = ported["lstm"]
    report = compare_models(a, b, inputs, optimizers=make(a, b), train_steps=3)
    assert report.verdict == "diverged"
    assert report.first.phase == "update"
    assert cause in report.cause.name


def test_second_bias_is_named():
    a, b, inputs = PAIRS["lstm"](second_bias=True)
    report = compare_models(
        a, b, inputs, transfer="a->b", optimizers=optim.SGD(1e-2), train_steps=1
    )
    assert report.verdict == "diverged"
    assert (report.first.phase, report.cause.name) == ("update", "second bias")
