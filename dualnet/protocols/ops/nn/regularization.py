"""Noise that is there in training only."""

from __future__ import annotations

from typing import Protocol

from dualnet.typing import Tensor


class Regularization(Protocol):
    """Masks come from the shared random numbers; see :mod:`dualnet.protocols.random`."""

    def dropout(
        self,
        x: Tensor,
        /,
        *,
        rate: float,
        key: int,
        site: int,
        step: int | Tensor,
        noise_shape: tuple[int | None, ...] | None = None,
        shared: bool = True,
    ) -> Tensor:
        """``x/(1 - rate)`` where the stream's word is at least ``floor(rate·2³²)``, else 0.

        A dropped infinity or NaN is 0; at rate 1 everything is dropped.

        Args:
            rate: the part that is dropped, in ``[0, 1]``.
            key, site, step: the address of the stream.
            noise_shape: the mask's shape, broadcast to that of ``x``; ``None`` for an
                axis stands for its size.
            shared: ``False`` draws from the framework's own generator instead.
        """
        ...

    def normal_like(
        self, x: Tensor, /, *, key: int, site: int, step: int | Tensor, shared: bool = True
    ) -> Tensor:
        """Standard normal numbers in the shape and dtype of ``x``, computed in float64.

        Args:
            key, site, step: the address of the stream.
            shared: ``False`` draws from the framework's own generator instead.
        """
        ...
