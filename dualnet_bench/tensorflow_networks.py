"""The networks, as they are written for TensorFlow by hand: variables and functions.

Weights stand in the order in which dualnet's definitions have them, so that they can be taken over.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import tensorflow as tf

from dualnet.bench.workloads import (
    CNN,
    LSTM,
    MLP,
    EmbeddingBag,
    GRUDecoding,
    ResNet,
    Transformer,
    TransformerDecoding,
    Workload,
)

__all__ = ["NETWORKS", "Network"]


class Network(tf.Module):
    """Base of the networks: a list of weights, and how they are made.

    ``self(*inputs, training=…)`` is the network; ``training`` is a Python bool, so that each mode
    is a graph of its own.
    """

    def __init__(self, workload: Any) -> None:
        super().__init__()
        self.w = workload
        self.weights: list[tf.Variable] = []

    def weight(self, *shape: int, start: float | None = None) -> tf.Variable:
        """A new weight, Glorot's uniform if it starts with no constant."""
        if start is None:
            *field, fan_in, fan_out = shape
            limit = math.sqrt(6 / (math.prod(field) * (fan_in + fan_out)))
            value = tf.random.uniform(shape, -limit, limit)
        else:
            value = tf.fill(shape, start)
        self.weights.append(tf.Variable(value))
        return self.weights[-1]

    def dense(self, inputs: int, outputs: int) -> Callable[[tf.Tensor], tf.Tensor]:
        kernel, bias = self.weight(inputs, outputs), self.weight(outputs, start=0.0)
        return lambda x: tf.nn.bias_add(tf.tensordot(x, kernel, 1), bias)

    def layer_norm(self, width: int) -> Callable[[tf.Tensor], tf.Tensor]:
        scale, shift = self.weight(width, start=1.0), self.weight(width, start=0.0)

        def normed(x: tf.Tensor) -> tf.Tensor:
            mean, variance = tf.nn.moments(x, -1, keepdims=True)
            return (x - mean) * (tf.math.rsqrt(variance + 1e-5) * scale) + shift

        return normed

    def dropped(self, x: tf.Tensor, training: bool) -> tf.Tensor:
        return tf.nn.dropout(x, self.w.dropout) if training and self.w.dropout else x

    def __call__(self, *inputs: tf.Tensor, training: bool) -> tf.Tensor:
        raise NotImplementedError


class Dense(Network):
    def __init__(self, w: MLP) -> None:
        super().__init__(w)
        widths = (w.features, *(w.hidden,) * w.depth)
        self.hidden = [self.dense(*pair) for pair in pairwise(widths)]
        self.head = self.dense(widths[-1], w.classes)

    def __call__(self, *inputs: tf.Tensor, training: bool) -> tf.Tensor:
        (x,) = inputs
        for layer in self.hidden:
            x = self.dropped(tf.nn.relu(layer(x)), training)
        return self.head(x)


class Convolutions(Network):
    def __init__(self, w: CNN) -> None:
        super().__init__(w)
        sizes = ((w.channels, w.first), (w.first, w.second))
        self.kernels = [(self.weight(3, 3, i, o), self.weight(o, start=0.0)) for i, o in sizes]
        self.head = self.dense(w.flat, w.classes)

    def __call__(self, *inputs: tf.Tensor, training: bool) -> tf.Tensor:
        (x,) = inputs
        for kernel, bias in self.kernels:
            x = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, kernel, 1, "VALID"), bias))
            x = tf.nn.max_pool2d(x, 2, 2, "VALID")
        return self.head(self.dropped(tf.reshape(x, (-1, self.w.flat)), training))


class Recurrent(Network):
    def __init__(self, w: LSTM) -> None:
        super().__init__(w)
        self.kernel = self.weight(w.features, 4 * w.units)
        self.recurrent = self.weight(w.units, 4 * w.units)
        self.bias = self.weight(4 * w.units, start=0.0)
        self.head = self.dense(w.units, w.classes)

    def __call__(self, *inputs: tf.Tensor, training: bool) -> tf.Tensor:
        (x,) = inputs
        fed = tf.nn.bias_add(tf.tensordot(x, self.kernel, 1), self.bias)
        h = c = tf.zeros((tf.shape(x)[0], self.w.units))
        for now in tf.unstack(fed, axis=1):  # unrolled: its length is known
            i, f, g, o = tf.split(now + tf.matmul(h, self.recurrent), 4, 1)
            c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
            h = tf.sigmoid(o) * tf.tanh(c)
        return self.head(self.dropped(h, training))


class Block:
    """A pre-norm block of a Transformer."""

    def __init__(self, network: Network) -> None:
        w = network.w
        self.heads, self.size, self.dropped = w.heads, w.width // w.heads, network.dropped
        self.before_attention = network.layer_norm(w.width)
        self.query, self.key, self.value, self.output = (
            network.dense(w.width, w.width) for _ in range(4)
        )
        self.before_dense = network.layer_norm(w.width)
        self.wide, self.narrow = network.dense(w.width, w.inner), network.dense(w.inner, w.width)

    def __call__(self, x: tf.Tensor, training: bool) -> tf.Tensor:
        q, k, v = self.cut(self.before_attention(x))
        x = x + self.dropped(self.attended(q, k, v), training)
        return x + self.dropped(self.transformed(x), training)

    def cut(self, x: tf.Tensor) -> list[tf.Tensor]:
        """Queries, keys and values, ``(batch, heads, time, features)``."""
        shape = (-1, x.shape[1], self.heads, self.size)
        found = (tf.reshape(f(x), shape) for f in (self.query, self.key, self.value))
        return [tf.transpose(each, (0, 2, 1, 3)) for each in found]

    def attended(self, q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) -> tf.Tensor:
        scores = tf.matmul(q * self.size**-0.5, k, transpose_b=True)
        seen = tf.transpose(tf.matmul(tf.nn.softmax(scores), v), (0, 2, 1, 3))
        return self.output(tf.reshape(seen, (-1, q.shape[2], self.heads * self.size)))

    def transformed(self, x: tf.Tensor) -> tf.Tensor:
        return self.narrow(tf.nn.gelu(self.wide(self.before_dense(x))))


class Encoder(Network):
    def __init__(self, w: Transformer) -> None:
        super().__init__(w)
        self.blocks = [Block(self) for _ in range(w.blocks)]
        self.norm = self.layer_norm(w.width)
        self.head = self.dense(w.width, w.classes)

    def __call__(self, *inputs: tf.Tensor, training: bool) -> tf.Tensor:
        (x,) = inputs
        for block in self.blocks:
            x = block(x, training)
        return self.head(tf.reduce_mean(self.norm(x), 1))


class Convolution:
    """A 3 × 3 convolution and batch normalization."""

    def __init__(self, network: Network, inputs: int, outputs: int) -> None:
        self.kernel = network.weight(3, 3, inputs, outputs)
        self.scale = network.weight(outputs, start=1.0)
        self.shift = network.weight(outputs, start=0.0)
        self.mean = tf.Variable(tf.zeros(outputs), trainable=False)
        self.variance = tf.Variable(tf.ones(outputs), trainable=False)

    def __call__(self, x: tf.Tensor, training: bool) -> tf.Tensor:
        x = tf.nn.conv2d(x, self.kernel, 1, "SAME")
        y, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            x,
            self.scale,
            self.shift,
            None if training else self.mean,
            None if training else self.variance,
            epsilon=1e-5,
            is_training=training,
        )
        if training:
            self.mean.assign_sub(0.1 * (self.mean - mean))
            self.variance.assign_sub(0.1 * (self.variance - variance))
        return y


class Residual:
    """Two convolutions beside a shortcut, after a mean over 2 × 2 where the width changes."""

    def __init__(self, network: Network, inputs: int, outputs: int) -> None:
        self.shortcut = None if inputs == outputs else network.weight(1, 1, inputs, outputs)
        self.first = Convolution(network, inputs, outputs)
        self.second = Convolution(network, outputs, outputs)

    def __call__(self, x: tf.Tensor, training: bool) -> tf.Tensor:
        if self.shortcut is None:
            beside = x
        else:
            x = tf.nn.avg_pool2d(x, 2, 2, "VALID")
            beside = tf.nn.conv2d(x, self.shortcut, 1, "SAME")
        return tf.nn.relu(beside + self.second(tf.nn.relu(self.first(x, training)), training))


class Residuals(Network):
    def __init__(self, w: ResNet) -> None:
        super().__init__(w)
        widths = (w.filters, *w.widths)
        self.stem = Convolution(self, w.channels, w.filters)
        self.blocks = [Residual(self, *pair) for pair in pairwise(widths)]
        self.head = self.dense(widths[-1], w.classes)

    def __call__(self, *inputs: tf.Tensor, training: bool) -> tf.Tensor:
        (x,) = inputs
        x = tf.nn.relu(self.stem(x, training))
        for block in self.blocks:
            x = block(x, training)
        return self.head(self.dropped(tf.reduce_mean(x, (1, 2)), training))


class Tabular(Network):
    def __init__(self, w: EmbeddingBag) -> None:
        super().__init__(w)
        self.embeddings = self.weight(w.vocabulary, w.width)
        self.hidden = self.dense(w.width + w.numbers, w.hidden)
        self.head = self.dense(w.hidden, w.classes)

    def __call__(self, *inputs: tf.Tensor, training: bool) -> tf.Tensor:
        ids, numbers = inputs
        bag = tf.reduce_mean(tf.nn.embedding_lookup(self.embeddings, ids), 1)
        x = tf.nn.relu(self.hidden(tf.concat([bag, numbers], 1)))
        return self.head(self.dropped(x, training))


class GRUDecoder(Network):
    def __init__(self, w: GRUDecoding) -> None:
        super().__init__(w)
        self.embeddings = self.weight(w.vocabulary, w.width)
        self.kernel = self.weight(w.width, 3 * w.units)
        self.recurrent = self.weight(w.units, 3 * w.units)
        self.bias = self.weight(3 * w.units, start=0.0)
        self.recurrent_bias = self.weight(3 * w.units, start=0.0)
        self.head = self.dense(w.units, w.vocabulary)

    def __call__(self, *inputs: tf.Tensor, training: bool) -> tf.Tensor:
        (token,), tokens = inputs, []
        h = tf.zeros((tf.shape(token)[0], self.w.units))
        for _ in range(self.w.time):
            x = tf.gather(self.embeddings, token)
            fed = tf.nn.bias_add(tf.matmul(x, self.kernel), self.bias)
            kept = tf.nn.bias_add(tf.matmul(h, self.recurrent), self.recurrent_bias)
            (xr, xz, xn), (hr, hz, hn) = tf.split(fed, 3, 1), tf.split(kept, 3, 1)
            z, n = tf.sigmoid(xz + hz), tf.tanh(xn + tf.sigmoid(xr + hr) * hn)
            h = n + z * (h - n)
            token = tf.argmax(self.head(h), -1)
            tokens.append(token)
        return tf.stack(tokens, 1)


class TransformerDecoder(Network):
    def __init__(self, w: TransformerDecoding) -> None:
        super().__init__(w)
        self.embeddings = self.weight(w.vocabulary, w.width)
        self.positions = self.weight(w.time, w.width)
        self.blocks = [Block(self) for _ in range(w.blocks)]
        self.norm = self.layer_norm(w.width)
        self.head = self.dense(w.width, w.vocabulary)

    def __call__(self, *inputs: tf.Tensor, training: bool) -> tf.Tensor:
        (token,), tokens = inputs, []
        caches: list[tuple[tf.Tensor, ...]] = [() for _ in self.blocks]
        for now in range(self.w.time):
            x = (tf.gather(self.embeddings, token) + self.positions[now])[:, None]
            for place, block in enumerate(self.blocks):
                q, *new = block.cut(block.before_attention(x))
                held = caches[place]
                caches[place] = (
                    tuple(tf.concat(pair, 2) for pair in zip(held, new, strict=True))
                    if held
                    else tuple(new)
                )
                x = x + block.attended(q, *caches[place])
                x = x + block.transformed(x)
            token = tf.argmax(self.head(self.norm(x[:, 0])), -1)
            tokens.append(token)
        return tf.stack(tokens, 1)


NETWORKS: dict[type[Workload], Callable[[Any], Network]] = {
    MLP: Dense,
    CNN: Convolutions,
    LSTM: Recurrent,
    Transformer: Encoder,
    ResNet: Residuals,
    EmbeddingBag: Tabular,
    GRUDecoding: GRUDecoder,
    TransformerDecoding: TransformerDecoder,
}
