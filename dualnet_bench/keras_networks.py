"""The networks as they are written for Keras 3, for any of its backends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import layers, ops

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

__all__ = ["NETWORKS"]


def mlp(w: MLP) -> Any:
    model = keras.Sequential([keras.Input((w.features,))])
    for _ in range(w.depth):
        model.add(layers.Dense(w.hidden, activation="relu"))
        model.add(layers.Dropout(w.dropout))
    model.add(layers.Dense(w.classes))
    return model


def cnn(w: CNN) -> Any:
    return keras.Sequential(
        [
            keras.Input((w.size, w.size, w.channels)),
            layers.Conv2D(w.first, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(w.second, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(w.dropout),
            layers.Dense(w.classes),
        ]
    )


def lstm(w: LSTM) -> Any:
    return keras.Sequential(
        [
            keras.Input((w.time, w.features)),
            layers.LSTM(w.units),
            layers.Dropout(w.dropout),
            layers.Dense(w.classes),
        ]
    )


def norm() -> Any:
    return layers.LayerNormalization(epsilon=1e-5)


def transformer(w: Transformer) -> Any:
    x = y = keras.Input((w.time, w.width))
    for _ in range(w.blocks):
        normed = norm()(y)
        seen = layers.MultiHeadAttention(w.heads, w.width // w.heads)(normed, normed)
        y = y + layers.Dropout(w.dropout)(seen)
        wide = layers.Dense(w.inner, activation="gelu")(norm()(y))
        y = y + layers.Dropout(w.dropout)(layers.Dense(w.width)(wide))
    return keras.Model(x, layers.Dense(w.classes)(layers.GlobalAveragePooling1D()(norm()(y))))


def convolution(x: Any, filters: int) -> Any:
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(y)


def resnet(w: ResNet) -> Any:
    x = keras.Input((w.size, w.size, w.channels))
    y = layers.ReLU()(convolution(x, w.filters))
    for stage, width in enumerate(w.widths):
        beside = y
        if stage:
            y = layers.AveragePooling2D(2)(y)
            beside = layers.Conv2D(width, 1, use_bias=False)(y)
        inner = layers.ReLU()(convolution(y, width))
        y = layers.ReLU()(beside + convolution(inner, width))
    y = layers.Dropout(w.dropout)(layers.GlobalAveragePooling2D()(y))
    return keras.Model(x, layers.Dense(w.classes)(y))


def embedding_bag(w: EmbeddingBag) -> Any:
    ids, numbers = keras.Input((w.columns,), dtype="int64"), keras.Input((w.numbers,))
    bag = layers.GlobalAveragePooling1D()(layers.Embedding(w.vocabulary, w.width)(ids))
    hidden = layers.Dense(w.hidden, activation="relu")(layers.Concatenate()([bag, numbers]))
    return keras.Model([ids, numbers], layers.Dense(w.classes)(layers.Dropout(w.dropout)(hidden)))


class GRUDecoder(keras.Model):
    """Decodes, each likeliest token going in again."""

    def __init__(self, w: GRUDecoding) -> None:
        super().__init__()
        self.w = w
        self.embedding = layers.Embedding(w.vocabulary, w.width)
        self.cell = layers.GRUCell(w.units)
        self.head = layers.Dense(w.vocabulary)

    def call(self, token: Any) -> Any:
        tokens, h = [], ops.zeros((ops.shape(token)[0], self.w.units))
        for _ in range(self.w.time):
            h, _ = self.cell(self.embedding(token), h)
            token = ops.argmax(self.head(h), axis=-1)
            tokens.append(token)
        return ops.stack(tokens, axis=1)


class Block(layers.Layer):
    """A pre-norm block that decodes with a cache of keys and values."""

    def __init__(self, w: TransformerDecoding) -> None:
        super().__init__()
        self.shape = (-1, 1, w.heads, w.width // w.heads)
        self.before_attention, self.before_dense = norm(), norm()
        self.projections = [layers.Dense(w.width) for _ in range(3)]
        self.output_projection = layers.Dense(w.width)
        self.wide = layers.Dense(w.inner, activation="gelu")
        self.narrow = layers.Dense(w.width)

    def call(self, x: Any, cache: list[Any]) -> Any:
        normed = self.before_attention(x)
        q, *new = (ops.reshape(f(normed), self.shape) for f in self.projections)
        if cache:
            new = [ops.concatenate(pair, axis=1) for pair in zip(cache, new, strict=True)]
        seen = ops.dot_product_attention(q, *new)
        x = x + self.output_projection(ops.reshape(seen, ops.shape(x)))
        return x + self.narrow(self.wide(self.before_dense(x))), new


class TransformerDecoder(keras.Model):
    """As :class:`GRUDecoder`, from a Transformer."""

    def __init__(self, w: TransformerDecoding) -> None:
        super().__init__()
        self.w = w
        self.embedding = layers.Embedding(w.vocabulary, w.width)
        self.positions = layers.Embedding(w.time, w.width)
        self.blocks = [Block(w) for _ in range(w.blocks)]
        self.norm = norm()
        self.head = layers.Dense(w.vocabulary)

    def call(self, token: Any) -> Any:
        tokens: list[Any] = []
        places = self.positions(ops.arange(self.w.time))
        caches: list[list[Any]] = [[] for _ in self.blocks]
        for now in range(self.w.time):
            x = ops.expand_dims(self.embedding(token) + places[now], 1)
            for at, block in enumerate(self.blocks):
                x, caches[at] = block(x, caches[at])
            token = ops.argmax(self.head(self.norm(x[:, 0])), axis=-1)
            tokens.append(token)
        return ops.stack(tokens, axis=1)


NETWORKS: dict[type[Workload], Callable[[Any], Any]] = {
    MLP: mlp,
    CNN: cnn,
    LSTM: lstm,
    Transformer: transformer,
    ResNet: resnet,
    EmbeddingBag: embedding_bag,
    GRUDecoding: GRUDecoder,
    TransformerDecoding: TransformerDecoder,
}
