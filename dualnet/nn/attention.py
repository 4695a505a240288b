"""Attention of targets to sources as they come: no projections, one head."""

from __future__ import annotations

from typing import Any

from dualnet import dtypes, ops
from dualnet.errors import DtypeError, ShapeError, unknown_name
from dualnet.nn import _check
from dualnet.nn.masks import combined, parted, unwrapped, wrapped
from dualnet.nn.regularization import Noisy
from dualnet.typing import Shape, Tensor

__all__ = ["AdditiveAttention", "Attending", "Attention"]

SCORE_MODES = ("dot", "concat")


class Attending(Noisy):
    """Base of the attention layers: what targets see of sources, and dropout of the weights.

    Called as ``layer(query, value, key=value, …)``.  Where query, value or key is
    :class:`dualnet.nn.Masked`, its mask is the padding mask, and the result has the query's.

    Hyperparameters of every subclass: ``dropout`` and ``seed``.
    """

    def check(self) -> None:
        _check.fraction(self, "dropout")

    def build(self, query: Shape, value: Shape, key: Shape | None = None, *masks: Any) -> None:
        for shape in (query, value, key or value):
            _check.rank(self, shape, 3, 3, "the layout is (batch, time, features)")
        if self.dropout:
            self.build_noise(self.seed)

    def forward_masked(
        self, query: Any, value: Any, key: Any = None, *rest: Any, **options: Any
    ) -> Any:
        given = {"query": query, "value": value, "key": key}
        carried = parted(query)[1] is not None
        masks = {
            f"{name}_mask": combined(parted(x)[1], options.pop(f"{name}_mask", None))
            for name, x in given.items()
        }
        found = self.forward(*unwrapped([*given.values(), *rest]), **unwrapped(options), **masks)
        mask = masks["query_mask"] if carried else None
        if isinstance(found, tuple):
            return wrapped(found[0], mask), *found[1:]
        return wrapped(found, mask)

    def thinned(self, weights: Tensor) -> Tensor:
        """The weights of a call in training, after dropout."""
        return self.dropped(weights, self.dropout) if self.training and self.dropout else weights


def padding(layer: Any, query: Tensor | None, *sources: Tensor | None) -> Tensor | None:
    """Masks ``(batch, time)`` of query, value and key as one ``(batch, targets, sources)``.

    Raises:
        ShapeError, DtypeError: one of them is no boolean ``(batch, time)``.
    """
    for mask in (query, *sources):
        check_mask(layer, mask, 2, 2, "(batch, time)")
    seen = combined(*sources)
    rows = None if query is None else ops.expand_dims(query, axis=-1)
    return combined(rows, None if seen is None else ops.expand_dims(seen, axis=-2))


def check_mask(layer: Any, mask: Tensor | None, least: int, most: int, layout: str) -> None:
    """Refuses a mask that is not boolean, or has another rank.

    Raises:
        ShapeError, DtypeError
    """
    if mask is None:
        return
    if not least <= len(mask.shape) <= most:
        raise ShapeError(
            f"{layer._definition!r} takes masks {layout}, got shape {tuple(mask.shape)}"
        )
    if dtypes.canonical(mask.dtype) != "bool":
        raise DtypeError(
            f"{layer._definition!r} takes boolean masks, True where a step is there, got "
            f"{dtypes.canonical(mask.dtype)}; write mask != 0"
        )


class Single(Attending):
    """Base of the attention layers of one head: ``Σ_j softmax_j(score(q_i, k_j)) v_j``."""

    def weights(self, query: Tensor, key: Tensor, mask: Tensor | None, causal: bool) -> Tensor:
        """``(batch, targets, sources)``, each target's sum 1, or 0 if it sees nothing."""
        raise NotImplementedError(f"{type(self).__name__} defines no weights(query, key, …)")

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
    ) -> Any:
        """``(batch, targets, features of value)``, and the weights if asked for.

        Args:
            query: ``(batch, targets, features)``.
            value: ``(batch, sources, features)``.
            key: the same; ``value`` if not given.
            attention_mask: boolean, ``(batch, targets, sources)``: True keeps.  A target that
                may see nothing gets 0.
            use_causal_mask: target ``i`` sees sources ``0 … i`` only.
            return_attention_scores: gives the weights ``(batch, targets, sources)`` too.
            query_mask, value_mask, key_mask: boolean ``(batch, time)``, True where a step is
                there: targets that are not get 0, sources that are not are not seen.
        """
        check_mask(self, attention_mask, 3, 3, "(batch, targets, sources)")
        mask = combined(attention_mask, padding(self, query_mask, value_mask, key_mask))
        weights = self.weights(query, value if key is None else key, mask, use_causal_mask)
        y = ops.matmul(self.thinned(weights), value)
        return (y, weights) if return_attention_scores else y


class Attention(Single):
    """``Σ_j softmax_j(score(q_i, k_j)) v_j``, the score a product or a sum (Luong et al. 2015).

    The score is ``scale · q_i·k_j`` for ``"dot"``, and ``w · Σ tanh(scale · (q_i + k_j))`` for
    ``"concat"``.  Called as ``layer(query, value, key=value, …)``.

    Weights: the number ``scale``, 1 at first, if ``use_scale``; the number
    ``concat_score_weight``, ``w`` above, 1 at first, for ``"concat"``.

    >>> from dualnet import nn
    >>> x = nn.Input((5, 3))
    >>> net = nn.Graph(x, nn.Attention()(x, x))

    Args:
        use_scale: whether the scores have a factor that is learned; otherwise it is 1.
        score_mode: ``"dot"`` or ``"concat"``.
        dropout: the part of the attention weights that is dropped in training.
        seed: another seed of dropout than the model's.
    """

    use_scale: bool = False
    score_mode: str = "dot"
    dropout: float = 0.0
    seed: int | None = None

    def check(self) -> None:
        super().check()
        if self.score_mode not in SCORE_MODES:
            raise unknown_name("score mode", self.score_mode, SCORE_MODES)

    def build(self, query: Shape, value: Shape, key: Shape | None = None, *masks: Any) -> None:
        super().build(query, value, key, *masks)
        _check_features(self, query, key or value)
        if self.use_scale:
            self.add_weight("scale", (), "ones")
        if self.score_mode == "concat":
            self.add_weight("concat_score_weight", (), "ones")

    def weights(self, query: Tensor, key: Tensor, mask: Tensor | None, causal: bool) -> Tensor:
        scale = self.scale if self.use_scale else 1.0
        if self.score_mode == "dot":
            return ops.nn.attention_weights(query, key, mask=mask, scale=scale, causal=causal)
        scores = self.concat_score_weight * ops.sum(ops.tanh(scale * _pairs(query, key)), axis=-1)
        return ops.nn.attention_softmax(scores, mask=mask, causal=causal)


class AdditiveAttention(Single):
    """``Σ_j softmax_j(Σ w·tanh(q_i + k_j)) v_j`` (Bahdanau et al. 2015).

    Called as ``layer(query, value, key=value, …)``.

    Weights: ``scale (features,)``, ``w`` above, if ``use_scale``.

    Args:
        use_scale: whether there is a ``w``; otherwise it is 1.
        dropout: the part of the attention weights that is dropped in training.
        seed: another seed of dropout than the model's.
    """

    use_scale: bool = True
    dropout: float = 0.0
    seed: int | None = None

    def build(self, query: Shape, value: Shape, key: Shape | None = None, *masks: Any) -> None:
        super().build(query, value, key, *masks)
        _check_features(self, query, key or value)
        if self.use_scale:
            self.add_weight("scale", (query[-1],))

    def weights(self, query: Tensor, key: Tensor, mask: Tensor | None, causal: bool) -> Tensor:
        terms = ops.tanh(_pairs(query, key))
        scores = ops.sum(self.scale * terms if self.use_scale else terms, axis=-1)
        return ops.nn.attention_softmax(scores, mask=mask, causal=causal)


def _pairs(query: Tensor, key: Tensor) -> Tensor:
    """``q_i + k_j``, ``(batch, targets, sources, features)``."""
    return ops.expand_dims(query, axis=-2) + ops.expand_dims(key, axis=-3)


def _check_features(layer: Any, query: Shape, key: Shape) -> None:
    if query[-1] != key[-1]:
        raise ShapeError(
            f"{layer._definition!r} compares queries with keys: both need the same number of "
            f"features, got shapes {query} and {key}; put an nn.Dense before one of them, or use "
            "nn.MultiHeadAttention, which has projections"
        )
