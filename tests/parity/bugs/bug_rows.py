"""What a row of the table of bugs says, and the makers of wrong functions that rows share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import dualnet as dn
from dualnet import nn, ops
from dualnet.typing import Tree
from tests.parity.conftest import labels, numbers

BOTH = ("torch", "tensorflow")
TORCH = ("torch",)
TENSORFLOW = ("tensorflow",)

X, Y = numbers(24, 4), labels(24, 3)
WORDS = numbers(24, 6, 4)
IMAGES = numbers(24, 7, 7, 2)
TARGETS = numbers(24, 3, seed=5)

MLP = nn.Sequential(nn.Dense(5, activation="tanh"), nn.Dense(3))


class Bug(NamedTuple):
    """A function that is wrong on one side, a training that shows it, and where it must be found.

    Attributes:
        where, make: as for :class:`tests.parity.planting.Planting`.
        net, x, y, options: what is trained.
        phase, layer: of ``report.first``; the layer is ``""`` where no layer is to blame.
        path: a pattern (as in ``fnmatch``) of ``report.first.path``; the layer, or anything
            below it, if not given.
        step: of ``report.first``.
        sides: where it is planted, each time on one only.
    """

    where: str | tuple[Any, str]
    make: Callable[[Any], Any]
    net: nn.Layer
    phase: str
    layer: str
    path: str | None = None
    x: Tree = X
    y: Tree = Y
    options: Mapping[str, Any] = MappingProxyType({})
    step: int = 0
    dtype: str = "float64"
    sides: tuple[str, ...] = BOTH


def option(**wrong: Any) -> Callable[[Any], Any]:
    """The right function, some options wrong."""
    return lambda right: lambda *args, **options: right(*args, **options | wrong)


def changed(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The right function, its result changed."""
    return lambda right: lambda *args, **options: change(right(*args, **options))


def given(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The right function, its first argument changed."""
    return lambda right: lambda x, *args, **options: right(change(x), *args, **options)


def wrong_upstream(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The identity, whose gradient is changed."""
    return dn.custom_gradient(lambda x: (x * 1.0, change))


def in_float32(x: Any) -> Any:
    """A tensor rounded to float32, in its own dtype."""
    return ops.astype(ops.astype(x, "float32"), x.dtype)


def reversed_in_space(x: Any) -> Any:
    """An image upside down and from right to left, so that its end is its start."""
    return ops.flip(x, axis=(1, 2))


def graph(
    shape: tuple[int, ...], build: Callable[[Any], Any], dtype: str | None = None
) -> nn.Graph:
    """A graph of one input."""
    x = nn.Input(shape, dtype)
    return nn.Graph(x, build(x))
