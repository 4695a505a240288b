"""Windows that slide over spatial axes: their padding, and what is wrong when they do not fit.

Padding, the same on every backend:

==============  ==================================================================
``"valid"``     none
``"same"``      TensorFlow's: as much as makes ``ceil(size/stride)`` outputs, the odd
                one at the end
``"causal"``    one spatial axis, all of it at the start: no output sees its future
``p``           ``p`` at both ends of every axis
``(p, q, …)``   one entry per axis, a number or a pair ``(before, after)``
==============  ==================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from dualnet.errors import ConfigError, ShapeError, unknown_name
from dualnet.typing import Shape

__all__ = [
    "Padding",
    "Pads",
    "Sizes",
    "check_padding",
    "effective",
    "explain_conv",
    "explain_window",
    "pads",
    "per_axis",
    "pool",
]

Sizes: TypeAlias = int | tuple[int, ...]
Padding: TypeAlias = str | int | tuple[int | tuple[int, int], ...]
Pads: TypeAlias = tuple[tuple[int, int], ...]

WORDS = ("valid", "same", "causal")


def _is_size(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def per_axis(value: Any, rank: int, name: str) -> Shape:
    """A size for each spatial axis, from one number or one per axis.

    >>> per_axis(2, 3, "strides"), per_axis((1, 2), 2, "strides")
    ((2, 2, 2), (1, 2))

    Raises:
        ConfigError: not positive integers, or not as many as there are axes.
    """
    sizes = tuple(value) if isinstance(value, (tuple, list)) else (value,) * rank
    if len(sizes) != rank or not all(_is_size(size, 1) for size in sizes):
        raise ConfigError(
            f"{name}={value!r} must be a positive integer, or {rank} of them (one per spatial axis)"
        )
    return sizes


def effective(window: Shape, dilation: Shape) -> Shape:
    """The extent of a window whose elements lie ``dilation`` apart."""
    return tuple((k - 1) * d + 1 for k, d in zip(window, dilation, strict=True))


def check_padding(padding: Any, rank: int) -> None:
    """Raises :class:`~dualnet.errors.ConfigError` if ``padding`` means nothing."""
    if isinstance(padding, str):
        if padding not in WORDS:
            raise unknown_name("padding", padding, WORDS)
        if padding == "causal" and rank != 1:
            raise ConfigError(f"padding='causal' needs one spatial axis, here there are {rank}")
        return
    entries = padding if isinstance(padding, (tuple, list)) else (padding,) * rank
    if len(entries) != rank or not all(_is_pad(entry) for entry in entries):
        raise ConfigError(
            f"padding={padding!r} must be one of {', '.join(map(repr, WORDS))}, a number, or "
            f"{rank} numbers or pairs (before, after), one per spatial axis"
        )


def _is_pad(entry: Any) -> bool:
    if isinstance(entry, (tuple, list)):
        return len(entry) == 2 and all(_is_size(part, 0) for part in entry)
    return _is_size(entry, 0)


def pads(padding: Padding, sizes: Sequence[int], window: Shape, strides: Shape) -> Pads:
    """How much to pad before and after each axis; ``window`` in its effective extent.

    >>> pads("same", (8,), (3,), (2,)), pads("causal", (8,), (3,), (1,)), pads(1, (8,), (3,), (2,))
    (((0, 1),), ((2, 0),), ((1, 1),))

    Raises:
        ConfigError: the padding means nothing.
    """
    check_padding(padding, len(window))
    if padding == "valid":
        return ((0, 0),) * len(window)
    if padding == "causal":
        return ((window[0] - 1, 0),)
    if padding == "same":
        return tuple(map(_same, sizes, window, strides))
    entries: Any = padding if isinstance(padding, (tuple, list)) else (padding,) * len(window)
    return tuple(tuple(e) if isinstance(e, (tuple, list)) else (e, e) for e in entries)


def _same(size: int, window: int, stride: int) -> tuple[int, int]:
    last = stride if stride == 1 else size % stride or stride  # what the last window must reach
    total = max(window - last, 0)
    return total // 2, total - total // 2


def pool(
    shape: Sequence[int], pool_size: Sizes, strides: Sizes | None, padding: Padding
) -> tuple[Shape, Shape, Pads]:
    """Window, strides and padding of a pool over the spatial axes of ``shape``.

    Raises:
        ConfigError: they mean nothing, or a window could lie in the padding alone.
    """
    rank = len(shape) - 2
    window = per_axis(pool_size, rank, "pool_size")
    steps = window if strides is None else per_axis(strides, rank, "strides")
    found = pads(padding, shape[1:-1], window, steps)
    if any(max(pair) >= k for pair, k in zip(found, window, strict=True)):
        raise ConfigError(
            f"padding={padding!r} is as wide as the window {window}; a window of padding alone "
            "has no maximum and no mean"
        )
    return window, steps, found


def explain_conv(x: Sequence[int], kernel: Sequence[int], extent: Shape, groups: int) -> ShapeError:
    """Why an input and a kernel do not fit."""
    if len(x) != len(kernel):
        return ShapeError(
            f"a kernel of shape {tuple(kernel)} needs an input of rank {len(kernel)} "
            f"(batch, {len(kernel) - 2} spatial axes, channels), got shape {tuple(x)}"
        )
    channels = kernel[-2] * groups
    if x[-1] != channels or kernel[-1] % groups:
        return ShapeError(
            f"a kernel of shape {tuple(kernel)} in {groups} group(s) needs {channels} input "
            f"channels (the last axis) and filters divisible by {groups}, got input {tuple(x)}"
        )
    return explain_window(x, extent)


def explain_window(x: Sequence[int], window: Shape) -> ShapeError:
    """Why a window does not fit into an input."""
    return ShapeError(
        f"an input of shape {tuple(x)} is too small for the window {window} along a spatial axis; "
        "use a smaller window or padding='same'"
    )
