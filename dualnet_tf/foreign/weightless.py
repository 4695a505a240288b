"""Native layers without weights, in dualnet's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from dualnet.foreign.layouts import anything, channels_last
from dualnet.protocols.foreign import Layout
from dualnet_tf.foreign.calling import Found, call, layout


def function_options(function: Any) -> dict[str, Any]:
    """The name of a function of Keras, and the constants of its default form."""
    name = getattr(function, "__name__", type(function).__name__)
    defaults: dict[str, dict[str, Any]] = {
        "gelu": {"approximate": "none"},
        "leaky_relu": {"negative_slope": 0.2},
        "elu": {"alpha": 1.0},
        "softmax": {"axis": -1},
        "log_softmax": {"axis": -1},
    }
    return {"activation": name, **defaults.get(name, {})}


def _function(m: Any) -> Found:
    return "Activation", function_options(m.activation), (), {"layout": anything}


def _relu(m: Any) -> Found:
    plain_relu = m.max_value is None and not m.negative_slope and not m.threshold
    if plain_relu:
        return "Activation", {"activation": "relu"}, (), {}
    if m.max_value == 6 and not m.negative_slope and not m.threshold:
        return "Activation", {"activation": "relu6"}, (), {}
    options = {k: getattr(m, k) for k in ("max_value", "negative_slope", "threshold")}
    return "Activation", {"activation": "relu", **options}, (), {}


def _leaky_relu(m: Any) -> Found:
    options = {"activation": "leaky_relu", "negative_slope": float(m.negative_slope)}
    return "Activation", options, (), {}


def _elu(m: Any) -> Found:
    return "Activation", {"activation": "elu", "alpha": float(m.alpha)}, (), {}


def _softmax(m: Any) -> Found:
    return "Activation", {"activation": "softmax", "axis": m.axis}, (), {"layout": channels_last}


def _dropout(m: Any) -> Found:
    return "Dropout", {"rate": m.rate}, (), {}


def _plain(kind: str, layout: Layout = anything) -> Callable[[Any], Found]:
    return lambda m: (kind, {}, (), {"layout": layout})


def _pool(kind: str, n: int) -> Callable[[Any], Found]:
    def read(m: Any) -> Found:
        options: dict[str, Any] = {
            "pool_size": tuple(m.pool_size),
            "strides": tuple(m.strides),
            "padding": m.padding,
        }
        if kind == "AvgPool":
            options["count_include_pad"] = False
        return f"{kind}{n}D", options, (), {"layout": layout(m, n)}

    return read


def _global_pool(kind: str, n: int) -> Callable[[Any], Found]:
    def read(m: Any) -> Found:
        run = call(m)

        def flat(training: bool, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
            output = run(training, *args, **kwargs)["output"]
            return {"output": tf.reshape(output, (output.shape[0], -1))}

        return f"Global{kind}{n}D", {}, (), {"layout": layout(m, n), "call": flat}

    return read


def _upsample(m: Any) -> Found:
    size = m.size if isinstance(m.size, (list, tuple)) else (m.size,)
    options = {
        "size": None,
        "scale": tuple(size),
        "interpolation": getattr(m, "interpolation", "nearest"),
        "align_corners": False,
        "antialias": False,
    }
    return "Resize", options, (), {"layout": layout(m)}


def _resizing(m: Any) -> Found:
    options = {
        "size": (m.height, m.width),
        "scale": None,
        "interpolation": m.interpolation,
        "align_corners": False,
        "antialias": m.antialias,
    }
    return "Resize", options, (), {"layout": layout(m)}


def _zero_padding(n: int) -> Callable[[Any], Found]:
    def read(m: Any) -> Found:
        pairs = (m.padding,) if n == 1 else m.padding
        options = {"padding": tuple((int(low), int(high)) for low, high in pairs)}
        return f"ZeroPadding{n}D", options, (), {"layout": layout(m, n)}

    return read


WEIGHTLESS: dict[str, Callable[[Any], Found]] = {
    "Activation": _function,
    "ReLU": _relu,
    "LeakyReLU": _leaky_relu,
    "ELU": _elu,
    "Softmax": _softmax,
    "Dropout": _dropout,
    **{f"SpatialDropout{n}D": _dropout for n in (1, 2, 3)},
    "Flatten": _plain("Flatten"),
    "Reshape": _plain("Reshape"),
    "Permute": _plain("Permute"),
    "Identity": _plain("Identity"),
    **{name: _plain(name) for name in ("Add", "Subtract", "Multiply", "Average", "Maximum")},
    "Concatenate": _plain("Concatenate", channels_last),
    **{f"UpSampling{n}D": _upsample for n in (1, 2, 3)},
    "Resizing": _resizing,
    **{f"ZeroPadding{n}D": _zero_padding(n) for n in (1, 2, 3)},
    **{f"MaxPooling{n}D": _pool("MaxPool", n) for n in (1, 2, 3)},
    **{f"AveragePooling{n}D": _pool("AvgPool", n) for n in (1, 2, 3)},
    **{f"GlobalAveragePooling{n}D": _global_pool("AvgPool", n) for n in (1, 2, 3)},
    **{f"GlobalMaxPooling{n}D": _global_pool("MaxPool", n) for n in (1, 2, 3)},
}
