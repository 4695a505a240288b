"""The case tables of the array functions that are composed of others, beyond the standard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualnet import ops, tree
from tests.ops_cases import BROADCAST, Row, between, coin, normal, whole

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


# Control flow: functions that mean the same of arrays and of tensors, and its rules in Python.


def cond(pred: Any, true_fn: Any, false_fn: Any, *operands: Any) -> Any:
    return true_fn(*operands) if pred else false_fn(*operands)


def while_loop(goes_on: Any, body: Any, state: Any, *, maximum_iterations: float = np.inf) -> Any:
    done = 0
    while done < maximum_iterations and goes_on(*state):
        state, done = body(*state), done + 1
    return state


def scan(f: Any, init: Any, xs: Any = None, *, length: int = 0, reverse: bool = False) -> Any:
    count = length or len(tree.leaves(xs)[0])
    carry, ys = init, {}
    for i in reversed(range(count)) if reverse else range(count):
        carry, ys[i] = f(carry, None if xs is None else tree.map(lambda x, i=i: x[i], xs))
    rows = [ys[i] for i in range(count)]
    return carry, tree.map(lambda *parts: np.stack(parts), rows[0], *rows[1:])


def mapped(f: Any, xs: Any) -> Any:
    return scan(lambda carry, x: (carry, f(x)), (), xs)[1]


def associative_scan(f: Any, elems: Any, *, reverse: bool = False, axis: int = 0) -> Any:
    turned = tree.map(lambda x: np.moveaxis(x, axis, 0)[:: -1 if reverse else 1], elems)
    rows = [tree.map(lambda x, i=i: x[i], turned) for i in range(len(tree.leaves(turned)[0]))]
    for i in range(1, len(rows)):
        rows[i] = f(rows[i - 1], rows[i])
    ys = tree.map(lambda *parts: np.stack(parts)[:: -1 if reverse else 1], rows[0], *rows[1:])
    return tree.map(lambda y: np.moveaxis(y, 0, axis), ys)


def squared(x: Any) -> Any:
    return {"y": x * x}


def tripled(x: Any) -> Any:
    return {"y": 3.0 * x}


def same(x: Any) -> Any:
    return {"y": x}


def both(pair: Any, z: Any) -> Any:
    return (pair[0] * z, [pair[1] + 1.0])


def one(pair: Any, z: Any) -> Any:
    return (pair[0] + z, [pair[1]])


def before_five(n: Any, x: Any) -> Any:
    return n < 5


def small(n: Any, x: Any) -> Any:
    return (x * x).sum() < 100.0 if isinstance(x, np.ndarray) else ops.sum(x * x) < 100.0


def grown(n: Any, x: Any) -> Any:
    return n + 1, x * x * 0.5 + x


def decayed(carry: Any, x: Any) -> Any:
    carry = 0.5 * carry + x * carry
    return carry, carry * x


def of_pairs(carry: Any, x: Any) -> Any:
    new = {"h": carry["h"] * x["a"] + x["b"], "n": carry["n"] + 1}
    return new, (new["h"] * new["h"], new["n"])


def doubled(carry: Any, nothing: Any) -> Any:
    return 2.0 * carry, 1.0 * carry


def cubed(x: Any) -> Any:
    return x["u"] * x["v"] * x["v"]


def multiplied(a: Any, b: Any) -> Any:
    return a * b


def linear(a: Any, b: Any) -> Any:
    """``x -> k·x + d``, one after the other."""
    return a[0] * b[0], b[0] * a[1] + b[1]


LONG = "the length must be known"
start, series, more = normal(3), between(-1.0, 1.0, 7, 3), between(-1.0, 1.0, 7, 3)
yes, no, zero = np.array(True), np.array(False), np.array(0.5)

CONTROL = [
    Row("associative_scan", (multiplied, series), associative_scan, grad=(1,), sizes=LONG),
    Row(
        "associative_scan", (linear, (series[:6], more[:6])), associative_scan, {}, (1,), sizes=LONG
    ),
    Row(
        "associative_scan",
        (linear, (series, more)),
        associative_scan,
        {"reverse": True, "axis": 1},
        (1,),
        sizes=LONG,
    ),
    *[
        Row(
            "associative_scan",
            (multiplied, series[:n]),
            associative_scan,
            {"axis": -2},
            (1,),
            sizes=LONG,
        )
        for n in (1, 2, 3)
    ],
    Row("cond", (yes, squared, tripled, start), cond, grad=(3,)),
    Row("cond", (no, squared, same, start), cond, grad=(3,)),
    Row("cond", (yes, both, one, (series, start), start), cond, grad=(3, 4)),
    Row("cond", (no, both, one, (series, start), start), cond, grad=(3, 4)),
    Row("map", (cubed, {"u": series, "v": more}), mapped, grad=(1,)),
    Row("map", (squared, ids), mapped),
    Row("scan", (decayed, start, series), scan, grad=(1, 2)),
    Row("scan", (decayed, start, series), scan, {"reverse": True}, (1, 2)),
    Row("scan", (of_pairs, {"h": start, "n": zero}, {"a": series, "b": more}), scan, {}, (1, 2)),
    Row("scan", (doubled, start), scan, {"length": 4}, (1,)),
    Row("while_loop", (before_five, grown, (zero, start * 0.1)), while_loop, grad=(2,)),
    Row("while_loop", (small, grown, (zero, start)), while_loop, {"maximum_iterations": 9}, (2,)),
    Row(
        "while_loop",
        (small, grown, [np.array(0), 9 * start]),
        while_loop,
        {"maximum_iterations": 2},
    ),
]


# Updates


def by(method: str) -> Callable[..., Any]:
    """``ops.at(x, index).method(y)`` as one call; a list is an index by several axes."""

    def call(x: Any, index: Any, y: Any) -> Any:
        return getattr(ops.at(x, tuple(index) if isinstance(index, list) else index), method)(y)

    return call


def assigned(x: np.ndarray, index: Any, y: Any) -> np.ndarray:
    """One element after the other, so that the last of several stays."""
    places = np.arange(x.size).reshape(x.shape)[tuple(index) if isinstance(index, list) else index]
    y = np.broadcast_to(y, places.shape)
    new = x.copy().ravel()
    for place, value in zip(places.ravel(), y.ravel(), strict=True):
        new[place] = value
    return new.reshape(x.shape)


def accumulated(function: np.ufunc) -> Callable[..., Any]:
    def call(x: np.ndarray, index: Any, y: Any) -> np.ndarray:
        new = x.copy()
        function.at(new, tuple(index) if isinstance(index, list) else index, y)
        return new

    return call


def masked(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(x: np.ndarray, mask: np.ndarray, y: Any) -> np.ndarray:
        wide = mask.reshape(mask.shape + (1,) * (x.ndim - mask.ndim))
        return np.where(wide, function(x, y), x)

    return call


def scatter(indices: np.ndarray, values: np.ndarray, shape: Any) -> np.ndarray:
    new = np.zeros(shape, values.dtype)
    np.add.at(new, tuple(np.moveaxis(indices, -1, 0)), values)
    return new


def scatter_update(x: np.ndarray, indices: np.ndarray, updates: np.ndarray) -> np.ndarray:
    new = x.copy()
    for place, value in zip(indices.reshape(-1, indices.shape[-1]), updates, strict=True):
        new[tuple(place)] = value
    return new


KNOWN_AXES = "the sizes of indexed axes must be known"
METHODS_OF_AT: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "set": (assigned, masked(lambda x, y: y)),
    "add": (accumulated(np.add), masked(np.add)),
    "multiply": (accumulated(np.multiply), masked(np.multiply)),
    "min": (accumulated(np.minimum), masked(np.minimum)),
    "max": (accumulated(np.maximum), masked(np.maximum)),
}
table, twice = normal(5, 4, 3), np.array([1, 4, 1, 0, 1])
pairs = np.array([[1, 0], [4, 3], [1, 0], [-1, -2]])


def update(method: str, index: Any, y: Any, x: np.ndarray = table, grad: Any = (0, 2)) -> Row:
    reference = METHODS_OF_AT[method][0]
    return Row("at", (x, index, y), reference, {}, grad, sizes=KNOWN_AXES, call=by(method))


UPDATES = [
    *[update(method, twice, normal(5, 4, 3)) for method in METHODS_OF_AT],
    *[
        Row("at", (table, coin(5, 4), normal(4, 3)), mask, {}, (0, 2), sizes=BROADCAST, call=by(m))
        for m, (_, mask) in METHODS_OF_AT.items()
    ],
    *[
        update(method, twice, whole(-9, 9, 5, 2), whole(-9, 9, 6, 2), ())
        for method in METHODS_OF_AT
    ],
    update("set", -2, normal(4, 3)),
    update("set", [1, 2, -1], np.array(0.7)),
    update("set", [slice(None, None, -2), 1], normal(3, 3)),
    update("set", [Ellipsis, twice[:2] % 3], normal(4, 2)),
    update("add", [slice(1, 4), np.array([[0, 1], [1, 1]])], normal(2, 2, 3)),
    update("add", [np.array([0, 0]), slice(None), np.array([2, 2])], normal(2, 4)),
    update("add", [2, slice(None), np.array([0, 2, 0])], normal(3, 1)),
    update("multiply", [np.array([[0], [3]]), np.array([1, 1])], normal(2, 2, 1)),
    update("max", [Ellipsis], normal(3)),
    update("add", [slice(3, 3)], normal(3), grad=(0,)),
    Row("scatter", (pairs % 4, normal(4, 3), (5, 4, 3)), scatter, {}, (1,), sizes=KNOWN_AXES),
    Row("scatter", (twice[:, None], whole(0, 9, 5), (6,)), scatter, sizes=KNOWN_AXES),
    Row(
        "scatter_update", (table, pairs, normal(4, 3)), scatter_update, {}, (0, 2), sizes=KNOWN_AXES
    ),
]
