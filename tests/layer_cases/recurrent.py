"""Rows of the recurrent layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from dualnet import nn
from layer_cases.basic import conv
from layer_cases.case import SEEN, Case, T, below, sigmoid, tanh


def lstm_step(w: dict[str, T], x: T, h: T, c: T) -> tuple[T, T]:
    i, f, g, o = (x @ w["kernel"] + h @ w["recurrent_kernel"] + w["bias"]).chunk(4, -1)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(c), c


def gru_step(w: dict[str, T], x: T, h: T) -> tuple[T]:
    xr, xz, xn = (x @ w["kernel"] + w["bias"]).chunk(3, -1)
    hr, hz, hn = (h @ w["recurrent_kernel"] + w["recurrent_bias"]).chunk(3, -1)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    return ((1 - z) * tanh(xn + r * hn) + z * h,)


def rnn_step(w: dict[str, T], x: T, h: T) -> tuple[T]:
    return (tanh(x @ w["kernel"] + h @ w["recurrent_kernel"] + w["bias"]),)


def recurrent(step: Callable[..., Any], states: int, *, mode: str, mask: Any = None, back=False):
    """``mode``: "last", "all" (the sequence), or "states" (the last output and all states)."""

    def formula(w: dict[str, T], x: T, *first: T) -> Any:
        now = first or (x.new_zeros(x.shape[0], w["recurrent_kernel"].shape[0]),) * states
        outputs = []
        order = range(x.shape[1])
        for t in reversed(order) if back else order:
            new = step(w, x[:, t], *now)
            keep = torch.ones(x.shape[0], 1) if mask is None else torch.tensor(mask[:, t, None])
            now = tuple(torch.where(keep.bool(), n, old) for n, old in zip(new, now, strict=True))
            outputs.append(now[0])
        if mode == "all":
            return torch.stack(outputs, 1)
        return now[0] if mode == "last" else (now[0], *now)

    return formula


def both_ways(step: Any, states: int, merge: Any, *, mode: str, mask: Any = None):
    def formula(w: dict[str, T], x: T) -> T:
        one = recurrent(step, states, mode=mode, mask=mask)(below("layer", w), x)
        back = recurrent(step, states, mode=mode, mask=mask, back=True)
        other = back(below("backward_layer", w), x)
        return merge([one, other.flip(1) if mode == "all" else other], -1)

    return formula


CASES = [
    Case("rnn", nn.SimpleRNN(4), ((3, 5, 2),), recurrent(rnn_step, 1, mode="last")),
    Case(
        "rnn, states",
        nn.SimpleRNN(4, return_state=True),
        ((3, 5, 2), (3, 4)),
        recurrent(rnn_step, 1, mode="states"),
    ),
    Case("gru", nn.GRU(4, return_sequences=True), ((3, 5, 2),), recurrent(gru_step, 1, mode="all")),
    Case(
        "gru, masked",
        nn.GRU(4),
        ((3, 5, 2),),
        recurrent(gru_step, 1, mode="last", mask=SEEN),
        {"mask": SEEN},
    ),
    Case("lstm", nn.LSTM(4), ((3, 5, 2),), recurrent(lstm_step, 2, mode="last")),
    Case(
        "lstm, all",
        nn.LSTM(4, return_sequences=True, unit_forget_bias=False),
        ((3, 5, 2),),
        recurrent(lstm_step, 2, mode="all"),
    ),
    Case(
        "lstm, states",
        nn.LSTM(4, return_state=True),
        ((3, 5, 2),),
        recurrent(lstm_step, 2, mode="states"),
    ),
    Case(
        "lstm, backwards and masked",
        nn.LSTM(4, return_sequences=True, go_backwards=True),
        ((3, 5, 2),),
        recurrent(lstm_step, 2, mode="all", mask=SEEN, back=True),
        {"mask": SEEN},
    ),
    Case(
        "time distributed",
        nn.TimeDistributed(nn.Conv1D(4, 3)),
        ((2, 3, 5, 2),),
        lambda w, x: torch.stack(
            [conv((1,), ((0, 0),))(below("layer", w), x[:, t]) for t in range(3)], 1
        ),
    ),
    Case(
        "bidirectional",
        nn.Bidirectional(nn.LSTM(3, return_sequences=True)),
        ((3, 5, 2),),
        both_ways(lstm_step, 2, torch.cat, mode="all", mask=SEEN),
        {"mask": SEEN},
    ),
    Case(
        "bidirectional, sum of the last",
        nn.Bidirectional(nn.GRU(3), "sum"),
        ((3, 5, 2),),
        both_ways(gru_step, 1, lambda pair, axis: pair[0] + pair[1], mode="last"),
    ),
]
