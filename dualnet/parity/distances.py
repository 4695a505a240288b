"""How far two arrays are apart: absolutely, relative to their size, and in ulps.

What two programs made of the same input is compared, so *the same* is meant as a person
would say it: NaN in the same place on both sides is no difference, nor is the same
infinity, nor ``0.0`` beside ``-0.0``.  NaN or infinity on one side only is an infinite
distance, in every measure.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from dualnet.errors import ShapeError
from dualnet.report.values import Distance
from dualnet.typing import NDArray

__all__ = [
    "ZERO",
    "distance",
    "distances",
    "larger",
    "largest",
    "norm",
    "update_distances",
    "worst_index",
]

ZERO = Distance(0.0, 0.0, 0.0)
INFINITE = Distance(np.inf, np.inf, np.inf)
#: bfloat16 is float32 without its last 16 bits, and comes to NumPy as float32.
BFLOAT16_STEP = 2.0**16
#: Sums of squares between these have lost nothing to overflow or underflow.
SQUARES = (1e-280, 1e280)


def distance(a: NDArray, b: NDArray, *, floor: float = 0.0, dtype: str | None = None) -> Distance:
    """The distance between two arrays.

    Args:
        floor: the least norm to be relative to.
        dtype: ``"bfloat16"`` if that is what the arrays, which are float32, hold.

    Raises:
        ShapeError: the shapes differ.

    >>> distance(np.float32([1, 2]), np.nextafter(np.float32([1, 2]), np.float32(3))).ulps
    1.0
    >>> distance(np.array([3.0, 4.0]), np.array([3.0, 4.5]))
    Distance(absolute=0.5, relative=0.0924..., ulps=562949953421312.0)
    """
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        raise ShapeError(f"arrays of shape {a.shape} and {b.shape} cannot be compared")
    if np.array_equal(a, b):
        return ZERO
    a, b = _real(a), _real(b)
    if a.dtype.kind != "f" and b.dtype.kind != "f":
        return _whole(a, b)
    a, b = _floating(a), _floating(b)
    ordinary = _ordinary(a, b, floor)
    if ordinary is not None:
        return Distance(*ordinary, _ulps(a, b, dtype))
    difference = _difference(a, b)
    absolute = float(difference.max())
    if absolute == 0.0:
        return ZERO
    if _one_sided(a, b):
        return INFINITE
    return Distance(absolute, _relative(a, b, floor), _ulps(a, b, dtype))


def distances(
    a: Mapping[str, NDArray],
    b: Mapping[str, NDArray],
    *,
    floor: float | Mapping[str, float] = 0.0,
    dtype: str | None = None,
) -> dict[str, Distance]:
    """The distance at every path; infinite where one side has none, or another shape."""

    def at(path: str) -> Distance:
        if path not in a or path not in b or np.shape(a[path]) != np.shape(b[path]):
            return INFINITE
        least = floor if isinstance(floor, float) else floor[path]
        return distance(a[path], b[path], floor=least, dtype=dtype)

    return {path: at(path) for path in [*a, *(path for path in b if path not in a)]}


def update_distances(
    before: Mapping[str, NDArray],
    a: Mapping[str, NDArray],
    b: Mapping[str, NDArray],
    *,
    least: float,
) -> dict[str, Distance]:
    """How far updated values are apart, relative to those before where these are larger.

    A step may take back the one before: what is left of a bias is then rounding alone.

    >>> before, a, b = {"b": np.array([1.0])}, {"b": np.array([1e-17])}, {"b": np.array([3e-17])}
    >>> update_distances(before, a, b, least=0.0)["b"].relative, distances(a, b)["b"].relative
    (2e-17, 0.666...)

    Args:
        least: the least norm to be relative to.
    """
    floor = {path: max(norm([before[path]]), least) if path in before else least for path in a}
    return distances(a, b, floor=dict.fromkeys(b, least) | floor)


def larger(a: Mapping[str, Distance], b: Mapping[str, Distance]) -> dict[str, Distance]:
    """The larger of two distances at every path that either has.

    >>> larger({"w": Distance(1.0, 0.1, 3.0)}, {"w": Distance(0.5, 0.2, 9.0)})
    {'w': Distance(absolute=1.0, relative=0.2, ulps=9.0)}
    """
    return {**a, **{path: a[path] | d if path in a else d for path, d in b.items()}}


def largest(found: Mapping[str, Distance]) -> tuple[str, Distance]:
    """The path with the largest relative distance, and the largest of each measure.

    >>> largest({"w": Distance(1.0, 0.1, 3.0), "b": Distance(0.5, 0.2, 9.0)})
    ('b', Distance(absolute=1.0, relative=0.2, ulps=9.0))
    """
    worst, total = "", ZERO
    for path, each in found.items():
        if not worst or each.relative > found[worst].relative:
            worst = path
        total |= each
    return worst, total


def norm(arrays: Iterable[NDArray]) -> float:
    """The largest 2-norm among the arrays; elements that are not finite are left out."""
    return max((_norm(_real(np.asarray(array))) for array in arrays), default=0.0)


def worst_index(a: NDArray, b: NDArray) -> tuple[int, ...]:
    """Where two arrays of one shape are furthest apart."""
    difference = _difference(_real(np.asarray(a)), _real(np.asarray(b)))
    place = np.unravel_index(int(difference.argmax()), difference.shape)
    return tuple(int(i) for i in place[: np.ndim(a)])


def _real(array: NDArray) -> NDArray:
    """Complex numbers as pairs, along a new last axis; booleans as integers; no 0-dim array."""
    if array.dtype.kind == "c":
        return np.stack((array.real, array.imag), axis=-1)
    return np.atleast_1d(array.astype(np.int8) if array.dtype.kind == "b" else array)


def _floating(array: NDArray) -> NDArray:
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def _ordinary(a: NDArray, b: NDArray, floor: float) -> tuple[float, float] | None:
    """Absolute and relative distance in a few passes over memory.

    ``None`` where a number is not finite, or a square could over- or underflow.
    """
    x, y = (array.astype(np.float64, copy=False).ravel() for array in (a, b))
    with np.errstate(all="ignore"):
        difference = x - y
        squares = [float(each @ each) for each in (difference, x, y)]
    if not all(SQUARES[0] < square < SQUARES[1] for square in squares):
        return None
    part, *sizes = map(math.sqrt, squares)
    return float(np.abs(difference).max()), part / max(*sizes, floor)


def _difference(a: NDArray, b: NDArray) -> npt.NDArray[np.float64]:
    """``|a - b|`` in float64, zero where both are the same and infinite where one is NaN."""
    x, y = a.astype(np.float64), b.astype(np.float64)
    with np.errstate(all="ignore"):
        difference = np.abs(x - y)
    difference[(x == y) | (np.isnan(x) & np.isnan(y))] = 0.0
    difference[np.isnan(difference)] = np.inf
    return difference


def _one_sided(a: NDArray, b: NDArray) -> bool:
    """Whether NaN or infinity stands on one side only, or infinities differ in sign."""
    odd = ~(np.isfinite(a) & np.isfinite(b))
    x, y = a[odd], b[odd]
    return not bool(np.all((x == y) | (np.isnan(x) & np.isnan(y))))


def _relative(a: NDArray, b: NDArray, floor: float) -> float:
    """The relative distance of finite numbers, scaled so that no square over- or underflows."""
    x, y = _finite(a), _finite(b)
    scale = max(float(np.abs(x).max()), float(np.abs(y).max()))
    with np.errstate(over="ignore", under="ignore"):
        x, y = x / scale, y / scale
        size = max(float(np.linalg.norm(x)), float(np.linalg.norm(y)), floor / scale)
        return float(np.linalg.norm(x - y)) / size


def _norm(array: NDArray) -> float:
    wide = array.astype(np.float64, copy=False).ravel()
    with np.errstate(all="ignore"):
        square = float(wide @ wide)
    if SQUARES[0] < square < SQUARES[1]:
        return math.sqrt(square)
    finite = _finite(array)
    scale = float(np.abs(finite).max(initial=0.0))
    if scale == 0.0:
        return 0.0
    with np.errstate(over="ignore", under="ignore"):
        return scale * float(np.linalg.norm(finite / scale))


def _finite(array: NDArray) -> npt.NDArray[np.float64]:
    """The elements in a row, in float64, zero in place of what is not finite."""
    wide = array.astype(np.float64).ravel()
    wide[~np.isfinite(wide)] = 0.0
    return wide


def _whole(a: NDArray, b: NDArray) -> Distance:
    """The distance of integers, for which one step is one ulp."""
    gap = float(_gap(a, b).max())
    size = max(float(np.abs(a.astype(np.float64)).max()), float(np.abs(b.astype(np.float64)).max()))
    return Distance(gap, gap / size, gap)


def _gap(a: NDArray, b: NDArray) -> npt.NDArray[np.uint64]:
    """``|a - b|`` of integers of up to 64 bits, without overflow."""
    low, high = np.minimum(a, b), np.maximum(a, b)
    return high.astype(np.uint64) - low.astype(np.uint64)


def _ulps(a: NDArray, b: NDArray, dtype: str | None) -> float:
    """The largest number of steps between elements, in the coarser dtype of the two."""
    coarse = min(a.dtype, b.dtype, key=lambda kind: kind.itemsize)
    with np.errstate(over="ignore"):
        a, b = a.astype(coarse, copy=False), b.astype(coarse, copy=False)
    steps = _steps(a, b)
    return steps / BFLOAT16_STEP if dtype == "bfloat16" else steps


def _steps(a: NDArray, b: NDArray) -> float:
    """:func:`_ulps` of arrays of one dtype."""
    x, y = _bits(a), _bits(b)
    if (
        not np.isnan(a.max()) and (x ^ y).min() >= 0
    ):  # equal signs: the bits themselves are in order
        return float(np.abs(x - y).max())
    gap = _gap(_ordered(x), _ordered(y))
    gap[np.isnan(a) & np.isnan(b)] = 0
    return float(gap.max())


def _bits(array: NDArray) -> NDArray:
    return np.ascontiguousarray(array).view(f"int{array.dtype.itemsize * 8}")


def _ordered(bits: NDArray) -> npt.NDArray[np.int64]:
    """Integers in the order of the floating-point numbers, zero for both zeros."""
    signed = bits.astype(np.int64)
    least = np.iinfo(bits.dtype).min
    return np.where(signed < 0, least - signed, signed)
