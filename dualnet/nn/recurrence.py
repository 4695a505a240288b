"""What a cell and a layer over time share: hyperparameters, weights, and one step."""

from __future__ import annotations

from dataclasses import KW_ONLY
from typing import ClassVar

from dualnet import ops
from dualnet.initializers import Initializer
from dualnet.initializers import get as initializer
from dualnet.nn import _check, activations
from dualnet.nn.regularization import Noisy
from dualnet.nn.roles import WithBias, WithKernel, WithRecurrent
from dualnet.ops.nn import recurrent
from dualnet.ops.nn.recurrent import States
from dualnet.random import Stream
from dualnet.typing import NDArray, Shape, Tensor

__all__ = ["ForgetBias", "GRUBase", "LSTMBase", "Recurrence", "SimpleRNNBase", "Thinned", "times"]


class Thinned(Noisy, WithKernel, WithRecurrent, WithBias):
    """Base: a recurrence with kernels for input and state, and dropout of both.

    Dropout has one mask for all steps of a sequence (Gal & Ghahramani 2016).  In training,
    ``x_t`` and ``h`` stand in the products with the kernels as ``m·x_t`` and ``m'·h``, where
    ``m`` and ``m'`` are drawn once: 0 with probability ``rate``, else ``1/(1 - rate)``.

    Args:
        use_bias: whether there are biases.
        kernel_initializer, recurrent_initializer, bias_initializer: see
            :mod:`dualnet.initializers`.
        kernel_regularizer, recurrent_regularizer, bias_regularizer, kernel_constraint,
            recurrent_constraint, bias_constraint: as for :class:`~dualnet.nn.Dense`.
        dropout: the part of the input that is dropped, in ``[0, 1]``.
        recurrent_dropout: the part of the state that is dropped where it meets its kernel.
        seed: another seed of the dropout than the model's.
    """

    _: KW_ONLY
    use_bias: bool = True
    kernel_initializer: str | Initializer = "glorot_uniform"
    recurrent_initializer: str | Initializer = "orthogonal"
    bias_initializer: str | Initializer = "zeros"
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    seed: int | None = None

    def check(self) -> None:
        _check.fraction(self, "dropout", "recurrent_dropout")
        _check.activation(self)
        _check.weights(self)

    def build_dropout(self) -> None:
        """Declares the state of the dropout, if there is any."""
        if self.dropout or self.recurrent_dropout:
            self.build_noise(self.seed)

    def thinned(self, x: Tensor) -> Tensor:
        """``m·x`` for a whole sequence, ``(batch, time, …)``."""
        if not (self.training and self.dropout):
            return x
        return self.dropped(x, self.dropout, (None, 1, *(None for _ in x.shape[2:])))

    def input_mask(self, x: Tensor) -> Tensor | None:
        """``m`` for one step's input; ``None`` where nothing is dropped."""
        return self._mask(x, self.dropout)

    def state_mask(self, h: Tensor) -> Tensor | None:
        """``m'`` for the state; ``None`` where nothing is dropped."""
        return self._mask(h, self.recurrent_dropout)

    def _mask(self, x: Tensor, rate: float) -> Tensor | None:
        return self.dropped(ops.ones_like(x), rate) if self.training and rate else None


def times(x: Tensor, mask: Tensor | None) -> Tensor:
    """The product, where there is a mask."""
    return x if mask is None else x * mask


class Recurrence(Thinned):
    """Base: a recurrence over vectors; ``units`` is the size of the state and of the output.

    Weights: ``kernel (in, gates·units)``, ``recurrent_kernel (units, gates·units)``, ``bias
    (gates·units,)``.
    """

    units: int
    activation: activations.Activation = "tanh"

    gates: ClassVar[int]
    states: ClassVar[int] = 1

    def check(self) -> None:
        super().check()
        _check.positive(self, "units")

    def state_shapes(self) -> tuple[Shape, ...]:
        """The shape of each state, without the batch axis."""
        return ((self.units,),) * self.states

    def declare(self, features: int) -> None:
        """Declares the weights for inputs of so many features."""
        width = self.gates * self.units
        self.add_in_role("kernel", (features, width))
        self.add_in_role("recurrent", (self.units, width), name="recurrent_kernel")
        if self.use_bias:
            self.add_in_role("bias", (width,), initializer=self.first_bias())
        self.build_dropout()

    def first_bias(self) -> str | Initializer:
        """The initializer of the bias."""
        return self.bias_initializer

    def given_bias(self) -> Tensor | None:
        """The bias, if there is one."""
        return self.bias if self.use_bias else None

    def project(self, x: Tensor) -> Tensor:
        """``x W + b``, for one step or for all."""
        return ops.nn.linear(x, self.kernel, self.given_bias())

    def usual(self) -> bool:
        """Whether :meth:`fused` computes this recurrence."""
        return self.activation == "tanh"

    def fused(self, x: Tensor, states: States, mask: Tensor | None) -> tuple[Tensor, ...]:
        """The outputs and last states of a whole sequence, by one operation."""
        raise NotImplementedError

    def step(self, now: Tensor, states: States, fed: Tensor) -> States:
        """The states after a step.

        Args:
            now: what the step's input adds to the gates: :meth:`project`.
            states: the states before.
            fed: the first of them as it meets its kernel: after dropout.
        """
        raise NotImplementedError

    def plain_step(self, x: Tensor, states: States) -> States:
        """The states after a step of which nothing is dropped."""
        return self.step(self.project(x), states, states[0])


class SimpleRNNBase(Recurrence):
    """``h ← activation(x_t W + h U + b)``."""

    gates = 1

    def fused(self, x: Tensor, states: States, mask: Tensor | None) -> tuple[Tensor, ...]:
        weights = (self.kernel, self.recurrent_kernel, self.given_bias())
        outputs: tuple[Tensor, ...] = ops.nn.rnn(x, *states, *weights, mask=mask)
        return outputs

    def step(self, now: Tensor, states: States, fed: Tensor) -> States:
        return (activations.get(self.activation)(now + ops.matmul(fed, self.recurrent_kernel)),)


class GRUBase(Recurrence):
    """The recurrence of :class:`~dualnet.nn.GRU`."""

    recurrent_activation: activations.Activation = "sigmoid"
    _: KW_ONLY
    reset_after: bool = True

    gates = 3

    def declare(self, features: int) -> None:
        super().declare(features)
        if self.use_bias and self.reset_after:
            self.add_in_role("bias", (3 * self.units,), name="recurrent_bias")

    def usual(self) -> bool:
        return super().usual() and self.recurrent_activation == "sigmoid" and self.reset_after

    def fused(self, x: Tensor, states: States, mask: Tensor | None) -> tuple[Tensor, ...]:
        weights = (self.kernel, self.recurrent_kernel, self.given_bias(), self._recurrent_bias())
        outputs: tuple[Tensor, ...] = ops.nn.gru(x, *states, *weights, mask=mask)
        return outputs

    def step(self, now: Tensor, states: States, fed: Tensor) -> States:
        functions = activations.get(self.activation), activations.get(self.recurrent_activation)
        if self.reset_after:
            hs = ops.nn.linear(fed, self.recurrent_kernel, self._recurrent_bias())
            return recurrent.gru_step(now, hs, states[0], *functions)
        return recurrent.gru_step_reset_before(
            now, fed, states[0], self.recurrent_kernel, *functions
        )

    def plain_step(self, x: Tensor, states: States) -> States:
        if not self.usual():
            return super().plain_step(x, states)
        weights = (self.kernel, self.recurrent_kernel, self.given_bias(), self._recurrent_bias())
        return (ops.nn.gru_cell(x, *states, *weights),)

    def _recurrent_bias(self) -> Tensor | None:
        return self.recurrent_bias if self.use_bias else None


class LSTMBase(Recurrence):
    """The recurrence of :class:`~dualnet.nn.LSTM`."""

    recurrent_activation: activations.Activation = "sigmoid"
    _: KW_ONLY
    unit_forget_bias: bool = True

    gates, states = 4, 2

    def first_bias(self) -> str | Initializer:
        other = self.bias_initializer
        return ForgetBias(other) if self.unit_forget_bias else other

    def usual(self) -> bool:
        return super().usual() and self.recurrent_activation == "sigmoid"

    def fused(self, x: Tensor, states: States, mask: Tensor | None) -> tuple[Tensor, ...]:
        weights = (self.kernel, self.recurrent_kernel, self.given_bias())
        outputs: tuple[Tensor, ...] = ops.nn.lstm(x, *states, *weights, mask=mask)
        return outputs

    def step(self, now: Tensor, states: States, fed: Tensor) -> States:
        functions = activations.get(self.activation), activations.get(self.recurrent_activation)
        gates = now + ops.matmul(fed, self.recurrent_kernel)
        return recurrent.lstm_step(gates, states[1], *functions)


class ForgetBias(Initializer):
    """Another initializer's bias, with 1 added for the forget gate, the second of four."""

    other: str | Initializer

    def __call__(self, shape: Shape, stream: Stream) -> NDArray:
        bias = initializer(self.other)(shape, stream)
        units = shape[0] // 4
        bias[units : 2 * units] += 1.0
        return bias
