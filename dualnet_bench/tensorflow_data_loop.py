"""TensorFlow, the same loop over a `tf.data` pipeline that shuffles, batches and prefetches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from dualnet.bench.workloads import Arrays, Workload
from dualnet.typing import NDArray
from dualnet_bench.tensorflow_loop import Loop

__all__ = ["DataLoop", "build", "eager"]


class DataLoop(Loop):
    """The loop whose batches come from a pipeline."""

    def train(self, x: Arrays, y: NDArray, epochs: int) -> list[float]:
        data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(y))
        batches = data.batch(self.batch, drop_remainder=True).prefetch(tf.data.AUTOTUNE)
        return [self._walked(batches) for _ in range(epochs)]

    def _walked(self, batches: tf.data.Dataset) -> float:
        self.total.assign(0.0)
        for inputs, targets in batches:
            self.step(inputs, targets)
        return float(self.total) / len(batches)

    def predict(self, x: Arrays) -> NDArray:
        data = tf.data.Dataset.from_tensor_slices((x,)).batch(self.batch, drop_remainder=True)
        batches = data.prefetch(tf.data.AUTOTUNE)
        return tf.concat([self.forward(inputs) for (inputs,) in batches], 0).numpy()


def build(workload: Workload) -> DataLoop:
    return DataLoop(workload)


def eager() -> dict[str, Callable[[], Any]]:
    """Nothing: no pipeline has a part in it."""
    return {}
