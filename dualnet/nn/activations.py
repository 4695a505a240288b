"""Activation functions by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from dualnet import ops
from dualnet.errors import ConfigError, unknown_name
from dualnet.typing import Tensor

__all__ = ["Activation", "get", "linear", "normalized"]

#: What layers take as ``activation``: a name, a function (a layer is one), or nothing.
Activation: TypeAlias = str | Callable[..., Any] | None


def linear(x: Tensor) -> Tensor:
    """``x``."""
    return x


# fmt: off
_OF_NN = (
    "celu", "elu", "gelu", "glu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_tanh",
    "leaky_relu", "log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu", "sigmoid",
    "silu", "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus", "sparse_sigmoid",
    "sparsemax", "squareplus", "tanh_shrink", "threshold",
)
# fmt: on

_FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    **{name: getattr(ops.nn, name) for name in _OF_NN},
    "exponential": ops.exp,
    "hard_swish": ops.nn.hard_silu,
    "linear": linear,
    "swish": ops.nn.silu,
    "tanh": ops.tanh,
}
_NAMES = {function: name for name, function in reversed(_FUNCTIONS.items())}


def get(activation: Activation) -> Callable[..., Tensor]:
    """The function that a name stands for; a function stands for itself, ``None`` for ``x``.

    >>> get("swish") is get("silu"), get(None)(3.0)
    (True, 3.0)

    Raises:
        UnknownName: no activation has this name.
        ConfigError: neither a name nor a function.
    """
    if activation is None:
        return linear
    if isinstance(activation, str):
        if activation not in _FUNCTIONS:
            raise unknown_name("activation", activation, _FUNCTIONS)
        return _FUNCTIONS[activation]
    if not callable(activation):
        raise ConfigError(f"an activation is a name or a function, got {activation!r}")
    return activation


def normalized(activation: Activation) -> Activation:
    """The name of one of ours where there is one, so that equal layers compare equal.

    >>> from dualnet import ops
    >>> normalized(ops.nn.relu)
    'relu'

    Raises:
        UnknownName, ConfigError: as :func:`get`.
    """
    function = get(activation)
    if activation is None or isinstance(activation, str):
        return activation
    try:
        return _NAMES.get(function, activation)
    except TypeError:  # a function that cannot be hashed is none of ours
        return activation
