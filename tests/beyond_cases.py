"""The case tables of the array functions that are composed of others, beyond the standard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.ops_cases import Row, between, coin, normal, whole

KNOWN_BINS = "how many bins there are must be known"
ROUNDED = (16, "a mean, its distances, their squares and a root")


def with_nan(*shape: int) -> np.ndarray:
    """Normal numbers, one in four of them missing, but two along each axis."""
    holes = between(0.0, 1.0, *shape) < 0.25
    for axis in range(len(shape)):
        holes.swapaxes(0, axis)[:2] = False
    return np.where(holes, np.nan, normal(*shape))


def corrected(function: Callable[..., Any]) -> Callable[..., Any]:
    """NumPy's, whose word for ``correction`` is ``ddof``."""
    return lambda x, *, correction=0.0, **kw: function(x, ddof=correction, **kw)


def bincount(x: np.ndarray, *, length: int = 0, minlength: int = 0, weights: Any = None) -> Any:
    return np.bincount(x, weights, length or minlength)


def cumulative(function: Callable[..., Any], start: float) -> Callable[..., Any]:
    def call(x: np.ndarray, *, axis: int = 0, include_initial: bool = False) -> np.ndarray:
        y = function(x, axis=axis)
        edge = np.full_like(np.take(y, [0], axis), start)
        return np.concatenate((edge, y), axis) if include_initial else y

    return call


x, values = normal(3, 4, 5), normal(30)
holes, holed = with_nan(4, 4, 5), with_nan(7)
ids, weights = whole(0, 6, 20), between(0.5, 1.5, 30)
METHODS = ("linear", "lower", "higher", "midpoint", "nearest")
edges = np.array([-1.0, -0.5, 0.5, 0.75])

STATISTICS = [
    Row("bincount", (ids,), bincount, {"length": 9}),
    Row("bincount", (ids,), bincount, {"length": 6, "weights": weights[:20]}),
    Row("histogram", (values,), np.histogram),
    Row("histogram", (x,), np.histogram, {"bins": 7, "range": (-1.0, 0.5)}),
    Row(
        "histogram", (values,), np.histogram, {"bins": edges, "weights": weights}, sizes=KNOWN_BINS
    ),
    Row("histogram", (values,), np.histogram, {"bins": [-1.0, 0.0, 0.25]}),
    Row("histogram", (values,), np.histogram, {"bins": 4, "density": True}, ulps=ROUNDED),
    Row("median", (x,), np.median, grad=(0,)),
    Row("median", (x,), np.median, {"axis": (0, -1), "keepdims": True}, grad=(0,)),
    Row("nanargmax", (holes,), np.nanargmax, {"axis": 2}),
    Row("nanargmax", (holes,), np.nanargmax),
    Row("nanargmin", (holes,), np.nanargmin, {"axis": -1, "keepdims": True}),
    Row("nancumprod", (holes,), cumulative(np.nancumprod, 1.0), {"axis": 1}, grad=(0,)),
    Row("nancumsum", (holed,), cumulative(np.nancumsum, 0.0), {"include_initial": True}, (0,)),
    Row("nanmax", (holes,), np.nanmax, grad=(0,)),
    Row("nanmax", (ids,), np.nanmax),
    Row("nanmean", (holes,), np.nanmean, grad=(0,)),
    Row("nanmean", (holes,), np.nanmean, {"axis": (0, 2), "keepdims": True}, grad=(0,)),
    Row("nanmedian", (holes,), np.nanmedian, {"axis": 2}, grad=(0,)),
    Row("nanmin", (holes,), np.nanmin, {"axis": 2}, grad=(0,)),
    Row("nanpercentile", (holes, 40.0), np.nanpercentile, {"axis": 2}, grad=(0,)),
    Row("nanprod", (holes,), np.nanprod, {"axis": 0}, grad=(0,)),
    Row("nanprod", (ids,), np.nanprod),
    Row("nanquantile", (holes, [0.1, 0.7]), np.nanquantile, {"axis": (1, 2)}, grad=(0,)),
    *[
        Row("nanquantile", (holes, 0.35), np.nanquantile, {"axis": 2, "method": m}, grad=(0,))
        for m in METHODS
    ],
    Row("nanstd", (holes,), corrected(np.nanstd), {"axis": 1, "correction": 1.0}, (0,), ROUNDED),
    Row("nansum", (holes,), np.nansum, {"axis": 1, "keepdims": True}, grad=(0,)),
    Row("nansum", (coin(7),), np.nansum),
    Row("nanvar", (holes,), corrected(np.nanvar), {}, (0,), ROUNDED),
    Row("nanvar", (holes,), corrected(np.nanvar), {"axis": -1, "keepdims": True}, (0,), ROUNDED),
    Row("percentile", (x, [5, 50]), np.percentile, {"axis": 1}, grad=(0,)),
    Row("quantile", (x, [0.0, 1.0]), np.quantile, grad=(0,)),
    Row("quantile", (x, np.array([0.2, 0.61])), np.quantile, {"axis": 0, "keepdims": True}, (0,)),
    *[
        Row("quantile", (x, 0.61), np.quantile, {"axis": (0, 2), "method": m}, grad=(0,))
        for m in METHODS
    ],
]
