"""Rows of networks with masks, of which a row's formula knows nothing but where the padding is."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from dualnet import nn
from layer_cases.case import SEEN, Case, T, below
from layer_cases.recurrent import lstm_step, recurrent

#: Three sequences of five steps, zero where there is none.
X = np.random.default_rng(11).normal(size=(3, 5, 2)) * SEEN[..., None]
IDS = np.array([[3, 1, 4, 0, 0], [1, 5, 2, 6, 5], [0, 3, 0, 5, 0]]) * SEEN
THERE = torch.tensor(SEEN)


def batch_norm(w: dict[str, T], x: T) -> Any:
    """The statistics of the steps that are there, one after another."""
    own = below("batch_norm", w)
    rows, m = x[THERE], int(SEEN.sum())
    mean = rows.sum(0) / m
    squares = ((rows - mean) ** 2).sum(0)
    y = (x - mean) / (squares / m + 1e-5) ** 0.5 * own["gamma"] + own["beta"]
    states = {
        "batch_norm.moving_mean": 0.9 * own["moving_mean"] + 0.1 * mean,
        "batch_norm.moving_variance": 0.9 * own["moving_variance"] + 0.1 * squares / (m - 1),
    }
    return torch.where(THERE[..., None], y, -7.0), states


def average(w: dict[str, T], x: T) -> T:
    return torch.stack(
        [one[there].sum(0) / there.sum() for one, there in zip(x, THERE, strict=True)]
    )


def maximum(w: dict[str, T], x: T) -> T:
    return torch.stack(
        [one[there].amax(0, keepdim=True) for one, there in zip(x, THERE, strict=True)]
    )


def softmax_over_time(w: dict[str, T], x: T) -> T:
    whole = torch.zeros_like(x)
    for row, there in enumerate(THERE):
        part = x[row, there].exp()
        whole[row, there] = part / part.sum(0)
    return whole


def embedded(w: dict[str, T], ids: T) -> T:
    vectors = below("embedding", w)["embeddings"][ids]
    return recurrent(lstm_step, 2, mode="last", mask=SEEN)(below("lstm", w), vectors)


def after_masking(*layers: nn.Layer) -> nn.Sequential:
    return nn.Sequential(nn.Masking(), *layers)


CASES = [
    Case(
        "masking",
        after_masking(nn.Unmask(-7.0)),
        (X,),
        lambda w, x: x.where(THERE[..., None], -7.0),
    ),
    Case("unmask", nn.Unmask(), ((3, 5, 2),), lambda w, x: x),
    Case(
        "batch norm, masked",
        after_masking(nn.BatchNorm(), nn.Unmask(-7.0)),
        (X,),
        batch_norm,
        training=True,
    ),
    Case("average, masked", after_masking(nn.GlobalAvgPool1D()), (X,), average),
    Case("maximum, masked", after_masking(nn.GlobalMaxPool1D(keepdims=True)), (X,), maximum),
    Case("softmax, masked", after_masking(nn.Softmax(1), nn.Unmask()), (X,), softmax_over_time),
    Case(
        "embedding with mask",
        nn.Sequential(nn.Embedding(7, 3, mask_zero=True), nn.LSTM(4)),
        (IDS,),
        embedded,
    ),
]
