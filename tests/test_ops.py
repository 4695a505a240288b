"""The array functions: each against NumPy, against its twin, and their gradients.

The rows are in ``ops_cases``.  What a row cannot show (errors, ties, NaN, places without a
derivative) is below them.
"""

from __future__ import annotations

import dataclasses
from operator import attrgetter
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import torch

import dualnet as dn
from dualnet import ops, registry, tree
from dualnet.protocols import ops as protocols
from tests import beyond_cases, nn_cases, ops_cases
from tests import extension_cases as extensions
from tests.ops_cases import Row

BACKENDS = ("torch", "tensorflow")
#: The rows of each chapter of ``dualnet.protocols.ops``.
CHAPTERS: dict[str, list[Row]] = {
    **ops_cases.CHAPTERS,
    "creation": ops_cases.CREATION + extensions.EXCHANGE + extensions.FREQUENCIES,
    "fft": extensions.FFT,
    "linalg": extensions.LINALG,
    "nn": nn_cases.NN,
    "control": beyond_cases.CONTROL,
    "statistics": beyond_cases.STATISTICS,
    "updates": beyond_cases.UPDATES,
}
ROWS = [row for rows in CHAPTERS.values() for row in rows]
EVERY_ROW = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
EPSILON = {"float64": np.finfo("float64").eps, "float32": np.finfo("float32").eps}


def the_function(row: Row) -> Any:
    """That of ``dualnet.ops`` which the row names, such as ``sum`` or ``linalg.svd``."""
    return row.call or attrgetter(row.name)(ops)


def is_floating(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def map_arrays(function: Any, row: Row) -> Row:
    """The row with a function applied to each of its arrays."""

    def leaf(value: Any) -> Any:
        return function(value) if isinstance(value, np.ndarray) else value

    return dataclasses.replace(
        row, args=tree.map(leaf, row.args), kwargs=tree.map(leaf, row.kwargs)
    )


def cast(row: Row, dtype: str) -> Row:
    """The row with its floats, real and complex, in another precision."""
    kinds = {"f": dtype, "c": {"float32": "complex64", "float64": "complex128"}[dtype]}
    return map_arrays(lambda a: a.astype(kinds.get(a.dtype.kind, a.dtype)), row)


def native(row: Row, backend: str) -> Row:
    """The row with tensors of a backend for arrays."""
    return map_arrays(registry.load(backend).state.from_numpy, row)


def run(row: Row, backend: str, dtype: str) -> list[np.ndarray]:
    """The results of the row's call on a backend."""
    with dn.using(backend, device="cpu", dtype=dtype):
        row = native(cast(row, dtype), backend)
        return results(the_function(row)(*row.args, **row.kwargs))


def results(value: Any) -> list[np.ndarray]:
    """The leaves of a result, as NumPy arrays."""
    return [dn.to_numpy(leaf) for leaf in tree.leaves(value)]


def expected(row: Row, dtype: str) -> list[np.ndarray]:
    """What the reference gives in float64 for inputs that are representable in ``dtype``."""
    row = cast(cast(row, dtype), "float64")
    with np.errstate(all="ignore"):
        return [np.asarray(leaf) for leaf in tree.leaves(row.reference(*row.args, **row.kwargs))]


def assert_near(got: list[np.ndarray], wanted: list[np.ndarray], relative: float) -> None:
    """Equal shapes, equal integers and bools, floats that differ by rounding."""
    assert [g.shape for g in got] == [w.shape for w in wanted]
    for g, w in zip(got, wanted, strict=True):
        if g.dtype.kind in "fc":
            size = np.abs(w[np.isfinite(w)])
            bound = relative * (size.max(initial=0.0) or 1.0)
            np.testing.assert_allclose(g, w, rtol=0, atol=bound)
        else:
            np.testing.assert_array_equal(g, w)


@EVERY_ROW
@pytest.mark.parametrize("backend", BACKENDS)
def test_values_are_those_of_numpy(row: Row, backend: str) -> None:
    got, wanted = run(row, backend, "float64"), expected(row, "float64")
    assert_near(got, wanted, 1e-13)  # PARITY gate (a): float64 per op, relative to scale
    assert [g.dtype for g in got] == [w.dtype for w in wanted]


@EVERY_ROW
def test_float32_is_right_to_a_few_ulps(row: Row) -> None:
    wanted = expected(row, "float32")
    ulps, _ = row.ulps
    found = {backend: run(row, backend, "float32") for backend in BACKENDS}
    for got in found.values():
        assert_near(got, wanted, ulps * EPSILON["float32"])  # the row gives the reason
    assert [g.dtype for g in found["torch"]] == [g.dtype for g in found["tensorflow"]]
    if "dtype" not in row.kwargs:
        assert all(g.dtype != np.float64 for g in found["torch"]) or row.name == "astype"


DIFFERENTIABLE = [row for row in ROWS if row.grad]


def gradients(row: Row, backend: str) -> list[np.ndarray]:
    """Of the weighted sum of the row's float results, in every leaf of its ``grad`` arguments."""
    with dn.using(backend, device="cpu", dtype="float64"):
        row = native(row, backend)
        sources = [leaf for place in row.grad for leaf in tree.leaves(row.args[place])]
        with dn.GradientTape() as tape:
            tape.watch(*sources)
            value = the_function(row)(*row.args, **row.kwargs)
            parts = [
                part for part in tree.leaves(value) if ops.isdtype(part.dtype, "real floating")
            ]
            total = sum(ops.sum(part * ops.asarray(weights(part.shape))) for part in parts)
        return [dn.to_numpy(g) for g in tape.gradient(total, sources)]


def weights(shape: Any) -> np.ndarray:
    """Fixed numbers of a shape, so that no gradient vanishes by symmetry."""
    return np.cos(1.0 + np.arange(np.prod(tuple(shape), dtype=int))).reshape(tuple(shape))


def numerical(row: Row) -> list[np.ndarray]:
    """The same gradients, by central differences of the reference."""

    def total() -> float:
        value = row.reference(*row.args, **row.kwargs)
        parts = [np.asarray(part) for part in tree.leaves(value)]
        return sum(np.sum(part * weights(part.shape)) for part in parts if is_floating(part))

    row = map_arrays(np.copy, row)
    found = []
    for source in [leaf for place in row.grad for leaf in tree.leaves(row.args[place])]:
        gradient = np.zeros_like(source)
        for index in np.ndindex(source.shape):
            middle, sides = source[index], []
            for step in (1e-6, -1e-6):
                source[index] = middle + step
                sides.append(total())
            source[index] = middle
            gradient[index] = (sides[0] - sides[1]) / 2e-6
        found.append(gradient)
    return found


@pytest.mark.parametrize("row", DIFFERENTIABLE, ids=lambda row: row.id)
def test_gradients_agree_and_are_right(row: Row) -> None:
    ours = {backend: gradients(row, backend) for backend in BACKENDS}
    assert_near(ours["torch"], ours["tensorflow"], 1e-12)  # a few roundings more than forward
    # The difference quotient is off by 1e-12·f''' from the step and by 1e-16/1e-6 from rounding.
    assert_near(ours["torch"], numerical(row), 1e-7)


def leaves_of(rows: list[Row]) -> list[Any]:
    return [leaf for row in rows for leaf in tree.leaves((row.args, row.kwargs)) if is_tensor(leaf)]


def is_tensor(leaf: Any) -> bool:
    return registry.of_type(type(leaf)) is not None


def with_leaves(rows: list[Row], leaves: Any) -> list[Row]:
    """The rows with other tensors, in the order of ``leaves_of``."""
    stream = iter(leaves)

    def leaf(value: Any) -> Any:
        return next(stream) if is_tensor(value) else value

    return [
        dataclasses.replace(row, args=tree.map(leaf, row.args), kwargs=tree.map(leaf, row.kwargs))
        for row in rows
    ]


def flat_call(rows: list[Row], leaves: Any) -> list[Any]:
    """The results of all rows, leaf by leaf, with these tensors for theirs."""
    with_tensors = with_leaves(rows, leaves)
    return tree.leaves([the_function(r)(*r.args, **r.kwargs) for r in with_tensors])


CHAPTER = pytest.mark.parametrize("chapter", sorted(set(CHAPTERS) - {"creation"}))


@CHAPTER
def test_every_function_traces_under_torch_compile(chapter: str) -> None:
    by_name = {row.name: row for row in reversed(CHAPTERS[chapter]) if not row.eager}
    rows = [native(row, "torch") for row in by_name.values()]  # one each: tracing is slow
    torch.compiler.reset()
    compiled = torch.compile(
        lambda *leaves: flat_call(rows, leaves), fullgraph=True, backend="aot_eager"
    )
    given = leaves_of(rows)
    assert_near(results(compiled(*given)), results(flat_call(rows, given)), 1e-14)  # same kernels


@CHAPTER
def test_every_function_traces_under_tf_function(chapter: str) -> None:
    rows = [native(row, "tensorflow") for row in CHAPTERS[chapter]]
    compiled = tf.function(lambda *leaves: flat_call(rows, leaves), autograph=False)
    given = leaves_of(rows)
    assert_near(results(compiled(*given)), results(flat_call(rows, given)), 1e-14)  # same kernels


@CHAPTER
def test_every_function_traces_for_unknown_sizes(chapter: str) -> None:
    rows = [native(row, "tensorflow") for row in CHAPTERS[chapter] if not row.sizes]
    given = leaves_of(rows)
    signature = [tf.TensorSpec([None] * leaf.shape.rank, leaf.dtype) for leaf in given]
    compiled = tf.function(
        lambda *leaves: flat_call(rows, leaves), autograph=False, input_signature=signature
    )
    # Grappler may order the additions of a mean or a matrix product otherwise.
    assert_near(results(compiled(*given)), results(flat_call(rows, given)), 1e-13)


def test_every_function_of_the_protocols_has_a_row() -> None:
    chapters = {
        "": (protocols.Creation, *protocols.CHAPTERS),
        "fft.": (protocols.FFT, protocols.Frequencies),
        "linalg.": (protocols.LinearAlgebra, protocols.Linalg),
    }
    declared = {
        prefix + name
        for prefix, found in chapters.items()
        for chapter in found
        for name in vars(chapter)
        if not name.startswith("_")
    }
    declared |= {f"nn.{name}" for name in ops.nn.__all__}
    declared |= {name for module in ops.COMPOSED for name in module.__all__}
    assert declared == {row.name for row in ROWS}


# --- What a row cannot show -------------------------------------------------------------

NAN, INF = np.nan, np.inf

#: Function, arguments, options, the result wanted, the convention.
MEANINGS: list[tuple[str, tuple[Any, ...], dict[str, Any], Any, str]] = [
    ("argmax", ([1.0, 3.0, 3.0],), {}, 1, "the first of a tie"),
    ("argmax", ([1.0, INF, NAN, NAN],), {}, 2, "NaN is the largest"),
    ("argmin", ([1.0, -INF, NAN],), {}, 2, "NaN is the smallest, too"),
    ("argmin", ([[2.0, 1.0], [NAN, 0.0]],), {"axis": 1, "keepdims": True}, [[1], [0]], "NaN"),
    ("sort", ([1.0, 3.0, NAN, INF, 2.0],), {}, [1.0, 2.0, 3.0, INF, NAN], "NaN last"),
    ("sort", ([1.0, NAN, 2.0],), {"descending": True}, [NAN, 2.0, 1.0], "NaN is the largest"),
    ("argsort", ([0.0, -0.0, -1.0, -0.0],), {}, [2, 0, 1, 3], "stable; -0 ties with 0"),
    ("argsort", ([1.0, 2.0, 1.0, 2.0],), {"descending": True}, [1, 3, 0, 2], "stable"),
    ("argsort", ([NAN, 1.0, NAN],), {}, [1, 0, 2], "stable among NaN"),
    ("argsort", ([True, False],), {}, None, "bool has no order"),
    ("unique_values", ([3.0, 1.0, 3.0, -1.0],), {}, [-1.0, 1.0, 3.0], "ascending"),
    ("unique_values", ([NAN, 1.0, NAN],), {}, [1.0, NAN, NAN], "each NaN is distinct"),
    ("unique_values", ([2j, 1.0, 2j, 1j],), {}, [1j, 2j, 1.0], "by real parts first"),
    ("max", ([1.0, NAN, 3.0],), {}, NAN, "NaN wins"),
    ("min", ([[1.0, NAN], [3.0, 2.0]],), {"axis": 1}, [NAN, 2.0], "NaN wins"),
    ("maximum", ([1.0, NAN], [NAN, 1.0]), {}, [NAN, NAN], "NaN wins"),
    ("clip", ([NAN, 2.0], 0.0, 1.0), {}, [NAN, 1.0], "NaN stays"),
    ("sign", ([NAN, -0.0, -2.0],), {}, [NAN, 0.0, -1.0], "sign of NaN"),
    ("round", ([0.5, 1.5, 2.5, -0.5],), {}, [0.0, 2.0, 2.0, -0.0], "halves to even"),
    ("sum", (np.zeros((0, 2)),), {}, 0.0, "identity"),
    ("prod", (np.zeros((0, 2)),), {"axis": 0}, [1.0, 1.0], "identity"),
    ("mean", (np.zeros((0, 2)),), {"axis": 0}, [NAN, NAN], "mean of nothing"),
    ("var", (np.zeros((0, 2)),), {"axis": 0}, [NAN, NAN], "variance of nothing"),
    *[
        (name, ([3.0, 0.0],), {"axis": ()}, wanted, "no axis: of each element")
        for name, wanted in (
            ("all", [True, False]),
            ("any", [True, False]),
            ("count_nonzero", [1, 0]),
            ("logsumexp", [3.0, 0.0]),
            ("max", [3.0, 0.0]),
            ("mean", [3.0, 0.0]),
            ("min", [3.0, 0.0]),
            ("prod", [3.0, 0.0]),
            ("std", [0.0, 0.0]),
            ("sum", [3.0, 0.0]),
            ("var", [0.0, 0.0]),
        )
    ],
    ("var", ([3.0],), {"correction": 1.0}, NAN, "nothing left to divide by"),
    ("logsumexp", (np.zeros((0, 2)),), {"axis": 0}, [-INF, -INF], "log 0"),
    ("logsumexp", ([-INF, -INF],), {}, -INF, "log 0"),
    ("all", (np.zeros((0,)),), {}, True, "identity"),
    ("any", (np.zeros((0,)),), {}, False, "identity"),
    ("sum", (np.array([2**31 - 1, 1], "int32"),), {}, 2**31, "int64, no wrap"),
    ("sum", (np.array([2**64 - 1, 2], "uint64"),), {}, 1, "uint64 wraps as it must"),
    (
        "floor_divide",
        ([1.0, -1.0, 1.0, 0.0], [0.1, 0.1, 0.0, 0.0]),
        {},
        [9.0, -10.0, INF, NAN],
        "exact remainder first",
    ),
    ("floor_divide", ([1.0, -1.0, INF], [INF, INF, 2.0]), {}, [0.0, -0.0, INF], "infinities"),
    ("floor_divide", ([7, -7, 7, -7], [2, 2, -2, -2]), {}, [3, -4, -4, 3], "towards -inf"),
    ("remainder", ([7, -7, 7, -7], [2, 2, -2, -2]), {}, [1, 1, -1, -1], "sign of the divisor"),
    ("remainder", ([5.5, -5.5], [-2.0, 2.0]), {}, [-0.5, 0.5], "sign of the divisor"),
    ("divide", ([1.0, -1.0, 0.0], [0.0, 0.0, 0.0]), {}, [INF, -INF, NAN], "IEEE 754"),
    ("pow", ([0.0, 2.0], [0.0, -1.0]), {}, [1.0, 0.5], "0**0 is 1"),
    ("bitwise_left_shift", ([1, -3], [64, 99]), {}, [0, 0], "all bits shifted out"),
    ("bitwise_right_shift", ([5, -5], [64, 99]), {}, [0, -1], "all bits but the sign"),
    (
        "bitwise_right_shift",
        (np.array([255], "uint8"), np.array([9], "uint8")),
        {},
        np.array([0], "uint8"),
        "all bits shifted out",
    ),
    ("round", ([2.5 - 1.5j],), {}, [2.0 - 2.0j], "both parts"),
    ("take", ([1.0, 2.0, 3.0], [-1, 0]), {}, [3.0, 1.0], "negative: from the end"),
    ("cumulative_prod", ([2.0, 0.0, 3.0],), {}, [2.0, 0.0, 0.0], "zeros"),
    ("cumulative_sum", (np.zeros((0,)),), {"include_initial": True}, [0.0], "of nothing"),
    ("cumulative_prod", (np.zeros((0,)),), {}, np.zeros((0,)), "of nothing"),
    ("sum", (np.ones(4096, "float16"),), {}, 4096.0, "added up in float32"),
    ("mean", (np.ones(4096, "float16"),), {}, 1.0, "added up in float32"),
    (
        "cumulative_sum",
        (np.ones(4096, "float16"),),
        {},
        np.arange(1.0, 4097.0).astype("float16"),
        "added up in float32",
    ),
    ("hypot", ([-INF, NAN], [NAN, 1.0]), {}, [INF, NAN], "an infinite side"),
    ("matmul", (np.zeros((2, 0)), np.zeros((0, 3))), {}, np.zeros((2, 3)), "a sum of nothing"),
]


def tensors(args: Any) -> Any:
    """Lists of numbers as tensors of the current backend."""
    return [ops.asarray(np.asarray(a)) if isinstance(a, (list, np.ndarray)) else a for a in args]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("name", "args", "kwargs", "wanted", "why"), MEANINGS, ids=[f"{m[0]}-{m[4]}" for m in MEANINGS]
)
def test_meaning(backend: str, name: str, args: Any, kwargs: Any, wanted: Any, why: str) -> None:
    with dn.using(backend, device="cpu"):
        if wanted is None:
            with pytest.raises(dn.DtypeError, match="takes"):
                attrgetter(name)(ops)(*tensors(args), **kwargs)
            return
        got = attrgetter(name)(ops)(*tensors(args), **kwargs)
        np.testing.assert_array_equal(dn.to_numpy(got), np.asarray(wanted), err_msg=why)


PI = np.pi

#: Function, arguments, the result wanted, whose zeros have signs: the standard's special cases,
#: and numbers whose squares overflow or vanish.
EDGES: list[tuple[str, tuple[Any, ...], complex]] = [
    ("floor_divide", (-0.0, 2.0), -0.0),
    ("floor_divide", (-0.0, -2.0), 0.0),
    ("floor_divide", (-0.5, -2.0), 0.0),
    ("remainder", (-0.0, 2.0), 0.0),
    ("remainder", (0.0, -2.0), -0.0),
    ("remainder", (-4.0, 2.0), 0.0),
    ("acos", (complex(0.0, 0.0),), complex(PI / 2, -0.0)),
    ("acos", (complex(0.5, -0.0),), complex(PI / 3, 0.0)),
    ("expm1", (complex(-0.0, 0.0),), complex(0.0, 0.0)),
    ("expm1", (complex(INF, 0.0),), complex(INF, 0.0)),
    ("expm1", (complex(INF, 1.0),), complex(INF, INF)),
    ("expm1", (complex(INF, INF),), complex(INF, NAN)),
    ("expm1", (complex(INF, NAN),), complex(INF, NAN)),
    ("expm1", (complex(-INF, 1.0),), complex(-1.0, 0.0)),
    ("expm1", (complex(-INF, INF),), complex(-1.0, 0.0)),
    ("expm1", (complex(-INF, NAN),), complex(-1.0, 0.0)),
    ("expm1", (complex(NAN, 0.0),), complex(NAN, 0.0)),
    ("log", (complex(3e300, -4e300),), complex(np.log(5e300), -np.arctan2(4.0, 3.0))),
    ("log", (complex(-3e-300, 4e-300),), complex(np.log(5e-300), np.arctan2(4.0, -3.0))),
    ("log", (complex(-1.0, -0.0),), complex(0.0, -PI)),
    ("log1p", (complex(-1.0, 0.0),), complex(-INF, 0.0)),
    ("log1p", (complex(1.0, INF),), complex(INF, PI / 2)),
    ("log1p", (complex(INF, 1.0),), complex(INF, 0.0)),
    ("log1p", (complex(INF, INF),), complex(INF, PI / 4)),
    ("log1p", (complex(INF, NAN),), complex(INF, NAN)),
    ("log1p", (complex(-INF, 1.0),), complex(INF, PI)),
    ("log1p", (complex(-INF, INF),), complex(INF, 3 * PI / 4)),
    ("log1p", (complex(NAN, INF),), complex(INF, NAN)),
    ("sign", (complex(3e300, -4e300),), complex(0.6, -0.8)),
    ("sqrt", (complex(-4.0, -0.0),), complex(0.0, -2.0)),
    ("tanh", (complex(INF, 2.0),), complex(1.0, 0.0)),
    ("tanh", (complex(-INF, -2.0),), complex(-1.0, -0.0)),
]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("name", "args", "wanted"), EDGES)
def test_values_at_the_edges(backend: str, name: str, args: Any, wanted: Any) -> None:
    with dn.using(backend, device="cpu"):
        found = getattr(ops, name)(*(ops.asarray(np.array([value])) for value in args))
    for got, part in zip(parts(dn.to_numpy(found)[0]), parts(wanted), strict=True):
        np.testing.assert_allclose(got, part, rtol=1e-15, atol=0)  # rounded a few times
        if part == 0:
            assert np.signbit(got) == np.signbit(part)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("size", [1e-30, 1e25])
def test_qr_of_numbers_whose_squares_overflow_or_vanish(backend: str, size: float) -> None:
    with dn.using(backend, device="cpu"):
        matrix = ops.asarray(np.array([[3, 1], [4, 2]], "float32") * size)
        q, r = results(ops.linalg.qr(matrix))
    ulps = {"rtol": 0, "atol": 4e-6}  # a few of 5
    np.testing.assert_allclose(q, [[0.6, -0.8], [0.8, 0.6]], **ulps)
    np.testing.assert_allclose(r / size, [[5, 2.2], [0, 0.4]], **ulps)


def parts(value: Any) -> tuple[float, ...]:
    return (value.real, value.imag) if np.iscomplexobj(value) else (value,)


@pytest.mark.parametrize("row", ops_cases.EVERY_INTEGER, ids=lambda row: row.id)
@pytest.mark.parametrize("backend", BACKENDS)
def test_every_integer_dtype(row: Row, backend: str) -> None:
    for dtype in dn.dtypes.INTEGER:
        one = map_arrays(lambda a, d=dtype: a if a.dtype == bool else a.astype(d), row)
        got = run(one, backend, "float32")
        wanted = [np.asarray(leaf) for leaf in tree.leaves(one.reference(*one.args, **one.kwargs))]
        assert_near(got, wanted, 0.0)
        assert [g.dtype for g in got] == [w.dtype for w in wanted], dtype


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_namespace_tells_devices_as_tensors_do(backend: str) -> None:
    namespace = registry.load(backend).ops
    info = namespace.__array_namespace_info__()
    for device in info.devices():
        tensor = namespace.ones(2, device=device)
        assert tensor.device == device
        assert namespace.from_dlpack(tensor, device=device).device == device
    assert info.default_device() == info.devices()[0]


@pytest.mark.parametrize("name", ["max", "min"])
def test_xla_drops_no_nan(name: str) -> None:
    compiled = tf.function(getattr(ops, name), jit_compile=True)
    assert np.isnan(compiled(tf.constant([1.0, np.nan, 3.0])))


#: Function, arguments, options, place of the argument, the gradient of the sum in it.
KINKS: list[tuple[str, tuple[Any, ...], dict[str, Any], int, Any]] = [
    ("abs", ([0.0, -0.0, 2.0],), {}, 0, [0.0, 0.0, 1.0]),
    ("maximum", ([1.0, 2.0], [1.0, 3.0]), {}, 0, [0.5, 0.0]),
    ("maximum", ([1.0, 2.0], [1.0, 3.0]), {}, 1, [0.5, 1.0]),
    ("maximum", ([0.0, 2.0], 0.0), {}, 0, [0.5, 1.0]),
    ("minimum", ([1.0, 2.0], [1.0, 3.0]), {}, 0, [0.5, 1.0]),
    ("minimum", ([1.0, 2.0], [1.0, 3.0]), {}, 1, [0.5, 0.0]),
    ("max", ([3.0, 1.0, 3.0],), {}, 0, [0.5, 0.0, 0.5]),
    ("min", ([[1.0, 1.0, 1.0, 1.0]],), {"axis": 1}, 0, [[0.25] * 4]),
    ("clip", ([-1.0, 0.0, 0.5, 1.0, 2.0], 0.0, 1.0), {}, 0, [0.0, 1.0, 1.0, 1.0, 0.0]),
    ("clip", ([0.0, 2.0], 0.0), {}, 0, [1.0, 1.0]),
    ("clip", ([0.0, 2.0],), {"max": 0.0}, 0, [1.0, 0.0]),
    ("round", ([0.5, 1.2],), {}, 0, [0.0, 0.0]),
    ("floor", ([1.0, 1.2],), {}, 0, [0.0, 0.0]),
    ("ceil", ([1.0, 1.2],), {}, 0, [0.0, 0.0]),
    ("trunc", ([1.0, 1.2],), {}, 0, [0.0, 0.0]),
    ("sign", ([0.0, 1.2],), {}, 0, [0.0, 0.0]),
    ("floor_divide", ([7.0], [2.0]), {}, 0, [0.0]),
    ("floor_divide", ([7.0], [2.0]), {}, 1, [0.0]),
    ("pow", ([0.0, 3.0], [0.0, 0.0]), {}, 0, [0.0, 0.0]),
    ("pow", ([0.0], 0.0), {}, 0, [0.0]),
    ("pow", ([0.0], 1.0), {}, 0, [1.0]),
    ("pow", ([0.0, -3.0], 2), {}, 0, [0.0, -6.0]),
    ("pow", ([-1.0, 0.0, 0.0, np.e], [2.0, 2.0, 0.0, 1.0]), {}, 1, [0.0, 0.0, 0.0, np.e]),
    ("atan2", ([0.0, 1.0], [0.0, 0.0]), {}, 0, [0.0, 0.0]),
    ("atan2", ([0.0, 1.0], [0.0, 0.0]), {}, 1, [0.0, -1.0]),
    ("hypot", ([0.0, 3.0], [0.0, 4.0]), {}, 0, [0.0, 0.6]),
    ("hypot", ([0.0, 3.0], [0.0, 4.0]), {}, 1, [0.0, 0.8]),
    ("linalg.vector_norm", ([0.0, 0.0],), {}, 0, [0.0, 0.0]),
    ("linalg.matrix_norm", ([[0.0, 0.0]],), {}, 0, [[0.0, 0.0]]),
    ("std", ([2.0, 2.0, 2.0],), {}, 0, [0.0, 0.0, 0.0]),
    ("std", ([2.0, 2.0],), {"correction": 1.0}, 0, [0.0, 0.0]),
    ("prod", ([2.0, 0.0, 3.0],), {}, 0, [0.0, 6.0, 0.0]),
    ("prod", ([0.0, 0.0, 3.0],), {}, 0, [0.0, 0.0, 0.0]),
    ("cumulative_prod", ([2.0, 0.0, 3.0],), {}, 0, [1.0, 8.0, 0.0]),
    ("sqrt", ([0.0],), {}, 0, [INF]),
    ("logaddexp", ([1.0], [1.0]), {}, 0, [0.5]),
    ("logsumexp", ([-INF, 0.0],), {}, 0, [0.0, 1.0]),
    ("where", ([True, False], [1.0, 2.0], 0.0), {}, 1, [1.0, 0.0]),
    ("top_k", ([1.0, 1.0, 0.0], 1), {}, 0, [1.0, 0.0, 0.0]),
    ("sort", ([1.0, NAN],), {}, 0, [1.0, 1.0]),
    ("take", ([1.0, 2.0], [1, 1, -1]), {}, 0, [0.0, 3.0]),
]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("name", "args", "kwargs", "place", "wanted"), KINKS)
def test_gradient_at_an_awkward_place(
    backend: str, name: str, args: Any, kwargs: Any, place: int, wanted: Any
) -> None:
    with dn.using(backend, device="cpu", dtype="float64"), dn.GradientTape() as tape:
        args = tensors(args)
        tape.watch(args[place])
        value = tree.leaves(attrgetter(name)(ops)(*args, **kwargs))[0]
        gradient = tape.gradient(ops.sum(value), args[place])
    rounded = 1e-15  # where a formula is not exact in binary (0.6, e), a rounding or two
    np.testing.assert_allclose(dn.to_numpy(gradient), wanted, rtol=rounded, atol=0)


@pytest.mark.parametrize("row", DIFFERENTIABLE, ids=lambda row: row.id)
def test_second_derivatives_agree(row: Row) -> None:
    found = {}
    for backend in BACKENDS:
        with dn.using(backend, device="cpu", dtype="float64"):
            found[backend] = second_derivatives(native(row, backend))
    assert_near(found["torch"], found["tensorflow"], 1e-11)  # two orders, a few roundings each


def second_derivatives(row: Row) -> list[np.ndarray]:
    """The gradient of the squared gradient; zeros where the first is constant."""
    sources = [leaf for place in row.grad for leaf in tree.leaves(row.args[place])]
    with dn.GradientTape() as outer:
        outer.watch(*sources)
        with dn.GradientTape() as inner:
            inner.watch(*sources)
            value = the_function(row)(*row.args, **row.kwargs)
            total = sum(
                ops.sum(part * ops.asarray(weights(part.shape)))
                for part in tree.leaves(value)
                if ops.isdtype(part.dtype, "real floating")
            )
        first = inner.gradient(total, sources)
        size = sum(
            ops.sum(ops.square(g) * ops.asarray(k + weights(g.shape))) for k, g in enumerate(first)
        )
    second = outer.gradient(size, sources)
    return [
        dn.to_numpy(ops.zeros_like(s) if g is None else g)
        for s, g in zip(sources, second, strict=True)
    ]


def of(*shape: int) -> np.ndarray:
    return np.ones(shape)


#: Function, arguments, options, the error, words of its text.
REFUSALS: list[tuple[str, tuple[Any, ...], dict[str, Any], type[Exception], str]] = [
    ("add", (of(3), of(4)), {}, dn.ShapeError, r"add\(float64\[3\], float64\[4\]\)"),
    ("equal", (of(3), of(4)), {}, dn.ShapeError, r"equal\(float64\[3\], float64\[4\]\)"),
    ("where", (of(3) > 0, of(4), 0.0), {}, dn.ShapeError, "where"),
    ("clip", (of(3), of(4)), {}, dn.ShapeError, "clip"),
    ("maximum", (of(2, 3), of(2)), {}, dn.ShapeError, "maximum"),
    ("matmul", (of(2, 3), of(2, 3)), {}, dn.ShapeError, "matmul"),
    ("matmul", (of(), of(2)), {}, dn.ShapeError, "matmul"),
    ("tensordot", (of(2, 3), of(2, 3)), {"axes": 1}, dn.ShapeError, "tensordot"),
    ("vecdot", (of(2), of(3)), {}, dn.ShapeError, "vecdot"),
    ("vecdot", (of(2), of(1)), {}, dn.ShapeError, "vectors of 2 and 1"),
    ("matrix_transpose", (of(2),), {}, dn.ShapeError, "matrix_transpose"),
    ("reshape", (of(2, 3), (4, 2)), {}, dn.ShapeError, r"reshape\(float64\[2, 3\], \[4, 2\]\)"),
    ("broadcast_to", (of(3), (2, 4)), {}, dn.ShapeError, "broadcast_to"),
    ("broadcast_arrays", (of(3), of(2)), {}, dn.ShapeError, "broadcast_arrays"),
    ("squeeze", (of(3, 1), 0), {}, dn.ShapeError, "squeeze"),
    ("split", (of(5), 2), {}, dn.ShapeError, "split"),
    ("split", (of(5), (2, 2)), {}, dn.ShapeError, "split"),
    ("permute_dims", (of(2, 3), (0, 0)), {}, dn.ShapeError, "permute_dims"),
    ("expand_dims", (of(2),), {"axis": 5}, dn.IndexRangeError, "expand_dims.* -2 to 1"),
    ("sum", (of(2),), {"axis": 3}, dn.ShapeError, "sum"),
    ("max", (of(0, 2),), {}, dn.ShapeError, "max"),
    ("max", (of(2),), {"axis": 3}, dn.ShapeError, "max"),
    ("argmax", (of(2, 0),), {"axis": 1}, dn.ShapeError, "argmax"),
    ("argmin", (of(0),), {}, dn.ShapeError, "argmin"),
    ("cumulative_sum", (of(2, 2),), {}, dn.ShapeError, "axis"),
    ("take", (of(2, 2), [0]), {}, dn.ShapeError, "axis"),
    ("take", (of(2), [0]), {"axis": 4}, dn.ShapeError, "axis"),
    ("top_k", (of(2), 3), {}, dn.ShapeError, "top_k"),
    ("take", (of(3), [5]), {}, dn.IndexRangeError, "take"),
    ("take", (of(3), [-4]), {}, dn.IndexRangeError, "take"),
    ("take_along_axis", (of(3), [3]), {}, dn.IndexRangeError, "take_along_axis"),
    ("take", (of(3), [1.0]), {}, dn.DtypeError, "take"),
    ("add", (of(3), np.array([1, 2, 3])), {}, dn.DtypeError, "float64 and int64"),
    ("add", (of(3) > 0, of(3) > 0), {}, dn.DtypeError, "add takes .* got bool"),
    ("add", (np.array([1]), 0.5), {}, dn.DtypeError, "0.5 does not fit .* int64"),
    ("multiply", (of(3), True), {}, dn.DtypeError, "True does not fit"),
    ("sin", (np.array([1]),), {}, dn.DtypeError, "sin takes .* got int64"),
    ("mean", (np.array([1, 2]),), {}, dn.DtypeError, "mean takes .* got int64"),
    ("logical_and", (of(2), of(2)), {}, dn.DtypeError, "logical_and"),
    ("bitwise_and", (of(2), of(2)), {}, dn.DtypeError, "bitwise_and"),
    ("less", (of(2) + 0j, of(2)), {}, dn.DtypeError, "takes .* got complex128"),
    ("where", (of(2), of(2), of(2)), {}, dn.DtypeError, "where"),
    ("astype", (of(2), "float99"), {}, dn.DtypeError, "float99"),
    ("floor_divide", (np.array([1]), np.array([0])), {}, dn.errors.NonFiniteError, "floor_divide"),
    ("remainder", (np.array([1]), np.array([0])), {}, dn.errors.NonFiniteError, "remainder"),
    ("pow", (np.array([2]), np.array([-1])), {}, dn.DtypeError, "negative"),
    ("pow", (np.array([2]), -1), {}, dn.DtypeError, "negative"),
    ("clip", (of(2), 2.0, 1.0), {}, dn.ConfigError, "min=2.0 is above max=1.0"),
    ("concat", ([of(2, 3), of(3, 2)],), {}, dn.ShapeError, "concat"),
    ("stack", ([of(2), of(3)],), {}, dn.ShapeError, "stack"),
    ("einsum", ("ij,jk->ik", of(2, 3), of(2, 3)), {}, dn.ShapeError, "einsum"),
    ("linalg.cholesky", (-np.eye(2),), {}, dn.NonFiniteError, "cholesky"),
    ("linalg.inv", (of(2, 2),), {}, dn.NonFiniteError, "inv"),
    ("linalg.solve", (of(2, 2), of(2)), {}, dn.NonFiniteError, "solve"),
    ("linalg.matrix_power", (of(2, 2), -1), {}, dn.NonFiniteError, "matrix_power"),
    ("linalg.inv", (of(2, 3),), {}, dn.ShapeError, "inv"),
    ("linalg.eigh", (of(2, 3),), {}, dn.ShapeError, "eigh"),
    ("linalg.cholesky", (of(2, 3),), {}, dn.ShapeError, "cholesky"),
    ("linalg.det", (of(3),), {}, dn.ShapeError, "det"),
    ("linalg.cross", (of(2), of(2)), {}, dn.ShapeError, "cross"),
    ("linalg.outer", (of(2, 2), of(2)), {}, dn.ShapeError, "outer"),
    ("linalg.solve", (np.eye(2), of(3)), {}, dn.ShapeError, "solve"),
    ("linalg.matrix_norm", (of(2, 2),), {"ord": 3}, dn.ConfigError, "ord=3"),
    ("linalg.qr", (of(2, 2),), {"mode": "raw"}, dn.ConfigError, "mode='raw'"),
    ("linalg.svd", (np.array([[1]]),), {}, dn.DtypeError, "svd takes .* got int64"),
    ("fft.fft", (of(3),), {"norm": "unitary"}, dn.ConfigError, "norm='unitary'"),
    ("fft.fft", (of(3),), {"n": 0}, dn.ConfigError, "0 points"),
    ("fft.fft", (of(0),), {}, dn.ShapeError, "a transform of nothing"),
    ("fft.fftn", (of(2, 0),), {}, dn.ShapeError, "a transform of nothing"),
    ("fft.fftfreq", (0,), {}, dn.ConfigError, "0 points"),
    ("fft.rfftfreq", (0,), {}, dn.ConfigError, "0 points"),
    ("fft.rfft", (of(3),), {"axis": 1}, dn.ShapeError, "axis 1"),
    ("fft.rfft", (of(3) + 0j,), {}, dn.DtypeError, "rfft takes .* got complex128"),
    ("fft.fftn", (of(3),), {"s": (2, 2), "axes": (0,)}, dn.ConfigError, "another length"),
    ("fft.fftn", (np.array([1]),), {}, dn.DtypeError, "fft"),
]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("name", "args", "kwargs", "error", "words"),
    REFUSALS,
    ids=[f"{r[0]}-{i}" for i, r in enumerate(REFUSALS)],
)
def test_refusal(
    backend: str, name: str, args: Any, kwargs: Any, error: type[Exception], words: str
) -> None:
    with dn.using(backend, device="cpu"):
        args = tree.map(lambda a: ops.asarray(a) if isinstance(a, np.ndarray) else a, args)
        if isinstance(args[-1], list) and name.startswith("take"):
            args = (*args[:-1], ops.asarray(args[-1]))
        with pytest.raises(error, match=words):
            attrgetter(name)(ops)(*args, **kwargs)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("point", "wanted"),
    [
        ([0.0, 2.0, 3.0], [[0.0, 3.0, 2.0], [3.0, 0.0, 0.0], [2.0, 0.0, 0.0]]),
        ([0.0, 0.0, 3.0], [[0.0, 3.0, 0.0], [3.0, 0.0, 0.0], [0.0, 0.0, 0.0]]),
        ([[1.0, 2.0], [0.0, 0.0]], [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 2], [0, 0, 2, 0]]),
    ],
)
def test_the_second_derivative_of_prod_at_zeros(backend: str, point: Any, wanted: Any) -> None:
    with dn.using(backend, device="cpu", dtype="float64"):
        shape = np.shape(point)
        hessian = dn.hessian(ops.prod)(ops.asarray(np.asarray(point)))
    np.testing.assert_array_equal(dn.to_numpy(hessian), np.reshape(wanted, shape + shape))


@pytest.mark.parametrize("backend", BACKENDS)
def test_power_spectra_have_gradients(backend: str) -> None:
    """By Parseval, ``∂/∂x Σ|fft(x)|²`` is ``2n·x``; of the half that is kept, it follows."""
    x = np.cos(np.arange(6.0))
    half = np.fft.rfft(x)
    wanted = 2 * np.real(np.fft.ifft(np.concatenate((half, np.zeros(2))), norm="forward"))
    with dn.using(backend, device="cpu", dtype="float64"):
        point = ops.asarray(x)
        whole = dn.grad(lambda x: ops.sum(ops.square(ops.abs(ops.fft.fft(x)))))(point)
        kept = dn.grad(lambda x: ops.sum(ops.square(ops.abs(ops.fft.rfft(x)))))(point)
    close = {"rtol": 0, "atol": 1e-13}  # sums of six terms of size 10
    np.testing.assert_allclose(dn.to_numpy(whole), 12 * x, **close)
    np.testing.assert_allclose(dn.to_numpy(kept), wanted, **close)


@pytest.mark.parametrize("backend", BACKENDS)
def test_signs_do_not_depend_on_rounding(backend: str) -> None:
    """Entries of equal magnitude: the first is positive."""
    with dn.using(backend, device="cpu", dtype="float64"):
        _, vectors = ops.linalg.eigh(ops.asarray(np.array([[2.0, 1.0], [1.0, 2.0]])))
    half = np.sqrt(0.5)
    np.testing.assert_allclose(
        dn.to_numpy(vectors), [[half, half], [-half, half]], rtol=1e-15, atol=0
    )  # rtol: one rounding


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_tensor_of_the_other_framework_is_adopted(backend: str) -> None:
    given = {"torch": tf.constant([1.0, 2.0]), "tensorflow": torch.asarray([1.0, 2.0])}[backend]
    with dn.using(backend, device="cpu"):
        adopted = ops.from_dlpack(given)
    assert registry.of_type(type(adopted)) is registry.load(backend)
    np.testing.assert_array_equal(dn.to_numpy(adopted), [1.0, 2.0])


def test_limits_are_those_of_numpy() -> None:
    for name in ("float16", "float32", "float64"):
        wanted = np.finfo(name)
        found = ops.finfo(name)
        for limit in ("bits", "eps", "max", "min", "smallest_normal"):
            assert getattr(found, limit) == getattr(wanted, limit)
    for name in ("int8", "uint8", "int64", "uint64"):
        assert (ops.iinfo(name).min, ops.iinfo(name).max) == (
            np.iinfo(name).min,
            np.iinfo(name).max,
        )
    assert ops.finfo("bfloat16").max == torch.finfo(torch.bfloat16).max
    with pytest.raises(dn.DtypeError, match=r"finfo takes .* got int8"):
        ops.finfo("int8")
    with pytest.raises(dn.DtypeError, match=r"iinfo takes .* got float32"):
        ops.iinfo("float32")


def test_grids_have_the_same_bits_on_both_backends() -> None:
    made = {}
    for backend in BACKENDS:
        with dn.using(backend, device="cpu"):
            made[backend] = [
                dn.to_numpy(ops.linspace(0.0, 1.0, 1001)),
                dn.to_numpy(ops.arange(0.0, 10.0, 0.1)),
            ]
    for one, other in zip(*made.values(), strict=True):
        assert one.dtype == np.float32
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_scalar_keeps_the_sign_of_its_zero(backend: str) -> None:
    with dn.using(backend, device="cpu"):
        signs = [float(ops.copysign(ops.ones(()), zero)) for zero in (0.0, -0.0, 0.0, -0.0)]
    assert signs == [1.0, -1.0, 1.0, -1.0]


def test_tensorflow_flushes_denormals_and_torch_keeps_them() -> None:
    tiny = {}
    for backend in BACKENDS:
        with dn.using(backend, device="cpu"):
            tiny[backend] = float(ops.multiply(ops.asarray(np.float32(1e-39)), 0.5))
    assert tiny["tensorflow"] == 0.0
    assert tiny["torch"] > 0.0
