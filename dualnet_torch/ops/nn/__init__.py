"""What networks need beyond arrays, on PyTorch."""

from __future__ import annotations

from dualnet_torch.ops.nn.activations import (
    celu,
    elu,
    gelu,
    glu,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    mish,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    softmax,
    softplus,
    softsign,
)
from dualnet_torch.ops.nn.attention import (
    dot_product_attention,
    masked_softmax,
    merge_heads,
    split_heads,
    write_steps,
)
from dualnet_torch.ops.nn.convolution import conv, conv_transpose, depthwise_conv
from dualnet_torch.ops.nn.losses import label_cross_entropy
from dualnet_torch.ops.nn.normalization import (
    batch_norm,
    batch_norm_training,
    group_norm,
    layer_norm,
    rms_norm,
)
from dualnet_torch.ops.nn.pooling import avg_pool, max_pool
from dualnet_torch.ops.nn.products import embedding, linear, linears, one_hot
from dualnet_torch.ops.nn.recurrent import gru, gru_cell, lstm, recur, rnn, zero_state
from dualnet_torch.ops.nn.regularization import dropout, normal_like
from dualnet_torch.ops.nn.sampling import axis_size, places
from dualnet_torch.ops.nn.segments import segment_max, segment_mean, segment_min, segment_sum

__all__ = [
    "avg_pool",
    "axis_size",
    "batch_norm",
    "batch_norm_training",
    "celu",
    "conv",
    "conv_transpose",
    "depthwise_conv",
    "dot_product_attention",
    "dropout",
    "elu",
    "embedding",
    "gelu",
    "glu",
    "group_norm",
    "gru",
    "gru_cell",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "label_cross_entropy",
    "layer_norm",
    "leaky_relu",
    "linear",
    "linears",
    "log_sigmoid",
    "log_softmax",
    "lstm",
    "masked_softmax",
    "max_pool",
    "merge_heads",
    "mish",
    "normal_like",
    "one_hot",
    "places",
    "recur",
    "relu",
    "relu6",
    "rms_norm",
    "rnn",
    "segment_max",
    "segment_mean",
    "segment_min",
    "segment_sum",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "split_heads",
    "write_steps",
    "zero_state",
]
