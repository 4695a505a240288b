"""Four models written by hand twice, with equal mathematics, and the inputs to run them on.

Each function gives ``(torch module, Keras model, inputs)``.  Its options say how the Keras
model is written; the defaults are what makes it the same as the other.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from dualnet.random import Stream
from dualnet.typing import NDArray

Pair = tuple[nn.Module, keras.Model, NDArray]


def numbers(name: str, *shape: int) -> NDArray:
    """Fixed normal numbers."""
    return Stream(0, "test", name).normal(shape, dtype="float32")


def stirred(module: nn.Module) -> nn.Module:
    """The module with fixed weights, none of which is trivial: no scale is 1, no bias 0."""
    with torch.no_grad():
        for name, tensor in (*module.named_parameters(), *module.named_buffers()):
            if not tensor.is_floating_point() or (tensor.ndim == 1 and not tensor.requires_grad):
                continue
            tensor.copy_(torch.from_numpy(_value(name, tensor.numpy())))
        for name, tensor in module.named_buffers():
            if name.endswith(("running_mean", "running_var")):
                tensor.add_(torch.from_numpy(0.2 * numbers(name, *tensor.shape) ** 2))
    return module


def stirred_keras(model: keras.Model) -> keras.Model:
    """The same for a Keras model; its names differ, and so do its weights."""
    for place, variable in enumerate(model.trainable_variables):
        variable.assign(_value(f"keras {place}", variable.numpy()))
    return model


def _value(name: str, old: NDArray) -> NDArray:
    """Small changes of a vector, a new matrix or kernel."""
    drawn = numbers(name, *old.shape)
    return old + 0.3 * drawn if old.ndim == 1 else drawn * (old.shape[0] / old.size) ** 0.5


@keras.saving.register_keras_serializable("pairs")
class UnbiasedBatchNormalization(keras.layers.BatchNormalization):
    """Batch normalisation whose moving variance is unbiased, as in the paper and in PyTorch."""

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        before = self.moving_variance.value + 0.0
        outputs = super().call(inputs, training=training, mask=mask)
        if training:
            count = float(np.prod(inputs.shape[:-1]))
            kept = before * self.momentum
            step = self.moving_variance.value - kept
            self.moving_variance.assign(kept + step * (count / (count - 1.0)))
        return outputs


# A residual network


class Block(nn.Module):
    """Two convolutions and a way around them."""

    def __init__(self, before: int, filters: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, filters, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(filters)
        self.conv2 = nn.Conv2d(filters, filters, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(filters)
        self.relu = nn.ReLU()
        self.shortcut = nn.Identity()
        if stride != 1:
            self.shortcut = nn.Sequential(
                nn.Conv2d(before, filters, 1, stride, bias=False), nn.BatchNorm2d(filters)
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class ResNet(nn.Module):
    """Eight channels, then sixteen at half the size, then the mean."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(8)
        self.blocks = nn.Sequential(Block(8, 8, 1), Block(8, 16, 2))
        self.head = nn.Linear(16, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.blocks(functional.relu(self.bn(self.stem(x))))
        return self.head(y.mean((2, 3)))


def resnet(
    *,
    epsilon: float = 1e-5,
    momentum: float = 0.9,
    unbiased: bool = True,
    padding: str = "zeros",
    shortcut_bias: bool = False,
    activation: str = "relu",
    pooled: str = "mean",
) -> Pair:
    """A small ResNet; functional in Keras.

    Args:
        padding: of strided convolutions, ``"zeros"`` on all sides as in PyTorch, or
            ``"same"``.
        pooled: ``"mean"`` or ``"max"``.
    """
    layers = keras.layers

    def norm(x: Any) -> Any:
        kind = UnbiasedBatchNormalization if unbiased else layers.BatchNormalization
        return kind(epsilon=epsilon, momentum=momentum)(x)

    def conv(x: Any, filters: int, strides: int) -> Any:
        if strides == 1 or padding == "same":
            return layers.Conv2D(filters, 3, strides, padding="same", use_bias=False)(x)
        return layers.Conv2D(filters, 3, strides, use_bias=False)(layers.ZeroPadding2D(1)(x))

    def block(x: Any, filters: int, strides: int) -> Any:
        y = layers.Activation(activation)(norm(conv(x, filters, strides)))
        y = norm(conv(y, filters, 1))
        if strides != 1:
            x = norm(layers.Conv2D(filters, 1, strides, use_bias=shortcut_bias)(x))
        return layers.Activation(activation)(layers.Add()([y, x]))

    x = inputs = keras.Input((12, 12, 3))
    x = layers.Activation(activation)(norm(conv(x, 8, 2)))
    x = block(block(x, 8, 1), 16, 2)
    pool = layers.GlobalAveragePooling2D if pooled == "mean" else layers.GlobalMaxPooling2D
    model = keras.Model(inputs, layers.Dense(5)(pool()(x)))
    return stirred(ResNet()), stirred_keras(model), numbers("images", 6, 12, 12, 3)


# A Transformer encoder


class EncoderLayer(nn.Module):
    """Attention and a feed-forward network, each normalised before."""

    def __init__(self, features: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(features)
        self.attention = nn.MultiheadAttention(features, heads, dropout=0.1, batch_first=True)
        self.norm2 = nn.LayerNorm(features)
        self.up = nn.Linear(features, 2 * features)
        self.gelu = nn.GELU()
        self.down = nn.Linear(2 * features, features)
        self.dropout = nn.Dropout(0.1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.norm1(x)
        x = x + self.dropout(self.attention(y, y, y, need_weights=False)[0])
        return x + self.dropout(self.down(self.gelu(self.up(self.norm2(x)))))


class Encoder(nn.Module):
    """Embedded tokens, two layers, a head for each token."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(11, 8)
        self.layers = nn.ModuleList(EncoderLayer(8, 2) for _ in range(2))
        self.norm = nn.LayerNorm(8)
        self.head = nn.Linear(8, 3)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.embedding(tokens)
        for layer in self.layers:
            x = layer(x)
        return self.head(self.norm(x))


@keras.saving.register_keras_serializable("pairs")
class KerasEncoderLayer(keras.layers.Layer):
    """The same, as a layer of its own."""

    def __init__(
        self,
        features: int,
        heads: int,
        epsilon: float,
        approximate: bool,
        scale: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        layers = keras.layers
        self.approximate, self.scale = approximate, scale
        self.norm1 = layers.LayerNormalization(epsilon=epsilon)
        self.attention = layers.MultiHeadAttention(heads, features // heads, dropout=0.1)
        self.norm2 = layers.LayerNormalization(epsilon=epsilon)
        self.up = layers.Dense(2 * features)
        self.down = layers.Dense(features)
        self.dropout = layers.Dropout(0.1)

    def call(self, x: Any, training: bool = False) -> Any:
        y = self.norm1(x)
        if self.scale:  # a second time: the layer does so itself
            y = y * (self.attention.key_dim**-0.5)
        x = x + self.dropout(self.attention(y, y, training=training), training=training)
        y = keras.activations.gelu(self.up(self.norm2(x)), approximate=self.approximate)
        return x + self.dropout(self.down(y), training=training)


@keras.saving.register_keras_serializable("pairs")
class KerasEncoder(keras.Model):
    """The same, as a model whose layers are attributes."""

    def __init__(
        self,
        epsilon: float = 1e-5,
        approximate: bool = False,
        scale: bool = False,
        softmax: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        layers = keras.layers
        self.written = {
            "epsilon": epsilon,
            "approximate": approximate,
            "scale": scale,
            "softmax": softmax,
        }
        self.embedding = layers.Embedding(11, 8)
        self.blocks = [
            KerasEncoderLayer(8, 2, epsilon, approximate, scale, name=f"block{i}") for i in range(2)
        ]
        self.norm = layers.LayerNormalization(epsilon=epsilon)
        self.head = layers.Dense(3, activation="softmax" if softmax else None)

    def call(self, tokens: Any, training: bool = False) -> Any:
        x = self.embedding(tokens)
        for block in self.blocks:
            x = block(x, training=training)
        return self.head(self.norm(x))

    def get_config(self) -> dict[str, Any]:
        """The arguments as given; those that Keras finds by itself are the defaults."""
        return {**super().get_config(), **self.written}


def transformer(
    *,
    epsilon: float = 1e-5,
    approximate: bool = False,
    scale: bool = False,
    softmax: bool = False,
) -> Pair:
    """A Transformer encoder; subclasses in Keras.

    Args:
        approximate: whether GELU is the one with tanh.
        scale: whether queries are scaled once more.
        softmax: whether the head gives probabilities.
    """
    tokens = Stream(0, "test", "tokens").integers(0, 11, (4, 6))
    model = KerasEncoder(epsilon, approximate, scale, softmax)
    model(tokens)
    return stirred(Encoder()), stirred_keras(model), tokens


# A stacked bidirectional LSTM


class Reader(nn.Module):
    """Two layers of LSTM in both directions, the last states of both, a head.

    PyTorch's second bias is frozen at zero: trained beside the first, it would make their sum
    learn twice as fast as the one bias of Keras.
    """

    def __init__(self, second_bias: bool) -> None:
        super().__init__()
        self.lstm = nn.LSTM(5, 4, num_layers=2, bidirectional=True, batch_first=True)
        self.head = nn.Linear(8, 3)
        for name, parameter in self.lstm.named_parameters():
            if name.startswith("bias_hh") and not second_bias:
                nn.init.zeros_(parameter)
                parameter.requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        _, (h, _) = self.lstm(x)
        return self.head(torch.cat((h[-2], h[-1]), dim=1))


def lstm(
    *, second_bias: bool = False, merge_mode: str = "concat", activation: str = "tanh"
) -> Pair:
    """A stacked bidirectional LSTM; functional in Keras.

    Args:
        second_bias: whether PyTorch trains both of its biases.
        merge_mode: how the first layer's directions are put together, ``"concat"`` or
            ``"reversed"`` (the backward one first).
        activation: of the cells.
    """
    layers = keras.layers
    inputs = keras.Input((7, 5))
    cell = {"activation": activation}
    x = layers.Bidirectional(layers.LSTM(4, return_sequences=True, **cell))(inputs)
    if merge_mode == "reversed":
        x = layers.Concatenate()([x[..., 4:], x[..., :4]])
    x = layers.Bidirectional(layers.LSTM(4, **cell))(x)
    model = keras.Model(inputs, layers.Dense(3)(x))
    return stirred(Reader(second_bias)), stirred_keras(model), numbers("sequences", 4, 7, 5)


# A network of depthwise convolutions


class Separable(nn.Sequential):
    """A depthwise and a pointwise convolution, each normalised."""

    def __init__(self, before: int, filters: int, stride: int) -> None:
        super().__init__(
            nn.Conv2d(before, before, 3, stride, padding=1, groups=before, bias=False),
            nn.BatchNorm2d(before),
            nn.ReLU6(),
            nn.Conv2d(before, filters, 1, bias=False),
            nn.BatchNorm2d(filters),
            nn.ReLU6(),
        )


class MobileNet(nn.Sequential):
    """A stem, two separable blocks, and a dense layer on the flattened image."""

    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(3, 6, 3, padding=1),
            nn.BatchNorm2d(6),
            nn.ReLU6(),
            Separable(6, 8, 2),
            Separable(8, 10, 1),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Dropout(0.2),
            nn.Linear(10 * 2 * 2, 4),
        )


def mobilenet(
    *,
    epsilon: float = 1e-5,
    momentum: float = 0.9,
    unbiased: bool = True,
    max_value: float | None = 6.0,
    pool: str = "max",
    padding: str = "zeros",
) -> Pair:
    """A MobileNet-like net; sequential in Keras, which flattens in another order.

    Args:
        max_value: of the ReLUs.
        pool: ``"max"`` or ``"average"``.
        padding: of the strided convolution, ``"zeros"`` on all sides, or ``"same"``.
    """
    layers = keras.layers
    kind = UnbiasedBatchNormalization if unbiased else layers.BatchNormalization

    def norm() -> list[Any]:
        return [kind(epsilon=epsilon, momentum=momentum), layers.ReLU(max_value=max_value)]

    def separable(filters: int, strides: int) -> list[Any]:
        depthwise: list[Any] = [layers.ZeroPadding2D(1)] if padding == "zeros" else []
        mode = "valid" if padding == "zeros" else "same"
        depthwise.append(layers.DepthwiseConv2D(3, strides, padding=mode, use_bias=False))
        pointwise = [layers.Conv2D(filters, 1, use_bias=False), *norm()]
        return [*depthwise, *norm(), *pointwise]

    pooling = layers.MaxPooling2D if pool == "max" else layers.AveragePooling2D
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(6, 3, padding="same"),
            *norm(),
            *separable(8, 2),
            *separable(10, 1),
            pooling(2),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(4),
        ]
    )
    module = stirred(MobileNet())
    with torch.no_grad():
        module[1].weight.mul_(4.0)  # so that ReLU6 has something to cut off
    return module, stirred_keras(model), numbers("images", 5, 8, 8, 3)


PAIRS = {"resnet": resnet, "transformer": transformer, "lstm": lstm, "mobilenet": mobilenet}
