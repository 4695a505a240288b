"""Gradients of several calls put together into one update."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from dualnet import ops
from dualnet.optim import scalar
from dualnet.optim.keeping import beside
from dualnet.optim.scalar import Number
from dualnet.protocols import Backend
from dualnet.typing import Tensor

__all__ = ["Accumulation"]


class Accumulation:
    """The mean of the gradients of ``calls`` calls, as far as it has come.

    The first ``calls - 1`` of them only add; the last one is due for an update and begins anew.
    """

    def __init__(self, backend: Backend, variables: Sequence[Tensor], calls: int) -> None:
        self._backend = backend
        self._calls = calls
        self._sums = [beside(backend, v, np.zeros(backend.state.shape(v))) for v in variables]
        self._count = backend.optim.counter(0)

    def added(self, gradients: Sequence[Tensor | None]) -> tuple[list[Tensor], Number]:
        """The sums with these gradients, not kept yet, and whether an update is due.

        A gradient that is ``None`` adds nothing.
        """
        pairs = zip(self._sums, gradients, strict=True)
        sums = [held if g is None else held + g / self._calls for held, g in pairs]
        return sums, self._backend.optim.read(self._count) + 1 >= self._calls

    def keep(self, sums: Sequence[Tensor], due: Number) -> None:
        """Keeps the sums; begins anew where an update was due."""
        assign = self._backend.state.assign
        for held, value in zip(self._sums, sums, strict=True):
            assign(held, scalar.where(due, ops.zeros_like(value), value))
        assign(self._count, scalar.where(due, self._count * 0, self._count + 1))

    def held(self, paths: Sequence[str]) -> Iterator[tuple[str, Tensor]]:
        """What it keeps, by name."""
        yield "accumulated_calls", self._count
        for path, held in zip(paths, self._sums, strict=True):
            yield f"accumulated.{path}", held
