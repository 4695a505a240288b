"""Whole runs on both frameworks: equal to 1e-12 after 200 Adam steps in float64.

Shuffled batches, dropout on.  The gate is relative to each parameter's norm.  Parameters
whose exact gradient is zero (a bias before batch normalisation) are rounding noise under
Adam and stand apart, by name.
"""

from __future__ import annotations

import numpy as np
import pytest

import dualnet as dn
from dualnet import nn, optim
from dualnet.training.steps import gradients

STEPS, BATCH = 200, 16


class Attention(nn.Layer):
    """One transformer block over ``(batch, time, features)``."""

    heads: int
    attention: nn.Layer
    feed: nn.Layer
    norms: tuple[nn.Layer, nn.Layer]
    dropout: nn.Layer

    def forward(self, x):
        first, second = self.norms
        y = first(x)
        x = x + self.dropout(self.attention(y, y))
        return x + self.feed(second(x))


def block(features: int) -> nn.Layer:
    return Attention(
        heads=2,
        attention=nn.MultiHeadAttention(2, features // 2, dropout=0.1),
        feed=nn.Sequential(nn.Dense(2 * features, activation="gelu"), nn.Dense(features)),
        norms=(nn.LayerNorm(), nn.LayerNorm()),
        dropout=nn.Dropout(0.1),
    )


#: Name, network, shape of a sample, parameters whose gradient is zero but for rounding.
CASES = [
    (
        "mlp with dropout",
        nn.Sequential(nn.Dense(32, activation="relu"), nn.Dropout(0.2), nn.Dense(3)),
        (20,),
        (),
    ),
    (
        "cnn with batch norm",
        nn.Sequential(
            nn.Conv2D(6, 3, padding="same"),
            nn.BatchNorm(),
            nn.Activation("relu"),
            nn.MaxPool2D(2),
            nn.Conv2D(8, 3, strides=2, padding="same", activation="relu"),
            nn.GlobalAvgPool2D(),
            nn.Dropout(0.1),
            nn.Dense(3),
        ),
        (8, 8, 1),
        ("conv2d.bias", "batch_norm.moving_mean"),  # the running mean holds the dead bias
    ),
    ("lstm", nn.Sequential(nn.LSTM(12), nn.Dropout(0.1), nn.Dense(3)), (7, 5), ()),
    (
        "attention",
        nn.Sequential(nn.Dense(8), block(8), nn.GlobalAvgPool1D(), nn.Dense(3)),
        (6, 4),
        (),
    ),
]


def data(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(0).normal(size=(64, *shape))
    return x, (x.reshape(64, -1)[:, :3]).argmax(axis=1)


def model_on(backend: str, net: nn.Layer, shape: tuple[int, ...]) -> dn.Model:
    model = dn.Model(net, input_shape=shape, backend=backend, dtype="float64", seed=7)
    model.compile(optim.Adam(1e-3), "cross_entropy", ["accuracy"])
    return model


@pytest.mark.parametrize(("name", "net", "shape", "dead"), CASES, ids=[case[0] for case in CASES])
def test_parameters_after_200_steps(name: str, net: nn.Layer, shape, dead) -> None:
    x, y = data(shape)
    models = [model_on(backend, net, shape) for backend in ("torch", "tensorflow")]
    start = models[0].state()
    for model in models:
        model.fit(x, y, batch_size=BATCH, epochs=STEPS // (64 // BATCH), verbose=0)
    torch_state, tf_state = (model.state() for model in models)
    moved = 0.0
    for path, value in torch_state.items():
        distance = np.linalg.norm(value - tf_state[path]) / max(np.linalg.norm(value), 1e-3)
        moved = max(moved, float(np.abs(value - start[path]).max()))
        gate = 1e-5 if path in dead else 1e-12  # float64: 1e-15…5e-14 is usual; dead: noise
        assert distance <= gate, f"{name}: {path} differs by {distance:.1e}"
    assert moved > 0.05, "the run must have trained, or its agreement means nothing"
    np.testing.assert_allclose(  # float64: sums over a batch in another order
        models[0].history["loss"], models[1].history["loss"], rtol=1e-12
    )


@pytest.mark.parametrize(("name", "net", "shape", "dead"), CASES, ids=[case[0] for case in CASES])
def test_gradients_of_the_first_step(name: str, net: nn.Layer, shape, dead) -> None:
    x, y = data(shape)
    found = []
    for backend in ("torch", "tensorflow"):
        model = model_on(backend, net, shape)
        variables = model.named_trainable_variables()
        step = gradients(
            model,
            list(variables.values()),
            dn.losses.cross_entropy,
            model.to_native(x),
            model.to_native(y),
            None,
        )
        found.append({p: dn.to_numpy(g) for p, g in zip(variables, step.gradients, strict=True)})
    largest = max(np.linalg.norm(g) for g in found[0].values())
    for path, gradient in found[0].items():
        if path in dead:
            continue
        scale = max(np.linalg.norm(gradient), 1e-6 * largest)  # a floor for vanishing gradients
        distance = np.linalg.norm(gradient - found[1][path]) / scale
        assert distance <= 1e-12, f"{name}: {path} differs by {distance:.1e}"
