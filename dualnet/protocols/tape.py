"""Gradients: a recording with reverse-mode gradients, and the functional transformations.

Everything here works on flat sequences of tensors; trees, argument numbers, structure
checks and errors are the core's (:mod:`dualnet.autodiff`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, Self

from dualnet.typing import Tensor

#: A function of tensors that gives a sequence of tensors.
Flat = Callable[..., Sequence[Tensor]]
#: Upstream gradients to gradients.
Pullback = Callable[..., Sequence[Tensor]]


class Recording(Protocol):
    """One native recording of operations; a block of ``with`` starts and stops it."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...

    def stop(self) -> None:
        """Ends the recording before its block does; the end of the block then does nothing."""
        ...

    def watch(self, tensor: Tensor, /) -> None:
        """Makes the recording follow a plain tensor."""
        ...

    def is_watched(self, tensor: Tensor, /) -> bool:
        """Whether the tensor was watched, or is a trainable variable."""
        ...

    def gradient(
        self,
        targets: Sequence[Tensor],
        sources: Sequence[Tensor],
        output_gradients: Sequence[Tensor] | None,
        /,
        *,
        retain: bool,
        differentiable: bool,
    ) -> list[Tensor | None]:
        """``Σ_i output_gradients[i] · ∂targets[i]/∂source`` per source; None if unconnected.

        ``retain`` keeps what was recorded for another call; ``differentiable`` lets the
        gradient itself be recorded, for an outer recording.
        """
        ...

    def jacobian(
        self, target: Tensor, sources: Sequence[Tensor], /, *, retain: bool, differentiable: bool
    ) -> list[Tensor | None]:
        """``∂target/∂source`` of shape ``target.shape + source.shape`` per source."""
        ...

    def release(self) -> None:
        """Forgets what was recorded and leaves the watched tensors as they were found."""
        ...


class Tape(Protocol):
    """What the core's :class:`~dualnet.GradientTape` and functional twins stand on."""

    def record(self, *, persistent: bool) -> Recording:
        """A recording, to be opened with ``with``."""
        ...

    def no_gradient(self) -> AbstractContextManager[None]:
        """A block in which no open recording records; one opened inside it does."""
        ...

    def stop_gradient(self, x: Tensor, /) -> Tensor:
        """The same values, a constant for every gradient."""
        ...

    def unit_vectors(self, like: Tensor, /) -> Tensor:
        """Every unit vector of the space of ``like``, stacked along a new first axis."""
        ...

    def with_gradient(
        self, values: Sequence[Tensor], sources: Sequence[Tensor], backward: Pullback, /
    ) -> Sequence[Tensor]:
        """Tensors equal to ``values`` whose gradient with respect to ``sources`` is ``backward``.

        Whatever else connects values and sources is cut.  Second-order gradients flow
        through the computation of ``backward``.
        """
        ...

    def vjp(
        self,
        function: Callable[..., tuple[Sequence[Tensor], Sequence[Tensor]]],
        /,
        *primals: Tensor,
    ) -> tuple[Sequence[Tensor], Sequence[Tensor], Pullback]:
        """Outputs, auxiliary outputs, and ``pullback(*upstream)``, which may be called again.

        ``function(*primals)`` gives outputs and auxiliary outputs, which have no gradient.
        An input that the outputs do not depend on has a gradient of zeros.
        """
        ...

    def jvp(
        self, function: Flat, primals: Sequence[Tensor], tangents: Sequence[Tensor], /
    ) -> tuple[Sequence[Tensor], Sequence[Tensor]]:
        """Outputs and their derivatives along ``tangents``, in forward mode."""
        ...

    def vmap(
        self, function: Flat, tensors: Sequence[Tensor], axes: Sequence[int], /
    ) -> Sequence[Tensor]:
        """``function`` of each slice of the tensors along their axes, stacked along axis 0."""
        ...
