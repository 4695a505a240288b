"""Many steps over data in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from dualnet.typing import Device, NDArray, Tensor, Tree


class Walk(Protocol):
    """A step over many batches in one call."""

    def __call__(
        self, data: Tree, order: Tensor | None, size: int, first: int, last: int, /
    ) -> Tree:
        """Runs the step on batches number ``first`` to ``last - 1``.

        Args:
            data: tensors with all samples along axis 0, in the tree that the step's arguments
                make; ``None`` for what there is not.
            order: which sample comes when, ``(samples,)`` of int64; as they lie if ``None``.
            size: samples in a batch; batch ``i`` begins with sample ``i * size`` of the order.

        Returns:
            What the steps gave, as one tree of tensors: batches are stacked along a new axis 0.
        """
        ...


class Loops(Protocol):
    """Walking over data that is where the model is."""

    def hold(self, array: NDArray, /, *, device: Device | None = None) -> Tensor:
        """A tensor of the array, for reading only: with the same memory where that is possible."""
        ...

    def cut(self, tensor: Tensor, order: Tensor | None, start: int, size: int, /) -> Tensor:
        """The samples at places ``start`` to ``start + size - 1`` of the order, copied."""
        ...

    def walk(self, step: Callable[..., Tree], /, *, jit: bool | str, reads: bool = False) -> Walk:
        """Makes a walk of a step.

        Args:
            jit: as in :meth:`Jit.train_step`.
            reads: whether the step writes into none of its arguments, which may then lie in the
                memory of the data.
        """
        ...
