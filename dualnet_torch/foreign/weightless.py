"""Native layers without weights, in dualnet's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from torch import Tensor, nn

from dualnet.foreign.layouts import channels_first, channels_last
from dualnet_torch.foreign.calling import Found


def _function(name: str, **options: str) -> Callable[[Any], Found]:
    """An activation; ``options`` are ours to the native attribute."""

    def read(m: Any) -> Found:
        given = {ours: getattr(m, native) for ours, native in options.items()}
        return "Activation", {"activation": name, **given}, (), {}

    return read


def _softmax(name: str) -> Callable[[Any], Found]:
    def read(m: Any) -> Found:
        return "Activation", {"activation": name, "axis": m.dim}, (), {"layout": channels_last}

    return read


def _dropout(m: Any) -> Found:
    return "Dropout", {"rate": m.p}, (), {}


def _plain(kind: str) -> Callable[[Any], Found]:
    return lambda m: (kind, {}, (), {})


def _pair(value: Any, n: int) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (int(value),) * n


def _pool(kind: str, n: int) -> Callable[[Any], Found]:
    def read(m: Any) -> Found:
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


def _global_pool(kind: str, n: int) -> Callable[[Any], Found]:
    def read(m: Any) -> Found:
        size = _pair(m.output_size, n)
        rest: dict[str, Any] = {"layout": channels_first(n)}
        if set(size) != {1}:
            return f"Adaptive{kind}{n}D", {"output_size": size}, (), rest

        def run(training: bool, x: Tensor) -> Mapping[str, Tensor]:
            return {"output": m(x).flatten(1)}

        return f"Global{kind}{n}D", {}, (), {**rest, "call": run}

    return read


def _upsample(m: Any) -> Found:
    options = {
        "size": m.size,
        "scale": m.scale_factor,
        "interpolation": m.mode,
        "align_corners": bool(m.align_corners),
        "antialias": False,
    }
    return "Resize", options, (), {"layout": channels_first()}


def _zero_padding(m: Any) -> Found:
    flat = [int(p) for p in np.ravel(m.padding)]
    n = len(flat) // 2
    pairs = tuple((flat[2 * i], flat[2 * i + 1]) for i in reversed(range(n)))
    return f"ZeroPadding{n}D", {"padding": pairs}, (), {"layout": channels_first(n)}


WEIGHTLESS: dict[type, Callable[[Any], Found]] = {
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
