"""Rows of the layers without a notion of time: dense, windows, normalisation, noise, shapes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from dualnet import nn, ops
from dualnet.random import Stream
from layer_cases.case import SEEN, Case, T, below, plain, sigmoid, tanh


def dense(w: dict[str, T], x: T) -> T:
    y = (x[..., :, None] * w["kernel"]).sum(-2)
    return y + w["bias"] if "bias" in w else y


def same(n: int, k: int, s: int) -> tuple[int, int]:
    total = max((math.ceil(n / s) - 1) * s + k - n, 0)
    return total // 2, total - total // 2


def framed(x: T, pads: Any, fill: float = 0.0) -> T:
    """The input with a frame around its spatial axes."""
    sizes = [n + sum(pair) for n, pair in zip(x.shape[1:-1], pads, strict=True)]
    y = x.new_full((x.shape[0], *sizes, x.shape[-1]), fill)
    inside = tuple(slice(a, a + n) for n, (a, _) in zip(x.shape[1:-1], pads, strict=True))
    y[(slice(None), *inside)] = x
    return y


def windows(x: T, window: tuple[int, ...], strides: Any, pads: Any, dilation: Any, fill: float):
    """What each element of a window sees: one slice of the padded input per element."""
    rank = len(window)
    padded = framed(x, pads, fill)
    sizes = padded.shape[1:-1]
    out = [
        (n - (k - 1) * d - 1) // s + 1
        for n, k, s, d in zip(sizes, window, strides, dilation, strict=True)
    ]
    for place in itertools.product(*map(range, window)):
        cut = tuple(
            slice(place[i] * dilation[i], place[i] * dilation[i] + strides[i] * out[i], strides[i])
            for i in range(rank)
        )
        yield place, padded[(slice(None), *cut)]


def conv(
    strides: tuple[int, ...],
    pads: tuple[tuple[int, int], ...],
    dilation: Any = None,
    groups: int = 1,
) -> Callable[..., T]:
    def formula(w: dict[str, T], x: T) -> T:
        kernel = w["kernel"]
        spread = dilation or (1,) * len(strides)
        y: Any = 0
        for place, seen in windows(x, kernel.shape[:-2], strides, pads, spread, 0.0):
            parts = zip(seen.chunk(groups, -1), kernel[place].chunk(groups, -1), strict=True)
            y = y + torch.cat([(a[..., :, None] * b).sum(-2) for a, b in parts], -1)
        return y + w["bias"] if "bias" in w else y

    return formula


def conv_transpose(
    strides: tuple[int, ...],
    sizes: tuple[int, ...],
    crop: tuple[int, ...],
    dilation: Any = None,
    groups: int = 1,
) -> Callable[..., T]:
    """Each input times the kernel, added up where it falls; ``sizes`` of it, from ``crop`` on."""

    def formula(w: dict[str, T], x: T) -> T:
        kernel, spread = w["kernel"], dilation or (1,) * len(strides)
        room = [
            n * s + k * d + size
            for n, s, k, d, size in zip(x.shape[1:], strides, kernel.shape, spread, sizes)  # noqa: B905 - the first have more axes
        ]
        y = x.new_zeros((x.shape[0], *room, kernel.shape[-1] * groups))
        for place in itertools.product(*map(range, kernel.shape[:-2])):
            parts = zip(x.chunk(groups, -1), kernel[place].chunk(groups, 0), strict=True)
            falls = [
                slice(k * d, k * d + n * s, s)
                for k, d, n, s in zip(place, spread, x.shape[1:-1], strides, strict=True)
            ]
            step = torch.zeros_like(y)
            step[(slice(None), *falls)] = torch.cat(
                [(a[..., :, None] * b).sum(-2) for a, b in parts], -1
            )
            y = y + step
        y = y[(slice(None), *(slice(c, c + n) for c, n in zip(crop, sizes, strict=True)))]
        return y + w["bias"] if "bias" in w else y

    return formula


def separable(strides: Any, pads: Any) -> Callable[..., T]:
    def formula(w: dict[str, T], x: T) -> T:
        depthwise = conv(strides, pads, None, x.shape[-1])
        inner = depthwise({"kernel": w["depthwise_kernel"]}, x)
        return dense({"kernel": w["pointwise_kernel"], "bias": w["bias"]}, inner)

    return formula


def weighed(x: T, axis: int, rows: list[list[float]]) -> T:
    """Sums along an axis, with these weights for each output."""
    columns = x.unbind(axis)
    return torch.stack(
        [sum(w * c for w, c in zip(row, columns, strict=True)) for row in rows], axis
    )


def max_pool(window: Any, strides: Any, pads: Any) -> Callable[..., T]:
    def formula(w: dict[str, T], x: T) -> T:
        seen = windows(x, window, strides, pads, (1,) * len(window), -math.inf)
        return torch.stack([part for _, part in seen]).amax(0)

    return formula


def avg_pool(window: Any, strides: Any, pads: Any) -> Callable[..., T]:
    def formula(w: dict[str, T], x: T) -> T:
        def total(x: T) -> T:
            seen = windows(x, window, strides, pads, (1,) * len(window), 0.0)
            return torch.stack([part for _, part in seen]).sum(0)

        return total(x) / total(torch.ones_like(x))

    return formula


def normalized(x: T, axes: tuple[int, ...], epsilon: float) -> T:
    mean = x.sum(axes, keepdim=True) / math.prod(x.shape[a] for a in axes)
    variance = ((x - mean) ** 2).sum(axes, keepdim=True) / math.prod(x.shape[a] for a in axes)
    return (x - mean) / (variance + epsilon) ** 0.5


def affine(w: dict[str, T], x: T) -> T:
    return x * w.get("gamma", torch.ones(())) + w.get("beta", torch.zeros(()))


def batch_norm_eval(w: dict[str, T], x: T) -> T:
    return affine(w, (x - w["moving_mean"]) / (w["moving_variance"] + 1e-5) ** 0.5)


def batch_norm_training(axis: int) -> Callable[..., Any]:
    def formula(w: dict[str, T], x: T) -> tuple[T, dict[str, T]]:
        x = x.movedim(axis, -1)
        axes = tuple(range(x.ndim - 1))
        m = math.prod(x.shape[:-1])
        mean = x.sum(axes) / m
        unbiased = ((x - mean) ** 2).sum(axes) / (m - 1)
        states = {
            "moving_mean": 0.9 * w["moving_mean"] + 0.1 * mean,
            "moving_variance": 0.9 * w["moving_variance"] + 0.1 * unbiased,
        }
        return affine(w, normalized(x, axes, 1e-5)).movedim(-1, axis), states

    return formula


def group_norm(groups: int) -> Callable[..., T]:
    def formula(w: dict[str, T], x: T) -> T:
        cut = x.unflatten(-1, (groups, x.shape[-1] // groups))
        axes = (*range(1, cut.ndim - 2), cut.ndim - 1)
        return affine(w, normalized(cut, axes, 1e-5).flatten(-2))

    return formula


def rms_norm(w: dict[str, T], x: T) -> T:
    return w["gamma"] * x / ((x * x).sum(-1, keepdim=True) / x.shape[-1] + 1e-6) ** 0.5


def dropped(rate: float, mask_shape: tuple[int, ...], calls: int = 0) -> Callable[..., Any]:
    """The layer is the root of its model: its path is empty."""

    def formula(w: dict[str, T], x: T) -> tuple[T, dict[str, T]]:
        words = Stream(0, "layer", "", calls).words(math.prod(mask_shape)).reshape(mask_shape)
        keep = torch.tensor(words.astype(np.int64)) >= math.floor(rate * 2**32)
        y = torch.where(keep, x / (1 - rate), 0.0) if rate < 1 else 0.0 * x
        return y, {"calls": torch.tensor(calls + 1)}

    return formula


def normal_noise(formula: Callable[[T, T], T]) -> Callable[..., Any]:
    """A function of the input and of standard normal numbers."""

    def noisy(w: dict[str, T], x: T) -> tuple[T, dict[str, T]]:
        z = torch.tensor(Stream(0, "layer", "", 0).normal(tuple(x.shape)))
        return formula(x, z), {"calls": torch.tensor(1)}

    return noisy


def alpha_dropped(rate: float) -> Callable[..., Any]:
    def formula(w: dict[str, T], x: T) -> tuple[T, dict[str, T]]:
        scaled, states = dropped(rate, tuple(x.shape))(w, torch.ones_like(x))
        least = -1.0507009873554805 * 1.6732632423543772
        a = ((1 - rate) * (1 + rate * least * least)) ** -0.5
        return a * torch.where(scaled > 0, x, least) - a * least * rate, states

    return formula


def erf(x: T) -> T:
    """Abramowitz & Stegun 7.1.5, the power series; exact to rounding for small arguments."""
    term, total = x, x
    for n in range(1, 80):
        term = -term * x * x / n
        total = total + term / (2 * n + 1)
    return total * 2 / math.sqrt(math.pi)


def sparsemax(x: T) -> T:
    """The threshold found by halving: where what is above it sums up to 1."""
    low, high = x.amax(-1, keepdim=True) - 1, x.amax(-1, keepdim=True)
    for _ in range(60):
        middle = (low + high) / 2
        above = torch.relu(x - middle).sum(-1, keepdim=True) > 1
        low, high = torch.where(above, middle, low), torch.where(above, high, middle)
    support = (x > low.detach()).to(x.dtype)
    return support * (x - ((x * support).sum(-1, keepdim=True) - 1) / support.sum(-1, keepdim=True))


#: Every activation by name: its definition.
ACTIVATIONS: dict[str, Callable[[T], T]] = {
    "celu": lambda x: torch.where(x > 0, x, x.exp() - 1),
    "elu": lambda x: torch.where(x > 0, x, x.exp() - 1),
    "exponential": lambda x: x.exp(),
    "gelu": lambda x: x * (1 + erf(x / math.sqrt(2))) / 2,
    "glu": lambda x: x[..., : x.shape[-1] // 2] * sigmoid(x[..., x.shape[-1] // 2 :]),
    "hard_shrink": lambda x: torch.where((x > 0.5) | (x < -0.5), x, 0.0),
    "hard_sigmoid": lambda x: torch.where(x > 3, 1.0, torch.where(x < -3, 0.0, x / 6 + 0.5)),
    "hard_silu": lambda x: x * torch.where(x > 3, 1.0, torch.where(x < -3, 0.0, x / 6 + 0.5)),
    "hard_swish": lambda x: x * torch.where(x > 3, 1.0, torch.where(x < -3, 0.0, x / 6 + 0.5)),
    "hard_tanh": lambda x: torch.where(x > 1, 1.0, torch.where(x < -1, -1.0, x)),
    "leaky_relu": lambda x: torch.where(x > 0, x, 0.01 * x),
    "linear": lambda x: 1.0 * x,
    "log_sigmoid": lambda x: -(1 + (-x).exp()).log(),
    "log_softmax": lambda x: x - x.exp().sum(-1, keepdim=True).log(),
    "mish": lambda x: x * tanh((1 + x.exp()).log()),
    "relu": lambda x: torch.where(x > 0, x, 0.0),
    "relu6": lambda x: torch.where(x > 6, 6.0, torch.where(x > 0, x, 0.0)),
    "selu": lambda x: (
        1.0507009873554805 * torch.where(x > 0, x, 1.6732632423543772 * (x.exp() - 1))
    ),
    "sigmoid": sigmoid,
    "silu": lambda x: x * sigmoid(x),
    "soft_shrink": lambda x: torch.where(x > 0.5, x - 0.5, torch.where(x < -0.5, x + 0.5, 0.0)),
    "softmax": lambda x: x.exp() / x.exp().sum(-1, keepdim=True),
    "softplus": lambda x: (1 + x.exp()).log(),
    "softsign": lambda x: x / (1 + torch.where(x > 0, x, -x)),
    "sparse_plus": lambda x: torch.where(x > 1, x, torch.where(x < -1, 0.0, (x + 1) ** 2 / 4)),
    "sparse_sigmoid": lambda x: torch.where(x > 1, 1.0, torch.where(x < -1, 0.0, (x + 1) / 2)),
    "sparsemax": sparsemax,
    "squareplus": lambda x: (x + (x * x + 4).sqrt()) / 2,
    "swish": lambda x: x * sigmoid(x),
    "tanh": tanh,
    "tanh_shrink": lambda x: x - tanh(x),
    "threshold": lambda x: torch.where(x > 0, x, 0.0),
}


class Twice(nn.Layer):
    """A user's own layer, with one layer used twice."""

    inner: nn.Layer
    scale: float = 0.5

    def build(self, input_shape):
        self.add_weight("shift", (input_shape[-1],), "ones")

    def forward(self, x):
        return self.inner(self.inner(x)) * self.scale + self.shift


def twice(w: dict[str, T], x: T) -> T:
    inner = below("inner", w)
    return dense(inner, dense(inner, x)) * 0.5 + w["shift"]


IDS = np.array([[1, 4, 1], [0, 2, 4]])

CASES = [
    Case("dense", nn.Dense(4), ((3, 5),), dense),
    Case(
        "dense of a sequence, relu",
        nn.Dense(4, "relu"),
        ((2, 3, 5),),
        lambda w, x: ACTIVATIONS["relu"](dense(w, x)),
    ),
    Case("dense without bias", nn.Dense(4, use_bias=False), ((2, 3, 5),), dense),
    Case("embedding", nn.Embedding(6, 3), (IDS,), lambda w, ids: w["embeddings"][ids.long()]),
    Case("identity", nn.Identity(), ((3, 5),), plain(lambda x: 1.0 * x)),
    Case(
        "activation, a function", nn.Activation(ops.nn.silu), ((3, 5),), plain(ACTIVATIONS["silu"])
    ),
    Case("conv 1", nn.Conv1D(4, 3), ((2, 7, 3),), conv((1,), ((0, 0),))),
    Case(
        "conv 1 causal, dilated",
        nn.Conv1D(4, 3, padding="causal", dilation_rate=2),
        ((2, 7, 3),),
        conv((1,), ((4, 0),), (2,)),
    ),
    Case(
        "conv 1 grouped, strided",
        nn.Conv1D(6, 3, 2, padding="same", groups=2),
        ((2, 8, 4),),
        conv((2,), (same(8, 3, 2),), None, 2),
    ),
    Case(
        "conv 2",
        nn.Conv2D(4, 3, activation="tanh"),
        ((2, 6, 5, 3),),
        lambda w, x: tanh(conv((1, 1), ((0, 0), (0, 0)))(w, x)),
    ),
    Case(
        "conv 2 same, strided",
        nn.Conv2D(4, (3, 2), (2, 3), padding="same"),
        ((2, 8, 7, 3),),
        conv((2, 3), (same(8, 3, 2), same(7, 2, 3))),
    ),
    Case(
        "conv 2 padded by numbers",
        nn.Conv2D(4, 3, 2, padding=((1, 2), 1), use_bias=False),
        ((2, 7, 6, 3),),
        conv((2, 2), ((1, 2), (1, 1))),
    ),
    Case(
        "conv 2 dilated",
        nn.Conv2D(4, 3, dilation_rate=(2, 1), padding="same"),
        ((2, 7, 6, 3),),
        conv((1, 1), (same(7, 5, 1), same(6, 3, 1)), (2, 1)),
    ),
    Case(
        "conv 2 dilated, strided",
        nn.Conv2D(4, 3, (2, 1), dilation_rate=2),
        ((2, 8, 7, 3),),
        conv((2, 1), ((0, 0), (0, 0)), (2, 2)),
    ),
    Case(
        "conv 2 depthwise",
        nn.Conv2D(6, 3, groups=3),
        ((2, 5, 6, 3),),
        conv((1, 1), ((0, 0), (0, 0)), None, 3),
    ),
    Case(
        "conv 2 grouped, dilated",
        nn.Conv2D(6, 2, groups=2, dilation_rate=2),
        ((2, 5, 6, 4),),
        conv((1, 1), ((0, 0), (0, 0)), (2, 2), 2),
    ),
    Case(
        "conv 3",
        nn.Conv3D(4, 2, padding="same"),
        ((2, 3, 4, 3, 2),),
        conv((1, 1, 1), (same(3, 2, 1), same(4, 2, 1), same(3, 2, 1))),
    ),
    Case(
        "conv 3 strided, dilated",
        nn.Conv3D(4, 2, 2, dilation_rate=2),
        ((2, 4, 5, 4, 2),),
        conv((2, 2, 2), ((0, 0),) * 3, (2, 2, 2)),
    ),
    Case(
        "conv transpose 1",
        nn.Conv1DTranspose(4, 3, 2, padding="same"),
        ((2, 5, 3),),
        conv_transpose((2,), (10,), (0,)),
    ),
    Case(
        "conv transpose 1, window narrower than stride",
        nn.Conv1DTranspose(4, 2, 3),
        ((2, 4, 3),),
        conv_transpose((3,), (12,), (0,)),
    ),
    Case(
        "conv transpose 2",
        nn.Conv2DTranspose(4, (4, 3), (1, 2), activation="tanh"),
        ((2, 3, 4, 3),),
        lambda w, x: tanh(conv_transpose((1, 2), (6, 9), (0, 0))(w, x)),
    ),
    Case(
        "conv transpose 2 same, dilated",
        nn.Conv2DTranspose(4, (4, 2), 2, padding="same", dilation_rate=(2, 1), use_bias=False),
        ((2, 3, 4, 3),),
        conv_transpose((2, 2), (6, 8), (2, 0), (2, 1)),
    ),
    Case(
        "conv transpose 2 grouped, padded by numbers",
        nn.Conv2DTranspose(6, 3, 2, padding=(1, (0, 2)), output_padding=(1, 0), groups=2),
        ((2, 3, 4, 4),),
        conv_transpose((2, 2), (6, 7), (1, 0), None, 2),
    ),
    Case(
        "conv transpose 3",
        nn.Conv3DTranspose(3, 2, (1, 2, 3), padding="same"),
        ((2, 3, 2, 2, 2),),
        conv_transpose((1, 2, 3), (3, 4, 6), (0, 0, 0)),
    ),
    Case(
        "depthwise conv 1, causal",
        nn.DepthwiseConv1D(3, padding="causal", depth_multiplier=2),
        ((2, 6, 3),),
        conv((1,), ((2, 0),), None, 3),
    ),
    Case(
        "depthwise conv 2",
        nn.DepthwiseConv2D((3, 2), 2, "same", 2),
        ((2, 5, 6, 3),),
        conv((2, 2), (same(5, 3, 2), same(6, 2, 2)), None, 3),
    ),
    Case(
        "depthwise conv 2 dilated, strides differ",
        nn.DepthwiseConv2D(2, (1, 2), (0, (1, 0)), dilation_rate=(2, 1), use_bias=False),
        ((2, 5, 6, 3),),
        conv((1, 2), ((0, 0), (1, 0)), (2, 1), 3),
    ),
    Case(
        "depthwise conv 2 dilated, strided",
        nn.DepthwiseConv2D(2, 2, dilation_rate=2, activation="tanh"),
        ((2, 6, 6, 3),),
        lambda w, x: tanh(conv((2, 2), ((0, 0), (0, 0)), (2, 2), 3)(w, x)),
    ),
    Case(
        "separable conv 1",
        nn.SeparableConv1D(4, 3, 2, "same"),
        ((2, 7, 3),),
        separable((2,), (same(7, 3, 2),)),
    ),
    Case(
        "separable conv 2",
        nn.SeparableConv2D(4, 3, depth_multiplier=2),
        ((2, 5, 4, 3),),
        separable((1, 1), ((0, 0), (0, 0))),
    ),
    Case(
        "max pool 1",
        nn.MaxPool1D(3, 2, "same"),
        ((2, 8, 3),),
        max_pool((3,), (2,), (same(8, 3, 2),)),
    ),
    Case("max pool 2", nn.MaxPool2D(), ((2, 5, 6, 3),), max_pool((2, 2), (2, 2), ((0, 0),) * 2)),
    Case(
        "max pool 2 overlapping",
        nn.MaxPool2D(3, 1, "same"),
        ((2, 5, 6, 3),),
        max_pool((3, 3), (1, 1), ((1, 1),) * 2),
    ),
    Case(
        "max pool 2 padded",
        nn.MaxPool2D((3, 2), 2, ((1, 0), 1)),
        ((2, 5, 6, 3),),
        max_pool((3, 2), (2, 2), ((1, 0), (1, 1))),
    ),
    Case(
        "max pool 3",
        nn.MaxPool3D(2, 1, "same"),
        ((2, 3, 4, 3, 2),),
        max_pool((2, 2, 2), (1, 1, 1), ((0, 1),) * 3),
    ),
    Case(
        "avg pool 1",
        nn.AvgPool1D(3, 2, "same"),
        ((2, 8, 3),),
        avg_pool((3,), (2,), (same(8, 3, 2),)),
    ),
    Case(
        "avg pool 2", nn.AvgPool2D(3, 2), ((2, 5, 6, 3),), avg_pool((3, 3), (2, 2), ((0, 0),) * 2)
    ),
    Case(
        "avg pool 2 same",
        nn.AvgPool2D(3, 2, "same"),
        ((2, 6, 7, 3),),
        avg_pool((3, 3), (2, 2), (same(6, 3, 2), same(7, 3, 2))),
    ),
    Case(
        "avg pool 2 padded",
        nn.AvgPool2D(3, 2, (1, (2, 0))),
        ((2, 5, 6, 3),),
        avg_pool((3, 3), (2, 2), ((1, 1), (2, 0))),
    ),
    Case(
        "avg pool 3",
        nn.AvgPool3D(2, 2, "same"),
        ((2, 3, 4, 3, 2),),
        avg_pool((2, 2, 2), (2, 2, 2), (same(3, 2, 2), (0, 0), same(3, 2, 2))),
    ),
    Case(
        "adaptive avg pool 1",
        nn.AdaptiveAvgPool1D(3),
        ((2, 7, 3),),
        plain(
            lambda x: torch.stack([x[:, a:b].sum(1) / 3 for a, b in ((0, 3), (2, 5), (4, 7))], 1)
        ),
    ),
    Case(
        "adaptive avg pool 2",
        nn.AdaptiveAvgPool2D((2, 4)),
        ((2, 5, 4, 3),),
        plain(lambda x: torch.stack([x[:, :3].sum(1) / 3, x[:, 2:].sum(1) / 3], 1)),
    ),
    Case(
        "adaptive avg pool 3",
        nn.AdaptiveAvgPool3D((1, 2, 1)),
        ((2, 3, 2, 2, 2),),
        plain(lambda x: x.sum((1, 3), keepdim=True) / 6),
    ),
    Case(
        "adaptive max pool 1",
        nn.AdaptiveMaxPool1D(3),
        ((2, 7, 3),),
        plain(lambda x: torch.stack([x[:, a:b].amax(1) for a, b in ((0, 3), (2, 5), (4, 7))], 1)),
    ),
    Case(
        "adaptive max pool 2",
        nn.AdaptiveMaxPool2D((2, 6)),
        ((2, 4, 3, 3),),
        plain(lambda x: x.unflatten(1, (2, 2)).amax(2)[:, :, [0, 0, 1, 1, 2, 2]]),
    ),
    Case(
        "adaptive max pool 3",
        nn.AdaptiveMaxPool3D((1, 2, 1)),
        ((2, 3, 2, 2, 2),),
        plain(lambda x: x.amax((1, 3), keepdim=True)),
    ),
    Case("global avg pool 1", nn.GlobalAvgPool1D(), ((2, 5, 3),), plain(lambda x: x.sum(1) / 5)),
    Case(
        "global avg pool 2",
        nn.GlobalAvgPool2D(),
        ((2, 5, 4, 3),),
        plain(lambda x: x.sum((1, 2)) / 20),
    ),
    Case(
        "global avg pool 3",
        nn.GlobalAvgPool3D(keepdims=True),
        ((2, 2, 3, 4, 3),),
        plain(lambda x: x.sum((1, 2, 3), keepdim=True) / 24),
    ),
    Case("global max pool 1", nn.GlobalMaxPool1D(), ((2, 5, 3),), plain(lambda x: x.amax(1))),
    Case(
        "global max pool 2",
        nn.GlobalMaxPool2D(keepdims=True),
        ((2, 5, 4, 3),),
        plain(lambda x: x.amax((1, 2), keepdim=True)),
    ),
    Case(
        "global max pool 3",
        nn.GlobalMaxPool3D(),
        ((2, 2, 3, 4, 3),),
        plain(lambda x: x.amax((1, 2, 3))),
    ),
    Case("batch norm, evaluation", nn.BatchNorm(), ((4, 3, 5),), batch_norm_eval),
    Case(
        "batch norm, training",
        nn.BatchNorm(),
        ((4, 3, 3, 5),),
        batch_norm_training(-1),
        training=True,
    ),
    Case(
        "batch norm, another axis",
        nn.BatchNorm(axis=1),
        ((4, 3, 5),),
        batch_norm_training(1),
        training=True,
    ),
    Case(
        "batch norm, plain",
        nn.BatchNorm(center=False, scale=False),
        ((4, 5),),
        batch_norm_training(-1),
        training=True,
    ),
    Case(
        "layer norm",
        nn.LayerNorm(),
        ((4, 3, 5),),
        lambda w, x: affine(w, normalized(x, (-1,), 1e-5)),
    ),
    Case(
        "layer norm, two axes",
        nn.LayerNorm((-2, -1), epsilon=1e-3, center=False),
        ((4, 3, 5),),
        lambda w, x: affine(w, normalized(x, (-2, -1), 1e-3)),
    ),
    Case("group norm", nn.GroupNorm(3), ((2, 4, 3, 6),), group_norm(3)),
    Case("instance norm layer", nn.InstanceNorm(), ((2, 4, 3, 6),), group_norm(6)),
    Case(
        "unit normalization",
        nn.UnitNormalization((1, 2)),
        ((3, 4, 2),),
        plain(lambda x: x / (x * x).sum((1, 2), keepdim=True) ** 0.5),
    ),
    Case("instance norm", nn.GroupNorm(6, scale=False), ((2, 4, 6),), group_norm(6)),
    Case("rms norm", nn.RMSNorm(), ((4, 3, 5),), rms_norm),
    Case("dropout, evaluation", nn.Dropout(0.5), ((6, 5),), plain(lambda x: 1.0 * x)),
    Case("dropout", nn.Dropout(0.3), ((6, 5),), dropped(0.3, (6, 5)), training=True),
    Case(
        "dropout of channels",
        nn.Dropout(0.5, noise_shape=(None, 1, None)),
        ((4, 3, 5),),
        dropped(0.5, (4, 1, 5)),
        training=True,
    ),
    Case("dropout of all", nn.Dropout(1.0), ((6, 5),), dropped(1.0, (6, 5)), training=True),
    Case(
        "spatial dropout 1",
        nn.SpatialDropout1D(0.5),
        ((4, 3, 5),),
        dropped(0.5, (4, 1, 5)),
        training=True,
    ),
    Case(
        "spatial dropout 2",
        nn.SpatialDropout2D(0.5),
        ((3, 2, 2, 4),),
        dropped(0.5, (3, 1, 1, 4)),
        training=True,
    ),
    Case(
        "spatial dropout 3",
        nn.SpatialDropout3D(0.5),
        ((3, 2, 1, 2, 4),),
        dropped(0.5, (3, 1, 1, 1, 4)),
        training=True,
    ),
    Case(
        "gaussian noise",
        nn.GaussianNoise(0.5),
        ((3, 5),),
        normal_noise(lambda x, z: x + 0.5 * z),
        training=True,
    ),
    Case(
        "gaussian dropout",
        nn.GaussianDropout(0.2),
        ((3, 5),),
        normal_noise(lambda x, z: x * (1 + 0.5 * z)),
        training=True,
    ),
    Case(
        "gaussian dropout, evaluation", nn.GaussianDropout(0.2), ((3, 5),), plain(lambda x: 1.0 * x)
    ),
    Case("alpha dropout", nn.AlphaDropout(0.3), ((4, 5),), alpha_dropped(0.3), training=True),
    Case("alpha dropout, evaluation", nn.AlphaDropout(0.3), ((4, 5),), plain(lambda x: 1.0 * x)),
    Case(
        "elu layer",
        nn.ELU(0.5),
        ((4, 6),),
        plain(lambda x: torch.where(x > 0, x, 0.5 * (x.exp() - 1))),
    ),
    Case(
        "leaky relu layer",
        nn.LeakyReLU(0.3),
        ((4, 6),),
        plain(lambda x: torch.where(x > 0, x, 0.3 * x)),
    ),
    Case("prelu", nn.PReLU(), ((3, 4),), lambda w, x: torch.where(x > 0, x, w["alpha"] * x)),
    Case(
        "prelu, shared",
        nn.PReLU("random_uniform", (1, 2)),
        ((2, 3, 4, 2),),
        lambda w, x: torch.where(x > 0, x, w["alpha"].reshape(1, 1, 1, 2) * x),
    ),
    Case("relu layer", nn.ReLU(), ((4, 6),), plain(ACTIVATIONS["relu"])),
    Case(
        "relu layer, all options",
        nn.ReLU(0.8, 0.1, -0.4),
        ((6, 6),),
        plain(lambda x: torch.where(x > 0.8, 0.8, torch.where(x > -0.4, x, 0.1 * (x + 0.4)))),
    ),
    Case(
        "softmax layer",
        nn.Softmax(1),
        ((3, 4, 2),),
        plain(lambda x: x.exp() / x.exp().sum(1, keepdim=True)),
    ),
    Case(
        "softmax layer, masked",
        nn.Softmax(1),
        ((3, 5, 2),),
        plain(
            lambda x: (
                x.exp()
                * torch.tensor(SEEN[..., None])
                / (x.exp() * torch.tensor(SEEN[..., None])).sum(1, keepdim=True)
            )
        ),
        {"mask": SEEN[..., None]},
    ),
    Case("flatten", nn.Flatten(), ((3, 2, 4),), plain(lambda x: x.reshape(3, 8))),
    Case("flatten of scalars", nn.Flatten(), ((3,),), plain(lambda x: x.reshape(3, 1))),
    Case("reshape", nn.Reshape((4, -1)), ((3, 2, 6),), plain(lambda x: x.reshape(3, 4, 3))),
    Case("permute", nn.Permute((3, 1, 2)), ((3, 2, 6, 4),), plain(lambda x: x.permute(0, 3, 1, 2))),
    Case("repeat", nn.RepeatVector(3), ((2, 4),), plain(lambda x: torch.stack([x] * 3, 1))),
    Case(
        "zero padding 1",
        nn.ZeroPadding1D((1, 2)),
        ((2, 3, 4),),
        plain(lambda x: torch.cat([x[:, :1] * 0, x, x[:, :2] * 0], 1)),
    ),
    Case(
        "zero padding 2",
        nn.ZeroPadding2D(((1, 0), 2)),
        ((2, 3, 4, 2),),
        plain(lambda x: framed(x, ((1, 0), (2, 2)))),
    ),
    Case(
        "zero padding 3",
        nn.ZeroPadding3D(),
        ((2, 3, 2, 2, 2),),
        plain(lambda x: framed(x, ((1, 1),) * 3)),
    ),
    Case("cropping 1", nn.Cropping1D((1, 0)), ((2, 3, 4),), plain(lambda x: 1.0 * x[:, 1:])),
    Case(
        "cropping 2",
        nn.Cropping2D((1, (0, 2))),
        ((2, 4, 5, 2),),
        plain(lambda x: 1.0 * x[:, 1:3, :3]),
    ),
    Case(
        "cropping 3",
        nn.Cropping3D(),
        ((2, 3, 4, 3, 2),),
        plain(lambda x: 1.0 * x[:, 1:2, 1:3, 1:2]),
    ),
    Case(
        "up 1", nn.UpSampling1D(3), ((2, 3, 4),), plain(lambda x: x[:, [0, 0, 0, 1, 1, 1, 2, 2, 2]])
    ),
    Case(
        "up 2",
        nn.UpSampling2D((1, 2)),
        ((2, 3, 2, 2),),
        plain(lambda x: x[:, :, [0, 0, 1, 1]]),
    ),
    Case(
        "up 2 bilinear",
        nn.UpSampling2D((2, 1), "bilinear"),
        ((2, 2, 3, 2),),
        plain(lambda x: weighed(x, 1, [[1, 0], [0.75, 0.25], [0.25, 0.75], [0, 1]])),
    ),
    Case(
        "up 3", nn.UpSampling3D((2, 1, 1)), ((2, 2, 3, 2, 2),), plain(lambda x: x[:, [0, 0, 1, 1]])
    ),
    Case(
        "resizing, bilinear",
        nn.Resizing(2, 3),
        ((2, 5, 3, 2),),
        plain(lambda x: weighed(x, 1, [[0.25, 0.75, 0, 0, 0], [0, 0, 0, 0.75, 0.25]])),
    ),
    Case("add", nn.Add(), ((3, 4), (3, 4), (1, 4)), plain(lambda a, b, c: a + b + c)),
    Case("subtract", nn.Subtract(), ((3, 4), (3, 4)), plain(lambda a, b: a - b)),
    Case("multiply", nn.Multiply(), ((3, 4), (3, 4), (3, 1)), plain(lambda a, b, c: a * b * c)),
    Case("average", nn.Average(), ((3, 4), (3, 4), (3, 4)), plain(lambda a, b, c: (a + b + c) / 3)),
    Case("maximum", nn.Maximum(), ((3, 4), (3, 4)), plain(lambda a, b: torch.where(a > b, a, b))),
    Case("minimum", nn.Minimum(), ((3, 4), (3, 4)), plain(lambda a, b: torch.where(a < b, a, b))),
    Case(
        "concatenate", nn.Concatenate(axis=1), ((3, 2), (3, 4)), plain(lambda *xs: torch.cat(xs, 1))
    ),
    Case(
        "sequential",
        nn.Sequential(nn.Dense(4, "tanh", name="a"), nn.Dense(2, name="b")),
        ((3, 5),),
        lambda w, x: dense(
            {"kernel": w["b.kernel"], "bias": w["b.bias"]},
            tanh(dense({"kernel": w["a.kernel"], "bias": w["a.bias"]}, x)),
        ),
    ),
    Case("a user's layer", Twice(nn.Dense(5)), ((3, 5),), twice),
    *(
        Case(f"activation {name}", nn.Activation(name), ((4, 6),), plain(function))
        for name, function in ACTIVATIONS.items()
    ),
]  # fmt: skip - one row per case
