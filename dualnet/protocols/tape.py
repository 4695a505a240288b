"""Gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from dualnet.typing import Tensor


class Recording(Protocol):
    """One native recording of operations."""

    def watch(self, tensor: Tensor, /) -> None:
        """Makes the recording follow a plain tensor."""
        ...

    def is_watched(self, tensor: Tensor, /) -> bool:
        """Whether the recording follows this tensor or variable."""
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
        """``Σ_i ∂targets[i]/∂source · output_gradients[i]`` per source; None if unconnected.

        ``retain`` keeps the recording for another call; ``differentiable`` records the
        gradient's own computation for an outer recording.
        """
        ...

    def jacobian(self, target: Tensor, source: Tensor, /) -> Tensor | None:
        """``∂target/∂source`` of shape ``target.shape + source.shape``."""
        ...

    def pause(self) -> AbstractContextManager[None]:
        """A block whose operations are not recorded."""
        ...


class Tape(Protocol):
    """What the core's :class:`~dualnet.GradientTape` and functional twins stand on."""

    def record(self, *, persistent: bool) -> AbstractContextManager[Recording]:
        """Opens a recording."""
        ...

    def no_gradient(self) -> AbstractContextManager[None]:
        """A block in which nothing is recorded for any gradient."""
        ...

    def tracked(self, tensor: Tensor, /) -> Tensor:
        """A new tensor equal to ``tensor`` that a recording can follow by itself."""
        ...

    def stop_gradient(self, x: Tensor, /) -> Tensor:
        """The same values, a constant for every gradient."""
        ...

    def custom_gradient(self, function: Callable[..., Any], /) -> Callable[..., Any]:
        """``function(*args) -> (value, backward)``; ``backward(*upstream) -> gradients``."""
        ...

    def jvp(
        self, function: Callable[..., Any], primals: Sequence[Tensor], tangents: Sequence[Tensor], /
    ) -> tuple[Any, Any]:
        """Value and directional derivative, in forward mode."""
        ...

    def vmap(
        self, function: Callable[..., Any], /, *, in_axes: Any = 0, out_axes: Any = 0
    ) -> Callable[..., Any]:
        """``function`` mapped over an axis of its arguments."""
        ...
