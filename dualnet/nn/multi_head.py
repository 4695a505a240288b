"""Attention of several heads with projections of their own, and decoding with a cache."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from dualnet import ops
from dualnet.errors import ConfigError, NotBuiltError
from dualnet.nn import _check
from dualnet.nn.attention import Attending, check_mask, padding
from dualnet.nn.key_value_cache import KVCache
from dualnet.nn.masks import combined
from dualnet.nn.roles import WithBias, WithKernel
from dualnet.typing import Shape, Tensor

if TYPE_CHECKING:
    from dualnet.initializers import Initializer

__all__ = ["GroupedQueryAttention", "MultiHeadAttention"]


class Projecting(Attending, WithKernel, WithBias):
    """Base of the attention layers of several heads.

    ``q = query·W_q + b_q``, ``k = key·W_k``, ``v = value·W_v + b_v``, each cut into heads
    along its last axis; then ``Σ_h softmax(q_h k_hᵀ/√D) v_h · W_o + b_o``.

    Hyperparameters of every subclass: ``use_bias``, ``use_key_bias``, ``kernel_initializer``,
    ``bias_initializer`` and ``rotary_base``.  By keyword, regularizers and constraints of
    kernels and of biases, as for :class:`~dualnet.nn.Dense`.
    """

    writes_caches: ClassVar[bool] = True

    def heads(self) -> tuple[int, int]:
        """How many heads there are of queries, and how many of keys and values."""
        raise NotImplementedError(f"{type(self).__name__} defines no heads()")

    def depths(self) -> tuple[int, int]:
        """Features of each head's queries and keys, and of its values."""
        raise NotImplementedError(f"{type(self).__name__} defines no depths()")

    def outputs(self, query: Shape) -> int:
        """Features of the output."""
        return query[-1]

    def check(self) -> None:
        super().check()
        _check.weights(self)
        if self.rotary_base is not None:
            _check.finite(self, "rotary_base")
            if self.rotary_base <= 0 or self.depths()[0] % 2:
                raise ConfigError(
                    f"{type(self).__name__}: rotary_base={self.rotary_base} must be positive, and "
                    f"turns pairs of features, so that heads need an even number of them, got "
                    f"{self.depths()[0]}"
                )

    def build(self, query: Shape, value: Shape, key: Shape | None = None, *masks: Any) -> None:
        super().build(query, value, key, *masks)
        (targets, sources), (depth, width) = self.heads(), self.depths()
        self._build_projection("query", query[-1], targets * depth, self.use_bias)
        self._build_projection("key", (key or value)[-1], sources * depth, self.use_key_bias)
        self._build_projection("value", value[-1], sources * width, self.use_bias)
        self._build_projection("output", targets * width, self.outputs(query), self.use_bias)
        self._compute_dtype = self._builder.policy.compute

    def _build_projection(self, name: str, inputs: int, outputs: int, use_bias: bool) -> None:
        self.add_in_role("kernel", (inputs, outputs), name=f"{name}_kernel")
        if use_bias:
            self.add_in_role("bias", (outputs,), name=f"{name}_bias")

    def forward(
        self,
        query: Tensor,
        value: Tensor,
        key: Tensor | None = None,
        attention_mask: Tensor | None = None,
        use_causal_mask: bool = False,
        return_attention_scores: bool = False,
        *,
        query_mask: Tensor | None = None,
        value_mask: Tensor | None = None,
        key_mask: Tensor | None = None,
        cache: KVCache | None = None,
    ) -> Any:
        """``(batch, targets, features)``, then the scores if asked for, then the next cache if any.

        Args:
            query: ``(batch, targets, features)``.
            value: ``(batch, sources, features)``.
            key: the same; ``value`` if not given.
            attention_mask: boolean, ``(batch, targets, sources)``, or with an axis of heads
                after the batch: True keeps.  A target that may see nothing gets
                ``output_bias``.
            use_causal_mask: target ``i`` sees sources ``0 … i`` only.
            return_attention_scores: gives the weights ``(batch, heads, targets, sources)`` too.
            query_mask, value_mask, key_mask: boolean ``(batch, time)``, True where a step is
                there: targets that are not get ``output_bias``, sources that are not are not
                seen.
            cache: of the steps before, from :meth:`empty_cache` or the call before.  The steps
                of this call come after them, and each sees what was there before and itself;
                ``sources`` above is then the cache's ``max_length``.

        Raises:
            IndexRangeError: there is no room in the cache for so many more steps.
        """
        check_mask(self, attention_mask, 3, 4, "(batch, targets, sources)")
        padded = padding(self, query_mask, value_mask, key_mask)
        q, k, v = self._cut(query, value, value if key is None else key)
        if self.rotary_base is not None:
            start = 0 if cache is None else cache.length
            q, k = (ops.nn.rotary_embedding(x, start=start, base=self.rotary_base) for x in (q, k))
        if cache is not None:
            now = cache.extended(k, v, combined(value_mask, key_mask))
            whole = attention_mask is not None or return_attention_scores
            seen = now if whole else now.written()
            padded = combined(padding(self, query_mask, seen.mask), cache.seen_from(q, seen))
            k, v, cache, use_causal_mask = seen.keys, seen.values, now, False
        mask = combined(_for_heads(attention_mask), _for_heads(padded))
        targets, sources = self.heads()
        if targets > sources:
            k, v = (ops.repeat(x, targets // sources, axis=1) for x in (k, v))
        more = [] if cache is None else [cache]
        if return_attention_scores or (self.training and self.dropout):
            weights = ops.nn.attention_weights(q, k, mask=mask, causal=use_causal_mask)
            seen = ops.matmul(self.thinned(weights), v)
            more = [weights] * return_attention_scores + more
        else:
            seen = ops.nn.dot_product_attention(q, k, v, mask=mask, causal=use_causal_mask)
        y = ops.nn.linear(ops.nn.merge_heads(seen), *self._pair("output", self.use_bias))
        return (y, *more) if more else y

    def _cut(self, query: Tensor, value: Tensor, key: Tensor) -> tuple[Tensor, ...]:
        """Queries, keys and values, ``(batch, heads, time, features)``."""
        targets, sources = self.heads()
        biased = {"query": self.use_bias, "key": self.use_key_bias, "value": self.use_bias}
        if query is value is key:
            pairs = [self._pair(name, use_bias) for name, use_bias in biased.items()]
            found = ops.nn.linears(query, *zip(*pairs, strict=True))
        else:
            given = zip(biased.items(), (query, key, value), strict=True)
            found = tuple(ops.nn.linear(x, *self._pair(*named)) for named, x in given)
        heads = (targets, sources, sources)
        return tuple(ops.nn.split_heads(x, heads=n) for x, n in zip(found, heads, strict=True))

    def _pair(self, name: str, use_bias: bool) -> tuple[Tensor, Tensor | None]:
        """A projection's kernel and bias."""
        bias = getattr(self, f"{name}_bias") if use_bias else None
        return getattr(self, f"{name}_kernel"), bias

    def empty_cache(self, batch: int, max_length: int) -> KVCache:
        """A cache of no steps yet, with room for ``max_length``; of a layer that has its weights.

        It is the materialised layer's to give: ``model.native.empty_cache(…)``, or, of a layer
        below, from a method of the layer above it.

        Args:
            batch: how many sequences are decoded side by side.
            max_length: how many steps there will be at most.

        Raises:
            NotBuiltError: the model has no weights yet, or this is a definition.
            ConfigError: a size that is no positive integer.
        """
        if "_compute_dtype" not in self.__dict__:
            raise NotBuiltError(
                f"{self!r} makes a cache where it has its weights: materialise it with "
                "dn.Model(layer, input_shape) and ask model.native"
            )
        sizes: dict[str, Any] = {"batch": batch, "max_length": max_length}
        for name, size in sizes.items():
            if not isinstance(size, int) or isinstance(size, bool) or size < 1:
                raise ConfigError(f"empty_cache: {name} must be a positive integer, got {size!r}")
        (_, heads), (depth, width) = self.heads(), self.depths()
        number = self.key_kernel[0, 0]

        def zeros(*shape: int, dtype: str = self._compute_dtype) -> Tensor:
            return ops.zeros_like(ops.broadcast_to(number, shape), dtype=dtype)

        return KVCache(
            zeros(batch, heads, max_length, depth),
            zeros(batch, heads, max_length, width),
            zeros(batch, max_length, dtype="bool"),
            zeros(dtype="int64"),
        )


def _for_heads(mask: Tensor | None) -> Tensor | None:
    """A mask with an axis of heads: one for all of them, unless it has its own."""
    if mask is None or len(mask.shape) == 4:
        return mask
    return ops.expand_dims(mask, axis=-3)


class MultiHeadAttention(Projecting):
    """``Σ_h softmax(q_h k_hᵀ/√key_dim) v_h · W_o`` over ``num_heads`` heads (Vaswani et al. 2017).

    ``q = query·W_q + b_q``, ``k = key·W_k``, ``v = value·W_v + b_v``, each cut into heads
    along its last axis.  Called as ``layer(query, value, key=value, …)``; with ``cache=``, step
    after step, see :meth:`empty_cache`.

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
        seed: another seed of dropout than the model's.
        rotary_base: turns pairs of features of each head's queries and keys by their positions,
            with this longest wavelength over 2π, commonly 10000; see
            :func:`dualnet.ops.nn.rotary_embedding`.
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
    seed: int | None = None
    rotary_base: float | None = None

    def check(self) -> None:
        _check.positive(self, "num_heads", "key_dim")
        for name in ("value_dim", "output_shape"):
            if getattr(self, name) is not None:
                _check.positive(self, name)
        super().check()

    def heads(self) -> tuple[int, int]:
        return self.num_heads, self.num_heads

    def depths(self) -> tuple[int, int]:
        return self.key_dim, self.value_dim or self.key_dim

    def outputs(self, query: Shape) -> int:
        return self.output_shape or query[-1]


class GroupedQueryAttention(Projecting):
    """Multi-head attention whose heads share keys and values in groups (Ainslie et al. 2023).

    Query head ``h`` of ``H`` attends to key and value head ``⌊h·G/H⌋`` of ``G``: as
    :class:`MultiHeadAttention` where ``G = H``, and as multi-query attention (Shazeer 2019)
    where ``G = 1``.  A cache holds ``G`` heads only.

    Weights, with ``D = head_dim``: ``query_kernel (query features, H·D)``,
    ``key_kernel (key features, G·D)``, ``value_kernel (value features, G·D)``,
    ``output_kernel (H·D, query features)``, and ``query_bias``, ``value_bias``,
    ``output_bias``.

    Args:
        head_dim: ``D``, features of each head.
        num_query_heads: ``H``.
        num_key_value_heads: ``G``, a divisor of ``H``.
        dropout: the part of the attention weights that is dropped in training.
        use_bias: whether there are biases.
        use_key_bias: adds ``key_bias``, for weights that come from elsewhere.
        kernel_initializer, bias_initializer: see :mod:`dualnet.initializers`.
        seed: another seed of dropout than the model's.
        rotary_base: turns pairs of features of each head's queries and keys by their positions,
            with this longest wavelength over 2π, commonly 10000; see
            :func:`dualnet.ops.nn.rotary_embedding`.
    """

    head_dim: int
    num_query_heads: int
    num_key_value_heads: int
    dropout: float = 0.0
    use_bias: bool = True
    use_key_bias: bool = False
    kernel_initializer: str | Initializer = "glorot_uniform"
    bias_initializer: str | Initializer = "zeros"
    seed: int | None = None
    rotary_base: float | None = None

    def check(self) -> None:
        _check.positive(self, "head_dim", "num_query_heads", "num_key_value_heads")
        if self.num_query_heads % self.num_key_value_heads:
            raise ConfigError(
                f"GroupedQueryAttention: {self.num_query_heads} query heads cannot be shared out "
                f"among {self.num_key_value_heads} key and value heads; num_query_heads must be "
                "a multiple of num_key_value_heads"
            )
        super().check()

    def heads(self) -> tuple[int, int]:
        return self.num_query_heads, self.num_key_value_heads

    def depths(self) -> tuple[int, int]:
        return self.head_dim, self.head_dim
