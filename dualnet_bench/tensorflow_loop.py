"""TensorFlow, the training loop written by hand: `tf.function`, a fused Adam, data in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from dualnet.bench.workloads import LEARNING_RATE, Arrays, Training, Workload
from dualnet.typing import NDArray
from dualnet_bench.tensorflow_networks import NETWORKS

__all__ = ["Adam", "Loop", "build", "eager"]


class Adam(tf.Module):
    """TensorFlow's fused kernel, one for each weight."""

    def __init__(self, weights: Sequence[tf.Variable]) -> None:
        super().__init__()
        self.weights = weights
        self.means, self.squares = (
            [tf.Variable(tf.zeros_like(weight), trainable=False) for weight in weights]
            for _ in range(2)
        )
        self.powers = [tf.Variable(beta, trainable=False) for beta in (0.9, 0.999)]

    def apply(self, gradients: Sequence[Any]) -> None:
        """One step."""
        for weight, mean, square, gradient in zip(
            self.weights, self.means, self.squares, gradients, strict=True
        ):
            tf.raw_ops.ResourceApplyAdam(
                var=weight.handle,
                m=mean.handle,
                v=square.handle,
                beta1_power=self.powers[0],
                beta2_power=self.powers[1],
                lr=LEARNING_RATE,
                beta1=0.9,
                beta2=0.999,
                epsilon=1e-8,
                grad=tf.convert_to_tensor(gradient),
            )
        for power, beta in zip(self.powers, (0.9, 0.999), strict=True):
            power.assign(power * beta)


class Loop:
    """A network, its optimizer, and the loops over batches."""

    def __init__(self, workload: Workload) -> None:
        self.batch = workload.batch
        self.network = NETWORKS[type(workload)](workload)
        if isinstance(workload, Training):  # an optimizer loads and holds much
            self.optimizer = Adam(self.network.weights)
        self.total = tf.Variable(0.0, trainable=False)
        self.step = tf.function(self._train_step)
        self.chosen_step = tf.function(self._chosen_step)
        self.forward = tf.function(self._predict_step)

    def parameters(self) -> int:
        return sum(int(tf.size(weight)) for weight in self.network.weights)

    def take_weights(self, weights: Sequence[NDArray]) -> None:
        for weight, value in zip(self.network.weights, weights, strict=True):
            weight.assign(value)

    def _train_step(self, inputs: tuple[tf.Tensor, ...], targets: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            logits = self.network(*inputs, training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
            loss = tf.reduce_mean(losses)
        self.optimizer.apply(tape.gradient(loss, self.network.weights))
        self.total.assign_add(loss)

    def _chosen_step(
        self, inputs: tuple[tf.Tensor, ...], targets: tf.Tensor, ids: tf.Tensor
    ) -> None:
        """A step with the batch that is cut from all of the data."""
        self._train_step(tuple(tf.gather(x, ids) for x in inputs), tf.gather(targets, ids))

    def _predict_step(self, inputs: tuple[tf.Tensor, ...]) -> tf.Tensor:
        return self.network(*inputs, training=False)

    def train(self, x: Arrays, y: NDArray, epochs: int) -> list[float]:
        inputs, targets = tuple(map(tf.constant, x)), tf.constant(y)
        return [self._epoch(inputs, targets) for _ in range(epochs)]

    def _epoch(self, inputs: tuple[tf.Tensor, ...], targets: tf.Tensor) -> float:
        order = tf.random.shuffle(tf.range(len(targets)))
        chosen = tf.split(order, len(targets) // self.batch)
        self.total.assign(0.0)
        for ids in chosen:
            self.chosen_step(inputs, targets, ids)
        return float(self.total) / len(chosen)

    def predict(self, x: Arrays) -> NDArray:
        parts = [tf.split(tf.constant(each), len(each) // self.batch) for each in x]
        return tf.concat([self.forward(inputs) for inputs in zip(*parts, strict=True)], 0).numpy()


def build(workload: Workload) -> Loop:
    return Loop(workload)


def eager() -> dict[str, Callable[[], Any]]:
    x, other, row = tf.ones(8), tf.ones(8), tf.ones((1, 8))
    weights = kernel, bias = tf.Variable(tf.ones((8, 8))), tf.Variable(tf.zeros(8))
    optimizer = Adam(weights)

    def layer(x: tf.Tensor) -> tf.Tensor:
        return tf.nn.relu(tf.nn.bias_add(tf.matmul(x, kernel), bias))

    def step(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.math.squared_difference(layer(x), y))
        optimizer.apply(tape.gradient(loss, weights))
        return loss

    compiled = tf.function(step)
    return {
        "op": lambda: tf.add(x, other),
        "call": lambda: layer(row),
        "step": lambda: compiled(row, row),
    }
