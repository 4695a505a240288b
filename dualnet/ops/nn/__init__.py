"""What networks need beyond arrays: one meaning on both backends (``docs/conventions.md``).

Functions that a backend provides are made from :mod:`dualnet.protocols.ops.nn`; those
composed of others are written here, once.
"""

from __future__ import annotations

from typing import Any

from dualnet.errors import no_attribute
from dualnet.ops._dispatch import composed, dispatchers
from dualnet.ops.nn.activations import hard_shrink as hard_shrink
from dualnet.ops.nn.activations import soft_shrink as soft_shrink
from dualnet.ops.nn.activations import sparse_plus as sparse_plus
from dualnet.ops.nn.activations import sparse_sigmoid as sparse_sigmoid
from dualnet.ops.nn.activations import sparsemax as sparsemax
from dualnet.ops.nn.activations import squareplus as squareplus
from dualnet.ops.nn.activations import tanh_shrink as tanh_shrink
from dualnet.ops.nn.activations import threshold as threshold
from dualnet.ops.nn.adaptive import adaptive_avg_pool as adaptive_avg_pool
from dualnet.ops.nn.adaptive import adaptive_max_pool as adaptive_max_pool
from dualnet.ops.nn.attention import attention_softmax as attention_softmax
from dualnet.ops.nn.attention import attention_weights as attention_weights
from dualnet.ops.nn.directions import normalize as normalize
from dualnet.ops.nn.positions import position_encoding as position_encoding
from dualnet.ops.nn.positions import rotary_embedding as rotary_embedding
from dualnet.ops.nn.resizing import resize as resize
from dualnet.protocols.ops.nn import CHAPTERS

_functions = dispatchers(CHAPTERS, lambda backend: backend.ops.nn)
globals().update(_functions)

_composed = (
    "adaptive_avg_pool",
    "adaptive_max_pool",
    "attention_softmax",
    "attention_weights",
    "hard_shrink",
    "normalize",
    "position_encoding",
    "resize",
    "rotary_embedding",
    "soft_shrink",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "tanh_shrink",
    "threshold",
)

globals().update({name: composed(globals()[name]) for name in _composed})

__all__ = sorted([*_composed, *_functions])  # noqa: PLE0605 - the protocol is the list


def __getattr__(name: str) -> Any:
    """Tells the type checker that names exist which it does not see being made."""
    raise no_attribute(__name__, name, __all__)
