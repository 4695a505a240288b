"""Keras 3 with `fit` and `predict`, on the backend that ``KERAS_BACKEND`` names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from dualnet.bench.workloads import LEARNING_RATE, Arrays, Training, Workload
from dualnet.typing import NDArray
from dualnet_bench.keras_networks import NETWORKS

__all__ = ["Fitted", "build", "eager"]


class Fitted:
    """A model and what it is called with."""

    def __init__(self, workload: Workload) -> None:
        self.batch = workload.batch
        self.model = NETWORKS[type(workload)](workload)
        if not isinstance(workload, Training):
            self.model(workload.data()[0][0][:1])  # makes the weights
        self.model.compile(
            keras.optimizers.Adam(LEARNING_RATE),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            jit_compile=False,  # of XLA, which is slower on CPUs, and of torch.compile
        )

    def parameters(self) -> int:
        return sum(int(np.prod(weight.shape)) for weight in self.model.trainable_weights)

    def train(self, x: Arrays, y: NDArray, epochs: int) -> list[float]:
        history = self.model.fit(_tree(x), y, self.batch, epochs, verbose=0)
        return list(history.history["loss"])

    def predict(self, x: Arrays) -> NDArray:
        found: NDArray = self.model.predict(_tree(x), self.batch, verbose=0)
        return found


def _tree(x: Arrays) -> Any:
    """One input by itself, several as a list."""
    return x[0] if len(x) == 1 else list(x)


def build(workload: Workload) -> Fitted:
    return Fitted(workload)


def eager() -> dict[str, Callable[[], Any]]:
    ones = keras.ops.ones
    x, other, row = ones(8), ones(8), ones((1, 8))
    layer = keras.layers.Dense(8, activation="relu")
    model = keras.Sequential([layer])
    model.compile(
        keras.optimizers.Adam(LEARNING_RATE), keras.losses.MeanSquaredError(), jit_compile=False
    )
    numbers = np.ones((1, 8), "float32")
    return {
        "op": lambda: keras.ops.add(x, other),
        "call": lambda: layer(row),
        "step": lambda: model.train_on_batch(numbers, numbers),
    }
