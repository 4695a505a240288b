"""Recurrent networks on PyTorch."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from dualnet.ops.nn import recurrent
from dualnet.typing import Shape

States = tuple[Tensor, ...]


def gru(
    x: Tensor,
    h: Tensor,
    kernel: Tensor,
    recurrent_kernel: Tensor,
    bias: Tensor | None,
    recurrent_bias: Tensor | None,
    /,
    *,
    mask: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    if mask is not None or torch.compiler.is_compiling():
        return recurrent.gru(_scan, x, h, kernel, recurrent_kernel, bias, recurrent_bias, mask)
    weights = [kernel.t(), recurrent_kernel.t()]
    if bias is not None and recurrent_bias is not None:
        weights += [bias, recurrent_bias]
    outputs, last = torch.gru(x, h[None], weights, len(weights) > 2, 1, 0.0, True, False, True)
    return outputs, last[0]


def lstm(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    kernel: Tensor,
    recurrent_kernel: Tensor,
    bias: Tensor | None,
    /,
    *,
    mask: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    if mask is not None or torch.compiler.is_compiling():
        # The compiler unrolls the fused kernel too, but stumbles over oneDNN's.
        return recurrent.lstm(_scan, x, h, c, kernel, recurrent_kernel, bias, mask)
    weights = _weights(kernel, recurrent_kernel, bias)
    biased = bias is not None
    outputs, h, c = torch.lstm(x, (h[None], c[None]), weights, biased, 1, 0.0, True, False, True)
    return outputs, h[0], c[0]


def recur(
    x: Tensor,
    states: States,
    /,
    *,
    step: Callable[[Tensor, States], States],
    mask: Tensor | None = None,
) -> tuple[Tensor, States]:
    return recurrent.recur(_scan, x, states, step, mask)


def rnn(
    x: Tensor,
    h: Tensor,
    kernel: Tensor,
    recurrent_kernel: Tensor,
    bias: Tensor | None,
    /,
    *,
    mask: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    if mask is not None or torch.compiler.is_compiling():
        return recurrent.rnn(_scan, x, h, kernel, recurrent_kernel, bias, mask)
    weights = _weights(kernel, recurrent_kernel, bias)
    biased = bias is not None
    outputs, last = torch.rnn_tanh(x, h[None], weights, biased, 1, 0.0, True, False, True)
    return outputs, last[0]


def zero_state(x: Tensor, /, *, shape: Shape) -> Tensor:
    return x.new_zeros((x.shape[0], *shape))


def _weights(kernel: Tensor, recurrent_kernel: Tensor, bias: Tensor | None) -> list[Tensor]:
    """As PyTorch's kernels take them: turned, and with two biases, one of which is zero."""
    biases = [] if bias is None else [bias, torch.zeros_like(bias)]
    return [kernel.t(), recurrent_kernel.t(), *biases]


def _scan(
    step: Callable[[States, States], States], inputs: States, states: States
) -> tuple[Tensor, States]:
    """Steps over axis 1 of the inputs; gives the first states, stacked, and the last."""
    outputs = []
    for now in zip(*(x.unbind(1) for x in inputs), strict=True):
        states = step(states, now)
        outputs.append(states[0])
    return torch.stack(outputs, 1), states
