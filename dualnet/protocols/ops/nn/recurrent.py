"""Recurrent networks over whole sequences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from dualnet.typing import Shape, Tensor


class Recurrent(Protocol):
    """Inputs are ``(batch, time, in)``, states ``(batch, units)``, outputs all states in time.

    Without a bias, it is ``None``.
    ``mask`` is boolean, ``(batch, time)``: where it is False, the state passes unchanged,
    and the output is the state.  The definitions are in :mod:`dualnet.ops.nn.recurrent`; a
    backend may run a fused kernel, which tests hold to them.
    """

    def gru(
        self,
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
        """Gated recurrent units, gates r z n, reset after the product; outputs and last state."""
        ...

    def gru_cell(
        self,
        x: Tensor,
        h: Tensor,
        kernel: Tensor,
        recurrent_kernel: Tensor,
        bias: Tensor | None,
        recurrent_bias: Tensor | None,
        /,
    ) -> Tensor:
        """One step of :meth:`gru`: the state after an input ``(batch, in)``.

        Raises:
            ShapeError, DtypeError: input or state do not fit their kernel.
        """
        ...

    def lstm(
        self,
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
        """Long short-term memory, gates i f g o; outputs, last output, last cell."""
        ...

    def recur(
        self,
        x: Tensor,
        states: tuple[Tensor, ...],
        /,
        *,
        step: Callable[[Tensor, tuple[Tensor, ...]], tuple[Tensor, ...]],
        mask: Tensor | None = None,
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """``states ← step(x_t, states)`` for each ``x_t`` along axis 1 of ``x``.

        ``x`` is ``(batch, time, …)``; states are of any shape, batch first, which a step does
        not change.  Gives the first state after each step, ``(batch, time, …)``, and the states
        after the last.
        """
        ...

    def rnn(
        self,
        x: Tensor,
        h: Tensor,
        kernel: Tensor,
        recurrent_kernel: Tensor,
        bias: Tensor | None,
        /,
        *,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """The simple recurrent network with tanh; outputs and last state."""
        ...

    def zero_state(self, x: Tensor, /, *, shape: Shape) -> Tensor:
        """Zeros of shape ``(batch, *shape)``, in the dtype and on the device of ``x``."""
        ...
