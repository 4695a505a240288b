"""Attention (Vaswani et al. 2017)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualnet import ops
from dualnet.nn import _check
from dualnet.nn.regularization import Noisy
from dualnet.typing import Shape, Tensor

if TYPE_CHECKING:
    from dualnet.initializers import Initializer

__all__ = ["MultiHeadAttention"]


class MultiHeadAttention(Noisy):
    """``Σ_h softmax(q_h k_hᵀ/√key_dim) v_h · W_o`` over ``num_heads`` heads.

    ``q = query·W_q + b_q``, ``k = key·W_k``, ``v = value·W_v + b_v``, each cut into heads
    along its last axis.  Called as ``layer(query, value, key=value, …)``.

    Weights, with ``H`` heads of ``D = key_dim`` and ``V = value_dim`` features:
    ``query_kernel (query features, H·D)``, ``key_kernel (key features, H·D)``,
    ``value_kernel (value features, H·V)``, ``output_kernel (H·V, query features)``, and
    ``query_bias``, ``value_bias``, ``output_bias``.  A key's bias shifts all scores of a row
    alike, so that it changes nothing; there is none unless asked for.

    Args:
        num_heads: ``H``.
        key_dim: ``D``, features of each head's queries and keys.
        value_dim: ``V``; ``key_dim`` if not given.
        dropout: the part of the attention weights that is dropped in training.
        use_bias: whether there are biases.
        output_shape: features of the output; those of the query if not given.
        use_key_bias: adds ``key_bias``, for weights that come from elsewhere.
        kernel_initializer, bias_initializer: see :mod:`dualnet.initializers`.
    """

    num_heads: int
    key_dim: int
    value_dim: int | None = None
    dropout: float = 0.0
    use_bias: bool = True
    output_shape: int | None = None
    use_key_bias: bool = False
    kernel_initializer: str | Initializer = "glorot_uniform"
    bias_initializer: str | Initializer = "zeros"

    def check(self) -> None:
        _check.positive(self, "num_heads", "key_dim")
        for name in ("value_dim", "output_shape"):
            if getattr(self, name) is not None:
                _check.positive(self, name)
        _check.fraction(self, "dropout")
        _check.initializers(self)

    def build(self, query: Shape, value: Shape, key: Shape | None = None, *masks: Any) -> None:
        for shape in (query, value):
            _check.rank(self, shape, 3, None, "the layout is (batch, time, features)")
        queries = self.num_heads * self.key_dim
        values = self.num_heads * (self.value_dim or self.key_dim)
        outputs = self.output_shape or query[-1]
        self._build_projection("query", query[-1], queries, self.use_bias)
        self._build_projection("key", (key or value)[-1], queries, self.use_key_bias)
        self._build_projection("value", value[-1], values, self.use_bias)
        self._build_projection("output", values, outputs, self.use_bias)
        if self.dropout:
            self.build_noise()

    def _build_projection(self, name: str, inputs: int, outputs: int, use_bias: bool) -> None:
        self.add_weight(f"{name}_kernel", (inputs, outputs), self.kernel_initializer)
        if use_bias:
            self.add_weight(f"{name}_bias", (outputs,), self.bias_initializer)

    def forward(
        self,
        query: Tensor,
        value: Tensor,
        key: Tensor | None = None,
        attention_mask: Tensor | None = None,
        use_causal_mask: bool = False,
        return_attention_scores: bool = False,
    ) -> Any:
        """``(batch, targets, features)``, and the scores if asked for.

        Args:
            query: ``(batch, targets, features)``.
            value: ``(batch, sources, features)``.
            key: the same; ``value`` if not given.
            attention_mask: boolean, ``(batch, targets, sources)``, or with an axis of heads
                after the batch: True keeps.  A target that may see nothing gets
                ``output_bias``.
            use_causal_mask: target ``i`` sees sources ``0 … i`` only.
            return_attention_scores: gives the weights ``(batch, heads, targets, sources)`` too.
        """
        bias = self.use_bias
        key = value if key is None else key
        q = ops.nn.split_heads(self._projected("query", query, bias), heads=self.num_heads)
        k = ops.nn.split_heads(self._projected("key", key, self.use_key_bias), heads=self.num_heads)
        v = ops.nn.split_heads(self._projected("value", value, bias), heads=self.num_heads)
        mask = attention_mask
        if mask is not None and len(mask.shape) == len(query.shape):
            mask = ops.expand_dims(mask, axis=-3)  # one mask for all heads
        weights = ops.nn.attention_weights(q, k, mask=mask, causal=use_causal_mask)
        seen = self.dropped(weights, self.dropout) if self.training and self.dropout else weights
        y = self._projected("output", ops.nn.merge_heads(ops.matmul(seen, v)), bias)
        return (y, weights) if return_attention_scores else y

    def _projected(self, name: str, x: Tensor, use_bias: bool) -> Tensor:
        bias = getattr(self, f"{name}_bias") if use_bias else None
        return ops.nn.linear(x, getattr(self, f"{name}_kernel"), bias)
