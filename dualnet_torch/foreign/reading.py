"""Native layers in dualnet's words: kind, hyperparameters, weights, and how to run one alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from torch import Tensor, nn

from dualnet.foreign.layouts import (
    channels_first,
    channels_last,
    packed,
    plain,
    reshaped,
    transposed,
)
from dualnet.foreign.ours import definition_units
from dualnet.protocols.foreign import Rule, Unit
from dualnet_torch import layers
from dualnet_torch.foreign.recurrent import recurrent_units

#: What a reader finds: kind, hyperparameters, rules, and what differs from a plain layer.
_Found = tuple[str, dict[str, Any], tuple[Rule, ...], dict[str, Any]]


def units(model: Any, /) -> list[Unit]:
    found: list[Unit] = []
    _collect(model, "", found, set())
    return found


def _collect(module: Any, path: str, found: list[Unit], seen: set[int]) -> None:
    if id(module) in seen:
        return
    seen.add(id(module))
    made = list(_units(module, path))
    found += made
    if made and made[0].known and not isinstance(module, layers.Module):
        return  # a layer that is known is read as a whole
    for name, child in module.named_children():
        _collect(child, f"{path}.{name}" if path else name, found, seen)


def _units(module: Any, path: str) -> Iterator[Unit]:
    own = {
        **dict(module.named_parameters(recurse=False)),
        **dict(module.named_buffers(recurse=False)),
    }
    trainable = frozenset(name for name, v in own.items() if v.requires_grad)
    if isinstance(module, layers.Module):
        if hasattr(module, "_definition") and (own or not any(True for _ in module.children())):
            states = frozenset(dict(module.named_buffers(recurse=False)))
            yield from definition_units(module, path, own, states, trainable, layers.set_training)
        return
    if isinstance(module, nn.RNNBase):
        yield from recurrent_units(module, path)
        return
    reader = next((READERS[kind] for kind in type(module).__mro__ if kind in READERS), None)
    if reader is not None:
        kind, options, rules, rest = reader(module)
        kept = tuple(rule for rule in rules if all(n in _named(module) for n in rule.native))
        yield Unit(
            path,
            kind,
            type(module).__name__,
            module,
            rest.pop("call", None) or _call(module),
            options,
            _named(module),
            frozenset(name for name, v in _named(module).items() if v.requires_grad),
            kept,
            **rest,
        )
    elif own or not any(True for _ in module.children()):
        yield _unknown(module, path, own, trainable)


def _unknown(module: Any, path: str, own: dict[str, Tensor], trainable: frozenset[str]) -> Unit:
    name = type(module).__name__
    rules = tuple(plain(key) for key, v in own.items() if v.is_floating_point())
    states = frozenset(dict(module.named_buffers(recurse=False)))
    return Unit(
        path, name, name, module, _call(module), {}, own, trainable, rules, states, known=False
    )


def _named(module: Any) -> dict[str, Tensor]:
    """All variables below a module that is read as a whole."""
    return layers.variables(module)


def _call(module: Any) -> Callable[..., Mapping[str, Tensor]]:
    def run(training: bool, *args: Any, **kwargs: Any) -> Mapping[str, Tensor]:
        module.train(training)
        result = module(*args, **kwargs)
        return {"output": result[0] if isinstance(result, (tuple, list)) else result}

    return run


# Weighted layers


def _dense(m: Any) -> _Found:
    rules = (transposed("kernel", "weight", (1, 0)), plain("bias"))
    return "Dense", {"use_bias": m.bias is not None}, rules, {"layout": channels_last}


def _conv(m: Any) -> _Found:
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


def _conv_transpose(m: Any) -> _Found:
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


def _batch_norm(m: Any) -> _Found:
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


def _layer_norm(m: Any) -> _Found:
    options = {"epsilon": m.eps, "axis": tuple(range(-len(m.normalized_shape), 0))}
    return "LayerNorm", options, AFFINE, {"layout": channels_last}


def _rms_norm(m: Any) -> _Found:
    options = {"epsilon": m.eps, "axis": tuple(range(-len(m.normalized_shape), 0))}
    return "RMSNorm", options, (plain("gamma", "weight"),), {"layout": channels_last}


def _group_norm(m: Any) -> _Found:
    options = {"epsilon": m.eps, "groups": m.num_groups}
    return "GroupNorm", options, AFFINE, {"layout": channels_first()}


def _instance_norm(m: Any) -> _Found:
    options = {"epsilon": m.eps, "groups": m.num_features}
    return "GroupNorm", options, AFFINE, {"layout": channels_first()}


def _embedding(m: Any) -> _Found:
    options = {"padding_idx": m.padding_idx}
    return "Embedding", options, (plain("embeddings", "weight"),), {"layout": channels_last}


def _attention(m: Any) -> _Found:
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


# Layers without weights


def _function(name: str, **options: str) -> Callable[[Any], _Found]:
    """An activation; ``options`` are ours to the native attribute."""

    def read(m: Any) -> _Found:
        given = {ours: getattr(m, native) for ours, native in options.items()}
        return "Activation", {"activation": name, **given}, (), {}

    return read


def _softmax(name: str) -> Callable[[Any], _Found]:
    def read(m: Any) -> _Found:
        return "Activation", {"activation": name, "axis": m.dim}, (), {"layout": channels_last}

    return read


def _prelu(m: Any) -> _Found:
    return "PReLU", {}, (plain("alpha", "weight"),), {"layout": channels_first()}


def _dropout(m: Any) -> _Found:
    return "Dropout", {"rate": m.p}, (), {}


def _plain(kind: str) -> Callable[[Any], _Found]:
    return lambda m: (kind, {}, (), {})


def _pair(value: Any, n: int) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (int(value),) * n


def _pool(kind: str, n: int) -> Callable[[Any], _Found]:
    def read(m: Any) -> _Found:
        options: dict[str, Any] = {
            "pool_size": _pair(m.kernel_size, n),
            "strides": _pair(m.stride, n),
            "padding": tuple((p, p) for p in _pair(m.padding, n)),
        }
        if not any(_pair(m.padding, n)):
            options["padding"] = "valid"
        if kind == "AvgPool":
            options["count_include_pad"] = m.count_include_pad
        if m.ceil_mode:
            options["ceil_mode"] = True
        return f"{kind}{n}D", options, (), {"layout": channels_first(n)}

    return read


def _global_pool(kind: str, n: int) -> Callable[[Any], _Found]:
    def read(m: Any) -> _Found:
        size = _pair(m.output_size, n)
        rest: dict[str, Any] = {"layout": channels_first(n)}
        if set(size) != {1}:
            return f"Adaptive{kind}{n}D", {"output_size": size}, (), rest

        def run(training: bool, x: Tensor) -> Mapping[str, Tensor]:
            return {"output": m(x).flatten(1)}

        return f"Global{kind}{n}D", {}, (), {**rest, "call": run}

    return read


def _upsample(m: Any) -> _Found:
    options = {
        "size": m.size,
        "scale": m.scale_factor,
        "interpolation": m.mode,
        "align_corners": bool(m.align_corners),
        "antialias": False,
    }
    return "Resize", options, (), {"layout": channels_first()}


def _zero_padding(m: Any) -> _Found:
    flat = [int(p) for p in np.ravel(m.padding)]
    n = len(flat) // 2
    pairs = tuple((flat[2 * i], flat[2 * i + 1]) for i in reversed(range(n)))
    return f"ZeroPadding{n}D", {"padding": pairs}, (), {"layout": channels_first(n)}


READERS: dict[type, Callable[[Any], _Found]] = {
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
    nn.ReLU: _function("relu"),
    nn.ReLU6: _function("relu6"),
    nn.GELU: _function("gelu", approximate="approximate"),
    nn.LeakyReLU: _function("leaky_relu", negative_slope="negative_slope"),
    nn.ELU: _function("elu", alpha="alpha"),
    nn.SELU: _function("selu"),
    nn.SiLU: _function("silu"),
    nn.Mish: _function("mish"),
    nn.Sigmoid: _function("sigmoid"),
    nn.Hardsigmoid: _function("hard_sigmoid"),
    nn.Hardswish: _function("hard_silu"),
    nn.Tanh: _function("tanh"),
    nn.Softplus: _function("softplus", beta="beta", threshold="threshold"),
    nn.Softsign: _function("softsign"),
    nn.Softmax: _softmax("softmax"),
    nn.LogSoftmax: _softmax("log_softmax"),
    nn.modules.dropout._DropoutNd: _dropout,
    nn.Flatten: _plain("Flatten"),
    nn.Unflatten: _plain("Reshape"),
    nn.Identity: _plain("Identity"),
    nn.Upsample: _upsample,
    nn.ZeroPad1d: _zero_padding,
    nn.ZeroPad2d: _zero_padding,
    nn.ZeroPad3d: _zero_padding,
    nn.MaxPool1d: _pool("MaxPool", 1),
    nn.MaxPool2d: _pool("MaxPool", 2),
    nn.MaxPool3d: _pool("MaxPool", 3),
    nn.AvgPool1d: _pool("AvgPool", 1),
    nn.AvgPool2d: _pool("AvgPool", 2),
    nn.AvgPool3d: _pool("AvgPool", 3),
    nn.AdaptiveAvgPool1d: _global_pool("AvgPool", 1),
    nn.AdaptiveAvgPool2d: _global_pool("AvgPool", 2),
    nn.AdaptiveAvgPool3d: _global_pool("AvgPool", 3),
    nn.AdaptiveMaxPool1d: _global_pool("MaxPool", 1),
    nn.AdaptiveMaxPool2d: _global_pool("MaxPool", 2),
    nn.AdaptiveMaxPool3d: _global_pool("MaxPool", 3),
}
