"""Native layers with weights, in dualnet's words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from dualnet.foreign.layouts import (
    channels_first,
    channels_last,
    packed,
    plain,
    reshaped,
    transposed,
)
from dualnet.protocols.foreign import Rule
from dualnet_torch import layers
from dualnet_torch.foreign.calling import Found


def named(module: Any) -> dict[str, Tensor]:
    """All variables below a module that is read as a whole."""
    return layers.variables(module)


def _dense(m: Any) -> Found:
    rules = (transposed("kernel", "weight", (1, 0)), plain("bias"))
    return "Dense", {"use_bias": m.bias is not None}, rules, {"layout": channels_last}


def _conv(m: Any) -> Found:
    n = len(m.kernel_size)
    options = {
        "strides": tuple(m.stride),
        "padding": _padding(m),
        "dilation_rate": tuple(m.dilation),
        "groups": m.groups,
        "use_bias": m.bias is not None,
    }
    if m.padding_mode != "zeros":
        options["padding_mode"] = m.padding_mode
    rest = {"layout": channels_first(n)}
    if m.groups > 1 and m.groups == m.in_channels:
        return f"DepthwiseConv{n}D", options, (_depthwise(m.groups, n), plain("bias")), rest
    kernel = transposed("kernel", "weight", (*range(2, n + 2), 1, 0))
    return f"Conv{n}D", options, (kernel, plain("bias")), rest


def _depthwise(channels: int, n: int) -> Rule:
    """``(in · multiplier, 1, *spatial)`` to ``(*spatial, in, multiplier)``."""
    axes = (*range(2, n + 2), 0, 1)

    def read(x: Any) -> Any:
        return x.reshape(channels, -1, *x.shape[2:]).transpose(axes)

    def write(x: Any) -> Any:
        native = x.transpose(n, n + 1, *range(n))
        return native.reshape(-1, 1, *native.shape[2:])

    return reshaped("kernel", "weight", read, write)


def _padding(m: Any) -> Any:
    """Zeros before and after each axis, or a name."""
    if isinstance(m.padding, str):
        return m.padding
    pairs = tuple((int(p), int(p)) for p in m.padding)
    return "valid" if not any(p for pair in pairs for p in pair) else pairs


def _conv_transpose(m: Any) -> Found:
    n = len(m.kernel_size)
    options = {
        "strides": tuple(m.stride),
        "padding": _padding(m),
        "output_padding": tuple(m.output_padding),
        "dilation_rate": tuple(m.dilation),
        "groups": m.groups,
        "use_bias": m.bias is not None,
    }
    kernel = transposed("kernel", "weight", (*range(2, n + 2), 0, 1))
    return f"ConvTranspose{n}D", options, (kernel, plain("bias")), {"layout": channels_first(n)}


AFFINE = (plain("gamma", "weight"), plain("beta", "bias"))


def _batch_norm(m: Any) -> Found:
    options = {
        "epsilon": m.eps,
        "momentum": None if m.momentum is None else 1.0 - m.momentum,
        "unbiased": True,
    }
    rules = (
        *AFFINE,
        plain("moving_mean", "running_mean"),
        plain("moving_variance", "running_var"),
    )
    rest = {"layout": channels_first(), "states": frozenset({"moving_mean", "moving_variance"})}
    return "BatchNorm", options, rules, rest


def _layer_norm(m: Any) -> Found:
    options = {"epsilon": m.eps, "axis": tuple(range(-len(m.normalized_shape), 0))}
    return "LayerNorm", options, AFFINE, {"layout": channels_last}


def _rms_norm(m: Any) -> Found:
    options = {"epsilon": m.eps, "axis": tuple(range(-len(m.normalized_shape), 0))}
    return "RMSNorm", options, (plain("gamma", "weight"),), {"layout": channels_last}


def _group_norm(m: Any) -> Found:
    options = {"epsilon": m.eps, "groups": m.num_groups}
    return "GroupNorm", options, AFFINE, {"layout": channels_first()}


def _instance_norm(m: Any) -> Found:
    options = {"epsilon": m.eps, "groups": m.num_features}
    return "GroupNorm", options, AFFINE, {"layout": channels_first()}


def _embedding(m: Any) -> Found:
    options = {"padding_idx": m.padding_idx}
    return "Embedding", options, (plain("embeddings", "weight"),), {"layout": channels_last}


def _attention(m: Any) -> Found:
    names = ("query", "key", "value")
    if m.in_proj_weight is not None:
        rules: list[Rule] = [packed([f"{n}_kernel" for n in names], "in_proj_weight", turned=True)]
    else:
        rules = [transposed(f"{n}_kernel", f"{n[0]}_proj_weight", (1, 0)) for n in names]
    rules += [
        packed([f"{n}_bias" for n in names], "in_proj_bias"),
        transposed("output_kernel", "out_proj.weight", (1, 0)),
        plain("output_bias", "out_proj.bias"),
    ]
    options = {
        "num_heads": m.num_heads,
        "key_dim": m.head_dim,
        "use_bias": m.in_proj_bias is not None,
        "use_key_bias": m.in_proj_bias is not None,
    }

    def layout(rank: int) -> tuple[int, ...]:
        return (1, 0, 2) if rank == 3 and not m.batch_first else channels_last(rank)

    rest = {"layout": layout, "signature": names}
    return "MultiHeadAttention", options, tuple(rules), rest


def _prelu(m: Any) -> Found:
    return "PReLU", {}, (plain("alpha", "weight"),), {"layout": channels_first()}


WEIGHTED: dict[type, Callable[[Any], Found]] = {
    nn.Linear: _dense,
    nn.modules.conv._ConvNd: _conv,
    nn.modules.conv._ConvTransposeNd: _conv_transpose,
    nn.modules.batchnorm._BatchNorm: _batch_norm,
    nn.LayerNorm: _layer_norm,
    nn.RMSNorm: _rms_norm,
    nn.GroupNorm: _group_norm,
    nn.modules.instancenorm._InstanceNorm: _instance_norm,
    nn.Embedding: _embedding,
    nn.MultiheadAttention: _attention,
    nn.PReLU: _prelu,
}
