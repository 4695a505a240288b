"""The networks, as they are written for PyTorch by hand.

Weights stand in the order in which dualnet's definitions have them, so that they can be taken over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

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

__all__ = ["NETWORKS", "take_weights"]


def mlp(w: MLP) -> nn.Module:
    layers: list[nn.Module] = []
    inputs = w.features
    for _ in range(w.depth):
        layers += [nn.Linear(inputs, w.hidden), nn.ReLU(), nn.Dropout(w.dropout)]
        inputs = w.hidden
    return nn.Sequential(*layers, nn.Linear(inputs, w.classes))


class Convolutions(nn.Module):
    def __init__(self, w: CNN) -> None:
        super().__init__()
        self.first = nn.Conv2d(w.channels, w.first, 3)
        self.second = nn.Conv2d(w.first, w.second, 3)
        self.dropout = nn.Dropout(w.dropout)
        self.head = nn.Linear(w.flat, w.classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.first(x)), 2)
        x = F.max_pool2d(F.relu(self.second(x)), 2)
        # In channels-last memory this order needs no copy, and it is everyone else's.
        return self.head(self.dropout(x.permute(0, 2, 3, 1).flatten(1)))


class Recurrent(nn.Module):
    def __init__(self, w: LSTM) -> None:
        super().__init__()
        self.lstm = nn.LSTM(w.features, w.units, batch_first=True)
        second: Any = self.lstm.bias_hh_l0
        nn.init.zeros_(second).requires_grad_(False)  # one bias, as everywhere else
        self.dropout = nn.Dropout(w.dropout)
        self.head = nn.Linear(w.units, w.classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.dropout(self.lstm(x)[0][:, -1]))


Cache = tuple[Tensor, Tensor]


class Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self._cut(x)
        return self._merged(F.scaled_dot_product_attention(q, k, v))

    def decode(self, x: Tensor, cache: Cache, now: int) -> Tensor:
        """One step, whose keys and values go to their place in the cache."""
        q, k, v = self._cut(x)
        for held, new in zip(cache, (k, v), strict=True):
            held[:, :, now : now + 1] = new
        k, v = (held[:, :, : now + 1] for held in cache)
        return self._merged(F.scaled_dot_product_attention(q, k, v))

    def _cut(self, x: Tensor) -> list[Tensor]:
        parts = self.qkv(x).chunk(3, -1)
        return [part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in parts]

    def _merged(self, seen: Tensor) -> Tensor:
        return self.output(seen.transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, width: int, heads: int, inner: int, dropout: float) -> None:
        super().__init__()
        self.before_attention = nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.before_dense = nn.LayerNorm(width)
        self.dense = nn.Sequential(nn.Linear(width, inner), nn.GELU(), nn.Linear(inner, width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.dropout(self.attention(self.before_attention(x)))
        return x + self.dropout(self.dense(self.before_dense(x)))

    def decode(self, x: Tensor, cache: Cache, now: int) -> Tensor:
        x = x + self.attention.decode(self.before_attention(x), cache, now)
        return x + self.dense(self.before_dense(x))


class Encoder(nn.Module):
    def __init__(self, w: Transformer) -> None:
        super().__init__()
        self.blocks = nn.Sequential(
            *(Block(w.width, w.heads, w.inner, w.dropout) for _ in range(w.blocks))
        )
        self.norm = nn.LayerNorm(w.width)
        self.head = nn.Linear(w.width, w.classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.norm(self.blocks(x)).mean(1))


def convolution(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs)
    )


class Residual(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.shortcut = None if inputs == outputs else nn.Conv2d(inputs, outputs, 1, bias=False)
        self.first = convolution(inputs, outputs)
        self.second = convolution(outputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        if self.shortcut is None:
            beside = x
        else:
            x = F.avg_pool2d(x, 2)
            beside = self.shortcut(x)
        return F.relu(beside + self.second(F.relu(self.first(x))))


def resnet(w: ResNet) -> nn.Module:
    widths = (w.filters, *w.widths)
    blocks = [Residual(*pair) for pair in pairwise(widths)]
    return nn.Sequential(
        convolution(w.channels, w.filters),
        nn.ReLU(),
        *blocks,
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(w.dropout),
        nn.Linear(widths[-1], w.classes),
    )


class Tabular(nn.Module):
    def __init__(self, w: EmbeddingBag) -> None:
        super().__init__()
        self.bag = nn.EmbeddingBag(w.vocabulary, w.width, mode="mean")
        self.dense = nn.Sequential(
            nn.Linear(w.width + w.numbers, w.hidden),
            nn.ReLU(),
            nn.Dropout(w.dropout),
            nn.Linear(w.hidden, w.classes),
        )

    def forward(self, ids: Tensor, numbers: Tensor) -> Tensor:
        return self.dense(torch.cat([self.bag(ids), numbers], 1))


class GRUDecoder(nn.Module):
    def __init__(self, w: GRUDecoding) -> None:
        super().__init__()
        self.time = w.time
        self.embedding = nn.Embedding(w.vocabulary, w.width)
        self.cell = nn.GRUCell(w.width, w.units)
        self.head = nn.Linear(w.units, w.vocabulary)

    def forward(self, token: Tensor) -> Tensor:
        tokens, h = [], None
        for _ in range(self.time):
            h = self.cell(self.embedding(token), h)
            token = self.head(h).argmax(-1)
            tokens.append(token)
        return torch.stack(tokens, 1)


class TransformerDecoder(nn.Module):
    def __init__(self, w: TransformerDecoding) -> None:
        super().__init__()
        self.w = w
        self.embedding = nn.Embedding(w.vocabulary, w.width)
        self.positions = nn.Embedding(w.time, w.width)
        self.blocks: Any = nn.ModuleList(
            Block(w.width, w.heads, w.inner, 0.0) for _ in range(w.blocks)
        )
        self.norm = nn.LayerNorm(w.width)
        self.head = nn.Linear(w.width, w.vocabulary)

    def forward(self, token: Tensor) -> Tensor:
        w, tokens = self.w, []
        room = self.positions.weight.new_empty
        shape = (len(token), w.heads, w.time, w.width // w.heads)
        caches = [(room(shape), room(shape)) for _ in self.blocks]
        for now in range(w.time):
            x = (self.embedding(token) + self.positions.weight[now])[:, None]
            for place, cache in enumerate(caches):
                x = self.blocks[place].decode(x, cache, now)
            token = self.head(self.norm(x[:, 0])).argmax(-1)
            tokens.append(token)
        return torch.stack(tokens, 1)


NETWORKS: dict[type[Workload], Callable[[Any], nn.Module]] = {
    MLP: mlp,
    CNN: Convolutions,
    LSTM: Recurrent,
    Transformer: Encoder,
    ResNet: resnet,
    EmbeddingBag: Tabular,
    GRUDecoding: GRUDecoder,
    TransformerDecoding: TransformerDecoder,
}

Weights = Iterator[Tensor]


def take_weights(network: nn.Module, weights: Sequence[Any]) -> None:
    """Copies weights in dualnet's order and layout, ``(in, out)`` and ``(*spatial, in, out)``."""
    rest = iter(torch.as_tensor(weight) for weight in weights)
    with torch.no_grad():
        _take(network, rest)
    if next(rest, None) is not None:
        raise ValueError("there are more weights than the network has")


def _take(module: nn.Module, rest: Weights) -> None:
    for kind, take in _LAYOUTS.items():
        if isinstance(module, kind):
            take(module, rest)
            return
    for child in module.children():
        _take(child, rest)


def _linear(module: Any, rest: Weights) -> None:
    module.weight.copy_(next(rest).T)
    module.bias.copy_(next(rest))


def _convolution(module: Any, rest: Weights) -> None:
    module.weight.copy_(next(rest).permute(3, 2, 0, 1))
    if module.bias is not None:
        module.bias.copy_(next(rest))


def _plain(module: Any, rest: Weights) -> None:
    for parameter in module.parameters():
        parameter.copy_(next(rest))


def _recurrent(module: Any, rest: Weights) -> None:
    """Kernels are transposed; the biases that there are, are not."""
    for parameter in module.parameters():
        if parameter.requires_grad:
            value = next(rest)
            parameter.copy_(value.T if value.ndim == 2 else value)


def _attention(module: Any, rest: Weights) -> None:
    """Kernel and bias of query, key and value come one after another."""
    parts = [next(rest) for _ in range(6)]
    module.qkv.weight.copy_(torch.cat(parts[::2], 1).T)
    module.qkv.bias.copy_(torch.cat(parts[1::2]))
    _linear(module.output, rest)


_LAYOUTS: dict[Any, Callable[[Any, Weights], None]] = {
    Attention: _attention,
    nn.Linear: _linear,
    nn.Conv2d: _convolution,
    (nn.LSTM, nn.GRUCell): _recurrent,
    (nn.LayerNorm, nn.BatchNorm2d, nn.Embedding, nn.EmbeddingBag): _plain,
}
