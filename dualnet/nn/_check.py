"""Checks of hyperparameters that several layers share."""

from __future__ import annotations

import math
from typing import Any

from dualnet import constraints, regularizers
from dualnet import initializers as known
from dualnet.errors import ConfigError, ShapeError
from dualnet.nn import activations
from dualnet.nn.layer import Layer
from dualnet.typing import Shape, Tensor

__all__ = [
    "activation",
    "features",
    "finite",
    "fraction",
    "initializers",
    "positive",
    "rank",
    "weights",
]


def activation(layer: Layer) -> None:
    """Puts the name of one of our functions in its place, in each field for an activation.

    Raises:
        UnknownName, ConfigError: as :func:`dualnet.nn.activations.get`.
    """
    for name, value in layer.fields().items():
        if name.split("_")[-1] == "activation":
            object.__setattr__(layer, name, activations.normalized(value))


def initializers(layer: Layer) -> None:
    """Raises :class:`UnknownName` if an initializer has a name that nobody knows."""
    for name, value in layer.fields().items():
        if name.endswith("_initializer"):
            known.get(value)


def weights(layer: Layer) -> None:
    """Puts regularizers and constraints in the place of their names; initializers keep theirs.

    Raises:
        UnknownName, ConfigError: a name that nobody knows, or something else.
    """
    initializers(layer)
    for suffix, get in (("_regularizer", regularizers.get), ("_constraint", constraints.get)):
        for name, value in layer.fields().items():
            if name.endswith(suffix):
                object.__setattr__(layer, name, get(value))


def positive(layer: Layer, *names: str) -> None:
    """Raises :class:`ConfigError` unless these hyperparameters are positive integers."""
    for name in names:
        value: Any = getattr(layer, name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ConfigError(
                f"{type(layer).__name__}: {name} must be a positive integer, got {value!r}"
            )


def fraction(layer: Layer, *names: str) -> None:
    """Raises :class:`ConfigError` unless these hyperparameters lie in ``[0, 1]``."""
    for name in names:
        value: Any = getattr(layer, name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
            raise ConfigError(
                f"{type(layer).__name__}: {name} must be a number from 0 to 1, got {value!r}"
            )


def finite(layer: Layer, *names: str) -> None:
    """Raises :class:`ConfigError` unless these hyperparameters are finite numbers."""
    for name in names:
        value: Any = getattr(layer, name)
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not math.isfinite(value):
            raise ConfigError(
                f"{type(layer).__name__}: {name} must be a finite number, got {value!r}"
            )


def rank(layer: Layer, shape: Shape, least: int, most: int | None, advice: str) -> None:
    """Raises :class:`ShapeError` unless an input has from ``least`` to ``most`` axes."""
    if least <= len(shape) and (most is None or len(shape) <= most):
        return
    wanted = f"rank {least}" if least == most else f"rank {least} or more"
    raise ShapeError(f"{layer._definition!r} needs input of {wanted}, got shape {shape}; {advice}")


def features(layer: Layer, x: Tensor, count: int) -> None:
    """Raises :class:`ShapeError` unless an input has so many features; one would spread."""
    if x.shape[-1] != count:
        raise ShapeError(
            f"{layer._definition!r} was built for {count} features, got an input of shape "
            f"{tuple(x.shape)}; give it {count} along its last axis"
        )
