"""Recurrent networks on PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from dualnet.ops import explain
from dualnet.ops.nn import recurrent
from dualnet.typing import Shape
from dualnet_torch.jit import tracing

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
    biases = [] if bias is None or recurrent_bias is None else [bias, recurrent_bias]
    outputs, last = _fused(torch.gru, 3, x, (h,), kernel, recurrent_kernel, biases)
    return outputs, last[0]


def gru_cell(
    x: Tensor,
    h: Tensor,
    kernel: Tensor,
    recurrent_kernel: Tensor,
    bias: Tensor | None,
    recurrent_bias: Tensor | None,
    /,
) -> Tensor:
    if tracing():  # where the kernel's sums in place are in the way
        return recurrent.gru_cell(x, h, kernel, recurrent_kernel, bias, recurrent_bias)
    try:
        return torch.gru_cell(x, h, kernel.t(), recurrent_kernel.t(), bias, recurrent_bias)
    except RuntimeError as error:
        wrong = explain.linear(x, kernel) or explain.linear(h, recurrent_kernel)
        raise wrong or error from error


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
    biases = _two(bias)
    outputs, h, c = _fused(torch.lstm, 4, x, (h, c), kernel, recurrent_kernel, biases)
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
    biases = _two(bias)
    outputs, last = _fused(torch.rnn_tanh, 1, x, (h,), kernel, recurrent_kernel, biases)
    return outputs, last[0]


def zero_state(x: Tensor, /, *, shape: Shape) -> Tensor:
    return x.new_zeros((x.shape[0], *shape))


def _two(bias: Tensor | None) -> list[Tensor]:
    """As PyTorch's kernels take them: two biases, one of which is zero, or none."""
    return [] if bias is None else [bias, torch.zeros_like(bias)]


def _fused(
    function: Callable[..., Any],
    gates: int,
    x: Tensor,
    states: States,
    kernel: Tensor,
    recurrent_kernel: Tensor,
    biases: list[Tensor],
) -> Any:
    """One layer, forwards, batch first, without dropout.

    Shapes are looked at before: oneDNN's LSTM looks at none, and reads past the end of tensors.
    """
    wrong = explain.recurrence(gates, x, states, kernel, recurrent_kernel, biases)
    if wrong is not None:
        raise wrong
    before = [h[None] for h in states]
    weights = [kernel.t(), recurrent_kernel.t(), *biases]
    given = before if len(before) > 1 else before[0]
    return function(x, given, weights, bool(biases), 1, 0.0, True, False, True)


def _scan(
    step: Callable[[States, States], States], inputs: States, states: States
) -> tuple[Tensor, States]:
    """Steps over axis 1 of the inputs; gives the first states, stacked, and the last."""
    outputs = []
    for now in zip(*(x.unbind(1) for x in inputs), strict=True):
        states = step(states, now)
        outputs.append(states[0])
    return torch.stack(outputs, 1), states
