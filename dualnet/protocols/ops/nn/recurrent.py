"""Recurrent networks over whole sequences."""

from __future__ import annotations

from typing import Protocol

from dualnet.typing import Tensor


class Recurrent(Protocol):
    """Inputs are ``(batch, time, in)``, states ``(batch, units)``, outputs all states in time.

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
        bias: Tensor,
        recurrent_bias: Tensor,
        /,
        *,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Gated recurrent units, gates r z n, reset after the product; outputs and last state."""
        ...

    def lstm(
        self,
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
        """Long short-term memory, gates i f g o; outputs, last output, last cell."""
        ...

    def rnn(
        self,
        x: Tensor,
        h: Tensor,
        kernel: Tensor,
        recurrent_kernel: Tensor,
        bias: Tensor,
        /,
        *,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """The simple recurrent network with tanh; outputs and last state."""
        ...

    def zero_state(self, x: Tensor, /, *, units: int) -> Tensor:
        """Zeros of shape ``(batch, units)``, in the dtype and on the device of ``x``."""
        ...
