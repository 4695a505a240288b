"""Native layers in dualnet's words: kind, hyperparameters, weights, and how to run one alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import tensorflow as tf

from dualnet.foreign.layouts import (
    anything,
    channels_first,
    channels_last,
    plain,
    reshaped,
    transposed,
)
from dualnet.foreign.ours import definition_units
from dualnet.protocols.foreign import Layout, Rule, Unit
from dualnet_tf import layers
from dualnet_tf.foreign._keras import is_keras, keras_children, takes_training
from dualnet_tf.foreign.recurrent import recurrent_units

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
    for name, child in _children(module):
        _collect(child, f"{path}.{name}" if path else name, found, seen)


def _children(module: Any) -> Iterator[tuple[str, Any]]:
    if is_keras(module):
        yield from keras_children(module)
    elif isinstance(module, layers.Module):
        yield from module._children.items()
        if isinstance(module, layers.Adopted):
            yield "native", module.native
    else:
        pairs = module._flatten(
            predicate=lambda leaf: isinstance(leaf, tf.Module) or is_keras(leaf),
            recursive=False,
            with_path=True,
        )
        yield from ((".".join(map(str, path)), child) for path, child in pairs)


def _units(module: Any, path: str) -> Iterator[Unit]:
    if isinstance(module, layers.Module):
        own = dict(module._own) if not isinstance(module, layers.Adopted) else {}
        if hasattr(module, "_definition") and (own or not module._children):
            trainable = frozenset(name for name, v in own.items() if v.trainable)
            states = frozenset(module._states)
            yield from definition_units(module, path, own, states, trainable, layers.set_training)
        return
    if not is_keras(module):
        own = _own(module)
        if own or not any(True for _ in _children(module)):
            yield _unknown(module, path, own, frozenset(n for n, v in own.items() if v.trainable))
        return
    if _word(module) in ("LSTM", "GRU", "SimpleRNN", "Bidirectional"):
        yield from recurrent_units(module, path)
        return
    reader = READERS.get(_word(module))
    if reader is not None:
        kind, options, rules, rest = reader(module)
        held = _named(module)
        yield Unit(
            path,
            kind,
            type(module).__name__,
            module,
            rest.pop("call", None) or _call(module),
            options,
            {name: v.value for name, v in held.items()},
            frozenset(name for name, v in held.items() if v.trainable),
            tuple(rule for rule in rules if all(n in held for n in rule.native)),
            **rest,
        )
        if _ends_with_function(module):
            yield _activation(module, path)
        return
    held = {v.name: v for v in (*module._trainable_variables, *module._non_trainable_variables)}
    if held or not module._layers:
        own = {name: v.value for name, v in held.items()}
        yield _unknown(module, path, own, frozenset(n for n, v in held.items() if v.trainable))


def _word(module: Any) -> str:
    """The name of the Keras layer that this is, or derives from."""
    kinds = (kind for kind in type(module).__mro__ if kind.__module__.startswith("keras."))
    return next((kind.__name__ for kind in kinds), "")


def _own(module: Any) -> dict[str, tf.Variable]:
    """The variables of a plain module itself."""
    pairs = module._flatten(
        predicate=lambda leaf: isinstance(leaf, tf.Variable), recursive=False, with_path=True
    )
    return {".".join(map(str, path)): variable for path, variable in pairs}


def _unknown(
    module: Any, path: str, own: dict[str, tf.Variable], trainable: frozenset[str]
) -> Unit:
    name = type(module).__name__
    rules = tuple(plain(key) for key, v in own.items() if v.dtype.is_floating)
    states = frozenset(own) - trainable
    return Unit(
        path, name, name, module, _call(module), {}, own, trainable, rules, states, known=False
    )


def _named(module: Any) -> dict[str, Any]:
    """The Keras variables below a layer that is read as a whole, by the end of their path."""
    if _word(module) == "MultiHeadAttention":
        found = {}
        for part in ("query", "key", "value", "output"):
            dense = getattr(module, f"_{part}_dense")
            found.update({f"{part}.{v.name}": v for v in dense.weights})
        return found
    return {v.name: v for v in module.weights}


def _call(module: Any) -> Callable[..., Mapping[str, Any]]:
    mode = takes_training(module)

    def run(training: bool, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        result = module(*args, **kwargs, **({"training": training} if mode else {}))
        return {"output": result[0] if isinstance(result, (tuple, list)) else result}

    return run


# Activations that end a layer


def _ends_with_function(module: Any) -> bool:
    function = getattr(module, "activation", None)
    folded = _word(module) not in ("Activation", "MultiHeadAttention")
    return folded and function is not None and function.__name__ != "linear"


def _without_function(module: Any) -> Callable[..., Mapping[str, Any]]:
    whole = _call(module)

    def run(training: bool, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        function = getattr(module, "activation", None)
        if function is None:
            return whole(training, *args, **kwargs)
        module.activation = None
        try:
            return whole(training, *args, **kwargs)
        finally:
            module.activation = function

    return run


def _activation(module: Any, path: str) -> Unit:
    function = module.activation

    def run(training: bool, x: Any) -> Mapping[str, Any]:
        return {"output": function(x)}

    options = _function_options(function)
    name = function.__name__
    return Unit(f"{path}.activation", "Activation", name, module, run, options)


def _function_options(function: Any) -> dict[str, Any]:
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


# Weighted layers


def _layout(m: Any, spatial: int | None = None) -> Layout:
    return channels_first(spatial) if m.data_format == "channels_first" else channels_last


def _dense(m: Any) -> _Found:
    rest = {"layout": channels_last, "call": _without_function(m)}
    return "Dense", {"use_bias": m.use_bias}, (plain("kernel"), plain("bias")), rest


def _conv(m: Any) -> _Found:
    n = m.rank
    options = _window(m)
    rest = {"layout": _layout(m, n), "call": _without_function(m)}
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


def _depthwise_conv(m: Any) -> _Found:
    options = _window(m) | {"groups": int(m.kernel.shape[-2])}
    rest = {"layout": _layout(m, m.rank), "call": _without_function(m)}
    return f"DepthwiseConv{m.rank}D", options, (plain("kernel"), plain("bias")), rest


def _conv_transpose(m: Any) -> _Found:
    n = m.rank
    options = _window(m)
    if m.output_padding is not None:
        options["output_padding"] = m.output_padding
    kernel = transposed("kernel", "kernel", (*range(n), n + 1, n))
    rest = {"layout": _layout(m, n), "call": _without_function(m)}
    return f"ConvTranspose{n}D", options, (kernel, plain("bias")), rest


AFFINE = (plain("gamma"), plain("beta"))


def _last(m: Any) -> Layout:
    """The layout of a normalisation over one axis."""
    axis = m.axis[0] if isinstance(m.axis, (list, tuple)) else m.axis
    return channels_first() if axis == 1 else channels_last


def _batch_norm(m: Any) -> _Found:
    options = {"epsilon": m.epsilon, "momentum": m.momentum, "unbiased": False}
    rules = (*AFFINE, plain("moving_mean"), plain("moving_variance"))
    rest = {"layout": _last(m), "states": frozenset({"moving_mean", "moving_variance"})}
    return "BatchNorm", options, rules, rest


def _layer_norm(m: Any) -> _Found:
    axis = m.axis if isinstance(m.axis, (list, tuple)) else (m.axis,)
    options = {"epsilon": m.epsilon, "axis": tuple(axis)}
    kind = "RMSNorm" if getattr(m, "rms_scaling", False) else "LayerNorm"
    return kind, options, AFFINE, {"layout": channels_last}


def _rms_norm(m: Any) -> _Found:
    axis = m.axis if isinstance(m.axis, (list, tuple)) else (m.axis,)
    options = {"epsilon": m.epsilon, "axis": tuple(axis)}
    return "RMSNorm", options, (plain("gamma", "scale"),), {"layout": channels_last}


def _group_norm(m: Any) -> _Found:
    options = {"epsilon": m.epsilon, "groups": m.groups}
    return "GroupNorm", options, AFFINE, {"layout": _last(m)}


def _embedding(m: Any) -> _Found:
    options = {"padding_idx": 0 if m.mask_zero else None}
    return "Embedding", options, (plain("embeddings"),), {"layout": channels_last}


def _attention(m: Any) -> _Found:
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
    fitted = tuple(_fitted(rule, _named(m)) for rule in rules if rule.native[0] in _named(m))
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


# Layers without weights


def _function(m: Any) -> _Found:
    return "Activation", _function_options(m.activation), (), {"layout": anything}


def _relu(m: Any) -> _Found:
    plain_relu = m.max_value is None and not m.negative_slope and not m.threshold
    if plain_relu:
        return "Activation", {"activation": "relu"}, (), {}
    if m.max_value == 6 and not m.negative_slope and not m.threshold:
        return "Activation", {"activation": "relu6"}, (), {}
    options = {k: getattr(m, k) for k in ("max_value", "negative_slope", "threshold")}
    return "Activation", {"activation": "relu", **options}, (), {}


def _leaky_relu(m: Any) -> _Found:
    options = {"activation": "leaky_relu", "negative_slope": float(m.negative_slope)}
    return "Activation", options, (), {}


def _elu(m: Any) -> _Found:
    return "Activation", {"activation": "elu", "alpha": float(m.alpha)}, (), {}


def _softmax(m: Any) -> _Found:
    return "Activation", {"activation": "softmax", "axis": m.axis}, (), {"layout": channels_last}


def _prelu(m: Any) -> _Found:
    return "PReLU", {}, (plain("alpha"),), {"layout": channels_last}


def _dropout(m: Any) -> _Found:
    return "Dropout", {"rate": m.rate}, (), {}


def _plain(kind: str, layout: Layout = anything) -> Callable[[Any], _Found]:
    return lambda m: (kind, {}, (), {"layout": layout})


def _pool(kind: str, n: int) -> Callable[[Any], _Found]:
    def read(m: Any) -> _Found:
        options: dict[str, Any] = {
            "pool_size": tuple(m.pool_size),
            "strides": tuple(m.strides),
            "padding": m.padding,
        }
        if kind == "AvgPool":
            options["count_include_pad"] = False
        return f"{kind}{n}D", options, (), {"layout": _layout(m, n)}

    return read


def _global_pool(kind: str, n: int) -> Callable[[Any], _Found]:
    def read(m: Any) -> _Found:
        run = _call(m)

        def flat(training: bool, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
            output = run(training, *args, **kwargs)["output"]
            return {"output": tf.reshape(output, (output.shape[0], -1))}

        return f"Global{kind}{n}D", {}, (), {"layout": _layout(m, n), "call": flat}

    return read


def _upsampling(m: Any) -> _Found:
    size = m.size if isinstance(m.size, (list, tuple)) else (m.size,)
    options = {
        "size": None,
        "scale": tuple(size),
        "interpolation": getattr(m, "interpolation", "nearest"),
        "align_corners": False,
        "antialias": False,
    }
    return "Resize", options, (), {"layout": _layout(m)}


def _resizing(m: Any) -> _Found:
    options = {
        "size": (m.height, m.width),
        "scale": None,
        "interpolation": m.interpolation,
        "align_corners": False,
        "antialias": m.antialias,
    }
    return "Resize", options, (), {"layout": _layout(m)}


def _zero_padding(n: int) -> Callable[[Any], _Found]:
    def read(m: Any) -> _Found:
        pairs = (m.padding,) if n == 1 else m.padding
        options = {"padding": tuple((int(low), int(high)) for low, high in pairs)}
        return f"ZeroPadding{n}D", options, (), {"layout": _layout(m, n)}

    return read


READERS: dict[str, Callable[[Any], _Found]] = {
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
    **{f"UpSampling{n}D": _upsampling for n in (1, 2, 3)},
    "Resizing": _resizing,
    **{f"ZeroPadding{n}D": _zero_padding(n) for n in (1, 2, 3)},
    **{f"MaxPooling{n}D": _pool("MaxPool", n) for n in (1, 2, 3)},
    **{f"AveragePooling{n}D": _pool("AvgPool", n) for n in (1, 2, 3)},
    **{f"GlobalAveragePooling{n}D": _global_pool("AvgPool", n) for n in (1, 2, 3)},
    **{f"GlobalMaxPooling{n}D": _global_pool("MaxPool", n) for n in (1, 2, 3)},
}
