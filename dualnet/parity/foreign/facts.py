"""What a native layer is, in dualnet's words: its kind, its hyperparameters, its weights.

A backend reads a native layer of its framework into :class:`Facts` and writes weights back;
everything else here speaks of facts and NumPy arrays only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dualnet.typing import NDArray

__all__ = ["Facts"]


@dataclass(frozen=True, eq=False)
class Facts:
    """One native layer, or optimizer, in the words and layouts of dualnet.

    ========================  ===========================================================
    ``kind``                  ``options`` (those of the definition) and ``weights``
    ========================  ===========================================================
    ``"Dense"``               ``activation``; ``kernel`` (in, out), ``bias``
    ``"Conv1D"`` … ``"3D"``   ``strides``, ``padding`` (``"same"``, ``"valid"`` or pairs),
                              ``dilation_rate``, ``groups``, ``activation``; ``kernel``
                              (\\*spatial, in / groups, out), ``bias``
    ``"DepthwiseConv2D"``     the same; ``kernel`` (\\*spatial, in, multiplier), ``bias``
    ``"ConvTranspose2D"``     the same; ``kernel`` (\\*spatial, in, out), ``bias``
    ``"BatchNorm"``           ``epsilon``, ``momentum`` (of the old value),
                              ``unbiased`` (of the moving variance); ``gamma``, ``beta``,
                              ``moving_mean``, ``moving_variance``
    ``"LayerNorm"``, …        ``epsilon`` (``groups``); ``gamma``, ``beta``
    ``"Embedding"``           ``padding_idx``; ``embeddings`` (vocabulary, size)
    ``"LSTM"``, ``"GRU"``,    ``units``, ``return_sequences``, ``go_backwards``,
    ``"SimpleRNN"``           ``bidirectional``, ``merge_mode``, ``reset_after``;
                              ``kernel`` (in, gates · units), ``recurrent_kernel``, ``bias``
                              (gates · units; of GRU (2, 3 · units)); of the backward
                              direction ``kernel_back``, …; gates in dualnet's order
                              (i, f, g, o; r, z, n).  Each layer of a stack is a layer of
                              its own, with the paths ``"lstm.0"``, ``"lstm.1"``
    ``"MultiHeadAttention"``  ``num_heads``, ``key_dim``, ``use_bias``;
                              ``query_kernel``, … as in :class:`dualnet.nn.MultiHeadAttention`
    pooling                   ``pool_size``, ``strides``, ``padding``, ``count_include_pad``
    ``"Resize"``              ``size`` or ``scale``, ``interpolation``, ``align_corners``,
                              ``antialias``
    ``"Activation"``          ``activation`` (its name), ``approximate`` (``"none"`` or
                              ``"tanh"``), ``negative_slope``, ``alpha``, ``axis``.  One that
                              ends another layer is a layer of its own, ``"dense.activation"``
    ``"ZeroPadding2D"``, …    ``padding`` (pairs).  Before a convolution it is part of that
                              layer's ``padding``
    ``"Dropout"``, ``"Flatten"``, ``"Reshape"``, …
                              ``rate``; seen in ``Parting.alone_a`` and ``alone_b`` only
    an optimizer              its hyperparameters by the names of :mod:`dualnet.optim`
    ========================  ===========================================================

    Attributes:
        path: dotted path in the model.
        kind: the name of dualnet's layer that does the same; the native class's own name
            where there is none.
        native: the native class's name, for messages.
        options: hyperparameters, by dualnet's names.
        weights: arrays by dualnet's names, in dualnet's layout.
        known: whether ``kind`` is one of dualnet's words.
    """

    path: str
    kind: str
    native: str
    options: Mapping[str, Any] = field(default_factory=dict)
    weights: Mapping[str, NDArray] = field(default_factory=dict)
    known: bool = True
