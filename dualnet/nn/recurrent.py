"""Recurrent layers over ``(batch, time, features)``."""

from __future__ import annotations

from typing import Any, ClassVar

from dualnet import ops
from dualnet.errors import ShapeError
from dualnet.initializers import Initializer
from dualnet.initializers import get as initializer
from dualnet.nn import _check
from dualnet.nn.layer import Layer
from dualnet.random import Stream
from dualnet.typing import NDArray, Shape, Tensor

__all__ = ["GRU", "LSTM", "SimpleRNN"]


class Recurrent(Layer):
    """Base of the recurrent layers.

    Args:
        units: the size of the state and of the output.
        kernel_initializer, recurrent_initializer, bias_initializer: see
            :mod:`dualnet.initializers`.
        return_sequences: ``(batch, time, units)`` instead of the last ``(batch, units)``.
        return_state: the output, then each state.
        go_backwards: from the last step to the first; outputs are in the order they arise.
    """

    units: int
    kernel_initializer: str | Initializer = "glorot_uniform"
    recurrent_initializer: str | Initializer = "orthogonal"
    bias_initializer: str | Initializer = "zeros"
    return_sequences: bool = False
    return_state: bool = False
    go_backwards: bool = False

    gates: ClassVar[int]
    states: ClassVar[int] = 1

    def check(self) -> None:
        _check.positive(self, "units")
        _check.initializers(self)

    def build(self, input_shape: Shape, *states: Any) -> None:
        _check.rank(self, input_shape, 3, 3, "the layout is (batch, time, features)")
        width = self.gates * self.units
        self.add_weight("kernel", (input_shape[-1], width), self.kernel_initializer)
        self.add_weight("recurrent_kernel", (self.units, width), self.recurrent_initializer)
        self.add_weight("bias", (width,), self.bias_initializer)

    def forward(self, x: Tensor, initial_state: Any = None, mask: Tensor | None = None) -> Any:
        """The output, and the states if asked for.

        Args:
            x: ``(batch, time, features)``.
            initial_state: one tensor ``(batch, units)``, or a tuple of them; zeros if not given.
            mask: boolean ``(batch, time)``; where it is False the state passes unchanged.
        """
        states = self._first_states(x, initial_state)
        if self.go_backwards:
            x = ops.flip(x, axis=1)
            mask = None if mask is None else ops.flip(mask, axis=1)
        outputs, *last = self.run(x, states, mask)
        y = outputs if self.return_sequences else last[0]
        return (y, *last) if self.return_state else y

    def run(self, x: Tensor, states: tuple[Tensor, ...], mask: Tensor | None) -> tuple[Tensor, ...]:
        """All outputs, and the states after the last step."""
        raise NotImplementedError(f"{type(self).__name__} defines no run(self, x, states, mask)")

    def _first_states(self, x: Tensor, given: Any) -> tuple[Tensor, ...]:
        if given is None:
            return (ops.nn.zero_state(x, units=self.units),) * self.states
        states = tuple(given) if isinstance(given, (tuple, list)) else (given,)
        if len(states) != self.states:
            raise ShapeError(f"{type(self).__name__} has {self.states} state(s), got {len(states)}")
        return states


class SimpleRNN(Recurrent):
    """``h ← tanh(x_t W + h U + b)`` (Elman 1990).

    Weights: ``kernel (in, units)``, ``recurrent_kernel (units, units)``, ``bias (units,)``.
    """

    gates = 1

    def run(self, x: Tensor, states: tuple[Tensor, ...], mask: Tensor | None) -> tuple[Tensor, ...]:
        weights = (self.kernel, self.recurrent_kernel, self.bias)
        outputs: tuple[Tensor, ...] = ops.nn.rnn(x, *states, *weights, mask=mask)
        return outputs


class GRU(Recurrent):
    """Gated recurrent units (Cho et al. 2014), reset after the product, as cuDNN computes them.

    ::

        r = σ(x_t W_r + b_r + h U_r + b'_r)
        z = σ(x_t W_z + b_z + h U_z + b'_z)
        n = tanh(x_t W_n + b_n + r·(h U_n + b'_n))
        h ← (1 - z)·n + z·h

    Weights: ``kernel (in, 3·units)``, ``recurrent_kernel (units, 3·units)``, ``bias`` and
    ``recurrent_bias (3·units,)``, gates in the order r z n.
    """

    gates = 3

    def build(self, input_shape: Shape, *states: Any) -> None:
        super().build(input_shape, *states)
        self.add_weight("recurrent_bias", (3 * self.units,), self.bias_initializer)

    def run(self, x: Tensor, states: tuple[Tensor, ...], mask: Tensor | None) -> tuple[Tensor, ...]:
        weights = (self.kernel, self.recurrent_kernel, self.bias, self.recurrent_bias)
        outputs: tuple[Tensor, ...] = ops.nn.gru(x, *states, *weights, mask=mask)
        return outputs


class LSTM(Recurrent):
    """Long short-term memory (Hochreiter & Schmidhuber 1997; forget gate, Gers et al. 2000).

    ::

        i, f, g, o = x_t W + h U + b
        c ← σ(f)·c + σ(i)·tanh(g)
        h ← σ(o)·tanh(c)

    Weights: ``kernel (in, 4·units)``, ``recurrent_kernel (units, 4·units)``, ``bias
    (4·units,)``, gates in the order i f g o; states ``h`` and ``c``.

    >>> from dualnet import nn
    >>> nn.LSTM(64, return_sequences=True)
    LSTM(units=64, return_sequences=True)

    Args:
        unit_forget_bias: adds 1 to the first bias of the forget gate (Jozefowicz et al. 2015).
    """

    unit_forget_bias: bool = True

    gates, states = 4, 2

    def build(self, input_shape: Shape, *states: Any) -> None:
        _check.rank(self, input_shape, 3, 3, "the layout is (batch, time, features)")
        width = 4 * self.units
        bias = self.bias_initializer
        self.add_weight("kernel", (input_shape[-1], width), self.kernel_initializer)
        self.add_weight("recurrent_kernel", (self.units, width), self.recurrent_initializer)
        self.add_weight("bias", (width,), ForgetBias(bias) if self.unit_forget_bias else bias)

    def run(self, x: Tensor, states: tuple[Tensor, ...], mask: Tensor | None) -> tuple[Tensor, ...]:
        weights = (self.kernel, self.recurrent_kernel, self.bias)
        outputs: tuple[Tensor, ...] = ops.nn.lstm(x, *states, *weights, mask=mask)
        return outputs


class ForgetBias(Initializer):
    """Another initializer's bias, with 1 added for the forget gate, the second of four."""

    other: str | Initializer

    def __call__(self, shape: Shape, stream: Stream) -> NDArray:
        bias = initializer(self.other)(shape, stream)
        units = shape[0] // 4
        bias[units : 2 * units] += 1.0
        return bias
