"""Layers that tell each step of a sequence where it stands."""

from __future__ import annotations

from dualnet import ops
from dualnet.errors import ConfigError, ShapeError
from dualnet.nn import _check
from dualnet.nn.layer import Layer
from dualnet.nn.masks import passed
from dualnet.typing import Shape, Tensor

__all__ = ["PositionalEncoding", "RotaryEmbedding"]


class Positioned(Layer):
    """Base of the layers of ``(batch, …, time, features)`` that know positions.

    Args:
        base: the longest wavelength, over 2π.
    """

    base: float = 10000.0

    def check(self) -> None:
        _check.finite(self, "base")
        if self.base <= 0:
            raise ConfigError(f"{type(self).__name__}: base must be positive, got {self.base}")

    def build(self, input_shape: Shape, start: Shape | None = None) -> None:
        _check.rank(self, input_shape, 3, None, "the layout is (batch, …, time, features)")

    forward_masked = passed


class PositionalEncoding(Positioned):
    """``x`` and sinusoids of the positions of its steps (Vaswani et al. 2017, section 3.5).

    To feature ``2i`` of position ``p``, ``sin(p/base^(2i/features))`` is added, to feature
    ``2i + 1`` the cosine of the same.

    >>> from dualnet import nn
    >>> net = nn.Sequential(nn.Embedding(1000, 64), nn.PositionalEncoding())

    Args:
        base: the longest wavelength, over 2π.
    """

    def forward(self, x: Tensor, start: Tensor | None = None) -> Tensor:
        """``(batch, …, time, features)``; ``start`` is the position of the first step, if not 0.

        In decoding it is the ``length`` of the cache before the call.
        """
        return ops.nn.position_encoding(x, start=0 if start is None else start, base=self.base)


class RotaryEmbedding(Positioned):
    """Pairs of features, turned by the position of their step (Su et al. 2021).

    Features ``2i`` and ``2i + 1`` of position ``p`` are turned by ``p/base^(2i/features)``.  For
    queries and keys of several heads see ``rotary_base`` of :class:`MultiHeadAttention`.

    Args:
        base: the longest wavelength, over 2π.
    """

    def build(self, input_shape: Shape, start: Shape | None = None) -> None:
        super().build(input_shape, start)
        if input_shape[-1] % 2:
            raise ShapeError(
                f"{self._definition!r} turns pairs of features; shape {input_shape} has an odd "
                "number of them"
            )

    def forward(self, x: Tensor, start: Tensor | None = None) -> Tensor:
        """``(batch, …, time, features)``; ``start`` is the position of the first step, if not 0."""
        return ops.nn.rotary_embedding(x, start=0 if start is None else start, base=self.base)
