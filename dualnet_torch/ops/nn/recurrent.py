"""Recurrent networks on PyTorch."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from dualnet.ops.nn import recurrent

States = tuple[Tensor, ...]


def gru(
    x: Tensor,
    h: Tensor,
    kernel: Tensor,
    recurrent_kernel: Tensor,
    bias: Tensor,
    recurrent_bias: Tensor,
    /,
    *,
    mask: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    if mask is not None or torch.compiler.is_compiling():
        return recurrent.gru(_scan, x, h, kernel, recurrent_kernel, bias, recurrent_bias, mask)
    weights = [kernel.t(), recurrent_kernel.t(), bias, recurrent_bias]
    outputs, last = torch.gru(x, h[None], weights, True, 1, 0.0, True, False, True)
    return outputs, last[0]


def lstm(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    kernel: Tensor,
    recurrent_kernel: Tensor,
    bias: Tensor,
    /,
    *,
    mask: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    if mask is not None or torch.compiler.is_compiling():
        # The compiler unrolls the fused kernel too, but stumbles over oneDNN's.
        return recurrent.lstm(_scan, x, h, c, kernel, recurrent_kernel, bias, mask)
    weights = [kernel.t(), recurrent_kernel.t(), bias, torch.zeros_like(bias)]  # two biases
    outputs, h, c = torch.lstm(x, (h[None], c[None]), weights, True, 1, 0.0, True, False, True)
    return outputs, h[0], c[0]


def rnn(
    x: Tensor,
    h: Tensor,
    kernel: Tensor,
    recurrent_kernel: Tensor,
    bias: Tensor,
    /,
    *,
    mask: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    return recurrent.rnn(_scan, x, h, kernel, recurrent_kernel, bias, mask)


def zero_state(x: Tensor, /, *, units: int) -> Tensor:
    return x.new_zeros((x.shape[0], units))


def _scan(
    step: Callable[[States, States], States], inputs: States, states: States
) -> tuple[Tensor, States]:
    """Steps over axis 1 of the inputs; gives the first states, stacked, and the last."""
    outputs = []
    for now in zip(*(x.unbind(1) for x in inputs), strict=True):
        states = step(states, now)
        outputs.append(states[0])
    return torch.stack(outputs, 1), states
