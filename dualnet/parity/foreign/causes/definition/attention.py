"""Multi-head attention in NumPy.

Beside the options of :class:`~dualnet.parity.foreign.facts.Facts`:

===============  ==========================================================================
``scale``        what scores are multiplied by; ``1/√key_dim`` if not given
``interleaved``  whether features are cut into ``(key_dim, heads)`` instead of
                 ``(heads, key_dim)``
``causal``       whether target ``i`` sees sources ``0 … i`` only
``blocks``       whether True in the mask blocks instead of keeping
``over``         the axis of the softmax among ``(heads, targets, sources)``
===============  ==========================================================================
"""

from __future__ import annotations

import math

import numpy as np

from dualnet.parity.foreign.causes.definition.activations import FUNCTIONS
from dualnet.parity.foreign.facts import Facts
from dualnet.typing import NDArray

__all__ = ["attention"]


def attention(
    facts: Facts,
    query: NDArray,
    value: NDArray | None = None,
    key: NDArray | None = None,
    mask: NDArray | None = None,
) -> NDArray:
    """``Σ_h softmax(scale · q_h k_hᵀ) v_h · W_o`` (Vaswani et al. 2017)."""
    value = query if value is None else value
    key = value if key is None else key
    q, k, v = (
        _heads(facts, _projected(facts, name, x))
        for name, x in (("query", query), ("key", key), ("value", value))
    )
    scale = facts.options.get("scale") or 1.0 / math.sqrt(q.shape[-1])
    scores = scale * q @ k.swapaxes(-1, -2)
    weights = _softmax(facts, scores, _seen(facts, scores, mask))
    return _projected(facts, "output", _merged(facts, weights @ v))


def _projected(facts: Facts, name: str, x: NDArray) -> NDArray:
    return x @ facts.weights[f"{name}_kernel"] + facts.weights.get(f"{name}_bias", 0.0)


def _heads(facts: Facts, x: NDArray) -> NDArray:
    """``(batch, heads, time, features)``."""
    heads = facts.options["num_heads"]
    if facts.options.get("interleaved", False):
        return np.moveaxis(x.reshape(*x.shape[:-1], -1, heads), -1, 1)
    return x.reshape(*x.shape[:-1], heads, -1).swapaxes(1, 2)


def _merged(facts: Facts, x: NDArray) -> NDArray:
    interleaved = facts.options.get("interleaved", False)
    x = np.moveaxis(x, 1, -1) if interleaved else x.swapaxes(1, 2)
    return x.reshape(*x.shape[:2], -1)


def _seen(facts: Facts, scores: NDArray, mask: NDArray | None) -> NDArray:
    """True where a target may see a source."""
    seen = np.ones(scores.shape, bool)
    if mask is not None:
        keep = mask.astype(bool) ^ bool(facts.options.get("blocks", False))
        seen &= keep if keep.ndim == scores.ndim else np.expand_dims(keep, -3)
    return np.tril(seen) if facts.options.get("causal", False) else seen


def _softmax(facts: Facts, scores: NDArray, seen: NDArray) -> NDArray:
    """Zero where nothing may be seen."""
    axis = facts.options.get("over", -1)
    lowest = np.where(seen, scores, -1e300)
    weights = FUNCTIONS["softmax"](lowest, {"axis": axis})
    return np.where(seen, weights, 0.0)
