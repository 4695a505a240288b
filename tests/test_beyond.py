"""What the rows of the functions beyond the standard cannot show: errors, NaN, edges, compiling.

The rows are in ``beyond_cases``; ``test_ops`` runs them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
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
    ("quantile", ([1.0, 2.0, INF], 0.5), {}, 2.0),
    ("quantile", ([1.0, 2.0, 4.0, 8.0], 0.5), {"method": "nearest"}, 4.0),
    ("quantile", ([1.0, 2.0, 4.0, 8.0], [0.1, 0.3]), {"method": "midpoint"}, [1.5, 1.5]),
    ("bincount", ([3, 1],), {"minlength": 6}, [0, 1, 0, 1, 0, 0]),
    ("bincount", (np.zeros(0, "int64"),), {}, np.zeros(0)),
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
    ("bincount", (WHOLE,), {"length": -1}, dn.ConfigError, "must not be negative"),
    ("bincount", (WHOLE,), {"weights": np.ones(2)}, dn.ShapeError, "one id for each"),
    ("histogram", (VECTOR,), {"bins": 0}, dn.ConfigError, "bins=0; there must be"),
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
    ("percentile", (VECTOR, 101), {}, dn.ConfigError, "0 and 100"),
    ("median", (np.ones((0, 2)),), {}, dn.ShapeError, "quantile of nothing"),
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
