"""Native layers with weights, in dualnet's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dualnet.foreign.layouts import channels_first, channels_last, plain, reshaped, transposed
from dualnet.protocols.foreign import Layout, Rule
from dualnet_tf.foreign._keras import keras_word
from dualnet_tf.foreign.calling import Found, layout, without_function


def named(module: Any) -> dict[str, Any]:
    """The Keras variables below a layer that is read as a whole, by the end of their path."""
    if keras_word(module) == "MultiHeadAttention":
        found = {}
        for part in ("query", "key", "value", "output"):
            dense = getattr(module, f"_{part}_dense")
            found.update({f"{part}.{v.name}": v for v in dense.weights})
        return found
    return {v.name: v for v in module.weights}


def _dense(m: Any) -> Found:
    rest = {"layout": channels_last, "call": without_function(m)}
    return "Dense", {"use_bias": m.use_bias}, (plain("kernel"), plain("bias")), rest


def _conv(m: Any) -> Found:
    n = m.rank
    options = _window(m)
    rest = {"layout": layout(m, n), "call": without_function(m)}
    kernel = plain("kernel")
    if m.groups > 1 and m.kernel.shape[-2] == 1:
        return f"DepthwiseConv{n}D", options, (_depthwise(m.groups), plain("bias")), rest
    return f"Conv{n}D", options, (kernel, plain("bias")), rest


def _window(m: Any) -> dict[str, Any]:
    return {
        "strides": tuple(m.strides),
        "padding": m.padding,
        "dilation_rate": tuple(m.dilation_rate),
        "groups": getattr(m, "groups", 1),
        "use_bias": m.use_bias,
    }


def _depthwise(channels: int) -> Rule:
    """``(*spatial, 1, in · multiplier)`` to ``(*spatial, in, multiplier)``."""

    def read(x: Any) -> Any:
        return x.reshape(*x.shape[:-2], channels, -1)

    def write(x: Any) -> Any:
        return x.reshape(*x.shape[:-2], 1, -1)

    return reshaped("kernel", "kernel", read, write)


def _depthwise_conv(m: Any) -> Found:
    options = _window(m) | {"groups": int(m.kernel.shape[-2])}
    rest = {"layout": layout(m, m.rank), "call": without_function(m)}
    return f"DepthwiseConv{m.rank}D", options, (plain("kernel"), plain("bias")), rest


def _conv_transpose(m: Any) -> Found:
    n = m.rank
    options = _window(m)
    if m.output_padding is not None:
        options["output_padding"] = m.output_padding
    kernel = transposed("kernel", "kernel", (*range(n), n + 1, n))
    rest = {"layout": layout(m, n), "call": without_function(m)}
    return f"ConvTranspose{n}D", options, (kernel, plain("bias")), rest


AFFINE = (plain("gamma"), plain("beta"))


def _last(m: Any) -> Layout:
    """The layout of a normalisation over one axis."""
    axis = m.axis[0] if isinstance(m.axis, (list, tuple)) else m.axis
    return channels_first() if axis == 1 else channels_last


def _batch_norm(m: Any) -> Found:
    options = {"epsilon": m.epsilon, "momentum": m.momentum, "unbiased": False}
    rules = (*AFFINE, plain("moving_mean"), plain("moving_variance"))
    rest = {"layout": _last(m), "states": frozenset({"moving_mean", "moving_variance"})}
    return "BatchNorm", options, rules, rest


def _layer_norm(m: Any) -> Found:
    axis = m.axis if isinstance(m.axis, (list, tuple)) else (m.axis,)
    options = {"epsilon": m.epsilon, "axis": tuple(axis)}
    kind = "RMSNorm" if getattr(m, "rms_scaling", False) else "LayerNorm"
    return kind, options, AFFINE, {"layout": channels_last}


def _rms_norm(m: Any) -> Found:
    axis = m.axis if isinstance(m.axis, (list, tuple)) else (m.axis,)
    options = {"epsilon": m.epsilon, "axis": tuple(axis)}
    return "RMSNorm", options, (plain("gamma", "scale"),), {"layout": channels_last}


def _group_norm(m: Any) -> Found:
    options = {"epsilon": m.epsilon, "groups": m.groups}
    return "GroupNorm", options, AFFINE, {"layout": _last(m)}


def _embedding(m: Any) -> Found:
    options = {"padding_idx": 0 if m.mask_zero else None}
    return "Embedding", options, (plain("embeddings"),), {"layout": channels_last}


def _attention(m: Any) -> Found:
    rules = []
    for part in ("query", "key", "value"):
        rules.append(_heads(part, "kernel", 1))
        rules.append(_heads(part, "bias", 0))
    rules.append(_joined())
    rules.append(plain("output_bias", "output.bias"))
    options = {
        "num_heads": m.num_heads,
        "key_dim": m.key_dim,
        "use_bias": m.use_bias,
        "use_key_bias": m.use_bias,
    }
    rest = {"layout": channels_last, "signature": ("query", "value", "key")}
    fitted = tuple(_fitted(rule, named(m)) for rule in rules if rule.native[0] in named(m))
    return "MultiHeadAttention", options, fitted, rest


def _heads(part: str, name: str, kept: int) -> Rule:
    """``(…, heads, size)`` to ``(…, heads · size)``; the way back is fitted to the variable."""
    return reshaped(
        f"{part}_{name}", f"{part}.{name}", lambda x: x.reshape(*x.shape[:kept], -1), _same
    )


def _joined() -> Rule:
    """``(heads, size, features)`` to ``(heads · size, features)``."""
    return reshaped("output_kernel", "output.kernel", lambda x: x.reshape(-1, x.shape[-1]), _same)


def _same(x: Any) -> Any:
    return x


def _fitted(rule: Rule, held: Mapping[str, Any]) -> Rule:
    """The rule, writing arrays of the shape of its variable."""
    shape = tuple(held[rule.native[0]].shape)
    return Rule(rule.ours, rule.native, rule.read, lambda x: (x.reshape(shape),))


def _prelu(m: Any) -> Found:
    return "PReLU", {}, (plain("alpha"),), {"layout": channels_last}


WEIGHTED: dict[str, Callable[[Any], Found]] = {
    "Dense": _dense,
    **{f"Conv{n}D": _conv for n in (1, 2, 3)},
    **{f"DepthwiseConv{n}D": _depthwise_conv for n in (1, 2)},
    **{f"Conv{n}DTranspose": _conv_transpose for n in (1, 2, 3)},
    "BatchNormalization": _batch_norm,
    "LayerNormalization": _layer_norm,
    "RMSNormalization": _rms_norm,
    "GroupNormalization": _group_norm,
    "Embedding": _embedding,
    "MultiHeadAttention": _attention,
    "PReLU": _prelu,
}
