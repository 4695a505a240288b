"""``parity.trace``: outputs and their gradients, layer by layer, against the frameworks' own."""

from __future__ import annotations

import numpy as np
import pytest

import dualnet as dn
from dualnet import nn, parity
from dualnet.errors import UnknownName
from tests.parity.conftest import labels, numbers

X, Y = numbers(6, 4), labels(6, 3)


def model(net, backend):
    return dn.Model(net, input_shape=(4,), backend=backend, dtype="float64", device="cpu", seed=3)


def test_outputs_and_gradients_are_those_of_the_formula(backend):
    net = nn.Sequential(nn.Dense(5, activation="tanh"), nn.Dense(3))
    made = model(net, backend)
    found = parity.trace(made, X, Y, "cross_entropy")
    assert list(found.outputs) == ["dense", "dense_1", ""]
    w = made.state()
    hidden = np.tanh(X @ w["dense.kernel"] + w["dense.bias"])
    logits = hidden @ w["dense_1.kernel"] + w["dense_1.bias"]
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    upstream = (p - np.eye(3)[Y]) / len(Y)
    expected = {"dense": upstream @ w["dense_1.kernel"].T, "dense_1": upstream, "": upstream}
    np.testing.assert_allclose(found.outputs["dense"], hidden, rtol=1e-13)  # rounding
    for name, gradient in expected.items():
        np.testing.assert_allclose(found.gradients[name], gradient, atol=1e-15)  # rounding
    assert found.loss == pytest.approx(-np.log(p[np.arange(6), Y]).mean(), rel=1e-13)  # rounding


def test_both_backends_give_the_same_trace(both):
    net = nn.Sequential(
        nn.Dense(5, activation="gelu"), nn.Dropout(0.5), nn.LayerNorm(), nn.Dense(3)
    )
    first, second = (parity.trace(model(net, name), X, Y, "cross_entropy") for name in both)
    assert [(c.name, c.kind) for c in first] == [(c.name, c.kind) for c in second]
    for a, b in zip(first, second, strict=True):
        assert parity.distance(a.output, b.output).relative < 1e-14  # float64 rounding
        assert parity.distance(a.gradient, b.gradient).relative < 1e-13  # same


def test_the_model_is_left_as_it_was(backend):
    made = model(nn.Sequential(nn.Dropout(0.5), nn.BatchNorm(), nn.Dense(3)), backend)
    before = made.state()
    first = parity.trace(made, X, Y, "cross_entropy")
    second = parity.trace(made, X, Y, "cross_entropy")
    for path, value in made.state().items():
        np.testing.assert_array_equal(value, before[path])
    np.testing.assert_array_equal(first.outputs["dropout"], second.outputs["dropout"])


def test_calls_of_a_shared_layer_are_numbered_and_keep_their_inputs(backend):
    shared = nn.Dense(4, activation="tanh")
    x = nn.Input((4,))
    found = parity.trace(
        model(nn.Graph(x, nn.Dense(3)(shared(shared(x)))), backend), X, Y, "cross_entropy"
    )
    assert [call.name for call in found] == ["dense", "dense#1", "dense_1", ""]
    np.testing.assert_array_equal(found.calls[1].args[0], found.calls[0].output)


def test_what_the_loss_does_not_depend_on_has_no_gradient(backend):
    x = nn.Input((4,))
    net = nn.Graph(x, (nn.Dense(3)(x), nn.Dense(2)(x)))
    found = parity.trace(
        model(net, backend), X, Y, lambda y, p, w: dn.losses.cross_entropy(y, p[0])
    )
    assert found.gradients["dense"] is not None
    assert found.gradients["dense_1"] is None


def test_evaluation_mode_and_unknown_losses(backend):
    made = model(nn.Sequential(nn.Dropout(0.5), nn.Dense(3)), backend)
    found = parity.trace(made, X, Y, "cross_entropy", training=False)
    np.testing.assert_array_equal(found.outputs["dropout"], X)
    with pytest.raises(UnknownName, match="cross_entropy"):
        parity.trace(made, X, Y, "crss_entropy")
