"""Rows of the attention layers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from dualnet import nn
from layer_cases.basic import dropped
from layer_cases.case import Case, T, plain

Formula = Callable[..., tuple[T, T]]


def angles(x: T) -> T:
    pairs = torch.arange((x.shape[-1] + 1) // 2, dtype=x.dtype)
    return torch.arange(x.shape[-2], dtype=x.dtype)[:, None] / 1e4 ** (2 * pairs / x.shape[-1])


def encoded(x: T) -> T:
    features = torch.arange(x.shape[-1])
    turns = angles(x)[:, features // 2]
    return x + torch.where(features % 2 == 0, turns.sin(), turns.cos())


def turned(x: T) -> T:
    points = torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2))
    return torch.view_as_real(points * torch.exp(1j * angles(x))).reshape(x.shape)


def weighed(scores: T, keep: T) -> T:
    """Softmax over what is kept; 0 where nothing is."""
    raised = scores.exp() * keep
    total = raised.sum(-1, keepdim=True)
    return raised / torch.where(total > 0, total, 1.0)


def kept(query: T, value: T, mask: Any = None, causal: bool = False) -> T:
    keep = torch.ones(query.shape[0], query.shape[1], value.shape[1], dtype=torch.bool)
    keep = keep if mask is None else keep & torch.tensor(mask)
    return keep.tril() if causal else keep


def attention(
    heads: int,
    mask: Any = None,
    causal: bool = False,
    sources: int | None = None,
    turn: Callable[[T], T] = lambda x: x,
) -> Formula:
    """Of ``heads`` heads of queries, and ``sources`` of keys and values."""

    def formula(w: dict[str, T], query: T, value: T, key: T | None = None) -> tuple[T, T]:
        def project(name: str, x: T, count: int = 1) -> list[T]:
            y = x @ w[f"{name}_kernel"] + w.get(f"{name}_bias", torch.zeros(()))
            return list(y.chunk(count, -1))

        shared = heads // (sources or heads)
        qs = project("query", query, heads)
        ks = project("key", value if key is None else key, heads // shared)
        vs = project("value", value, heads // shared)
        keep = kept(query, value, mask, causal)
        joined, weights = [], []
        for head, q in enumerate(qs):
            scores = turn(q) @ turn(ks[head // shared]).transpose(1, 2) / math.sqrt(q.shape[-1])
            weights.append(weighed(scores, keep))
            joined.append(weights[-1] @ vs[head // shared])
        return project("output", torch.cat(joined, -1))[0], torch.stack(weights, 1)

    return formula


def single(score: Callable[..., T], mask: Any = None, causal: bool = False) -> Formula:
    """Of one head without projections; ``score(w, q_i, k_j)`` of one pair."""

    def formula(w: dict[str, T], query: T, value: T, key: T | None = None) -> tuple[T, T]:
        keys = value if key is None else key
        rows = [
            torch.stack([score(w, query[:, i], keys[:, j]) for j in range(keys.shape[1])], -1)
            for i in range(query.shape[1])
        ]
        weights = weighed(torch.stack(rows, 1), kept(query, value, mask, causal))
        return weights @ value, weights

    return formula


def dot(w: dict[str, T], q: T, k: T) -> T:
    return w.get("scale", 1.0) * (q * k).sum(-1)


def concat(w: dict[str, T], q: T, k: T) -> T:
    return w["concat_score_weight"] * (w["scale"] * (q + k)).tanh().sum(-1)


def additive(w: dict[str, T], q: T, k: T) -> T:
    return (w.get("scale", 1.0) * (q + k).tanh()).sum(-1)


def thinned(rate: float, heads: int) -> Callable[..., Any]:
    """As :func:`attention`, in training: the mask is one of all heads' weights."""

    def formula(w: dict[str, T], query: T, value: T) -> tuple[T, T, dict[str, T]]:
        depth = w["value_kernel"].shape[-1] // heads
        weights = attention(heads)(w, query, value)[1]
        seen, states = dropped(rate, tuple(weights.shape))({}, weights)
        v = value @ w["value_kernel"] + w["value_bias"]
        joined = [seen[:, h] @ v[..., h * depth : (h + 1) * depth] for h in range(heads)]
        return torch.cat(joined, -1) @ w["output_kernel"] + w["output_bias"], weights, states

    return formula


def output(formula: Formula) -> Callable[..., T]:
    return lambda w, *inputs: formula(w, *inputs)[0]


KEPT = np.random.default_rng(3).random((2, 4, 5)) < 0.6
KEPT[1, 2] = False  # a target that sees nothing
#: Which targets and sources are there; together with ``KEPT``, ``SEEN``.
TARGETS = np.array([[1, 1, 1, 0], [1, 1, 1, 1]], bool)
SOURCES = np.array([[1, 1, 1, 1, 0], [0, 1, 1, 1, 1]], bool)
KEYS = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 1, 1]], bool)
SEEN = TARGETS[:, :, None] & (SOURCES & KEYS)[:, None, :]
PADDING = {"query_mask": TARGETS, "value_mask": SOURCES, "key_mask": KEYS}
SCORES = {"return_attention_scores": True}

PAIR = ((2, 4, 6), (2, 5, 6))

CASES = [
    Case("attention", nn.MultiHeadAttention(2, 3), PAIR, output(attention(2))),
    Case(
        "attention, masked",
        nn.MultiHeadAttention(2, 3, value_dim=4),
        PAIR,
        output(attention(2, KEPT)),
        {"attention_mask": KEPT},
    ),
    Case(
        "attention, causal, scores",
        nn.MultiHeadAttention(3, 2, use_key_bias=True, output_shape=5),
        ((2, 4, 6), (2, 4, 5), (2, 4, 7)),
        attention(3, None, True),
        {"use_causal_mask": True, **SCORES},
    ),
    Case(
        "attention, padded",
        nn.MultiHeadAttention(2, 3),
        PAIR,
        attention(2, SEEN & KEPT),
        {"attention_mask": KEPT[:, None], **PADDING, **SCORES},
    ),
    Case(
        "attention, dropout, scores",
        nn.MultiHeadAttention(2, 3, dropout=0.4),
        PAIR,
        thinned(0.4, 2),
        SCORES,
        training=True,
    ),
    Case(
        "grouped-query attention",
        nn.GroupedQueryAttention(3, 4, 2),
        ((2, 4, 6), (2, 4, 5), (2, 4, 7)),
        attention(4, None, True, sources=2),
        {"use_causal_mask": True, **SCORES},
    ),
    Case(
        "grouped-query attention, padded",
        nn.GroupedQueryAttention(3, 3, 1, use_key_bias=True),
        PAIR,
        output(attention(3, SEEN, sources=1)),
        PADDING,
    ),
    Case(
        "grouped-query attention, rotary",
        nn.GroupedQueryAttention(4, 2, 1, rotary_base=1e4),
        PAIR,
        output(attention(2, None, True, sources=1, turn=turned)),
        {"use_causal_mask": True},
    ),
    Case("positional encoding", nn.PositionalEncoding(), ((2, 4, 5),), plain(encoded)),
    Case("rotary embedding", nn.RotaryEmbedding(), ((2, 3, 4, 6),), plain(turned)),
    Case("dot attention", nn.Attention(), PAIR, output(single(dot))),
    Case(
        "dot attention, scaled, padded, causal",
        nn.Attention(use_scale=True),
        ((2, 4, 6), (2, 5, 3), (2, 5, 6)),
        single(dot, SEEN & KEPT, True),
        {"attention_mask": KEPT, "use_causal_mask": True, **PADDING, **SCORES},
    ),
    Case(
        "concat attention",
        nn.Attention(use_scale=True, score_mode="concat"),
        PAIR,
        output(single(concat)),
    ),
    Case("additive attention", nn.AdditiveAttention(), PAIR, single(additive), SCORES),
    Case(
        "additive attention, unscaled, padded",
        nn.AdditiveAttention(use_scale=False),
        ((2, 4, 6), (2, 5, 3), (2, 5, 6)),
        output(single(additive, SEEN)),
        PADDING,
    ),
]
