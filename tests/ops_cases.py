"""The case table of the array functions: each row a call, and what NumPy or SciPy makes of it.

A row's arrays hold float64 where they hold floats; a test runs it in other dtypes by casting
them.  Arguments that are not arrays are passed as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import special

from dualnet import tree

_numbers = np.random.default_rng(7)


def normal(*shape: int) -> np.ndarray:
    return _numbers.standard_normal(shape)


def between(low: float, high: float, *shape: int) -> np.ndarray:
    return _numbers.uniform(low, high, shape)


def whole(low: int, high: int, *shape: int, dtype: str = "int64") -> np.ndarray:
    return _numbers.integers(low, high, shape).astype(dtype)


def coin(*shape: int) -> np.ndarray:
    return _numbers.random(shape) < 0.5


#: The shape of the result depends on values.
BY_VALUES = "torch.compile needs to know shapes"


#: Unknown sizes are taken to be equal.
BROADCAST = "whether to broadcast must be known"

#: A Python sequence has a length.
LISTED = "how many tensors there are must be known"


@dataclass(frozen=True)
class Row:
    """One call of ``ops.<name>``."""

    name: str
    args: tuple[Any, ...]
    reference: Callable[..., Any]
    kwargs: dict[str, Any] = field(default_factory=dict)
    #: Places of the arguments whose gradient is compared.
    grad: tuple[int, ...] = ()
    #: Why float32 may be further from the reference than ``ULPS``, and how far.
    ulps: tuple[float, str] = (8, "PARITY row 56: up to 7 ulp per library function")
    #: Why PyTorch cannot compile the call whole, where it cannot.
    eager: str = ""
    #: Why TensorFlow cannot trace it for sizes that it does not know, where it cannot.
    sizes: str = ""
    #: How it is called, where that is not by its name.
    call: Callable[..., Any] | None = None

    @property
    def id(self) -> str:
        """A test name: the function and its options."""

        def told(value: Any) -> str:
            if hasattr(value, "shape"):
                return f"{value.dtype}{list(value.shape)}"
            return getattr(value, "__name__", str(value))

        options = [f"{key}={told(value)}" for key, value in self.kwargs.items()]
        leaves = [told(leaf) for leaf in tree.leaves(self.args)]
        return f"{self.name}({','.join([*leaves, *options])})".replace(" ", "")


def keyed(function: Callable[..., Any]) -> Callable[..., Any]:
    """A NumPy function with ``correction`` and without ``stable`` and ``descending``."""

    def call(x: np.ndarray, *, descending: bool = False, stable: bool = True, **kw: Any) -> Any:
        return function(-x if descending else x, kind="stable", **kw)

    return call


def padded(x: np.ndarray, pads: Any, *, mode: str = "constant", value: Any = 0) -> np.ndarray:
    """NumPy's, which has a name of its own for ``circular`` and cuts nothing off."""
    pairs = pads if isinstance(pads, tuple) else ((pads, pads),) * x.ndim
    wider = [[max(part, 0) for part in pair] for pair in pairs]
    how = {"constant_values": value} if mode == "constant" else {}
    y = np.pad(x, wider, {"circular": "wrap"}.get(mode, mode), **how)
    return y[tuple(slice(max(-a, 0), min(b, 0) or None) for a, b in pairs)]


def take_sorted(x: np.ndarray, *, axis: int = -1, descending: bool = False) -> np.ndarray:
    order = keyed(np.argsort)(x, axis=axis, descending=descending)
    return np.take_along_axis(x, order, axis)


def top_k(x: np.ndarray, k: int, *, axis: int = -1) -> tuple[np.ndarray, np.ndarray]:
    order = np.take(np.argsort(-x, axis=axis, kind="stable"), range(k), axis)
    return np.take_along_axis(x, order, axis), order


def top_of_integers(x: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """:func:`top_k` turns signs."""
    values, order = top_k(x.astype("int64"), k)
    return values.astype(x.dtype), order


def running(function: Callable[..., Any], start: float) -> Callable[..., Any]:
    def call(x: np.ndarray, *, axis: int = 0, dtype: Any = None, include_initial: bool = False):
        result = function(x, axis, dtype=dtype)
        if not include_initial:
            return result
        edge = np.full_like(np.take(result, [0], axis), start)
        return np.concatenate((edge, result), axis)

    return call


def unique(*parts: str) -> Callable[..., Any]:
    def call(x: np.ndarray) -> Any:
        values, index, inverse, counts = np.unique(x, True, True, True)
        found = {"values": values, "index": index, "inverse": inverse, "counts": counts}
        chosen = tuple(found[part] for part in parts)
        return chosen if len(chosen) > 1 else chosen[0]

    return call


def split(x: np.ndarray, sections: int | Sequence[int], *, axis: int = 0) -> Any:
    cuts = sections if isinstance(sections, int) else np.cumsum(sections)[:-1]
    return tuple(np.split(x, cuts, axis))


def pair(x: np.ndarray, y: np.ndarray, *names_and_functions: Any, grad: bool = True) -> list[Row]:
    """Rows of functions of two arguments; the second row broadcasts."""
    places = (0, 1) if grad else ()
    return [
        Row(name, args, function, grad=places)
        for name, function in names_and_functions
        for args in ((x, y), (x[:, None], y[0]))
    ]


def single(x: np.ndarray, *names_and_functions: Any, grad: bool = True) -> list[Row]:
    """Rows of functions of one argument."""
    return [Row(n, (x,), f, grad=(0,) if grad else ()) for n, f in names_and_functions]


x, y = normal(3, 4), normal(3, 4)
positive, proper = between(0.2, 4.0, 3, 4), between(-0.9, 0.9, 3, 4)
i, j = whole(-9, 9, 3, 4), whole(1, 7, 3, 4)
p, q = coin(3, 4), coin(3, 4)
z = normal(2, 3) + 1j * normal(2, 3)
steps = between(-3.4, 3.4, 3, 4)
odd = np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, 1.5, -1.5, 2.5, 0.5, -0.5])
small = np.arange(-3, 4, dtype="int8")
cube = normal(2, 3, 4)
ties = np.array([[3.0, 1.0, 3.0, 2.0], [2.0, 2.0, 2.0, 2.0], [-1.0, 5.0, 5.0, -1.0]])
m, n, batch = normal(3, 4), normal(4, 2), normal(5, 4, 3)

ELEMENTWISE = [
    *single(
        x,
        ("abs", np.abs),
        ("asinh", np.arcsinh),
        ("atan", np.arctan),
        ("cos", np.cos),
        ("cosh", np.cosh),
        ("erf", special.erf),
        ("exp", np.exp),
        ("expm1", np.expm1),
        ("negative", np.negative),
        ("positive", np.positive),
        ("sin", np.sin),
        ("sinh", np.sinh),
        ("square", np.square),
        ("tan", np.tan),
        ("tanh", np.tanh),
    ),
    *single(
        positive,
        ("log", np.log),
        ("log10", np.log10),
        ("log1p", np.log1p),
        ("log2", np.log2),
        ("reciprocal", np.reciprocal),
        ("rsqrt", lambda x: 1 / np.sqrt(x)),
        ("sqrt", np.sqrt),
    ),
    *single(proper, ("acos", np.arccos), ("asin", np.arcsin), ("atanh", np.arctanh)),
    *single(1 + positive, ("acosh", np.arccosh)),
    *single(
        steps,
        ("ceil", np.ceil),
        ("floor", np.floor),
        ("round", np.round),
        ("sign", np.sign),
        ("trunc", np.trunc),
    ),
    *single(
        odd,
        ("abs", np.abs),
        ("ceil", np.ceil),
        ("floor", np.floor),
        ("isfinite", np.isfinite),
        ("isinf", np.isinf),
        ("isnan", np.isnan),
        ("round", np.round),
        ("sign", np.sign),
        ("signbit", np.signbit),
        ("trunc", np.trunc),
        grad=False,
    ),
    *single(
        i,
        ("abs", np.abs),
        ("bitwise_invert", np.invert),
        ("ceil", np.positive),
        ("conj", np.conj),
        ("floor", np.positive),
        ("isfinite", np.isfinite),
        ("isinf", np.isinf),
        ("isnan", np.isnan),
        ("negative", np.negative),
        ("positive", np.positive),
        ("round", np.positive),
        ("sign", np.sign),
        ("square", np.square),
        ("trunc", np.positive),
        grad=False,
    ),
    *single(p, ("bitwise_invert", np.invert), ("logical_not", np.logical_not), grad=False),
    *single(
        z,
        ("abs", np.abs),
        ("acos", np.arccos),
        ("acosh", np.arccosh),
        ("asin", np.arcsin),
        ("asinh", np.arcsinh),
        ("atan", np.arctan),
        ("atanh", np.arctanh),
        ("conj", np.conj),
        ("cos", np.cos),
        ("cosh", np.cosh),
        ("exp", np.exp),
        ("expm1", np.expm1),
        ("imag", np.imag),
        ("isfinite", np.isfinite),
        ("log", np.log),
        ("log10", np.log10),
        ("log1p", special.log1p),
        ("log2", np.log2),
        ("real", np.real),
        ("round", np.round),
        ("sign", lambda z: z / np.abs(z)),
        ("sin", np.sin),
        ("sinh", np.sinh),
        ("sqrt", np.sqrt),
        ("tan", np.tan),
        ("tanh", np.tanh),
        grad=False,
    ),
    Row("log1p", (1e-6 * z,), special.log1p),
    *pair(
        x,
        y,
        ("add", np.add),
        ("atan2", np.arctan2),
        ("copysign", np.copysign),
        ("hypot", np.hypot),
        ("logaddexp", np.logaddexp),
        ("maximum", np.maximum),
        ("minimum", np.minimum),
        ("multiply", np.multiply),
        ("subtract", np.subtract),
    ),
    *pair(x, positive, ("divide", np.divide)),
    *pair(positive, y, ("pow", np.power)),
    *pair(3 * x, positive, ("floor_divide", np.floor_divide), ("remainder", np.remainder)),
    *pair(x, -positive, ("floor_divide", np.floor_divide), ("remainder", np.remainder)),
    *pair(
        np.round(x),
        np.round(y),
        ("equal", np.equal),
        ("greater", np.greater),
        ("greater_equal", np.greater_equal),
        ("less", np.less),
        ("less_equal", np.less_equal),
        ("not_equal", np.not_equal),
        grad=False,
    ),
    *pair(x, y, ("nextafter", np.nextafter), grad=False),
    *pair(
        i,
        j,
        ("add", np.add),
        ("bitwise_and", np.bitwise_and),
        ("bitwise_left_shift", np.left_shift),
        ("bitwise_or", np.bitwise_or),
        ("bitwise_right_shift", np.right_shift),
        ("bitwise_xor", np.bitwise_xor),
        ("equal", np.equal),
        ("floor_divide", np.floor_divide),
        ("less", np.less),
        ("maximum", np.maximum),
        ("minimum", np.minimum),
        ("multiply", np.multiply),
        ("pow", np.power),
        ("remainder", np.remainder),
        ("subtract", np.subtract),
        grad=False,
    ),
    *pair(
        p,
        q,
        ("bitwise_and", np.bitwise_and),
        ("bitwise_or", np.bitwise_or),
        ("bitwise_xor", np.bitwise_xor),
        ("equal", np.equal),
        ("logical_and", np.logical_and),
        ("logical_or", np.logical_or),
        ("logical_xor", np.logical_xor),
        ("not_equal", np.not_equal),
        grad=False,
    ),
    *pair(
        z, z[::-1], ("add", np.add), ("divide", np.divide), ("multiply", np.multiply), grad=False
    ),
    Row("divide", (i, j), np.divide, eager="reads the current default dtype, a context variable"),
    Row("add", (x, 0.1), np.add, grad=(0,)),
    Row("subtract", (1, x), np.subtract, grad=(1,)),
    Row("pow", (positive, 3), np.power, grad=(0,)),
    Row("pow", (2.0, x), np.power, grad=(1,)),
    Row("remainder", (odd[5:], 0.7), np.remainder),
    Row("copysign", (odd[5:], -0.0), np.copysign),
    Row(
        "hypot",
        (np.array([3e30, 0.0, np.inf, 1e-30]), np.array([4e30, 0.0, np.nan, 0.0])),
        np.hypot,
    ),
    Row("logaddexp", (np.array([-np.inf, 1000.0]), np.array([-np.inf, 999.0])), np.logaddexp),
    Row("clip", (x, -0.5, 0.5), np.clip, grad=(0,)),
    Row("clip", (x,), np.clip, {"min": -0.5}, grad=(0,)),
    Row("clip", (x, None, y), np.clip, grad=(0, 2)),
    Row("clip", (i, -2, 3), np.clip),
    Row("clip", (odd, -1.0, 1.0), np.clip),
]

REDUCTIONS = [
    *[
        Row(name, (cube,), function, {"axis": axis, "keepdims": keepdims}, grad=(0,))
        for name, function in (
            ("logsumexp", special.logsumexp),
            ("max", np.max),
            ("mean", np.mean),
            ("min", np.min),
            ("prod", np.prod),
            ("std", np.std),
            ("sum", np.sum),
            ("var", np.var),
        )
        for axis, keepdims in ((None, False), (1, False), ((0, -1), True))
    ],
    *[
        Row(name, (values,), function, {"axis": axis, "keepdims": keepdims})
        for name, function in (
            ("all", np.all),
            ("any", np.any),
            ("count_nonzero", np.count_nonzero),
        )
        for values in (p, np.round(x), i)
        for axis, keepdims in ((None, False), (1, True), ((0, 1), False))
    ],
    *[
        Row(name, (values,), function, {"axis": axis, "keepdims": keepdims})
        for name, function in (("argmax", np.argmax), ("argmin", np.argmin))
        for values in (ties, i, odd)
        for axis, keepdims in ((None, False), (-1, False), (0, True))
    ],
    *[
        Row(name, (values,), function)
        for name, function in (("sum", np.sum), ("prod", np.prod))
        for values in (i.astype("int32"), j.astype("uint8"), p, small)
    ],
    *[Row(n, (i,), f, {"axis": 0}) for n, f in (("max", np.max), ("min", np.min))],
    Row("sum", (x,), np.sum, {"dtype": "float64"}),
    Row(
        "var",
        (x,),
        lambda x, axis, correction: np.var(x, axis, ddof=correction),
        {"axis": 1, "correction": 1.0},
        grad=(0,),
    ),
    Row(
        "std",
        (x,),
        lambda x, correction: np.std(x, ddof=correction),
        {"correction": 0.5},
        grad=(0,),
    ),
    Row("cumulative_sum", (x[0],), running(np.cumsum, 0), grad=(0,)),
    Row(
        "cumulative_sum",
        (cube,),
        running(np.cumsum, 0),
        {"axis": 1, "include_initial": True},
        grad=(0,),
    ),
    Row("cumulative_sum", (small,), running(np.cumsum, 0)),
    Row("cumulative_prod", (x[0],), running(np.cumprod, 1), grad=(0,)),
    Row(
        "cumulative_prod",
        (cube,),
        running(np.cumprod, 1),
        {"axis": -1, "include_initial": True},
        grad=(0,),
    ),
    Row("cumulative_prod", (j,), running(np.cumprod, 1), {"axis": 0}),
    Row(
        "cumulative_prod", (np.array([2.0, 0.0, 3.0, 0.0, 5.0]),), running(np.cumprod, 1), grad=(0,)
    ),
    Row("diff", (cube,), np.diff, {"axis": 1}, grad=(0,)),
    Row("diff", (x,), np.diff, {"n": 2, "prepend": y, "append": y[:, :1]}, grad=(0,)),
    Row("diff", (i,), np.diff),
]

INDEXING = [
    *[
        Row(name, (values,), function, {"axis": axis, "descending": descending})
        for name, function in (("argsort", keyed(np.argsort)), ("sort", take_sorted))
        for values in (ties, i)
        for axis, descending in ((-1, False), (0, True))
    ],
    Row("sort", (cube,), take_sorted, {"axis": 1}, grad=(0,)),
    Row("sort", (odd,), lambda x: np.sort(x)),
    Row("argsort", (odd,), lambda x: np.argsort(x, kind="stable")),
    Row("top_k", (ties, 3), top_k),
    Row("top_k", (cube, 2), top_k, {"axis": 1}, grad=(0,)),
    Row("top_k", (i, 2), top_k),
    Row("nonzero", (np.round(x),), np.nonzero, eager=BY_VALUES),
    Row("nonzero", (p,), np.nonzero, eager=BY_VALUES),
    Row("searchsorted", (np.sort(x[0]), y), lambda a, v: np.searchsorted(a, v)),
    Row(
        "searchsorted",
        (np.array([1, 2, 2, 3]), np.array([2, 0, 9])),
        np.searchsorted,
        {"side": "right"},
    ),
    Row(
        "searchsorted",
        (np.array([3, 1, 2]), np.array([2, 3])),
        np.searchsorted,
        {"sorter": np.array([1, 2, 0])},
    ),
    Row("take", (x[0], np.array([3, 0, -1, 0])), np.take, grad=(0,)),
    Row("take", (cube, np.array([[0, -1], [2, 1]])), np.take, {"axis": 1}, grad=(0,)),
    Row("take", (i, np.array([1, 1], "int32")), np.take, {"axis": -1}),
    Row(
        "take_along_axis", (cube, whole(-3, 3, 2, 5, 4)), np.take_along_axis, {"axis": 1}, grad=(0,)
    ),
    Row(
        "take_along_axis",
        (x, whole(0, 4, 3, 2)),
        lambda x, i: np.take_along_axis(x, i, -1),
        grad=(0,),
    ),
    Row(
        "take_along_axis",
        (cube, whole(0, 4, 1, 3, 2)),
        lambda x, i: np.take_along_axis(x, i, -1),
        grad=(0,),
        sizes=BROADCAST,
    ),
    *[
        Row(name, (values,), function, eager=BY_VALUES)
        for name, function in (
            ("unique_all", unique("values", "index", "inverse", "counts")),
            ("unique_counts", unique("values", "counts")),
            ("unique_inverse", unique("values", "inverse")),
            ("unique_values", unique("values")),
        )
        for values in (ties, i, p, np.round(z))
    ],
    Row("where", (p, x, y), np.where, grad=(1, 2)),
    Row("where", (p[:, :1], x, 0.0), np.where, grad=(1,)),
    Row("where", (p[0], 1, i), np.where),
    Row("where", (True, x, y), np.where, grad=(1, 2)),
]

MANIPULATION = [
    Row("broadcast_arrays", (x, y[0], y[:, :1]), np.broadcast_arrays, grad=(0, 1, 2)),
    Row("broadcast_to", (x[:, None], (2, 3, 5, 4)), np.broadcast_to, grad=(0,)),
    Row("concat", ([x, y, x[:1]],), np.concat, grad=(0,)),
    Row("concat", ([cube, cube[:, :1]],), np.concat, {"axis": 1}, grad=(0,)),
    Row("concat", ([x, y[0]],), np.concat, {"axis": None}, grad=(0,)),
    Row("concat", ([small, i[0].astype("int32")],), np.concat),
    Row("expand_dims", (x,), np.expand_dims, {"axis": -1}, grad=(0,)),
    Row("expand_dims", (x,), lambda x: x[None], grad=(0,)),
    Row("flip", (cube,), np.flip, grad=(0,)),
    Row("flip", (cube,), np.flip, {"axis": (0, -1)}, grad=(0,)),
    Row("moveaxis", (cube, 0, -1), np.moveaxis, grad=(0,)),
    Row("moveaxis", (cube, (0, 1), (2, 0)), np.moveaxis, grad=(0,)),
    *(
        Row("pad", (cube, ((1, 0), (5, 2), (-1, 3))), padded, {"mode": mode}, grad=(0,))
        for mode in ("constant", "circular", "edge", "reflect", "symmetric")
    ),
    Row("pad", (i, 2), padded, {"value": -7}),
    Row("permute_dims", (cube, (2, 0, 1)), np.permute_dims, grad=(0,)),
    Row("repeat", (x, 2), np.repeat, grad=(0,)),
    Row("repeat", (x, 3), np.repeat, {"axis": 1}, grad=(0,)),
    Row("repeat", (x, np.array([1, 0, 2])), np.repeat, {"axis": 0}, grad=(0,), eager=BY_VALUES),
    Row("reshape", (cube, (4, -1)), np.reshape, grad=(0,)),
    Row("reshape", (cube, (24,)), np.reshape, {"copy": True}, grad=(0,)),
    Row("roll", (cube, 5), np.roll, grad=(0,)),
    Row("roll", (cube, (1, -2)), np.roll, {"axis": (0, 2)}, grad=(0,)),
    Row("split", (x, 2), split, {"axis": 1}, grad=(0,)),
    Row("split", (x, (1, 2)), split, grad=(0,)),
    Row("squeeze", (cube[:1, :, :1], 0), np.squeeze, grad=(0,)),
    Row("squeeze", (cube[:1, :, :1], (0, -1)), np.squeeze, grad=(0,)),
    Row("stack", ([x, y],), np.stack, grad=(0,)),
    Row("stack", ([x, y],), np.stack, {"axis": -1}, grad=(0,)),
    Row("tile", (x, (2, 3)), np.tile, grad=(0,)),
    Row("tile", (x, (2,)), np.tile, grad=(0,)),
    Row("tile", (x, (2, 1, 3)), np.tile, grad=(0,)),
    Row(
        "unstack",
        (cube,),
        lambda x, axis: np.unstack(x, axis=axis),
        {"axis": 1},
        grad=(0,),
        sizes=LISTED,
    ),
]

LINEAR_ALGEBRA = [
    Row("einsum", ("ij,jk->ik", m, n), np.einsum, grad=(1, 2)),
    Row("einsum", ("bij,jk->bk", batch.transpose(0, 2, 1), n), np.einsum, grad=(1, 2)),
    Row("einsum", ("i,i,i->", x[0], y[0], x[1]), np.einsum, grad=(1, 2, 3)),
    Row("matmul", (m, n), np.matmul, grad=(0, 1)),
    Row("matmul", (m, n[:, 0]), np.matmul, grad=(0, 1)),
    Row("matmul", (x[0], n), np.matmul, grad=(0, 1)),
    Row("matmul", (x[0], y[0]), np.matmul, grad=(0, 1)),
    Row("matmul", (batch, m), np.matmul, grad=(0, 1)),
    Row("matmul", (x[0], batch), np.matmul, grad=(0, 1)),
    Row("matmul", (batch[:, None], normal(2, 3, 4)), np.matmul, grad=(0, 1)),
    Row("matmul", (i, j.T.copy()), np.matmul),
    Row("matmul", (small[None].astype("int8"), small[:, None]), np.matmul),
    Row("matrix_transpose", (cube,), np.matrix_transpose, grad=(0,)),
    Row("tensordot", (cube, normal(3, 4, 2)), np.tensordot, grad=(0, 1)),
    Row("tensordot", (cube, x), np.tensordot, {"axes": ((2, 1), (1, 0))}, grad=(0, 1)),
    Row("tensordot", (x, y), np.tensordot, {"axes": 0}, grad=(0, 1)),
    Row("vecdot", (x, y), np.vecdot, grad=(0, 1)),
    Row(
        "vecdot",
        (cube, x[0][:3, None]),
        lambda a, b, axis: np.sum(a * b, axis),
        {"axis": 1},
        grad=(0, 1),
    ),
    Row("vecdot", (z, z[::-1]), np.vecdot),
]

CREATION = [
    Row("arange", (5,), np.arange),
    Row("arange", (1.0, 2.0, 0.3), np.arange, {"dtype": "float64"}),
    Row("arange", (7, 0), np.arange, {"step": -2}),
    Row("asarray", ([[1.5, 2], [3, 4]],), np.asarray, {"dtype": "float64"}),
    Row("asarray", ([[1, 2]],), np.asarray),
    Row("asarray", ([2**64 - 1, 1],), np.asarray, {"dtype": "uint64"}),
    Row("asarray", (x,), np.asarray, {"copy": True}),
    Row("empty", ((2, 3),), np.zeros, {"dtype": "float64"}),
    Row("empty_like", (x,), np.zeros_like),
    Row("eye", (3,), np.eye, {"dtype": "float64"}),
    Row("eye", (3, 4), np.eye, {"k": -1, "dtype": "int64"}),
    Row("full", ((2, 3), 7), np.full),
    Row("full", ((2,), 0.1), np.full, {"dtype": "float64"}),
    Row("full_like", (x, 0.1), np.full_like),
    Row("linspace", (0.1, 0.7, 7), np.linspace, {"dtype": "float64"}),
    Row("linspace", (1.0, -1.0, 4), np.linspace, {"dtype": "float64", "endpoint": False}),
    Row("meshgrid", (x[0], y[0, :3]), np.meshgrid),
    Row("meshgrid", (x[0], y[0, :3]), np.meshgrid, {"indexing": "ij"}),
    Row("ones", ((2, 3),), np.ones, {"dtype": "int64"}),
    Row("ones_like", (i,), np.ones_like),
    Row("tril", (cube,), np.tril, grad=(0,)),
    Row("tril", (cube,), np.tril, {"k": -1}, grad=(0,)),
    Row("triu", (i,), np.triu, {"k": 1}),
    Row("zeros", (2,), np.zeros, {"dtype": "bool"}),
    Row("zeros_like", (x,), np.zeros_like, {"dtype": "int64"}),
]

DATA_TYPES = [
    Row("astype", (steps, "int64"), np.astype),
    Row("astype", (i, "float64"), np.astype),
    Row("astype", (p, "float64"), np.astype),
    Row("astype", (x, "bool"), np.astype),
]

#: The rows of each chapter of ``dualnet.protocols.ops``.
CHAPTERS: dict[str, list[Row]] = {
    "creation": CREATION,
    "data_types": DATA_TYPES,
    "elementwise": ELEMENTWISE,
    "indexing": INDEXING,
    "linear_algebra": LINEAR_ALGEBRA,
    "manipulation": MANIPULATION,
    "reductions": REDUCTIONS,
}
ROWS: list[Row] = [row for rows in CHAPTERS.values() for row in rows]

#: Small integers for every integer dtype, unsigned ones included.
a, b = whole(0, 9, 3, 4), whole(1, 5, 3, 4)
cubed = whole(0, 9, 2, 3, 4)

#: Rows that are run in every integer dtype, into which their arrays are cast.
EVERY_INTEGER = [
    *single(
        a,
        ("abs", np.abs),
        ("bitwise_invert", np.invert),
        ("ceil", np.positive),
        ("isfinite", np.isfinite),
        ("negative", np.negative),
        ("positive", np.positive),
        ("round", np.positive),
        ("sign", np.sign),
        ("square", np.square),
        ("all", np.all),
        ("any", np.any),
        ("argmax", np.argmax),
        ("argmin", np.argmin),
        ("argsort", keyed(np.argsort)),
        ("count_nonzero", np.count_nonzero),
        ("diff", np.diff),
        ("empty_like", np.zeros_like),
        ("expand_dims", lambda x: x[None]),
        ("flip", np.flip),
        ("matrix_transpose", np.matrix_transpose),
        ("max", np.max),
        ("min", np.min),
        ("nonzero", np.nonzero),
        ("ones_like", np.ones_like),
        ("prod", np.prod),
        ("sort", take_sorted),
        ("sum", np.sum),
        ("tril", np.tril),
        ("triu", np.triu),
        ("unique_all", unique("values", "index", "inverse", "counts")),
        ("unstack", lambda x: np.unstack(x)),
        ("zeros_like", np.zeros_like),
        ("linalg.diagonal", np.linalg.diagonal),
        ("linalg.trace", np.linalg.trace),
        grad=False,
    ),
    *pair(
        a,
        b,
        ("add", np.add),
        ("bitwise_and", np.bitwise_and),
        ("bitwise_left_shift", np.left_shift),
        ("bitwise_or", np.bitwise_or),
        ("bitwise_right_shift", np.right_shift),
        ("bitwise_xor", np.bitwise_xor),
        ("equal", np.equal),
        ("floor_divide", np.floor_divide),
        ("greater", np.greater),
        ("greater_equal", np.greater_equal),
        ("less", np.less),
        ("less_equal", np.less_equal),
        ("maximum", np.maximum),
        ("minimum", np.minimum),
        ("multiply", np.multiply),
        ("not_equal", np.not_equal),
        ("pow", np.power),
        ("remainder", np.remainder),
        ("subtract", np.subtract),
        grad=False,
    ),
    *[
        Row(name, (cubed,), function, {"axis": 1})
        for name, function in (
            ("all", np.all),
            ("argmax", np.argmax),
            ("argmin", np.argmin),
            ("cumulative_prod", running(np.cumprod, 1)),
            ("cumulative_sum", running(np.cumsum, 0)),
            ("diff", np.diff),
            ("flip", np.flip),
            ("max", np.max),
            ("min", np.min),
            ("prod", np.prod),
            ("sum", np.sum),
        )
    ],
    Row("broadcast_to", (a, (2, 3, 4)), np.broadcast_to),
    Row("clip", (a, 2, 5), np.clip),
    Row("concat", ([a, b],), np.concat),
    Row("diff", (a,), np.diff, {"prepend": b, "n": 2}),
    Row("full_like", (a, 7), np.full_like),
    Row("matmul", (a, b.T.copy()), np.matmul),
    Row("meshgrid", (a[0], b[0]), np.meshgrid),
    Row("moveaxis", (cubed, 0, -1), np.moveaxis),
    Row("pad", (a, 2), padded, {"value": 7}),
    Row("pad", (a, 2), padded, {"mode": "reflect"}),
    Row("permute_dims", (cubed, (2, 0, 1)), np.permute_dims),
    Row("pow", (a, 2), np.power),
    Row("pow", (2, b), np.power),
    Row("repeat", (a, 2), np.repeat),
    Row("repeat", (a, b[:, 0]), lambda x, n, axis: np.repeat(x, n.astype(int), axis), {"axis": 0}),
    Row("reshape", (a, (2, 6)), np.reshape),
    Row("roll", (a, 5), np.roll),
    Row("roll", (a, (1, -2)), np.roll, {"axis": (0, 1)}),
    Row("searchsorted", (np.sort(a[0]), b), np.searchsorted, {"side": "right"}),
    Row("split", (a, 2), split, {"axis": 1}),
    Row("squeeze", (a[:1], 0), np.squeeze),
    Row("stack", ([a, b],), np.stack),
    Row("take", (a, b[0, :2] % 3), np.take, {"axis": 0}),
    Row("take_along_axis", (a, b % 4), lambda x, i: np.take_along_axis(x, i, -1)),
    Row("tensordot", (a, b), np.tensordot, {"axes": ((0,), (0,))}),
    Row("tile", (a, (2, 3)), np.tile),
    Row("top_k", (a, 2), top_of_integers),
    Row("vecdot", (a, b), np.vecdot),
    Row("where", (p, a, b), np.where),
    Row("linalg.cross", (a[:, :3], b[:, 1:]), np.linalg.cross),
    Row("linalg.outer", (a[0], b[0]), np.outer),
]
