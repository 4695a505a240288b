"""Small networks and data, and a way to plant a bug in one backend."""

from __future__ import annotations

import numpy as np
import pytest

from dualnet import nn, registry
from dualnet.parity import compare

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
    """``plant(backend, "nn.relu", make)`` puts ``make(right)`` in the right function's place."""
    before = []

    def put(backend_name, path, make):
        for name in ("torch", "tensorflow"):
            registry.load(name)
        backend = registry.load(backend_name)
        *inner, name = path.split(".")
        space = backend.ops
        for part in inner:
            space = getattr(space, part)
        monkeypatch.setattr(space, name, make(getattr(space, name)))
        for table in _tables(name):
            before.append((table, dict(table)))
            table.clear()
        for kind, setting in registry._settings.items():
            if kind.endswith(f".{name}"):
                for each in registry.loaded():
                    setting(each)

    yield put
    for table, content in reversed(before):
        table.clear()
        table.update(content)


def _tables(name):
    """What the dispatching functions of this name know about the types they have seen."""
    found = [
        setting.__self__.table
        for kind, setting in registry._settings.items()
        if kind.startswith("ops ") and kind.endswith(f".{name}")
    ]
    assert found, f"no dispatching function is named {name}"
    return found


@pytest.fixture
def mlp():
    """A net of 4 inputs and 3 classes."""
    return nn.Sequential(nn.Dense(5, activation="relu"), nn.Dense(3))
