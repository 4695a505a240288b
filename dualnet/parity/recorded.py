"""A computation whose gradients are taken once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from dualnet import tree
from dualnet.dtypes import is_floating
from dualnet.protocols import Backend
from dualnet.typing import Tensor, Tree

__all__ = ["Recorded", "floating_leaves"]

T = TypeVar("T")


def floating_leaves(backend: Backend, values: Tree) -> list[Tensor]:
    """The tensors of a tree that gradients can flow to."""
    state = backend.state
    return [
        leaf
        for leaf in tree.leaves(values)
        if state.is_tensor_type(type(leaf)) and is_floating(state.dtype_name(leaf))
    ]


class Recorded(Generic[T]):
    """What ``run()`` gives, as ``value``, with all that its gradients need.

    Args:
        watched: plain tensors to follow; variables are followed by themselves.
    """

    def __init__(self, backend: Backend, run: Callable[[], T], watched: Iterable[Tensor]) -> None:
        with backend.tape.record(persistent=False) as self._recording:
            for leaf in watched:
                self._recording.watch(leaf)
            self.value = run()

    def gradients(
        self,
        targets: Sequence[Tensor],
        sources: Sequence[Tensor],
        upstream: Sequence[Tensor] | None = None,
        *,
        differentiable: bool = False,
    ) -> list[Tensor | None]:
        """The gradient of each source, by the targets' own gradients if given; only once.

        Args:
            differentiable: whether a recording around this one may go on from the gradients.
        """
        found = self._recording.gradient(
            targets, sources, upstream, retain=False, differentiable=differentiable
        )
        self._recording.release()
        return list(found)
