"""A step, and the same step over many batches in one call."""

from __future__ import annotations

import time
from collections.abc import Callable

from dualnet.protocols import Backend
from dualnet.typing import Tensor, Tree

__all__ = ["Walker"]

#: Seconds that a call of many steps should take: callbacks and Ctrl-C wait as long.
SECONDS = 0.1
#: Steps of a call, at most, and how much faster than the last one it may become.
MOST, GROWTH = 64, 8


class Walker:
    """A step on native tensors; called for one batch, or :meth:`many` of data in memory.

    Args:
        backend: where it runs.
        step: takes inputs, targets and weights.
        jit: as in ``compile``.
        whole: whether many steps may be one compiled call; a step that decides in Python what
            to compute may not.
        reads: whether the step writes into none of its arguments.

    Attributes:
        steps: how many the next call should make, as those before have taken.
    """

    def __init__(
        self,
        backend: Backend,
        step: Callable[..., Tree],
        jit: bool | str,
        *,
        whole: bool = True,
        reads: bool = False,
    ) -> None:
        self._step = backend.jit.train_step(step, jit=jit) if whole else step
        self._walk = backend.loops.walk(step, jit=jit if whole else False, reads=reads)
        self.steps = 1

    def __call__(self, x: Tree, y: Tree, weight: Tree) -> Tree:
        return self._step(x, y, weight)

    def many(self, data: Tree, order: Tensor | None, size: int, first: int, last: int) -> Tree:
        """What the steps give, stacked; arguments as in :class:`dualnet.protocols.Loops`."""
        begun = time.perf_counter()
        found = self._walk(data, order, size, first, last)
        each = (time.perf_counter() - begun) / (last - first)
        self.steps = max(1, min(MOST, GROWTH * self.steps, int(SECONDS / max(each, 1e-6))))
        return found
