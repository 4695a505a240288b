"""What networks need beyond arrays, chapter by chapter.  Layout is channels last."""

from __future__ import annotations

from typing import Protocol

from dualnet.protocols.ops.nn.activations import Activations
from dualnet.protocols.ops.nn.attention import Attention
from dualnet.protocols.ops.nn.convolution import Convolution
from dualnet.protocols.ops.nn.losses import Losses
from dualnet.protocols.ops.nn.normalization import Normalization
from dualnet.protocols.ops.nn.pooling import Pooling
from dualnet.protocols.ops.nn.products import Products
from dualnet.protocols.ops.nn.recurrent import Recurrent
from dualnet.protocols.ops.nn.regularization import Regularization
from dualnet.protocols.ops.nn.sampling import Sampling
from dualnet.protocols.ops.nn.segments import Segments

__all__ = ["CHAPTERS", "NN"]

CHAPTERS: tuple[type, ...] = (
    Activations,
    Attention,
    Convolution,
    Losses,
    Normalization,
    Pooling,
    Products,
    Recurrent,
    Regularization,
    Sampling,
    Segments,
)


class NN(
    Activations,
    Attention,
    Convolution,
    Losses,
    Normalization,
    Pooling,
    Products,
    Recurrent,
    Regularization,
    Sampling,
    Segments,
    Protocol,
):
    """Every function of ``ops.nn`` that a backend provides."""
