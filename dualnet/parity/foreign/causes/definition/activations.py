"""Activation functions in NumPy, by dualnet's names, with what else goes by those names."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from dualnet.typing import NDArray

__all__ = ["FUNCTIONS", "activated", "name_of"]

Options = Mapping[str, Any]

SELU = (1.0507009873554804934193349852946, 1.6732632423543772848170429916717)


def _erf(x: NDArray) -> NDArray:
    return np.vectorize(math.erf, otypes=[np.float64])(x)


def _sigmoid(x: NDArray) -> NDArray:
    return np.exp(-np.logaddexp(0.0, -x))


def _gelu(x: NDArray, options: Options) -> NDArray:
    """Hendrycks & Gimpel 2016: ``x·Φ(x)``, and the two approximations given there."""
    form = options.get("approximate", "none")
    if form == "sigmoid":
        return x * _sigmoid(1.702 * x)
    if form in ("tanh", True):
        return 0.5 * x * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3)))
    return 0.5 * x * (1.0 + _erf(x / math.sqrt(2.0)))


def _softmax(x: NDArray, options: Options) -> NDArray:
    return np.exp(_log_softmax(x, options))


def _log_softmax(x: NDArray, options: Options) -> NDArray:
    axis = options.get("axis", -1)
    shifted = x - x.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def _elu(x: NDArray, options: Options) -> NDArray:
    return np.where(x > 0, x, options.get("alpha", 1.0) * np.expm1(np.minimum(x, 0.0)))


def _celu(x: NDArray, options: Options) -> NDArray:
    alpha = options.get("alpha", 1.0)
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0) / alpha))


def _hard_sigmoid(x: NDArray, options: Options) -> NDArray:
    """``clip(x/6 + 1/2, 0, 1)``; Keras 2's has the slope 1/5."""
    return np.clip(x * options.get("slope", 1.0 / 6.0) + 0.5, 0.0, 1.0)


def _leaky_relu(x: NDArray, options: Options) -> NDArray:
    return np.where(x > 0, x, options.get("negative_slope", 0.01) * x)


def _softplus(x: NDArray, options: Options) -> NDArray:
    """``log(1 + exp(βx))/β``, and ``x`` above PyTorch's threshold."""
    beta = options.get("beta", 1.0)
    exact = np.logaddexp(0.0, beta * x) / beta
    return np.where(beta * x > options.get("threshold", math.inf), x, exact)


#: Every activation: a function of the array and of the layer's options.
FUNCTIONS: Mapping[str, Callable[[NDArray, Options], NDArray]] = {
    "celu": _celu,
    "elu": _elu,
    "exponential": lambda x, _: np.exp(x),
    "gelu": _gelu,
    "hard_sigmoid": _hard_sigmoid,
    "hard_silu": lambda x, options: x * _hard_sigmoid(x, options),
    "hard_tanh": lambda x, _: np.clip(x, -1.0, 1.0),
    "leaky_relu": _leaky_relu,
    "linear": lambda x, _: x,
    "log_sigmoid": lambda x, _: -np.logaddexp(0.0, -x),
    "log_softmax": _log_softmax,
    "mish": lambda x, _: x * np.tanh(np.logaddexp(0.0, x)),
    "relu": lambda x, _: np.maximum(x, 0.0),
    "relu6": lambda x, _: np.clip(x, 0.0, 6.0),
    "selu": lambda x, _: SELU[0] * _elu(x, {"alpha": SELU[1]}),
    "sigmoid": lambda x, _: _sigmoid(x),
    "silu": lambda x, _: x * _sigmoid(x),
    "softmax": _softmax,
    "softplus": _softplus,
    "softsign": lambda x, _: x / (1.0 + np.abs(x)),
    "tanh": lambda x, _: np.tanh(x),
}

_PLAIN = {name.replace("_", ""): name for name in FUNCTIONS} | {
    "swish": "silu",
    "hardswish": "hard_silu",
    "identity": "linear",
}


def name_of(word: str) -> str | None:
    """The activation that a class or function name stands for.

    >>> name_of("LeakyReLU"), name_of("hard_swish"), name_of("Dense")
    ('leaky_relu', 'hard_silu', None)
    """
    return _PLAIN.get(word.replace("_", "").lower())


def activated(x: NDArray, options: Options) -> NDArray:
    """``x`` after the activation that a layer's options name.

    Raises:
        KeyError: no activation of this name is defined here.
    """
    word = options.get("activation") or "linear"
    return FUNCTIONS[_PLAIN[str(word).replace("_", "").lower()]](x, options)
