"""Recurrent layers over ``(batch, time, features)``."""

from __future__ import annotations

from dataclasses import KW_ONLY
from typing import Any

from dualnet import ops
from dualnet.errors import MaskError, ShapeError
from dualnet.nn import _check
from dualnet.nn.cells import Cell, StackedRNNCells, as_states, check_cell, fits, step_of
from dualnet.nn.layer import Layer
from dualnet.nn.masks import parted, unwrapped, wrapped
from dualnet.nn.recurrence import (
    GRUBase,
    LSTMBase,
    Recurrence,
    SimpleRNNBase,
    times,
)
from dualnet.ops.nn.recurrent import States
from dualnet.typing import Shape, Tensor

__all__ = ["GRU", "LSTM", "RNN", "Recurrent", "SimpleRNN"]


class Recurrent(Layer):
    """Base of the layers that step through time: axis 1 of ``(batch, time, …)``.

    Args:
        return_sequences: the outputs of all steps, ``(batch, time, …)``, instead of the last.
        return_state: the output, then each state after the last step.
        go_backwards: from the last step to the first; outputs are in the order they arise.
    """

    _: KW_ONLY
    return_sequences: bool = False
    return_state: bool = False
    go_backwards: bool = False

    def forward(self, x: Tensor, initial_state: Any = None, mask: Tensor | None = None) -> Any:
        """The output, and the states if asked for.

        Args:
            x: ``(batch, time, …)``.
            initial_state: one tensor, or a tuple of all states; zeros if not given.
            mask: boolean ``(batch, time)``; where it is False, states and output stay what
                they were.

        Raises:
            ShapeError: an input of another rank, or states of another number or size.
        """
        if self.go_backwards:
            x = ops.flip(x, axis=1)
            mask = None if mask is None else ops.flip(mask, axis=1)
        outputs, last, states = self.run(x, initial_state, mask)
        y = outputs if self.return_sequences else last
        return (y, *states) if self.return_state else y

    def forward_masked(self, x: Any, initial_state: Any = None, mask: Any = None) -> Any:
        """The mask is :meth:`forward`'s; a sequence of outputs carries it on."""
        values, own = parted(x)
        if mask is not None and own is not None:
            raise MaskError(
                f"{self._definition!r} was given mask= and an input with a mask of its own; give "
                "one of them (nn.Unmask() ends the input's)"
            )
        mask = mask if own is None else own
        found = self.forward(values, unwrapped(initial_state), mask)
        if not self.return_sequences:
            return found
        if self.go_backwards and own is not None:
            own = ops.flip(own, axis=1)  # outputs are in the order they arise
        y, *states = found if self.return_state else (found,)
        carried = wrapped(y, own)
        return (carried, *states) if self.return_state else carried

    def run(
        self, x: Tensor, initial_state: Any, mask: Tensor | None
    ) -> tuple[Tensor, Tensor, States]:
        """All outputs, the last one, and the states after the last step."""
        raise NotImplementedError(f"{type(self).__name__} defines no run(self, x, states, mask)")


class RNN(Recurrent):
    """A cell, step by step: ``y_t, states ← cell(x_t, states)``.

    ``RNN(LSTMCell(n))`` is :class:`LSTM` ``(n)``, whose kernels are faster.  Weights are the
    cell's, under ``cell``.

    Args:
        cell: a :class:`~dualnet.nn.Cell`, one's own too, or a list of cells, one after another.

    Raises:
        ShapeError: the cell gives outputs or states of other shapes than it said.
    """

    cell: Cell

    def check(self) -> None:
        given: Any = self.cell
        if isinstance(given, (list, tuple)):
            object.__setattr__(self, "cell", StackedRNNCells(tuple(given)))
        else:
            check_cell(self, given)

    def build(self, input_shape: Shape, *states: Any) -> None:
        _check.rank(self, input_shape, 3, None, "the layout is (batch, time, …)")

    def run(
        self, x: Tensor, initial_state: Any, mask: Tensor | None
    ) -> tuple[Tensor, Tensor, States]:
        start = x[:, 0]
        if initial_state is None:
            states = self.cell.initial_states(start)
        else:
            states = as_states(self, initial_state, self.cell.state_shapes())
        output = self.cell.initial_output(start, states)
        constants = self.cell.constants(start, states)

        def step(now: Tensor, before: States) -> States:
            y, after = step_of(self.cell, now, before[1:], constants)
            self._compare(before, (y, *after))
            return y, *after

        outputs, (last, *ended) = ops.nn.recur(x, (output, *states), step=step, mask=mask)
        return outputs, last, tuple(ended)

    def _compare(self, before: States, after: States) -> None:
        """Raises :class:`ShapeError` if the output or a state has changed its shape."""
        for place, (old, new) in enumerate(zip(before, after, strict=True)):
            if not fits(new, tuple(old.shape)[1:]):
                what, method = f"state {place - 1}", "state_shapes"
                if place == 0:
                    what, method = "the output", "initial_output"
                raise ShapeError(
                    f"{what} of {self.cell._definition!r} has shape {tuple(new.shape)}, but "
                    f"{method}() gives {tuple(old.shape)}"
                )


class Vectors(Recurrent, Recurrence):
    """Base of the layers over vectors: ``(batch, time, features)`` to ``(batch, units)``."""

    def build(self, input_shape: Shape, *states: Any) -> None:
        _check.rank(self, input_shape, 3, 3, "the layout is (batch, time, features)")
        self.declare(input_shape[-1])

    def run(
        self, x: Tensor, initial_state: Any, mask: Tensor | None
    ) -> tuple[Tensor, Tensor, States]:
        if initial_state is None:
            states = (ops.nn.zero_state(x, shape=(self.units,)),) * self.states
        else:
            states = as_states(self, initial_state, self.state_shapes())
        x = self.thinned(x)
        fed = self.state_mask(states[0])
        if fed is None and self.usual():
            outputs, *last = self.fused(x, states, mask)
            return outputs, last[0], tuple(last)

        def step(now: Tensor, states: States) -> States:
            return self.step(now, states, times(states[0], fed))

        outputs, ended = ops.nn.recur(self.project(x), states, step=step, mask=mask)
        return outputs, ended[0], ended


class SimpleRNN(Vectors, SimpleRNNBase):
    """``h ← activation(x_t W + h U + b)`` (Elman 1990).

    Weights: ``kernel (in, units)``, ``recurrent_kernel (units, units)``, ``bias (units,)``.

    Args:
        units: the size of the state and of the output.
        activation: a name (:mod:`dualnet.nn.activations`), or a function.
        use_bias, kernel_initializer, recurrent_initializer, bias_initializer: as for
            :class:`~dualnet.nn.Dense`.
        dropout, recurrent_dropout, seed: the parts of ``x`` and ``h`` that are dropped in
            training where they meet their kernels, with one mask for all steps of a sequence
            (Gal & Ghahramani 2016): ``(m·x_t) W`` and ``(m'·h) U``.
        return_sequences: the outputs of all steps, ``(batch, time, units)``, instead of the
            last, ``(batch, units)``.
        return_state: the output, then each state after the last step.
        go_backwards: from the last step to the first; outputs are in the order they arise.
    """


class GRU(Vectors, GRUBase):
    """Gated recurrent units (Cho et al. 2014), reset after the product, as cuDNN computes them.

    ::

        r = σ(x_t W_r + b_r + h U_r + b'_r)
        z = σ(x_t W_z + b_z + h U_z + b'_z)
        n = tanh(x_t W_n + b_n + r·(h U_n + b'_n))
        h ← (1 - z)·n + z·h

    Weights: ``kernel (in, 3·units)``, ``recurrent_kernel (units, 3·units)``, ``bias`` and
    ``recurrent_bias (3·units,)``, gates in the order r z n.

    Args:
        activation, recurrent_activation: the functions in the place of ``tanh`` and ``σ``.
        reset_after: with False, ``n = tanh(x_t W_n + b_n + (r·h) U_n)``, as first published,
            and there is no ``recurrent_bias``.
        units, …: the others as for :class:`SimpleRNN`.
    """


class LSTM(Vectors, LSTMBase):
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
        activation, recurrent_activation: the functions in the place of ``tanh`` and ``σ``.
        unit_forget_bias: adds 1 to the first bias of the forget gate (Jozefowicz et al. 2015).
        units, …: the others as for :class:`SimpleRNN`.
    """
