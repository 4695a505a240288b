"""Small networks and data, and a way to plant a bug in one backend."""

from __future__ import annotations

import numpy as np
import pytest

from dualnet import nn
from dualnet.parity import compare
from tests.parity.planting import Planting

SMALL = {"loss": "cross_entropy", "optimizer": "sgd", "batch_size": 8, "steps": 3, "proof_steps": 2}


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def labels(n, classes, seed=1):
    return np.random.default_rng(seed).integers(0, classes, n)


@pytest.fixture
def run():
    """``compare`` on a few steps, with SGD and cross entropy unless told otherwise."""

    def small(net, x, y, **options):
        return compare(net, x, y, **SMALL | options)

    return small


@pytest.fixture
def plant(monkeypatch):
    """Puts wrong functions in the place of right ones on one backend, until the test ends."""
    planting = Planting(monkeypatch)
    yield planting
    planting.uproot()


@pytest.fixture
def mlp():
    """A net of 4 inputs and 3 classes."""
    return nn.Sequential(nn.Dense(5, activation="relu"), nn.Dense(3))
