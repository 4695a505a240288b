"""Recurrent networks step by step: the definitions, and what runs where no kernel is faster.

Each is a projection of all inputs at once, then a scan over time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from dualnet import ops
from dualnet.typing import Tensor

__all__ = [
    "States",
    "gru",
    "gru_cell",
    "gru_step",
    "gru_step_reset_before",
    "lstm",
    "lstm_step",
    "recur",
    "rnn",
]

States: TypeAlias = tuple[Tensor, ...]
#: ``step(x_t, states)`` gives the new states.
Step: TypeAlias = Callable[[Tensor, States], States]
#: ``scan(step, inputs, states)`` gives the first states in time, and the last states.
Scan: TypeAlias = Callable[..., tuple[Tensor, States]]
Function: TypeAlias = Callable[[Tensor], Tensor]


def recur(
    scan: Scan, x: Tensor, states: States, step: Step, mask: Tensor | None
) -> tuple[Tensor, States]:
    """``states ← step(x_t, states)`` over time: the first state after each step, and the last."""

    def plain(states: States, inputs: States) -> States:
        return step(inputs[0], states)

    def masked(states: States, inputs: States) -> States:
        now, keep = inputs
        pairs = zip(step(now, states), states, strict=True)
        return tuple(ops.where(_beside(keep, new), new, old) for new, old in pairs)

    return scan(plain, (x,), states) if mask is None else scan(masked, (x, mask), states)


def _beside(keep: Tensor, x: Tensor) -> Tensor:
    """One value per sample, with axes of size 1 for those of ``x``."""
    for _ in x.shape[1:]:
        keep = ops.expand_dims(keep, axis=-1)
    return keep


def lstm_step(
    gates: Tensor, c: Tensor, activation: Function, recurrent_activation: Function
) -> States:
    """``h`` and ``c`` after a step, from the sums ``i f g o`` that go into the gates."""
    i, f, g, o = ops.split(gates, 4, axis=-1)
    c = recurrent_activation(f) * c + recurrent_activation(i) * activation(g)
    return recurrent_activation(o) * activation(c), c


def gru_step(
    xs: Tensor, hs: Tensor, h: Tensor, activation: Function, recurrent_activation: Function
) -> States:
    """``h`` after a step, from what input and state add to the gates ``r z n``."""
    xr, xz, xn = ops.split(xs, 3, axis=-1)
    hr, hz, hn = ops.split(hs, 3, axis=-1)
    r, z = recurrent_activation(xr + hr), recurrent_activation(xz + hz)
    n = activation(xn + r * hn)
    return (n + z * (h - n),)


def gru_step_reset_before(
    xs: Tensor,
    fed: Tensor,
    h: Tensor,
    recurrent_kernel: Tensor,
    activation: Function,
    recurrent_activation: Function,
) -> States:
    """:func:`gru_step` as first published: the state is reset before its product.

    ``fed`` is the state as it meets its kernel.
    """
    gates = 2 * h.shape[-1]
    xr, xz, xn = ops.split(xs, 3, axis=-1)
    hr, hz = ops.split(ops.matmul(fed, recurrent_kernel[:, :gates]), 2, axis=-1)
    r, z = recurrent_activation(xr + hr), recurrent_activation(xz + hz)
    n = activation(xn + ops.matmul(r * fed, recurrent_kernel[:, gates:]))
    return (n + z * (h - n),)


def lstm(
    scan: Scan,
    x: Tensor,
    h: Tensor,
    c: Tensor,
    kernel: Tensor,
    recurrent_kernel: Tensor,
    bias: Tensor | None,
    mask: Tensor | None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Long short-term memory (Hochreiter & Schmidhuber 1997, with Gers' forget gate).

    ::

        i, f, g, o = split(x_t W + h U + b)
        c ← σ(f)·c + σ(i)·tanh(g)
        h ← σ(o)·tanh(c)
    """

    def step(now: Tensor, states: States) -> States:
        gates = now + ops.matmul(states[0], recurrent_kernel)
        return lstm_step(gates, states[1], ops.tanh, ops.nn.sigmoid)

    outputs, (h, c) = recur(scan, ops.nn.linear(x, kernel, bias), (h, c), step, mask)
    return outputs, h, c


def gru(
    scan: Scan,
    x: Tensor,
    h: Tensor,
    kernel: Tensor,
    recurrent_kernel: Tensor,
    bias: Tensor | None,
    recurrent_bias: Tensor | None,
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

    def step(now: Tensor, states: States) -> States:
        hs = ops.nn.linear(states[0], recurrent_kernel, recurrent_bias)
        return gru_step(now, hs, states[0], ops.tanh, ops.nn.sigmoid)

    outputs, (h,) = recur(scan, ops.nn.linear(x, kernel, bias), (h,), step, mask)
    return outputs, h


def gru_cell(
    x: Tensor,
    h: Tensor,
    kernel: Tensor,
    recurrent_kernel: Tensor,
    bias: Tensor | None,
    recurrent_bias: Tensor | None,
) -> Tensor:
    """One step of :func:`gru`."""
    xs, hs = ops.nn.linear(x, kernel, bias), ops.nn.linear(h, recurrent_kernel, recurrent_bias)
    return gru_step(xs, hs, h, ops.tanh, ops.nn.sigmoid)[0]


def rnn(
    scan: Scan,
    x: Tensor,
    h: Tensor,
    kernel: Tensor,
    recurrent_kernel: Tensor,
    bias: Tensor | None,
    mask: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """The simple recurrent network (Elman 1990): ``h ← tanh(x_t W + h U + b)``."""

    def step(now: Tensor, states: States) -> States:
        return (ops.tanh(now + ops.matmul(states[0], recurrent_kernel)),)

    outputs, (h,) = recur(scan, ops.nn.linear(x, kernel, bias), (h,), step, mask)
    return outputs, h
