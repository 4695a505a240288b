"""Lets the suite's tools take a ``tf.TensorShape`` for the tuple that it behaves like.

The standard allows a library a shape object of its own; Hypothesis and ndindex ask for a tuple.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hypothesis.extra.array_api
import ndindex.shapetools
from hypothesis.strategies import SearchStrategy

#: Where shapes are asked to be tuples.
PLACES = (
    (hypothesis.extra.array_api, "_arrays"),
    (hypothesis.extra.array_api, "indices"),
    (hypothesis.extra.array_api, "_mutually_broadcastable_shapes"),
    (ndindex.shapetools, "asshape"),
)


def install() -> None:
    """Puts the shim into Hypothesis and ndindex."""
    for module, name in PLACES:
        setattr(module, name, _of_tuples(getattr(module, name)))


def _of_tuples(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        named = {key: _as_tuple(value) for key, value in kwargs.items()}
        return function(*map(_as_tuple, args), **named)

    return call


def _as_tuple(value: Any) -> Any:
    if isinstance(value, SearchStrategy):
        return value.map(_as_tuple)
    return tuple(value) if type(value).__name__ == "TensorShape" else value
