"""Rows of the layers around others, of dense layers of several kinds, and of products."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualnet import nn
from layer_cases.basic import conv, dense
from layer_cases.case import Case, T, below, plain, tanh


def unit(x: T) -> T:
    return x / (x * x).sum() ** 0.5


def spectral(layer: Callable[..., T], steps: int) -> Callable[..., Any]:
    """``layer`` with its kernel over uᵀWᵀv; in training, after so many power iterations."""

    def formula(w: dict[str, T], *inputs: T) -> Any:
        kernel = w["layer.kernel"]
        matrix = kernel.reshape(-1, kernel.shape[-1])
        u, v = w["vector_u"].detach(), w["vector_v"].detach()
        for _ in range(steps):
            u = unit((v[:, None] * matrix.detach()).sum(0))
            v = unit((matrix.detach() * u).sum(1))
        sigma = (v[:, None] * matrix * u).sum()
        y = layer({**below("layer", w), "kernel": kernel / sigma}, *inputs)
        return (y, {"vector_u": u, "vector_v": v}) if steps else y

    return formula


def weight_normalized(layer: Callable[..., T]) -> Callable[..., T]:
    def formula(w: dict[str, T], *inputs: T) -> T:
        v = w["layer.kernel"]
        norms = (v * v).sum(tuple(range(v.ndim - 1))) ** 0.5
        return layer({**below("layer", w), "kernel": w["g"] * v / norms}, *inputs)

    return formula


def ternary(threshold: float | None) -> Callable[..., T]:
    def formula(w: dict[str, T], x: T) -> T:
        kernel = w["kernel"]
        mean = kernel.abs().sum() / kernel.numel()
        level = mean / 2 if threshold is None else threshold
        rounded = (kernel.abs() > level) * ((kernel > 0).to(x.dtype) - (kernel < 0).to(x.dtype))
        straight = kernel - kernel.detach() + rounded.detach()
        y = dense({"kernel": straight}, x) * (mean if threshold is None else 1.0)
        return y + w["bias"] if "bias" in w else y

    return formula


def einsum(equation: str) -> Callable[..., T]:
    """Products of broadcast arrays, summed over what the output has not."""
    x_term, rest = equation.split(",")
    kernel_term, output = rest.split("->")
    letters = [*output, *sorted(set(x_term + kernel_term) - set(output))]

    def spread(tensor: T, term: str) -> T:
        order = [term.index(letter) for letter in letters if letter in term]
        there = tuple(slice(None) if letter in term else None for letter in letters)
        return tensor.permute(order)[there]

    def formula(w: dict[str, T], x: T) -> T:
        y = spread(x, x_term) * spread(w["kernel"], kernel_term)
        y = y.sum(tuple(range(len(output), len(letters)))) if len(letters) > len(output) else y
        return y + w["bias"] if "bias" in w else y

    return formula


def dot(x: T, y: T) -> T:
    """Over the last axis of both."""
    one = x.reshape(x.shape[0], -1, 1, x.shape[-1])
    other = y.reshape(y.shape[0], 1, -1, y.shape[-1])
    return (one * other).sum(-1).reshape(x.shape[0], *x.shape[1:-1], *y.shape[1:-1])


def lengths(x: T) -> T:
    return (x * x).sum(-1, keepdim=True) ** 0.5


def scores(cap: float | None) -> Callable[..., T]:
    def formula(w: dict[str, T], h: T) -> T:
        kernel = w.get("reverse_embeddings", w["embeddings"].T)
        found = dense({"kernel": kernel}, h)
        return found if cap is None else cap * tanh(found / cap)

    return formula


BACK = {"reverse": True}

CASES = [
    Case("wrapper", nn.Wrapper(nn.Dense(3)), ((2, 4),), lambda w, x: dense(below("layer", w), x)),
    Case(
        "spectral normalization",
        nn.SpectralNormalization(nn.Dense(3)),
        ((2, 4),),
        spectral(dense, 0),
    ),
    Case(
        "spectral normalization, training",
        nn.SpectralNormalization(nn.Conv1D(3, 2), power_iterations=2),
        ((2, 4, 2),),
        spectral(conv((1,), ((0, 0),)), 2),
        training=True,
    ),
    Case(
        "weight normalization",
        nn.WeightNormalization(nn.Conv1D(3, 2)),
        ((2, 4, 2),),
        weight_normalized(conv((1,), ((0, 0),))),
    ),
    Case(
        "einsum dense",
        nn.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de", activation="tanh"),
        ((2, 4, 5),),
        lambda w, x: tanh(einsum("abc,cde->abde")(w, x)),
    ),
    Case(
        "einsum dense, ellipsis before",
        nn.EinsumDense("...x,xy->...y", 3, bias_axes="y"),
        ((2, 4, 5),),
        einsum("abx,xy->aby"),
    ),
    Case(
        "einsum dense, ellipsis after",
        nn.EinsumDense("ab...,bc->ac...", 3, bias_axes="c"),
        ((2, 4, 5),),
        einsum("abz,bc->acz"),
    ),
    Case("ternary dense", nn.TernaryDense(3), ((2, 4),), ternary(None)),
    Case(
        "ternary dense, threshold",
        nn.TernaryDense(3, threshold=0.9, use_bias=False),
        ((2, 4),),
        ternary(0.9),
    ),
    Case(
        "reversible embedding",
        nn.ReversibleEmbedding(5, 3),
        (np.array([[0, 4], [2, 2]]),),
        lambda w, ids: w["embeddings"][ids],
    ),
    Case(
        "reversible embedding, back",
        nn.ReversibleEmbedding(5, 3, logit_soft_cap=2.0),
        ((2, 4, 3),),
        scores(2.0),
        BACK,
    ),
    Case(
        "reversible embedding, untied",
        nn.ReversibleEmbedding(5, 3, tie_weights=False, reverse_dtype=None),
        ((2, 4, 3),),
        scores(None),
        BACK,
    ),
    Case(
        "activity regularization",
        nn.ActivityRegularization(0.1, 0.2),
        ((2, 3),),
        plain(lambda x: x),
    ),
    Case("dot", nn.Dot(1), ((2, 4), (2, 4)), plain(lambda x, y: dot(x, y)[:, None])),
    Case(
        "dot, axes",
        nn.Dot((2, 1)),
        ((2, 3, 4), (2, 4, 5)),
        plain(lambda x, y: dot(x, y.movedim(1, -1))),
    ),
    Case(
        "dot, normalized",
        nn.Dot(-1, normalize=True),
        ((2, 3, 4), (2, 2, 3, 4)),
        plain(lambda x, y: dot(x / lengths(x), y / lengths(y))),
    ),
]
