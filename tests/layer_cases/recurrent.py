"""Rows of the recurrent layers and of their cells."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from dualnet import nn, ops
from dualnet.random import Stream
from layer_cases.basic import conv, dense, same
from layer_cases.case import SEEN, Case, T, below, sigmoid, tanh

Step = Callable[..., tuple[T, ...]]


def relu(x: T) -> T:
    return torch.where(x > 0, x, 0.0)


def softsign(x: T) -> T:
    return x / (1 + x.abs())


def lstm(activation: Any = tanh, gate: Any = sigmoid, product: Any = torch.matmul) -> Step:
    """``fed`` is what the state is in the product, where that is something else."""

    def step(w: dict[str, T], x: T, h: T, c: T, fed: T | None = None) -> tuple[T, T]:
        sums = x @ w["kernel"] if product is torch.matmul else x
        sums = sums + product(h if fed is None else fed, w["recurrent_kernel"])
        i, f, g, o = (sums + w.get("bias", torch.zeros(()))).chunk(4, -1)
        c = gate(f) * c + gate(i) * activation(g)
        return gate(o) * activation(c), c

    return step


def gru(activation: Any = tanh, gate: Any = sigmoid, reset_after: bool = True) -> Step:
    def step(w: dict[str, T], x: T, h: T, fed: T | None = None) -> tuple[T]:
        fed = h if fed is None else fed
        xr, xz, xn = (x @ w["kernel"] + w.get("bias", torch.zeros(()))).chunk(3, -1)
        ur, uz, un = w["recurrent_kernel"].chunk(3, -1)
        br, bz, bn = w.get("recurrent_bias", torch.zeros(3)).chunk(3, -1)
        r, z = gate(xr + fed @ ur + br), gate(xz + fed @ uz + bz)
        n = activation(xn + (r * (fed @ un + bn) if reset_after else (r * fed) @ un))
        return ((1 - z) * n + z * h,)

    return step


def rnn(activation: Any = tanh) -> Step:
    def step(w: dict[str, T], x: T, h: T, fed: T | None = None) -> tuple[T]:
        product = x @ w["kernel"] + (h if fed is None else fed) @ w["recurrent_kernel"]
        return (activation(product + w.get("bias", torch.zeros(()))),)

    return step


lstm_step, gru_step, rnn_step = lstm(), gru(), rnn()


def dropout_mask(rate: float, shape: tuple[int, ...], call: int, path: str = "") -> T:
    """0 or ``1/(1 - rate)``; the layer's path is empty where it is the root of its model."""
    words = Stream(0, "layer", path, call).words(math.prod(shape)).reshape(shape)
    keep = torch.tensor(words.astype(np.int64)) >= math.floor(rate * 2**32)
    return keep.double() / (1 - rate)


def reset_before(w: dict[str, T], x: T, h: T) -> Any:
    fed = dropout_mask(0.5, tuple(h.shape), 0) * h
    (y,) = gru(reset_after=False)(w, x, h, fed)
    return y, y, {"calls": torch.tensor(1)}


def recurrent(
    step: Step,
    states: int,
    *,
    mode: str,
    mask: Any = None,
    back: bool = False,
    rates: tuple[float, float] | None = None,
    path: str = "",
) -> Callable[..., Any]:
    """A loop over the steps.

    ``mode``: "last", "all" (the sequence), "states" (the last output and all states), or "both"
    (the sequence and all states).  ``rates``: of the dropout of input and state.
    """

    def formula(w: dict[str, T], x: T, *first: T) -> Any:
        own = below(path, w) if path else w
        now = first or (x.new_zeros(x.shape[0], own["recurrent_kernel"].shape[0]),) * states
        thin = torch.ones(())
        if rates:
            x = x * dropout_mask(rates[0], (x.shape[0], 1, *x.shape[2:]), 0, path)
            thin = dropout_mask(rates[1], tuple(now[0].shape), 1, path)
        outputs = []
        order = range(x.shape[1])
        for t in reversed(order) if back else order:
            new = step(own, x[:, t], *now, fed=thin * now[0])
            keep = torch.ones(len(x), dtype=bool) if mask is None else torch.tensor(mask[:, t])
            keep = keep.reshape(-1, *[1] * (new[0].ndim - 1))
            now = tuple(torch.where(keep, n, old) for n, old in zip(new, now, strict=True))
            outputs.append(now[0])
        y = torch.stack(outputs, 1) if mode in ("all", "both") else now[0]
        found = (y, *now) if mode in ("states", "both") else y
        if not rates:
            return found
        calls = {f"{path}.calls" if path else "calls": torch.tensor(2)}
        return (found, calls)

    return formula


def both_ways(
    step: Any, states: int, merge: Any, *, mode: str, mask: Any = None
) -> Callable[..., Any]:
    def formula(w: dict[str, T], x: T, *first: T) -> Any:
        one = recurrent(step, states, mode=mode, mask=mask)
        back = recurrent(step, states, mode=mode, mask=mask, back=True)
        here = one(below("layer", w), x, *first[:states])
        there = back(below("backward_layer", w), x, *first[states:])
        if mode == "states":
            return (merge([here[0], there[0]], -1), *here[1:], *there[1:])
        return merge([here, there.flip(1) if mode == "all" else there], -1)

    return formula


def two_both_ways(w: dict[str, T], x: T) -> T:
    """Two layers of LSTM, each in both directions."""
    whole = both_ways(lstm_step, 2, torch.cat, mode="all")(below("a", w), x)
    return both_ways(lstm_step, 2, torch.cat, mode="last")(below("b", w), whole)


def stacked(w: dict[str, T], x: T, states: tuple[T, ...]) -> tuple[T, tuple[T, ...]]:
    """A step of GRU, then one of LSTM."""
    (g,) = gru_step(below("cells.0", w), x, states[0])
    h, c = lstm_step(below("cells.1", w), g, *states[1:])
    return h, (g, h, c)


def stacked_over_time(name: str, back: bool = False) -> Callable[..., Any]:
    def formula(w: dict[str, T], x: T, states: tuple[T, ...] | None = None) -> Any:
        zeros = x.new_zeros(x.shape[0], 3)
        now, outputs = states or (zeros[:, :2], zeros, zeros), []
        for step in x.unbind(1)[:: -1 if back else 1]:
            y, now = stacked(below(name, w), step, now)
            outputs.append(y)
        return torch.stack(outputs, 1), now

    return formula


class Momentum(nn.Cell):
    """A cell as users write it: a running mean and its speed; the output is neither of them."""

    units: int
    keep: float = 0.5

    def build(self, input_shape: Any, states: Any) -> None:
        self.add_weight("kernel", (input_shape[-1], self.units))

    def state_shapes(self) -> Any:
        return ((self.units,), (self.units, 2))

    def initial_output(self, x: Any, states: Any) -> Any:
        return ops.nn.zero_state(x, shape=(2 * self.units,))

    def forward(self, x: Any, states: Any) -> Any:
        mean, speed = states
        new = self.keep * mean + ops.tanh(ops.matmul(x, self.kernel))
        speed = speed + ops.expand_dims(new - mean, axis=-1)
        return ops.concat((new, speed[..., 0] * new), axis=-1), (new, speed)


def momentum(mask: Any) -> Callable[..., Any]:
    def formula(w: dict[str, T], x: T) -> Any:
        mean, speed = x.new_zeros(len(x), 4), x.new_zeros(len(x), 4, 2)
        output, outputs = x.new_zeros(len(x), 8), []
        for t in range(x.shape[1]):
            keep = torch.tensor(mask[:, t])
            new = 0.5 * mean + tanh(x[:, t] @ w["cell.kernel"])
            after = speed + (new - mean)[..., None]
            y = torch.cat((new, after[..., 0] * new), -1)
            output = torch.where(keep[:, None], y, output)
            mean = torch.where(keep[:, None], new, mean)
            speed = torch.where(keep[:, None, None], after, speed)
            outputs.append(output)
        return torch.stack(outputs, 1), mean, speed

    return formula


def conv_lstm(
    spatial: int,
    strides: Any,
    pads: Any,
    window: int,
    *,
    mode: str,
    mask: Any = None,
    dilation: Any = None,
    back: bool = False,
) -> Callable[..., Any]:
    kept = (same(9, window, 1),) * spatial  # at stride 1 the padding has one size

    def product(h: T, kernel: T) -> T:
        return conv((1,) * spatial, kept)({"kernel": kernel}, h)

    loop = recurrent(lstm(product=product), 2, mode=mode, mask=mask, back=back)

    def formula(w: dict[str, T], x: T, *first: T) -> Any:
        convolved = conv(strides, pads, dilation)
        steps = torch.stack([convolved({"kernel": w["kernel"]}, now) for now in x.unbind(1)], 1)
        zeros = torch.zeros_like(steps[:, 0, ..., : steps.shape[-1] // 4])
        return loop(w, steps, *(first or (zeros, zeros)))

    return formula


def conv_lstm_both_ways(w: dict[str, T], x: T) -> T:
    args = (1, (1,), (same(4, 3, 1),), 3)
    here = conv_lstm(*args, mode="all")(below("layer", w), x)
    there = conv_lstm(*args, mode="all", back=True)(below("backward_layer", w), x)
    return torch.cat((here, there.flip(1)), -1)


def each_step(formula: Callable[..., T]) -> Callable[..., T]:
    return lambda w, x: torch.stack([formula(below("layer", w), now) for now in x.unbind(1)], 1)


#: Of three sequences; the first steps of one are not there.
LATE = SEEN[:, ::-1].copy()

CASES = [
    Case("rnn", nn.SimpleRNN(4), ((3, 5, 2),), recurrent(rnn_step, 1, mode="last")),
    Case(
        "rnn, states",
        nn.SimpleRNN(4, return_state=True),
        ((3, 5, 2), (3, 4)),
        recurrent(rnn_step, 1, mode="states"),
    ),
    Case(
        "rnn, relu",
        nn.SimpleRNN(4, "relu", use_bias=False, return_sequences=True, go_backwards=True),
        ((3, 3, 2),),
        recurrent(rnn(relu), 1, mode="all", back=True),
    ),
    Case("gru", nn.GRU(4, return_sequences=True), ((3, 5, 2),), recurrent(gru_step, 1, mode="all")),
    Case(
        "gru, masked",
        nn.GRU(4),
        ((3, 5, 2),),
        recurrent(gru_step, 1, mode="last", mask=SEEN),
        {"mask": SEEN},
    ),
    Case(
        "gru, without biases",
        nn.GRU(4, use_bias=False),
        ((3, 3, 2),),
        recurrent(gru_step, 1, mode="last"),
    ),
    Case(
        "gru, reset before",
        nn.GRU(4, "softsign", reset_after=False),
        ((3, 4, 2),),
        recurrent(gru(softsign, reset_after=False), 1, mode="last"),
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
        "lstm, other functions",
        nn.LSTM(4, "softsign", "softsign", return_sequences=True),
        ((3, 3, 2),),
        recurrent(lstm(softsign, softsign), 2, mode="all"),
    ),
    Case(
        "lstm, without a bias",
        nn.LSTM(4, use_bias=False),
        ((3, 3, 2),),
        recurrent(lstm_step, 2, mode="last"),
    ),
    Case(
        "lstm, dropout, masked",
        nn.LSTM(4, dropout=0.3, recurrent_dropout=0.5),
        ((3, 3, 2),),
        recurrent(lstm_step, 2, mode="last", mask=LATE[:, 1:4], rates=(0.3, 0.5)),
        {"mask": LATE[:, 1:4]},
        training=True,
    ),
    Case(
        "lstm, dropout of nothing",
        nn.LSTM(4, dropout=0.3, recurrent_dropout=0.5),
        ((3, 3, 2),),
        recurrent(lstm_step, 2, mode="last"),
    ),
    Case(
        "rnn cell",
        nn.SimpleRNNCell(4),
        ((3, 2), (3, 4)),
        lambda w, x, h: rnn_step(w, x, h) * 2,
    ),
    Case(
        "gru cell, reset before, dropout",
        nn.GRUCell(4, use_bias=False, reset_after=False, recurrent_dropout=0.5),
        ((3, 2), (3, 4)),
        reset_before,
        training=True,
    ),
    Case(
        "lstm cell",
        nn.LSTMCell(4),
        ((3, 2), ((3, 4), (3, 4))),
        lambda w, x, states: (lstm_step(w, x, *states)[0], *lstm_step(w, x, *states)),
    ),
    Case(
        "stacked cells",
        nn.StackedRNNCells([nn.GRUCell(2), nn.LSTMCell(3)]),
        ((3, 2), ((3, 2), (3, 3), (3, 3))),
        stacked,
    ),
    Case(
        "a cell over time, masked from the start",
        nn.RNN(nn.LSTMCell(4), return_sequences=True, return_state=True),
        ((3, 5, 2), ((3, 4), (3, 4))),
        lambda w, x, states: recurrent(lstm_step, 2, mode="both", mask=LATE, path="cell")(
            w, x, *states
        ),
        {"mask": LATE},
    ),
    Case(
        "cells over time",
        nn.RNN([nn.GRUCell(2), nn.LSTMCell(3)], return_sequences=True, return_state=True),
        ((3, 3, 2), ((3, 2), (3, 3), (3, 3))),
        stacked_over_time("cell"),
    ),
    Case(
        "a cell over time, dropout",
        nn.RNN(nn.GRUCell(4, dropout=0.4, recurrent_dropout=0.5)),
        ((3, 2, 2),),
        recurrent(gru_step, 1, mode="last", rates=(0.4, 0.5), path="cell"),
        training=True,
    ),
    Case(
        "a user's cell",
        nn.RNN(Momentum(4), return_sequences=True, return_state=True),
        ((3, 5, 2),),
        momentum(LATE),
        {"mask": LATE},
    ),
    Case(
        "conv lstm 1",
        nn.ConvLSTM1D(2, 3, padding="same", return_sequences=True),
        ((3, 5, 4, 2),),
        conv_lstm(1, (1,), (same(4, 3, 1),), 3, mode="all", mask=SEEN),
        {"mask": SEEN},
    ),
    Case(
        "conv lstm 1, dilated, without a bias",
        nn.ConvLSTM1D(2, 2, dilation_rate=2, use_bias=False, go_backwards=True),
        ((2, 3, 4, 2),),
        conv_lstm(1, (1,), ((0, 0),), 2, mode="last", dilation=(2,), back=True),
    ),
    Case(
        "conv lstm 2, states",
        nn.ConvLSTM2D(2, 2, strides=(2, 1), return_state=True),
        ((2, 3, 4, 3, 2), ((2, 2, 2, 2), (2, 2, 2, 2))),
        lambda w, x, states: conv_lstm(2, (2, 1), ((0, 0),) * 2, 2, mode="states")(w, x, *states),
    ),
    Case(
        "conv lstm 3",
        nn.ConvLSTM3D(1, 2),
        ((2, 3, 3, 2, 3, 2),),
        conv_lstm(3, (1, 1, 1), ((0, 0),) * 3, 2, mode="last"),
    ),
    Case(
        "time distributed",
        nn.TimeDistributed(nn.Conv1D(4, 3)),
        ((2, 3, 5, 2),),
        each_step(conv((1,), ((0, 0),))),
    ),
    Case("time distributed dense", nn.TimeDistributed(nn.Dense(4)), ((2, 3, 5),), each_step(dense)),
    Case(
        "time distributed lstm",
        nn.TimeDistributed(nn.LSTM(3)),
        ((2, 3, 3, 2),),
        each_step(recurrent(lstm_step, 2, mode="last")),
    ),
    Case(
        "bidirectional, sum of the last",
        nn.Bidirectional(nn.GRU(3), "sum"),
        ((3, 5, 2),),
        both_ways(gru_step, 1, lambda pair, axis: pair[0] + pair[1], mode="last"),
    ),
    Case(
        "bidirectional",
        nn.Bidirectional(nn.LSTM(3, return_sequences=True)),
        ((3, 5, 2),),
        both_ways(lstm_step, 2, torch.cat, mode="all", mask=SEEN),
        {"mask": SEEN},
    ),
    Case(
        "bidirectional, product of the last, states",
        nn.Bidirectional(nn.LSTM(3, return_state=True), "mul"),
        ((3, 3, 2), ((3, 3),) * 4),
        lambda w, x, states: both_ways(
            lstm_step, 2, lambda pair, axis: pair[0] * pair[1], mode="states"
        )(w, x, *states),
    ),
    Case(
        "bidirectional cells",
        nn.Bidirectional(nn.RNN([nn.GRUCell(2), nn.LSTMCell(3)], return_sequences=True), "ave"),
        ((3, 3, 2),),
        lambda w, x: (
            (
                stacked_over_time("layer.cell")(w, x)[0]
                + stacked_over_time("backward_layer.cell", back=True)(w, x)[0].flip(1)
            )
            / 2
        ),
    ),
    Case(
        "bidirectional conv lstm",
        nn.Bidirectional(nn.ConvLSTM1D(2, 3, padding="same", return_sequences=True)),
        ((2, 3, 4, 2),),
        conv_lstm_both_ways,
    ),
    Case(
        "two bidirectional lstms",
        nn.Sequential(
            nn.Bidirectional(nn.LSTM(3, return_sequences=True), name="a"),
            nn.Bidirectional(nn.LSTM(2), name="b"),
        ),
        ((3, 4, 2),),
        two_both_ways,
    ),
]
