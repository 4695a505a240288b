"""An embedding that also leads back."""

from __future__ import annotations

import dataclasses
from typing import Any

from dualnet import dtypes, ops
from dualnet.errors import ConfigError
from dualnet.nn import _check
from dualnet.nn.core import Embedding
from dualnet.typing import Shape, Tensor

__all__ = ["ReversibleEmbedding"]


class ReversibleEmbedding(Embedding):
    """:class:`~dualnet.nn.Embedding`; with ``reverse=True``, a score for each id.

    ``embedding(h, reverse=True)`` is ``h @ embeddingsᵀ``, the tied output layer of a language
    model (Press & Wolf 2017): ``(…, output_dim)`` gives ``(…, input_dim)``.

    Args:
        input_dim, output_dim, embeddings_initializer, mask_zero: as for
            :class:`~dualnet.nn.Embedding`.
        tie_weights: by keyword; False for a weight ``reverse_embeddings (output_dim,
            input_dim)`` of its own.
        reverse_dtype: by keyword; the dtype of the way back, if not that of its input.
        logit_soft_cap: by keyword; with ``c``, the scores are ``c·tanh(scores/c)``.
    """

    tie_weights: bool = dataclasses.field(default=True, kw_only=True)
    reverse_dtype: str | None = dataclasses.field(default=None, kw_only=True)
    logit_soft_cap: float | None = dataclasses.field(default=None, kw_only=True)

    def check(self) -> None:
        super().check()
        if self.reverse_dtype is not None:
            object.__setattr__(self, "reverse_dtype", dtypes.canonical(self.reverse_dtype))
        if self.logit_soft_cap is not None:
            _check.finite(self, "logit_soft_cap")
            if self.logit_soft_cap <= 0:
                raise ConfigError(
                    f"ReversibleEmbedding: logit_soft_cap={self.logit_soft_cap} must be positive"
                )

    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        if not self.tie_weights:
            shape = (self.output_dim, self.input_dim)
            self.add_in_role("embeddings", shape, name="reverse_embeddings")

    def forward(self, x: Tensor, reverse: bool = False) -> Any:
        """Vectors for ids ``x``; with ``reverse``, scores of all ids for vectors ``x``."""
        if not reverse:
            return super().forward(x)
        tied = self.tie_weights
        table = ops.matrix_transpose(self.embeddings) if tied else self.reverse_embeddings
        if self.reverse_dtype is not None:
            x, table = (ops.astype(part, self.reverse_dtype) for part in (x, table))
        scores = ops.nn.linear(x, table)
        if self.logit_soft_cap is None:
            return scores
        return ops.tanh(scores / self.logit_soft_cap) * self.logit_soft_cap
