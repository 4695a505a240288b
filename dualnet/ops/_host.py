"""What is decided on the host, before there is a tensor: the same for every backend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from dualnet import dtypes
from dualnet.context import current_dtype
from dualnet.errors import ConfigError, IndexRangeError, ShapeError
from dualnet.typing import DtypeName, NDArray, Tensor

__all__ = [
    "check_bounds",
    "check_fft",
    "check_matrix_ord",
    "check_qr_mode",
    "check_squeeze",
    "check_vecdot",
    "default_float",
    "fft_axes",
    "grid",
    "host_array",
    "no_new_axis",
    "outside",
    "taken_from",
]


def default_float() -> DtypeName:
    """The dtype of floats for which none was given: that of new weights."""
    return dtypes.policy(current_dtype()).variable


def host_array(obj: Any, dtype: Any = None) -> tuple[NDArray, DtypeName]:
    """``obj`` as a NumPy array, and the dtype its tensor has.

    That is ``dtype`` where given, the array's own for NumPy's, and for Python's numbers the
    default of their kind: bool, int64, the current float dtype, complex of that precision.

    Raises:
        DtypeError: ``obj`` holds something else than numbers.
    """
    numpys = isinstance(obj, (np.ndarray, np.generic))
    if dtype is not None:
        asked = dtypes.canonical(dtype)
        exact = asked == "uint64" and not numpys  # NumPy makes [2**64 - 1, 1] floats
        return np.asarray(obj, "uint64" if exact else None), asked
    array = np.asarray(obj)
    name = dtypes.canonical(array.dtype)
    if not numpys:
        if name == "float64":
            name = default_float()
        elif name == "complex128" and default_float() != "float64":
            name = "complex64"
    return array, name


def grid(
    start: float, stop: float | None, step: float, dtype: Any = None
) -> tuple[NDArray, DtypeName]:
    """``start, start + step, …`` before ``stop``, and their dtype; from 0 without ``stop``.

    The dtype is ``dtype`` where given, else int64 for whole numbers, else the current float dtype.
    """
    values = np.arange(0, start, step) if stop is None else np.arange(start, stop, step)
    return values, dtype or (default_float() if values.dtype.kind == "f" else "int64")


def check_bounds(low: Any, high: Any) -> None:
    """Refuses bounds of ``clip`` that cross, which the frameworks read in different ways.

    Raises:
        ConfigError: both are Python numbers, and ``low > high``.
    """
    numbers = isinstance(low, dtypes.SCALARS) and isinstance(high, dtypes.SCALARS)
    if numbers and low > high:
        raise ConfigError(f"clip: min={low} is above max={high}; exchange them")


def check_matrix_ord(ord: Any) -> Any:
    """Which norm of a matrix is meant; None is the first.

    Raises:
        ConfigError: it is none of those that the standard names.
    """
    known = ("fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf)
    if ord is not None and ord not in known:
        raise ConfigError(f"matrix_norm: ord={ord!r} is not one of {', '.join(map(repr, known))}")
    return "fro" if ord is None else ord


def check_qr_mode(mode: str) -> str:
    """Refuses a mode of ``qr`` that is not known.

    Raises:
        ConfigError: it is neither "reduced" nor "complete".
    """
    if mode not in ("reduced", "complete"):
        raise ConfigError(f"qr: mode={mode!r} is neither 'reduced' nor 'complete'")
    return mode


def check_squeeze(x: Tensor, axes: Sequence[int]) -> None:
    """Refuses to take away axes of more than one element.

    Raises:
        ShapeError: there are such.
    """
    if longer := [axis for axis in axes if x.shape[axis] not in (1, None)]:
        raise ShapeError(f"squeeze: axes {longer} of shape {tuple(x.shape)} are not 1 long")


def check_vecdot(x1: Tensor, x2: Tensor, axis: int) -> None:
    """Refuses vectors of two lengths, of which one would be repeated.

    Raises:
        ShapeError: the axis, counted from the end, is longer in one than in the other.
    """
    if -min(len(x1.shape), len(x2.shape)) <= axis < 0:
        sizes = (x1.shape[axis], x2.shape[axis])
        if None not in sizes and sizes[0] != sizes[1]:
            raise ShapeError(f"vecdot: vectors of {sizes[0]} and {sizes[1]} elements")


def check_fft(norm: str, *counts: int | None) -> None:
    """Refuses the options of a Fourier transform that have no meaning.

    Raises:
        ConfigError: an unknown ``norm``, or a number of points below 1.
    """
    if norm not in ("backward", "ortho", "forward"):
        raise ConfigError(f"norm={norm!r} is not one of 'backward', 'ortho', 'forward'")
    for count in counts:
        if count is not None and count < 1:
            raise ConfigError(f"a transform of {count} points; there must be at least one")


def fft_axes(
    x: Tensor, s: Sequence[int] | None, axes: Sequence[int] | None
) -> list[tuple[int | None, int]]:
    """The axes to transform, each after the number of points in it, which may be None.

    Raises:
        ConfigError: ``s`` and ``axes`` differ in length.
        ShapeError: an axis is not there, or is of nothing and not to be filled up.
    """
    rank = len(x.shape)
    chosen = list(axes) if axes is not None else list(range(rank))[-len(s) if s else None :]
    counts = list(s) if s is not None else [None] * len(chosen)
    if len(counts) != len(chosen):
        raise ConfigError(f"s={s} has another length than the axes {chosen}")
    for axis, count in zip(chosen, counts, strict=True):
        if not -rank <= axis < rank:
            raise ShapeError(f"axis {axis} is not one of a tensor of shape {tuple(x.shape)}")
        if count is None and x.shape[axis] == 0:
            raise ShapeError(f"a transform of nothing: axis {axis} of shape {tuple(x.shape)}")
    return list(zip(counts, chosen, strict=True))


def taken_from(x: Tensor, axis: int | None) -> int:
    """The axis that ``take`` takes from, counted from the front; a vector has only one.

    Raises:
        ShapeError: none was named, or there is no such axis.
    """
    rank = len(x.shape)
    if axis is None and rank == 1:
        return 0
    if axis is None or not -rank <= axis < rank:
        raise ShapeError(f"axis={axis} does not name an axis of a tensor of shape {tuple(x.shape)}")
    return axis % rank


def no_new_axis(axis: int, shape: Any) -> IndexRangeError:
    """The error for a place at which ``expand_dims`` cannot put an axis."""
    shape = tuple(shape)
    return IndexRangeError(
        f"expand_dims: no new axis of shape {shape} can be axis {axis}; "
        f"valid ones are {-len(shape) - 1} to {len(shape)}"
    )


def outside(size: int) -> IndexRangeError:
    """The error for indices that do not fit an axis, where the framework has none."""
    return IndexRangeError(
        f"an index is out of range for an axis of size {size}; valid ones are {-size} to {size - 1}"
    )
