"""What the rows of the functions beyond the standard cannot show: errors, NaN, edges, compiling.

The rows are in ``beyond_cases``; ``test_ops`` runs them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import torch
from test_layers import NATIVE

import dualnet as dn
from dualnet import ops
from tests.beyond_cases import METHODS

NAN, INF = np.nan, np.inf


@pytest.fixture(autouse=True)
def _current(backend: str) -> Any:
    with dn.using(backend, device="cpu", dtype="float64"):
        yield


def given(value: Any) -> Any:
    """Lists of numbers as tensors."""
    return ops.asarray(np.asarray(value)) if isinstance(value, (list, np.ndarray)) else value


# Statistics

#: Function, arguments, options, the result wanted.
MEANINGS: list[tuple[str, tuple[Any, ...], dict[str, Any], Any]] = [
    ("nansum", ([NAN, NAN],), {}, 0.0),
    ("nanprod", ([NAN],), {}, 1.0),
    ("nanmean", ([NAN, NAN],), {}, NAN),
    ("nanvar", ([NAN, 2.0],), {"correction": 1.0}, NAN),
    ("nanstd", ([[NAN, NAN], [NAN, 2.0]],), {"axis": 1}, [NAN, 0.0]),
    ("nanmax", ([[NAN, NAN], [NAN, -INF]],), {"axis": 1}, [NAN, -INF]),
    ("nanmin", ([[NAN, NAN], [NAN, INF]],), {"axis": 1}, [NAN, INF]),
    ("nanmedian", ([[NAN, NAN], [NAN, 3.0]],), {"axis": 1}, [NAN, 3.0]),
    ("nanargmax", ([NAN, -INF, -INF],), {}, 1),
    ("nanargmin", ([NAN, INF],), {}, 1),
    ("nancumsum", ([NAN, 1.0, NAN],), {}, [0.0, 1.0, 1.0]),
    ("nancumprod", ([NAN, 2.0, NAN],), {}, [1.0, 2.0, 2.0]),
    ("median", ([1.0, NAN, 2.0],), {}, NAN),
    ("median", ([INF, INF, 1.0],), {}, INF),
    ("median", ([-INF, 1.0],), {}, -INF),
    ("median", ([-INF, INF],), {}, NAN),
    ("median", ([-1.5e308, 1.5e308],), {}, 0.0),
    ("nanmedian", ([-INF, NAN, 1.0],), {}, -INF),
    ("median", (np.float64(3.0),), {}, 3.0),
    ("quantile", (np.float64(3.0), [0.1, 0.9]), {}, [3.0, 3.0]),
    ("quantile", ([1.0, 2.0], 0.5), {"axis": ()}, [1.0, 2.0]),
    ("quantile", ([1.0, 2.0, INF], 0.5), {}, 2.0),
    ("quantile", ([1.0, 2.0, 4.0, 8.0], 0.5), {"method": "nearest"}, 4.0),
    ("quantile", ([1.0, 2.0, 4.0, 8.0], [0.1, 0.3]), {"method": "midpoint"}, [1.5, 1.5]),
    ("bincount", ([3, 1],), {"minlength": 6}, [0, 1, 0, 1, 0, 0]),
    *[
        ("bincount", (np.array([2, 0], dtype),), {}, [1, 0, 1])
        for dtype in ("int8", "int32", "uint8", "uint64")
    ],
    ("bincount", (np.zeros(0, "int64"),), {}, np.zeros(0)),
    ("histogram", ([0.0, 1.0],), {"bins": np.int64(2)}, [1, 1]),
    ("histogram", ([0.0, 1.0],), {"bins": np.array([0.0, 1.0, 2.0])}, [1, 1]),
    ("histogram", ([0.0, 1.0, NAN, 9.0],), {"bins": 2, "range": (0.0, 1.0)}, [1, 1]),
    ("histogram", ([2.0, 2.0],), {"bins": 2}, [0, 2]),
    ("histogram", (np.zeros(0),), {"bins": 2}, [0, 0]),
    ("histogram", ([0.0, 1.0, 2.0, 3.0],), {"bins": [0.0, 1.0, 3.0]}, [1, 3]),
]


@pytest.mark.parametrize(("name", "args", "kwargs", "wanted"), MEANINGS)
def test_meaning(name: str, args: Any, kwargs: Any, wanted: Any) -> None:
    found = getattr(ops, name)(*map(given, args), **kwargs)
    found = found[0] if name == "histogram" else found
    np.testing.assert_array_equal(dn.to_numpy(found), wanted)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_moments_in_half_precision_count_and_add_in_float32(dtype: str) -> None:
    x = ops.astype(given(np.tile([0.5, 1.5], 35_000)), dtype)  # both sums are beyond float16
    for name, wanted in {"nanmean": 1.0, "nanvar": 0.25, "nanstd": 0.5}.items():
        found = getattr(ops, name)(x)
        assert found.dtype == x.dtype
        assert float(ops.astype(found, "float64")) == wanted, name


#: Function, arguments, options, the gradient of the sum in the first argument.
DERIVATIVES: list[tuple[str, tuple[Any, ...], dict[str, Any], Any]] = [
    ("nansum", ([NAN, 2.0],), {}, [0.0, 1.0]),
    ("nanprod", ([NAN, 2.0, 0.0],), {}, [0.0, 0.0, 2.0]),
    ("nanmean", ([NAN, 2.0, 4.0],), {}, [0.0, 0.5, 0.5]),
    ("nanmean", ([NAN, NAN],), {}, [0.0, 0.0]),
    ("nanvar", ([NAN, 2.0, 4.0],), {}, [0.0, -1.0, 1.0]),
    ("nanstd", ([NAN, 2.0, 2.0],), {}, [0.0, 0.0, 0.0]),
    ("nanmax", ([NAN, 2.0, 2.0],), {}, [0.0, 0.5, 0.5]),
    ("nanmin", ([NAN, NAN],), {}, [0.0, 0.0]),
    ("nanmedian", ([NAN, 2.0, 4.0],), {}, [0.0, 0.5, 0.5]),
    ("nancumsum", ([NAN, 2.0, NAN],), {}, [0.0, 2.0, 0.0]),
    ("quantile", ([1.0, 5.0, 2.0], 0.75), {}, [0.0, 0.5, 0.5]),
    ("median", ([1.0, INF, INF],), {}, [0.0, 1.0, 0.0]),
]


@pytest.mark.parametrize(("name", "args", "kwargs", "wanted"), DERIVATIVES)
def test_derivative(name: str, args: Any, kwargs: Any, wanted: Any) -> None:
    x, *rest = map(given, args)
    with dn.GradientTape() as tape:
        tape.watch(x)
        total = ops.sum(getattr(ops, name)(x, *rest, **kwargs))
    np.testing.assert_array_equal(dn.to_numpy(tape.gradient(total, x)), wanted)


def test_weights_of_counts_have_gradients() -> None:
    x, weights = given([0.5, 1.5, 1.6, 7.0]), given([1.0, 2.0, 3.0, 4.0])

    def counted(weights: Any) -> Any:
        counts, _ = ops.histogram(x, bins=2, range=(0.0, 2.0), weights=weights)
        return ops.sum(counts * given([10.0, 20.0]))

    np.testing.assert_array_equal(dn.to_numpy(dn.grad(counted)(weights)), [10.0, 20.0, 20.0, 0.0])


VECTOR, MATRIX = np.ones(3), np.ones((2, 3))
WHOLE = np.array([0, 4, 1])
#: Function, arguments, options, the error, words of its text.
REFUSALS: list[tuple[str, tuple[Any, ...], dict[str, Any], type[Exception], str]] = [
    ("bincount", (MATRIX,), {}, dn.ShapeError, "takes a vector, got shape .*2, 3"),
    ("bincount", (VECTOR,), {}, dn.DtypeError, "bincount takes int8"),
    ("bincount", (WHOLE - 1,), {}, dn.IndexRangeError, "id -1"),
    ("bincount", (WHOLE,), {"length": 3}, dn.IndexRangeError, "id 4"),
    ("bincount", (WHOLE,), {"length": -1}, dn.ConfigError, "length must be in"),
    ("bincount", (WHOLE,), {"minlength": 2.5}, dn.ConfigError, "minlength must be an integer"),
    ("bincount", (WHOLE,), {"weights": np.ones(2)}, dn.ShapeError, "one id for each"),
    ("histogram", (VECTOR,), {"bins": 0}, dn.ConfigError, "bins must be in"),
    ("histogram", (VECTOR,), {"bins": 2.5}, dn.ConfigError, "bins must be an integer, got 2.5"),
    ("histogram", (VECTOR,), {"bins": "auto"}, dn.ConfigError, "bins must be an integer"),
    ("histogram", (VECTOR,), {"range": (0, 1, 2)}, dn.ConfigError, "two finite numbers"),
    ("histogram", (VECTOR,), {"range": "ab"}, dn.ConfigError, "two finite numbers"),
    ("histogram", (VECTOR,), {"bins": [1.0]}, dn.ConfigError, "two or more"),
    ("histogram", (VECTOR,), {"bins": [1.0, 0.0]}, dn.ConfigError, "must ascend"),
    ("histogram", (VECTOR,), {"range": (1.0, 0.0)}, dn.ConfigError, "the smaller one first"),
    ("histogram", (VECTOR,), {"weights": MATRIX}, dn.ShapeError, "weights of shape"),
    ("histogram", ([1.0, NAN],), {}, dn.NonFiniteError, "pass range="),
    ("histogram", (WHOLE,), {}, dn.DtypeError, "histogram takes"),
    ("quantile", (VECTOR, 1.5), {}, dn.ConfigError, "between 0 and 1"),
    ("quantile", (VECTOR, [[0.5]]), {}, dn.ConfigError, "one or a vector"),
    ("quantile", (VECTOR, 0.5), {"method": "liner"}, dn.UnknownName, "did you mean 'linear'"),
    ("quantile", (VECTOR, 0.5), {"axis": 1}, dn.ShapeError, "axis=1 does not name"),
    ("quantile", (MATRIX, 0.5), {"axis": (0, -2)}, dn.ShapeError, "each once"),
    ("quantile", (WHOLE, 0.5), {}, dn.DtypeError, "quantile takes"),
    ("quantile", (VECTOR, 0.5), {"axis": "last"}, dn.ShapeError, "axis='last' does not name"),
    ("percentile", (VECTOR, 101), {}, dn.ConfigError, "0 and 100"),
    ("percentile", (VECTOR, "half"), {}, dn.ConfigError, "0 and 100"),
    ("nanpercentile", (VECTOR, None), {}, dn.ConfigError, "0 and 100"),
    ("percentile", (WHOLE, 50), {}, dn.DtypeError, "percentile takes"),
    ("median", (np.ones((0, 2)),), {}, dn.ShapeError, "median of nothing"),
    ("nanmedian", (WHOLE,), {}, dn.DtypeError, "nanmedian takes"),
    ("nanmean", (WHOLE,), {}, dn.DtypeError, "nanmean takes"),
    ("nanvar", (WHOLE,), {}, dn.DtypeError, "nanvar takes"),
    ("nanargmax", ([[NAN, NAN], [0.0, 1.0]],), {"axis": 1}, dn.NonFiniteError, "nothing but NaN"),
    ("nanmax", (np.ones((0, 2)),), {}, dn.ShapeError, "max"),
    ("nancumsum", (MATRIX,), {}, dn.ShapeError, "axis"),
]


@pytest.mark.parametrize(("name", "args", "kwargs", "error", "words"), REFUSALS)
def test_refusal(name: str, args: Any, kwargs: Any, error: type[Exception], words: str) -> None:
    options = {key: given(value) if key == "weights" else value for key, value in kwargs.items()}
    with pytest.raises(error, match=words):
        getattr(ops, name)(*map(given, args), **options)


def test_quantiles_may_be_a_tensor_and_their_rounding_is_numpys() -> None:
    x, q = np.sin(np.arange(11.0)), np.arange(0.0, 1.01, 0.1)
    for method in METHODS:
        found = dn.to_numpy(ops.quantile(given(x), given(q), method=method))
        # A few roundings of a mean of two.
        np.testing.assert_allclose(found, np.quantile(x, q, method=method), rtol=1e-15)


def test_a_count_of_unknown_length_is_refused_in_compiled_code(backend: str) -> None:
    x = given(WHOLE)
    with pytest.raises(Exception, match="pass length="):  # PyTorch's compiler wraps it
        NATIVE[backend].compiled(lambda: ops.bincount(x))()


def test_arrays_and_lists_are_adopted() -> None:
    assert float(ops.nanmean(np.array([1.0, NAN, 2.0]))) == 1.5
    assert float(ops.median(np.array([1.0, 5.0]))) == 3.0
    assert dn.to_numpy(ops.bincount(WHOLE)).tolist() == [1, 1, 0, 0, 1]


@pytest.mark.parametrize("name", ["histogram", "median", "nansum"])
def test_what_is_no_tensor_is_refused(name: str) -> None:
    with pytest.raises(dn.DtypeError, match=f"{name} takes tensors, .* got str"):
        getattr(ops, name)("0.5")


# Control flow


def everything(x: Any) -> Any:
    """A choice, two loops and a scan; at ``[1.0, 2.0]`` all of them do something."""
    y = ops.cond(ops.sum(x) > 1.0, lambda x: x * x, lambda x: x, x)
    _, y = ops.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * x), (0, y))
    _, y = ops.while_loop(
        lambda i, y: ops.sum(y) > 0.5, lambda i, y: (i + 1, 0.5 * y), (0, y), maximum_iterations=2
    )
    last, ys = ops.scan(lambda c, t: (c * t + x, c), y, ops.stack([x, y]))
    return ops.sum(last * x) + ops.sum(ops.map(ops.sin, ys))


def of_everything(x: Any) -> Any:
    """The same by hand."""
    y = 0.25 * x**5
    first = y * x + x
    return ops.sum((first * y + x) * x) + ops.sum(ops.sin(y)) + ops.sum(ops.sin(first))


def test_control_flow_has_gradients_in_compiled_code(backend: str) -> None:
    native = NATIVE[backend]
    points = [given([1.0, 2.0]) for _ in range(2)]
    first, second = native.gradients(lambda: of_everything(points[0]), points[:1])
    if backend == "tensorflow":  # within the graph
        compiled = native.compiled(lambda x: native.gradients(lambda: everything(x), [x]))
        ours, seconds = compiled(points[1])
        np.testing.assert_allclose(
            native.numpy(seconds[0]), native.numpy(second[0]), rtol=1e-12
        )  # sums of products of up to twenty factors
    else:  # whose compiler has no second one
        compiled = native.compiled(everything)
        ours = torch.autograd.grad(compiled(points[1].requires_grad_()), points[1])
    np.testing.assert_allclose(native.numpy(ours[0]), native.numpy(first[0]), rtol=1e-13)  # same


def test_control_flow_has_second_gradients(backend: str) -> None:
    native = NATIVE[backend]
    point, other = given([1.0, 2.0]), given([1.0, 2.0])
    by_hand = native.gradients(lambda: of_everything(point), [point])[1]
    ours = native.gradients(lambda: everything(other), [other])[1]
    # Sums of products of up to twenty factors.
    np.testing.assert_allclose(native.numpy(ours[0]), native.numpy(by_hand[0]), rtol=1e-12)


def test_a_branch_not_taken_is_not_run() -> None:
    def forbidden(x: Any) -> Any:
        raise AssertionError("this branch is not taken")

    x = given([1.0])
    assert dn.to_numpy(ops.cond(True, ops.abs, forbidden, x)).tolist() == [1.0]
    assert dn.to_numpy(ops.cond(x[0] > 2.0, forbidden, ops.abs, x)).tolist() == [1.0]


def test_loops_keep_their_containers_and_take_numbers() -> None:
    i, flags = ops.while_loop(
        lambda i, f: i < 2, lambda i, f: [i + 1, {"a": f["a"] * 2.0}], [0, {"a": 1.5}]
    )
    assert (int(i), float(flags["a"])) == (2, 6.0)
    assert ops.while_loop(lambda i: i < 2, lambda i: (i + 1,), (5,))[0] == 5
    assert ops.while_loop(lambda i: True, lambda i: (i + 1,), (0,), maximum_iterations=4)[0] == 4
    last, none = ops.scan(lambda c, x: (c + x, None), 0.5, given([1.0, 2.0]))
    assert (float(last), none) == (3.5, None)


def test_a_scan_over_unknown_lengths() -> None:
    compiled = tf.function(
        lambda x: ops.scan(lambda c, x: (c + x, c), tf.constant(0.0, x.dtype), x),
        input_signature=[tf.TensorSpec([None], tf.float64)],
        autograph=False,
    )
    last, ys = compiled(tf.constant([1.0, 2.0], tf.float64))
    assert (float(last), ys.numpy().tolist()) == (3.0, [0.0, 1.0])
    assert compiled(tf.zeros([0], tf.float64))[1].shape == (0,)


X = np.ones((3, 2))


def kept(c: Any, x: Any) -> Any:
    return c, x


#: A call, the error, words of its text.
MISUSES: list[tuple[Any, type[Exception], str]] = [
    (lambda x: ops.cond(x[0, 0], ops.abs, ops.abs, x), dn.DtypeError, "cond needs a bool, got fl"),
    (lambda x: ops.cond(1, ops.abs, ops.abs, x), dn.DtypeError, "cond needs a bool, got int"),
    (lambda x: ops.cond(x > 0, ops.abs, ops.abs, x), dn.ShapeError, r"got shape \(3, 2\); choose"),
    (lambda x: ops.cond(True, lambda x: 1.0, ops.abs, x), dn.DtypeError, "cond gave float where"),
    (lambda x: ops.while_loop(kept, kept, x), dn.ConfigError, "must be a tuple or list"),
    (
        lambda x: ops.while_loop(kept, kept, (x, x), maximum_iterations=-1),
        dn.ConfigError,
        "must not be negative",
    ),
    (
        lambda x: ops.while_loop(lambda x: x > 0, lambda x: (x,), (x,)),
        dn.ShapeError,
        "while_loop's cond_fn needs one bool",
    ),
    (
        lambda x: ops.while_loop(lambda x: True, lambda x: (x, x), (x,)),
        dn.ShapeError,
        r"body_fn gave \(\*, \*\) for \(\*\)",
    ),
    (
        lambda x: ops.while_loop(lambda x: True, lambda x: x, (x,)),
        dn.ShapeError,
        r"gave \* for \(\*\), where \* is a tensor.* \(x,\) for a tuple of one",
    ),
    (
        lambda x: ops.while_loop(lambda x: True, lambda x: (ops.astype(x, "float32"),), (x,)),
        dn.DtypeError,
        "gave float32 for float64",
    ),
    (
        lambda x: ops.while_loop(lambda x: True, lambda x: (x[:2],), (x,)),
        dn.ShapeError,
        r"gave shape \(2, 2\) for \(3, 2\)",
    ),
    (lambda x: ops.scan(kept, x), dn.ConfigError, "needs xs, or length="),
    (lambda x: ops.scan(kept, x, length=-1), dn.ConfigError, "must not be negative"),
    (lambda x: ops.scan(kept, x, x, length=2), dn.ShapeError, r"different lengths: \[2, 3\]"),
    (lambda x: ops.scan(kept, x, (x, x[:2])), dn.ShapeError, r"different lengths: \[3, 2\]"),
    (lambda x: ops.scan(kept, x, x[0, 0]), dn.ShapeError, "one of xs is a scalar"),
    (lambda x: ops.scan(kept, x, x[:0]), dn.ShapeError, "a scan of no step"),
    (lambda x: ops.scan(lambda c, x: c, x, x), dn.ShapeError, "must give a pair"),
    (lambda x: ops.scan(lambda c, x: (x, c), x, x), dn.ShapeError, r"gave shape \(2,\) for"),
    (lambda x: ops.scan(lambda c, x: (c, 1), x, x), dn.DtypeError, "scan's f gave int where"),
    (lambda x: ops.map(ops.abs, ["a"]), dn.DtypeError, "trees of tensors, got str"),
    (
        lambda x: ops.associative_scan(lambda a, b: a[0], (x, x)),
        dn.ShapeError,
        r"associative_scan's f gave",
    ),
    (lambda x: ops.associative_scan(ops.add, x, axis=2), dn.ShapeError, "with an axis 2"),
    (lambda x: ops.associative_scan(ops.add, (x, x[:1])), dn.ShapeError, r"lengths \[1, 3\]"),
]


@pytest.mark.parametrize(("call", "error", "words"), MISUSES)
def test_misuse_of_control_flow(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call(given(X))


@pytest.mark.parametrize("other", [lambda x: (x, x), lambda x: ops.astype(x, "float32")])
def test_branches_of_two_kinds_are_refused_in_compiled_code(backend: str, other: Any) -> None:
    compiled = NATIVE[backend].compiled(lambda x: ops.cond(x[0, 0] > 0, ops.abs, other, x))
    words = {"torch": "cond", "tensorflow": "cond's false_fn gave"}  # PyTorch has its own
    with pytest.raises(Exception, match=words[backend]):
        compiled(given(X))


# Updates

#: What is done to ``[1.0, 2.0, 3.0, 4.0]``, where and with which values; the result, and the
#: gradients of ``Σ k·result_k`` in both.
UPDATED: list[tuple[str, list[int], list[float], list[float], list[float], list[float]]] = [
    ("set", [1, 1], [7.0, 8.0], [1.0, 8.0, 3.0, 4.0], [1.0, 0.0, 3.0, 4.0], [0.0, 2.0]),
    ("add", [1, 1], [7.0, 8.0], [1.0, 17.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0], [2.0, 2.0]),
    ("multiply", [1, 1], [0.0, 8.0], [1.0, 0.0, 3.0, 4.0], [1.0, 0.0, 3.0, 4.0], [32.0, 0.0]),
    ("max", [2, 2], [3.0, 1.0], [1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 1.5, 4.0], [1.5, 0.0]),
    ("min", [-1, 3], [0.0, 0.0], [1.0, 2.0, 3.0, 0.0], [1.0, 2.0, 3.0, 0.0], [2.0, 2.0]),
]


@pytest.mark.parametrize(("method", "index", "y", "wanted", "to_x", "to_y"), UPDATED)
def test_updates_of_one_element_twice(
    method: str, index: Any, y: Any, wanted: Any, to_x: Any, to_y: Any
) -> None:
    x, y = given([1.0, 2.0, 3.0, 4.0]), given(y)
    with dn.GradientTape() as tape:
        tape.watch(x, y)
        new = getattr(ops.at(x, index), method)(y)
        total = ops.sum(new * given([1.0, 2.0, 3.0, 4.0]))
    gradients = tape.gradient(total, [x, y])
    assert dn.to_numpy(new).tolist() == wanted
    assert [dn.to_numpy(g).tolist() for g in gradients] == [to_x, to_y]
    assert dn.to_numpy(x).tolist() == [1.0, 2.0, 3.0, 4.0]


def test_updates_keep_the_dtype() -> None:
    small = ops.astype(given([1, 2, 3]), "int8")
    assert dn.to_numpy(ops.at(small, 0).set(7)).tolist() == [7, 2, 3]
    assert ops.at(small, [0, 0]).add(1).dtype == small.dtype
    flags = given(np.array([True, False]))
    assert dn.to_numpy(ops.at(flags, 1).set(True)).all()
    assert dn.to_numpy(ops.at(given([1.0, NAN]), [0, 1]).max(0.0)).tolist()[0] == 1.0


#: A call, the error, words of its text.
BAD_UPDATES: list[tuple[Any, type[Exception], str]] = [
    (lambda x: ops.at(x, 3).set(1.0), dn.IndexRangeError, "size 3; valid ones are -3 to 2"),
    (lambda x: ops.at(x, [0, -4]).add(1.0), dn.IndexRangeError, "size 3; valid ones are -3 to 2"),
    (lambda x: ops.at(x, (0, 0, 0)).add(1.0), dn.ShapeError, "3 parts for a tensor of 2 axes"),
    (lambda x: ops.at(x, (..., 0, ...)).add(1.0), dn.ShapeError, "an index of 3 parts"),
    (lambda x: ops.at(x, [True]).add(1.0), dn.ConfigError, "a list holds integers"),
    (lambda x: ops.at(x, None).add(1.0), dn.ConfigError, "an index of None"),
    (lambda x: ops.at(x, "a").add(1.0), dn.ConfigError, "an index of str"),
    (lambda x: ops.at(x, x).add(1.0), dn.DtypeError, "an index takes int8"),
    (lambda x: ops.at(x, x[:2] > 0).add(1.0), dn.ShapeError, r"a mask of shape \(2, 2\)"),
    (lambda x: ops.at(x, 0).set(ops.ones(3)), dn.ShapeError, "broadcast_to"),
    (lambda x: ops.at(x, 0).set(1j), dn.DtypeError, "does not fit"),
    (lambda x: ops.at(ops.astype(x, "float32"), 0).set(x), dn.DtypeError, "does not fit into fl"),
    (lambda x: ops.at(x > 0, 0).set(x), dn.DtypeError, "float64 does not fit into bool"),
    (lambda x: ops.scatter(given([[3]]), x[0], (3, 2)), dn.IndexRangeError, "valid ones are -3"),
    (lambda x: ops.scatter(given([0.5]), x, (3, 2)), dn.DtypeError, "an index takes"),
    (lambda x: ops.scatter_update(x, given([[0, 0, 0]]), x), dn.ShapeError, "of 2 axes"),
]


@pytest.mark.parametrize(("call", "error", "words"), BAD_UPDATES)
def test_updates_that_mean_nothing(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call(given(X))
