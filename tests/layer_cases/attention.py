"""Rows of the attention layers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from dualnet import nn
from layer_cases.case import Case, T


def attention(heads: int, mask: Any = None, causal: bool = False) -> Callable[..., Any]:
    def formula(w: dict[str, T], query: T, value: T, key: T | None = None) -> tuple[T, T]:
        def project(name: str, x: T) -> T:
            return x @ w[f"{name}_kernel"] + w.get(f"{name}_bias", torch.zeros(()))

        q, k, v = project("query", query), project("key", value if key is None else key), None
        v = project("value", value)
        keep = torch.ones(q.shape[0], q.shape[1], k.shape[1], dtype=torch.bool)
        keep = keep if mask is None else keep & torch.tensor(mask)
        keep = keep.tril() if causal else keep
        joined, weights = [], []
        for a, b, c in zip(q.chunk(heads, -1), k.chunk(heads, -1), v.chunk(heads, -1), strict=True):
            scores = (a @ b.transpose(1, 2)) / math.sqrt(a.shape[-1])
            raised = scores.exp() * keep
            total = raised.sum(-1, keepdim=True)
            weights.append(raised / torch.where(total > 0, total, 1.0))
            joined.append(weights[-1] @ c)
        return project("output", torch.cat(joined, -1)), torch.stack(weights, 1)

    return formula


def attention_output(*args: Any, **kwargs: Any) -> Callable[..., T]:
    formula = attention(*args, **kwargs)
    return lambda w, *inputs: formula(w, *inputs)[0]


KEPT = np.random.default_rng(3).random((2, 4, 5)) < 0.6
KEPT[1, 2] = False  # a target that sees nothing

CASES = [
    Case("attention", nn.MultiHeadAttention(2, 3), ((2, 4, 6), (2, 5, 6)), attention_output(2)),
    Case(
        "attention, masked",
        nn.MultiHeadAttention(2, 3, value_dim=4),
        ((2, 4, 6), (2, 5, 6)),
        attention_output(2, KEPT),
        {"attention_mask": KEPT},
    ),
    Case(
        "attention, causal, scores",
        nn.MultiHeadAttention(3, 2, use_key_bias=True, output_shape=5),
        ((2, 4, 6), (2, 4, 5), (2, 4, 7)),
        attention(3, None, True),
        {"use_causal_mask": True, "return_attention_scores": True},
    ),
]
