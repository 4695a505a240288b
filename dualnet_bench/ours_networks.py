"""The networks as dualnet's definitions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dualnet import nn, ops
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
from dualnet.typing import Tensor

__all__ = ["NETWORKS"]


def mlp(w: MLP) -> nn.Layer:
    hidden: list[nn.Layer] = []
    for _ in range(w.depth):
        hidden += [nn.Dense(w.hidden, activation="relu"), nn.Dropout(w.dropout)]
    return nn.Sequential(*hidden, nn.Dense(w.classes))


def cnn(w: CNN) -> nn.Layer:
    return nn.Sequential(
        nn.Conv2D(w.first, 3, activation="relu"),
        nn.MaxPool2D(2),
        nn.Conv2D(w.second, 3, activation="relu"),
        nn.MaxPool2D(2),
        nn.Flatten(),
        nn.Dropout(w.dropout),
        nn.Dense(w.classes),
    )


def lstm(w: LSTM) -> nn.Layer:
    return nn.Sequential(nn.LSTM(w.units), nn.Dropout(w.dropout), nn.Dense(w.classes))


def attention(w: Transformer | TransformerDecoding) -> nn.Layer:
    """With a bias of the keys, which the other libraries have."""
    return nn.MultiHeadAttention(w.heads, w.width // w.heads, use_key_bias=True)


def transformer(w: Transformer) -> nn.Layer:
    x = y = nn.Input((w.time, w.width))
    for _ in range(w.blocks):
        normed = nn.LayerNorm()(y)
        y = y + nn.Dropout(w.dropout)(attention(w)(normed, normed))
        wide = nn.Dense(w.inner, activation="gelu")(nn.LayerNorm()(y))
        y = y + nn.Dropout(w.dropout)(nn.Dense(w.width)(wide))
    return nn.Graph(x, nn.Dense(w.classes)(nn.GlobalAvgPool1D()(nn.LayerNorm()(y))))


def convolution(x: Any, filters: int) -> Any:
    return nn.BatchNorm()(nn.Conv2D(filters, 3, padding="same", use_bias=False)(x))


def resnet(w: ResNet) -> nn.Layer:
    x = nn.Input((w.size, w.size, w.channels))
    y = nn.ReLU()(convolution(x, w.filters))
    for stage, width in enumerate(w.widths):
        beside = y
        if stage:
            y = nn.AvgPool2D(2)(y)
            beside = nn.Conv2D(width, 1, use_bias=False)(y)
        inner = nn.ReLU()(convolution(y, width))
        y = nn.ReLU()(beside + convolution(inner, width))
    y = nn.Dropout(w.dropout)(nn.GlobalAvgPool2D()(y))
    return nn.Graph(x, nn.Dense(w.classes)(y))


def embedding_bag(w: EmbeddingBag) -> nn.Layer:
    ids, numbers = nn.Input((w.columns,), dtype="int64"), nn.Input((w.numbers,))
    bag = nn.GlobalAvgPool1D()(nn.Embedding(w.vocabulary, w.width)(ids))
    hidden = nn.Dense(w.hidden, activation="relu")(nn.Concatenate()([bag, numbers]))
    return nn.Graph((ids, numbers), nn.Dense(w.classes)(nn.Dropout(w.dropout)(hidden)))


class GRUDecoder(nn.Layer):
    """From the first tokens ``(batch,)`` to those after them, ``(batch, time)``."""

    embedding: nn.Layer
    cell: nn.Layer
    head: nn.Layer
    time: int

    input_dtype = "int64"

    def forward(self, token: Tensor) -> Tensor:
        tokens: list[Tensor] = []
        x = self.embedding(token)
        (h,) = self.cell.initial_states(x)
        for now in range(self.time):
            if now:
                x = self.embedding(token)
            h, _ = self.cell(x, h)
            token = ops.argmax(self.head(h), axis=-1)
            tokens.append(token)
        return ops.stack(tokens, axis=1)


def gru(w: GRUDecoding) -> nn.Layer:
    embedding = nn.Embedding(w.vocabulary, w.width)
    return GRUDecoder(embedding, nn.GRUCell(w.units), nn.Dense(w.vocabulary), w.time)


class Block(nn.Layer):
    """A pre-norm block that decodes with a cache."""

    before_attention: nn.Layer
    attention: nn.Layer
    before_dense: nn.Layer
    wide: nn.Layer
    narrow: nn.Layer

    def forward(self, x: Tensor, cache: nn.KVCache) -> tuple[Tensor, nn.KVCache]:
        normed = self.before_attention(x)
        seen, cache = self.attention(normed, normed, cache=cache)
        x = x + seen
        return x + self.narrow(self.wide(self.before_dense(x))), cache


class TransformerDecoder(nn.Layer):
    """As :class:`GRUDecoder`, from a Transformer."""

    embedding: nn.Layer
    positions: nn.Layer
    blocks: tuple[nn.Layer, ...]
    norm: nn.Layer
    head: nn.Layer
    heads: int
    time: int

    input_dtype = "int64"

    def forward(self, token: Tensor) -> Tensor:
        tokens: list[Tensor] = []
        positions = self.positions(ops.nn.places(token, self.time))
        caches = [self.empty_cache(positions, token)] * len(self.blocks)
        for now in range(self.time):
            x = ops.expand_dims(self.embedding(token) + positions[now], axis=1)
            for place, block in enumerate(self.blocks):
                x, caches[place] = block(x, caches[place])
            token = ops.argmax(self.head(self.norm(x[:, 0])), axis=-1)
            tokens.append(token)
        return ops.stack(tokens, axis=1)

    def empty_cache(self, like: Tensor, token: Tensor) -> nn.KVCache:
        """Made here, for as many sequences as there are: the first run makes the weights."""
        zeros, batch = ops.zeros_like(like[0, 0]), ops.nn.axis_size(token, axis=0)
        held = ops.broadcast_to(zeros, (batch, self.heads, self.time, like.shape[-1] // self.heads))
        seen = ops.broadcast_to(ops.not_equal(zeros, 0), (batch, self.time))
        return nn.KVCache(held, held, seen, ops.zeros_like(token[0]))


def block(w: TransformerDecoding) -> nn.Layer:
    wide = nn.Dense(w.inner, activation="gelu")
    return Block(nn.LayerNorm(), attention(w), nn.LayerNorm(), wide, nn.Dense(w.width))


def cache(w: TransformerDecoding) -> nn.Layer:
    return TransformerDecoder(
        nn.Embedding(w.vocabulary, w.width),
        nn.Embedding(w.time, w.width),
        tuple(block(w) for _ in range(w.blocks)),
        nn.LayerNorm(),
        nn.Dense(w.vocabulary),
        w.heads,
        w.time,
    )


NETWORKS: dict[type[Workload], Callable[[Any], nn.Layer]] = {
    MLP: mlp,
    CNN: cnn,
    LSTM: lstm,
    Transformer: transformer,
    ResNet: resnet,
    EmbeddingBag: embedding_bag,
    GRUDecoding: gru,
    TransformerDecoding: cache,
}
