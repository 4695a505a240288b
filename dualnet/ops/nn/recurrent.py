"""Recurrent networks step by step: the definitions, and what runs where no kernel is faster.

Each is a projection of all inputs at once, then a scan over time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dualnet import ops
from dualnet.typing import Tensor

__all__ = ["gru", "lstm", "rnn"]

Scan = Callable[..., tuple[Tensor, tuple[Tensor, ...]]]


def _kept(step: Callable[..., tuple[Tensor, ...]]) -> Callable[..., tuple[Tensor, ...]]:
    """The step of a masked sequence: where the mask is False the state passes unchanged."""

    def masked(states: tuple[Tensor, ...], inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        *inputs_, mask = inputs
        keep = ops.expand_dims(mask, axis=-1)
        new = step(states, tuple(inputs_))
        return tuple(ops.where(keep, n, old) for n, old in zip(new, states, strict=True))

    return masked


def _run(scan: Scan, step: Any, inputs: Tensor, states: Any, mask: Tensor | None) -> Any:
    """Scans over time; outputs are the first state after each step."""
    if mask is None:
        return scan(step, (inputs,), states)
    return scan(_kept(step), (inputs, mask), states)


def lstm(
    scan: Scan,
    x: Tensor,
    h: Tensor,
    c: Tensor,
    kernel: Tensor,
    recurrent_kernel: Tensor,
    bias: Tensor,
    mask: Tensor | None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Long short-term memory (Hochreiter & Schmidhuber 1997, with Gers' forget gate).

    ::

        i, f, g, o = split(x_t W + h U + b)
        c ← σ(f)·c + σ(i)·tanh(g)
        h ← σ(o)·tanh(c)
    """
    sigmoid = ops.nn.sigmoid

    def step(states: tuple[Tensor, ...], inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        h, c = states
        gates = inputs[0] + ops.matmul(h, recurrent_kernel)
        i, f, g, o = ops.split(gates, 4, axis=-1)
        c = sigmoid(f) * c + sigmoid(i) * ops.tanh(g)
        return sigmoid(o) * ops.tanh(c), c

    outputs, (h, c) = _run(scan, step, ops.nn.linear(x, kernel, bias), (h, c), mask)
    return outputs, h, c


def gru(
    scan: Scan,
    x: Tensor,
    h: Tensor,
    kernel: Tensor,
    recurrent_kernel: Tensor,
    bias: Tensor,
    recurrent_bias: Tensor,
    mask: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """Gated recurrent units (Cho et al. 2014, in the form of cuDNN: reset after the product).

    ::

        xr, xz, xn = split(x_t W + b)
        hr, hz, hn = split(h U + b')
        r, z = σ(xr + hr), σ(xz + hz)
        n = tanh(xn + r·hn)
        h ← (1 - z)·n + z·h
    """
    sigmoid = ops.nn.sigmoid

    def step(states: tuple[Tensor, ...], inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        (h,), (xs,) = states, inputs
        hs = ops.nn.linear(h, recurrent_kernel, recurrent_bias)
        xr, xz, xn = ops.split(xs, 3, axis=-1)
        hr, hz, hn = ops.split(hs, 3, axis=-1)
        r, z = sigmoid(xr + hr), sigmoid(xz + hz)
        n = ops.tanh(xn + r * hn)
        return (n + z * (h - n),)

    outputs, (h,) = _run(scan, step, ops.nn.linear(x, kernel, bias), (h,), mask)
    return outputs, h


def rnn(
    scan: Scan,
    x: Tensor,
    h: Tensor,
    kernel: Tensor,
    recurrent_kernel: Tensor,
    bias: Tensor,
    mask: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """The simple recurrent network (Elman 1990): ``h ← tanh(x_t W + h U + b)``."""

    def step(states: tuple[Tensor, ...], inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return (ops.tanh(inputs[0] + ops.matmul(states[0], recurrent_kernel)),)

    outputs, (h,) = _run(scan, step, ops.nn.linear(x, kernel, bias), (h,), mask)
    return outputs, h
