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

A transposed convolution spreads its input over ``(size - 1)·stride + extent`` places, with
``extent = (window - 1)·dilation + 1``.  Its padding says what is cut off from these:

==============  ==================================================================
``"valid"``     nothing; zeros follow if ``extent < stride``
``"same"``      as much as leaves ``size·stride``, half of it at the start, rounded down
``p``           ``p`` from both ends of every axis
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
    "explain_transposed",
    "explain_window",
    "pads",
    "per_axis",
    "pool",
    "transposed",
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


def transposed(
    padding: Padding, extent: Shape, strides: Shape, output_padding: Sizes | None = None
) -> Pads:
    """How much a transposed convolution cuts off from each axis; less than 0 adds zeros.

    >>> transposed("same", (3,), (2,)), transposed(1, (3,), (2,), 1)
    (((0, 1),), ((1, 0),))

    Raises:
        ConfigError: the padding or the output padding means nothing.
    """
    rank = len(extent)
    if padding == "causal":
        raise ConfigError("padding='causal' means nothing to a transposed convolution")
    check_padding(padding, rank)
    extra = _output_padding(output_padding, rank)
    if padding == "same":
        if any(extra):
            raise ConfigError(
                f"output_padding={output_padding!r} with padding='same', which makes size·stride "
                "outputs; leave it out, or give the padding as numbers"
            )
        halves = [max(k - s, 0) // 2 for k, s in zip(extent, strides, strict=True)]
        return tuple((h, k - s - h) for h, k, s in zip(halves, extent, strides, strict=True))
    if padding == "valid":
        return tuple((0, min(k - s, 0) - e) for k, s, e in zip(extent, strides, extra, strict=True))
    cuts = pads(padding, extent, extent, strides)
    return tuple((before, after - e) for (before, after), e in zip(cuts, extra, strict=True))


def _output_padding(given: Any, rank: int) -> Shape:
    entries = tuple(given) if isinstance(given, (tuple, list)) else (given or 0,) * rank
    if len(entries) != rank or not all(_is_size(entry, 0) for entry in entries):
        raise ConfigError(
            f"output_padding={given!r} must be a number, or {rank} of them (one per spatial axis)"
        )
    return entries


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


def explain_transposed(
    x: Sequence[int], kernel: Sequence[int], cuts: Pads, groups: int
) -> ShapeError:
    """Why an input and a kernel of a transposed convolution do not fit."""
    if len(x) != len(kernel):
        return _another_rank(x, kernel)
    if x[-1] != kernel[-2] or kernel[-2] % groups:
        return ShapeError(
            f"a transposed kernel of shape {tuple(kernel)} needs {kernel[-2]} input channels (the "
            f"last axis), divisible by {groups} group(s), got input {tuple(x)}"
        )
    return ShapeError(
        f"nothing is left of a transposed convolution of an input of shape {tuple(x)} from which "
        f"{cuts} (before, after) is cut off; use less padding"
    )


def _another_rank(x: Sequence[int], kernel: Sequence[int]) -> ShapeError:
    return ShapeError(
        f"a kernel of shape {tuple(kernel)} needs an input of rank {len(kernel)} "
        f"(batch, {len(kernel) - 2} spatial axes, channels), got shape {tuple(x)}"
    )


def explain_conv(x: Sequence[int], kernel: Sequence[int], extent: Shape, groups: int) -> ShapeError:
    """Why an input and a kernel do not fit."""
    if len(x) != len(kernel):
        return _another_rank(x, kernel)
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
