"""What L-BFGS remembers of the curvature: the last changes of variables and gradient."""

from __future__ import annotations

from dataclasses import dataclass

from dualnet import ops
from dualnet.typing import Tensor

__all__ = ["History", "Pair", "dot"]

#: A pair whose ``s · y`` is no larger says nothing of the curvature.
LEAST_CURVATURE = 1e-10


@dataclass(frozen=True)
class Pair:
    """Changes of the variables ``s`` and of the gradient ``y`` in one iteration."""

    s: Tensor
    y: Tensor
    #: ``s · y``.
    curvature: Tensor


class History:
    """The last pairs, oldest first, at most ``size``."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.pairs: list[Pair] = []

    def add(self, s: Tensor, y: Tensor) -> None:
        """Keeps a pair, if the gradient has grown along its way."""
        curvature = dot(s, y)
        if bool(curvature > LEAST_CURVATURE):
            self.pairs = [*self.pairs, Pair(s, y, curvature)][-self._size :]

    def direction(self, gradient: Tensor) -> Tensor:
        """``-H · gradient`` by the two-loop recursion; ``-gradient`` without pairs."""
        found, steps = -gradient, []
        for pair in reversed(self.pairs):
            steps.append(dot(pair.s, found) / pair.curvature)
            found = found - steps[-1] * pair.y
        if self.pairs:
            newest = self.pairs[-1]
            found = found * (newest.curvature / dot(newest.y, newest.y))
        for pair, step in zip(self.pairs, reversed(steps), strict=True):
            found = found + (step - dot(pair.y, found) / pair.curvature) * pair.s
        return found


def dot(a: Tensor, b: Tensor) -> Tensor:
    """``Σ a · b``, as a 0-dim tensor."""
    return ops.sum(a * b)
