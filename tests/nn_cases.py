"""The case table of ``ops.nn``: each row a call, and its formula in elementary operations.

The formulas are those of the layers, in :mod:`layer_cases`, called by function: NumPy arrays in
and out, so that a row is one of :mod:`tests.ops_cases`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from layer_cases import ACTIVATIONS, basic, recurrent
from scipy import ndimage

from dualnet.random import Stream
from dualnet.random.layout import site_of
from tests.ops_cases import Row, coin, normal

CHAIN = (200, "a chain of exponentials and quotients over several steps")
#: A weight has a size, so that the axis it stands for has one, too.
KNOWN = "the features of a network are known"
#: Of a stream of random numbers.
ADDRESS = {"key": 3, "site": site_of("layer", "a"), "step": 2}


def formula(function: Callable[..., Any], *names: str) -> Callable[..., Any]:
    """A layer's formula as a function of arrays: the input, then the weights of these names."""

    def call(x: np.ndarray, *weights: Any, **_: Any) -> Any:
        given = {name: torch.tensor(w) for name, w in zip(names, weights, strict=False)}
        found = function(given, torch.tensor(x))
        return tuple(y.numpy() for y in found) if isinstance(found, tuple) else found.numpy()

    return call


def activation(name: str) -> Callable[..., Any]:
    return lambda x: ACTIVATIONS[name](torch.tensor(x)).numpy()


def pairs(function: Any) -> Any:
    """A pool of windows of two, side by side."""
    return formula(function((2,), (2,), ((0, 0),)))


def batch_norm(x: Any, gamma: Any, beta: Any, mean: Any, variance: Any, *, epsilon: float) -> Any:
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


def batch_norm_training(
    x: Any, gamma: Any, beta: Any, mean: Any, variance: Any, *, momentum: float, epsilon: float
) -> Any:
    """The moving statistics are constants for every gradient, so they are no floats here."""
    axes = tuple(range(x.ndim - 1))
    y = batch_norm(x, gamma, beta, x.mean(axes), x.var(axes), epsilon=epsilon)
    moved = [momentum * mean + (1 - momentum) * x.mean(axes)]
    moved.append(momentum * variance + (1 - momentum) * x.var(axes, ddof=1))
    return y, *moved


def group_norm(x: Any, gamma: Any, beta: Any, *, groups: int, epsilon: float) -> Any:
    cut = x.reshape(x.shape[0], -1, groups, x.shape[-1] // groups)
    mean, variance = cut.mean((1, 3), keepdims=True), cut.var((1, 3), keepdims=True)
    return ((cut - mean) / np.sqrt(variance + epsilon)).reshape(x.shape) * gamma + beta


def layer_norm(x: Any, gamma: Any, beta: Any, *, axes: int, epsilon: float) -> Any:
    last = tuple(range(-axes, 0))
    mean, variance = x.mean(last, keepdims=True), x.var(last, keepdims=True)
    return (x - mean) / np.sqrt(variance + epsilon) * gamma + beta


def normalize(x: Any, *, axis: Any = -1, epsilon: float = 1e-12) -> Any:
    return x / np.maximum(np.sqrt((x * x).sum(axis, keepdims=True)), epsilon)


def rms_norm(x: Any, gamma: Any, *, epsilon: float) -> Any:
    return gamma * x / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon)


def masked_softmax(x: Any, mask: Any) -> Any:
    raised = np.exp(x) * mask
    total = raised.sum(-1, keepdims=True)
    return raised / np.where(total > 0, total, 1.0)


def attention_weights(
    q: Any, k: Any, *, mask: Any = True, scale: float | None = None, causal: bool = False
) -> Any:
    scores = q @ k.swapaxes(-1, -2) * (q.shape[-1] ** -0.5 if scale is None else scale)
    return attention_softmax(scores, mask=mask, causal=causal)


def attention_softmax(scores: Any, *, mask: Any = True, causal: bool = False) -> Any:
    keep = np.broadcast_to(mask, scores.shape)
    return masked_softmax(scores, np.tril(keep) if causal else keep)


def attended(q: Any, k: Any, v: Any, *, mask: Any = True, **options: Any) -> Any:
    return attention_weights(q, k, mask=mask, **options) @ v


def angles(x: Any, start: int, base: float) -> Any:
    """Of each position and pair of features."""
    frequencies = [base ** (-2 * i / x.shape[-1]) for i in range((x.shape[-1] + 1) // 2)]
    return np.outer(np.arange(start, start + x.shape[-2]), frequencies)


def position_encoding(x: Any, *, start: int = 0, base: float = 1e4) -> Any:
    found, turns = x.astype("float64"), angles(x, start, base)
    found[..., 0::2] += np.sin(turns)
    found[..., 1::2] += np.cos(turns)[:, : x.shape[-1] // 2]
    return found.astype(x.dtype)


def rotary_embedding(x: Any, *, start: int = 0, base: float = 1e4) -> Any:
    """Points of the complex plane, turned."""
    points = (x[..., 0::2] + 1j * x[..., 1::2]) * np.exp(1j * angles(x, start, base))
    return np.stack((points.real, points.imag), -1).reshape(x.shape).astype(x.dtype)


def write_steps(x: Any, steps: Any, start: Any, *, axis: int) -> Any:
    written = x.copy()
    np.moveaxis(written, axis, 0)[int(start) :][: steps.shape[axis]] = np.moveaxis(steps, axis, 0)
    return written


def dropped(x: Any, *, rate: float, key: int, step: int, **_: Any) -> Any:
    words = Stream(key, "layer", "a", step).words(x.size).reshape(x.shape)
    return np.where(words >= np.floor(rate * 2**32), x / (1 - rate), 0.0)


def drawn(x: Any, *, key: int, step: int, **_: Any) -> Any:
    return Stream(key, "layer", "a", step).normal(x.shape).astype(x.dtype)


def segments(reduce: Callable[..., Any], empty: float) -> Callable[..., Any]:
    def call(x: np.ndarray, ids: np.ndarray, *, num_segments: int) -> np.ndarray:
        rows = [x[ids == n] for n in range(num_segments)]
        return np.stack([reduce(r, 0) if len(r) else np.full(x.shape[1:], empty) for r in rows])

    return call


def adaptive(reduce: Callable[..., Any]) -> Callable[..., Any]:
    """Output ``i`` of ``m`` sees what lies from ``⌊i·n/m⌋`` up to ``⌈(i + 1)·n/m⌉``."""

    def call(x: np.ndarray, *, output_size: int) -> np.ndarray:
        n, size = x.shape[1], output_size
        cuts = [(i * n // size, -(-(i + 1) * n // size)) for i in range(size)]
        return np.stack([reduce(x[:, a:b], 1) for a, b in cuts], 1)

    return call


def bilinear(x: np.ndarray, size: int, **_: Any) -> np.ndarray:
    """SciPy's, on half-pixel centres."""
    zoom = (1.0, size / x.shape[1], 1.0)
    return ndimage.zoom(x, zoom, order=1, mode="nearest", grid_mode=True)


def split_heads(x: np.ndarray, *, heads: int) -> np.ndarray:
    return np.stack(np.split(x, heads, -1), 1)


def merge_heads(x: np.ndarray) -> np.ndarray:
    return np.concatenate(list(x.swapaxes(0, 1)), -1)


def label_cross_entropy(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    picked = np.take_along_axis(logits, labels[..., None], -1)[..., 0]
    return np.log(np.exp(logits).sum(-1)) - picked


def unrolled(step: Any, *names: str, states: int = 1) -> Callable[..., Any]:
    """All outputs, then the last states, of the formula of a recurrent layer."""

    def call(x: Any, *given: Any, mask: Any = None) -> Any:
        first, arrays = given[:states], given[states:]
        w = {name: torch.tensor(a) for name, a in zip(names, arrays, strict=True)}
        begun = [torch.tensor(s) for s in first]
        found = [
            recurrent.recurrent(step, states, mode=mode, mask=mask)(w, torch.tensor(x), *begun)
            for mode in ("all", "states")
        ]
        return tuple(y.numpy() for y in (found[0], *found[1][1:]))

    return call


x, line, image = normal(3, 4), normal(2, 6, 3), normal(1, 5, 4, 2)
kernel, vector = normal(4, 2), normal(2)
gamma, beta, mean, variance = normal(4), normal(4), normal(4), np.abs(normal(4)) + 0.5
ids = np.array([2, 0, 2, 0, 3])
heads = normal(2, 2, 3, 4), normal(2, 2, 5, 4), normal(2, 2, 5, 3)
sequence, h, c = normal(2, 3, 2), normal(2, 2), normal(2, 2)
seen = np.array([[True, True, False], [False, True, True]])
GATES = ("kernel", "recurrent_kernel", "bias")


def gated(gates: int) -> tuple[np.ndarray, ...]:
    return normal(2, 2 * gates), normal(2, 2 * gates), normal(2 * gates)


class Decay:
    """A step for arrays of either kind."""

    def __call__(self, now: Any, states: Any) -> Any:
        return (0.5 * states[0] + now * now,)

    def __repr__(self) -> str:
        return "decay"


def decayed(x: Any, states: Any, *, step: Any, mask: Any = None) -> Any:
    (h,), outputs = states, []
    for t in range(x.shape[1]):
        (new,) = step(x[:, t], (h,))
        h = new if mask is None else np.where(mask[:, t, None], new, h)
        outputs.append(h)
    return np.stack(outputs, 1), (h,)


NN = [
    *(
        Row(f"nn.{name}", (2 * x,), activation(name), grad=(0,), ulps=CHAIN)
        for name in sorted(ACTIVATIONS)
        if name not in ("exponential", "hard_swish", "linear", "swish", "tanh")
    ),
    Row("nn.adaptive_avg_pool", (line,), adaptive(np.mean), {"output_size": 4}, (0,)),
    Row("nn.adaptive_max_pool", (line,), adaptive(np.max), {"output_size": 4}, (0,)),
    Row(
        "nn.attention_softmax",
        (normal(2, 4, 4),),
        attention_softmax,
        {"mask": coin(2, 4, 4), "causal": True},
        grad=(0,),
        ulps=CHAIN,
    ),
    Row("nn.attention_weights", heads[:2], attention_weights, grad=(0, 1), ulps=CHAIN, sizes=KNOWN),
    Row(
        "nn.attention_weights",
        (heads[0], heads[0]),
        attention_weights,
        {"causal": True, "scale": 0.3},
        grad=(0, 1),
        ulps=CHAIN,
        sizes=KNOWN,
    ),
    Row("nn.avg_pool", (line,), pairs(basic.avg_pool), {"pool_size": 2}, (0,)),
    Row("nn.axis_size", (line,), lambda x, axis: x.shape[axis], {"axis": 1}),
    Row(
        "nn.batch_norm",
        (x, gamma, beta, mean, variance),
        batch_norm,
        {"epsilon": 1e-3},
        grad=(0, 1, 2, 3, 4),
    ),
    Row(
        "nn.batch_norm_training",
        (x, gamma, beta, mean, variance),
        batch_norm_training,
        {"momentum": 0.8, "epsilon": 1e-3},
        ulps=CHAIN,
        sizes=KNOWN,
    ),
    Row(
        "nn.conv",
        (line, normal(3, 3, 2), vector),
        formula(basic.conv((1,), ((1, 1),)), "kernel", "bias"),
        {"padding": "same"},
        grad=(0, 1, 2),
        ulps=CHAIN,
        sizes=KNOWN,
    ),
    Row(
        "nn.conv",
        (image, normal(2, 3, 1, 4)),
        formula(basic.conv((2, 1), ((0, 0), (0, 0)), None, 2), "kernel"),
        {"strides": (2, 1), "groups": 2},
        grad=(0, 1),
        ulps=CHAIN,
        sizes=KNOWN,
    ),
    Row(
        "nn.conv_transpose",
        (line, normal(3, 3, 2), vector),
        formula(basic.conv_transpose((2,), (12,), (0,)), "kernel", "bias"),
        {"strides": 2, "padding": "same"},
        grad=(0, 1, 2),
        ulps=CHAIN,
        sizes=KNOWN,
    ),
    Row(
        "nn.depthwise_conv",
        (image, normal(2, 2, 1, 4), normal(4)),
        formula(basic.conv((1, 1), ((0, 0), (0, 0)), None, 2), "kernel", "bias"),
        grad=(0, 1, 2),
        ulps=CHAIN,
        sizes=KNOWN,
    ),
    Row("nn.dot_product_attention", heads, attended, grad=(0, 1, 2), ulps=CHAIN, sizes=KNOWN),
    Row(
        "nn.dot_product_attention",
        heads,
        attended,
        {"mask": coin(2, 1, 3, 5)},
        grad=(0, 1, 2),
        ulps=CHAIN,
        sizes=KNOWN,
    ),
    Row(
        "nn.dropout",
        (normal(4, 5),),
        dropped,
        {"rate": 0.4, **ADDRESS},
        (0,),
    ),
    Row("nn.embedding", (ids, normal(4, 3)), lambda ids, table: table[ids], grad=(1,)),
    Row(
        "nn.group_norm",
        (image, vector, normal(2)),
        group_norm,
        {"groups": 2, "epsilon": 1e-3},
        grad=(0, 1, 2),
        ulps=CHAIN,
        sizes=KNOWN,
    ),
    Row(
        "nn.gru",
        (sequence, h, *gated(3), normal(6)),
        unrolled(recurrent.gru_step, *GATES, "recurrent_bias"),
        grad=(0, 1, 2, 3, 4, 5),
        ulps=CHAIN,
    ),
    Row(
        "nn.gru_cell",
        (sequence[:, 0], h, *gated(3), normal(6)),
        lambda x, *given: unrolled(recurrent.gru_step, *GATES, "recurrent_bias")(
            x[:, None], *given
        )[1],
        grad=(0, 1, 2, 3, 4, 5),
        ulps=CHAIN,
        sizes=KNOWN,
    ),
    Row("nn.label_cross_entropy", (x, ids[:3]), label_cross_entropy, grad=(0,)),
    Row(
        "nn.label_cross_entropy",
        (np.stack([x, x + 1, -x]), ids[:3] * np.ones((3, 1), int)),
        lambda *given, mean: label_cross_entropy(*given).mean(),
        {"mean": True},
        grad=(0,),
    ),
    Row(
        "nn.layer_norm",
        (x, gamma, beta),
        layer_norm,
        {"axes": 1, "epsilon": 1e-3},
        grad=(0, 1, 2),
        ulps=CHAIN,
    ),
    Row("nn.linear", (x, kernel, vector), lambda x, k, b: x @ k + b, grad=(0, 1, 2)),
    Row("nn.linear", (line, normal(3, 2)), np.matmul, grad=(0, 1)),
    Row(
        "nn.linears",
        (x, [kernel, kernel[:, :1]], [vector, vector[:1]]),
        lambda x, kernels, biases: tuple(x @ k + b for k, b in zip(kernels, biases, strict=True)),
        grad=(0,),
    ),
    Row(
        "nn.lstm",
        (sequence, h, c, *gated(4)),
        unrolled(recurrent.lstm_step, *GATES, states=2),
        grad=(0, 1, 2, 3, 4, 5),
        ulps=CHAIN,
    ),
    Row(
        "nn.lstm",
        (sequence, h, c, *gated(4)),
        unrolled(recurrent.lstm_step, *GATES, states=2),
        {"mask": seen},
        grad=(0, 1, 2, 3, 4, 5),
        ulps=CHAIN,
    ),
    Row("nn.masked_softmax", (x, coin(3, 4)), masked_softmax, grad=(0,), ulps=CHAIN),
    Row("nn.max_pool", (line,), pairs(basic.max_pool), {"pool_size": 2}, (0,)),
    Row("nn.merge_heads", (heads[0],), merge_heads, grad=(0,)),
    Row("nn.normal_like", (normal(3, 5),), drawn, ADDRESS),
    Row("nn.normalize", (x,), normalize, grad=(0,), ulps=CHAIN),
    Row("nn.normalize", (image,), normalize, {"axis": (1, 2), "epsilon": 5.0}, (0,), ulps=CHAIN),
    Row("nn.one_hot", (ids, 4), lambda ids, n: np.eye(n, dtype="float32")[ids]),
    Row("nn.places", (line, 5), lambda x, n: np.arange(n)),
    Row("nn.recur", (sequence, (sequence[:, 0],)), decayed, {"step": Decay()}, (0, 1)),
    Row(
        "nn.recur",
        (sequence, (sequence[:, 0],)),
        decayed,
        {"step": Decay(), "mask": seen},
        (0, 1),
    ),
    Row("nn.position_encoding", (normal(2, 4, 5),), position_encoding, grad=(0,), sizes=KNOWN),
    Row(
        "nn.position_encoding",
        (normal(4, 6),),
        position_encoding,
        {"start": 700, "base": 100.0},
        grad=(0,),
        sizes=KNOWN,
    ),
    Row("nn.resize", (line, 9), bilinear, grad=(0,)),
    Row("nn.rms_norm", (x, gamma), rms_norm, {"epsilon": 1e-3}, grad=(0, 1)),
    Row("nn.rotary_embedding", (normal(2, 3, 4, 6),), rotary_embedding, grad=(0,), sizes=KNOWN),
    Row(
        "nn.rotary_embedding",
        (normal(2, 4, 6),),
        rotary_embedding,
        {"start": 700, "base": 100.0},
        grad=(0,),
        sizes=KNOWN,
    ),
    Row(
        "nn.rnn",
        (sequence, h, *gated(1)),
        unrolled(recurrent.rnn_step, *GATES),
        grad=(0, 1, 2, 3, 4),
        ulps=CHAIN,
    ),
    *(
        Row(f"nn.segment_{name}", (normal(5, 2), labels), reference, {"num_segments": count}, grad)
        for labels, count, grad in ((ids, 5, ()), (np.array([1, 0, 1, 2, 0]), 3, (0,)))
        for name, reference in (
            ("max", segments(np.max, -np.inf)),
            ("mean", segments(np.mean, 0.0)),
            ("min", segments(np.min, np.inf)),
            ("sum", segments(np.sum, 0.0)),
        )
    ),
    Row("nn.split_heads", (normal(2, 3, 4),), split_heads, {"heads": 2}, grad=(0,)),
    Row(
        "nn.write_steps",
        (normal(2, 5, 3), normal(2, 2, 3), np.array(3)),
        write_steps,
        {"axis": 1},
        grad=(0, 1),
    ),
    Row("nn.zero_state", (sequence,), lambda x, shape: np.zeros((2, *shape)), {"shape": (3,)}),
]
