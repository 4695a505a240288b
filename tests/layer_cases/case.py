"""What a row is, and what the formulas of several families use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from dualnet import nn

T = torch.Tensor


@dataclass(frozen=True)
class Case:
    """``layer(*inputs, **options)``; an input is an array, a random one's shape, or several."""

    name: str
    layer: nn.Layer
    inputs: tuple[Any, ...]
    reference: Callable[..., Any]
    options: dict[str, Any] = field(default_factory=dict)
    training: bool = False

    def arrays(self) -> list[Any]:
        random = np.random.default_rng(7)

        def array(given: Any) -> Any:
            if isinstance(given, np.ndarray):
                return given
            if any(isinstance(part, tuple) for part in given):
                return tuple(map(array, given))
            return random.normal(size=given)

        return list(map(array, self.inputs))


def sigmoid(x: T) -> T:
    return 1 / (1 + (-x).exp())


def tanh(x: T) -> T:
    return 2 * sigmoid(2 * x) - 1


def below(name: str, w: dict[str, T]) -> dict[str, T]:
    """The weights of a sub-layer."""
    return {k.removeprefix(f"{name}."): v for k, v in w.items() if k.startswith(f"{name}.")}


def plain(function: Callable[..., T]) -> Callable[..., T]:
    """A reference of a layer without weights."""
    return lambda w, *inputs: function(*inputs)


#: Which steps of three sequences of five are there.
SEEN = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1], [0, 1, 0, 1, 0]], bool)
