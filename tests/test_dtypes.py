"""Dtypes: the promotion table, weak scalars, defaults, and what each function accepts."""

from __future__ import annotations

import inspect
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import dualnet as dn
from dualnet import dtypes, ops
from dualnet.dtypes import ALL, canonical, promote
from dualnet.errors import DtypeError
from dualnet.protocols.ops import Elementwise

BACKENDS = ("torch", "tensorflow")

#: PyTorch keeps these but computes with few of them.
SPARSE_ON_TORCH = {"uint16", "uint32", "uint64"}

#: The standard's tables (2024.12), spelled out: rows and columns in the order of the names.
SIGNED_AND_UNSIGNED = """
        int8  int16 int32 int64 uint8  uint16 uint32 uint64
int8    int8  int16 int32 int64 int16  int32  int64  -
int16   int16 int16 int32 int64 int16  int32  int64  -
int32   int32 int32 int32 int64 int32  int32  int64  -
int64   int64 int64 int64 int64 int64  int64  int64  -
uint8   int16 int16 int32 int64 uint8  uint16 uint32 uint64
uint16  int32 int32 int32 int64 uint16 uint16 uint32 uint64
uint32  int64 int64 int64 int64 uint32 uint32 uint32 uint64
uint64  -     -     -     -     uint64 uint64 uint64 uint64
"""
FLOATS = """
           float32    float64    complex64  complex128
float32    float32    float64    complex64  complex128
float64    float64    float64    complex128 complex128
complex64  complex64  complex128 complex64  complex128
complex128 complex128 complex128 complex128 complex128
"""
HALVES = """
         bfloat16 float16 float32 float64
bfloat16 bfloat16 float32 float32 float64
float16  float32  float16 float32 float64
"""


def table(text: str) -> dict[tuple[str, str], str]:
    head, *rows = text.strip("\n").split("\n")
    columns = head.split()
    return {
        (row.split()[0], column): met
        for row in rows
        for column, met in zip(columns, row.split()[1:], strict=True)
    }


STANDARD = table(SIGNED_AND_UNSIGNED) | table(FLOATS) | table(HALVES) | {("bool", "bool"): "bool"}


@pytest.mark.parametrize(("a", "b"), list(product(ALL, ALL)))
def test_promotion_is_the_standards_table(a: str, b: str) -> None:
    wanted = STANDARD.get((a, b), STANDARD.get((b, a), "-"))
    halves_and_complex = {"bfloat16", "float16"} & {a, b} and {"complex64", "complex128"} & {a, b}
    if halves_and_complex:
        assert promote(a, b) in ("complex64", "complex128")  # the standard has no halves
    elif wanted == "-":
        with pytest.raises(DtypeError, match=rf"{a}.*{b}|{b}.*{a}"):
            promote(a, b)
    else:
        assert promote(a, b) == wanted


@pytest.mark.parametrize(
    ("a", "b", "wanted"),
    [("float32", "int64", "float32"), ("int64", "float32", "float32"), ("int8", "bool", "int8")],
)
def test_advice_on_dtypes_that_do_not_meet_loses_nothing(a: str, b: str, wanted: str) -> None:
    with pytest.raises(DtypeError, match=rf"ops\.astype\(x, '{wanted}'\)"):
        promote(a, b)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("a", "b"), list(product(ALL, ALL)))
def test_tensors_meet_as_names_do(backend: str, a: str, b: str) -> None:
    with dn.using(backend, device="cpu"):
        x1, x2 = ops.ones((2,), dtype=a), ops.ones((), dtype=b)  # a 0-d tensor is not weak
        try:
            wanted = promote(a, b)
        except DtypeError:
            with pytest.raises(DtypeError):
                ops.equal(x1, x2)
            return
        assert canonical(ops.concat([x1, x2[None]]).dtype) == wanted
        assert canonical(ops.where(ops.asarray(True), x1, x2).dtype) == wanted
        assert ops.result_type(x1, x2) == wanted


SCALARS = {"bool": True, "int": 2, "float": 0.5, "complex": 1j}


def takes(dtype: str, kind: str) -> bool:
    """Whether the standard defines an array of ``dtype`` beside a Python scalar of ``kind``."""
    kinds = {
        "bool": ("bool",),
        "int": ("integral", "real floating", "complex floating"),
        "float": ("real floating", "complex floating"),
        "complex": ("complex floating",),
    }
    return dtypes.isdtype(dtype, kinds[kind])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("dtype", "kind"), list(product(ALL, SCALARS)))
def test_python_scalars_are_weak(backend: str, dtype: str, kind: str) -> None:
    with dn.using(backend, device="cpu"):
        x, scalar = ops.ones((2,), dtype=dtype), SCALARS[kind]
        for args in ((x, scalar), (scalar, x)):
            if takes(dtype, kind):
                assert canonical(ops.where(ops.asarray(True), *args).dtype) == dtype
                assert ops.result_type(*args) == dtype
            else:
                with pytest.raises(DtypeError, match="does not fit"):
                    ops.where(ops.asarray(True), *args)
                with pytest.raises(DtypeError, match="does not fit"):
                    ops.result_type(*args)


def test_scalars_alone_have_no_dtype() -> None:
    with pytest.raises(DtypeError, match="scalars alone"):
        ops.result_type(1, 2.0)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("policy", ["float32", "float64", "mixed_bfloat16", "bfloat16"])
def test_defaults(backend: str, policy: str) -> None:
    floating = dtypes.policy(policy).variable
    wide = "complex128" if policy == "float64" else "complex64"
    with dn.using(backend, device="cpu", dtype=policy):
        found = {
            "zeros": ops.zeros((2,)),
            "ones": ops.ones(2),
            "eye": ops.eye(2),
            "linspace": ops.linspace(0, 1, 3),
            "full": ops.full((2,), 0.5),
            "arange": ops.arange(0.0, 1.0, 0.5),
            "float": ops.asarray(0.5),
            "list": ops.asarray([[1.0, 2]]),
            "divide": ops.divide(ops.asarray(1), ops.asarray(2)),
        }
        assert {key: canonical(x.dtype) for key, x in found.items()} == dict.fromkeys(
            found, floating
        )
        assert canonical(ops.asarray(1j).dtype) == wide
        for integer in (ops.asarray(1), ops.asarray([1, 2]), ops.arange(3), ops.full((2,), 7)):
            assert canonical(integer.dtype) == "int64"
        assert canonical(ops.asarray(True).dtype) == canonical(ops.full((), False).dtype) == "bool"
        for name in ("float64", "float32", "float16", "int32", "uint8", "bool"):
            assert canonical(ops.asarray(np.ones(2, name)).dtype) == name


@pytest.mark.parametrize("backend", BACKENDS)
def test_asarray_refuses_what_is_no_number(backend: str) -> None:
    with dn.using(backend, device="cpu"):
        for value in ("text", [object()], np.array(["a"]), [b"x"]):
            with pytest.raises(DtypeError, match="unknown dtype"):
                ops.asarray(value)


@pytest.mark.parametrize("backend", BACKENDS)
def test_asarray_of_a_tensor_keeps_or_casts_it(backend: str) -> None:
    with dn.using(backend, device="cpu"):
        x = ops.asarray(np.array([1.5, 2.5], "float32"))
        assert canonical(ops.asarray(x).dtype) == "float32"
        assert canonical(ops.asarray(x, dtype="float64").dtype) == "float64"
        assert canonical(ops.asarray(x, dtype=x.dtype).dtype) == "float32"


def test_asarray_copies_numpys_memory() -> None:
    for backend in BACKENDS:
        source = np.zeros(3)
        with dn.using(backend, device="cpu"):
            made = ops.asarray(source)
        source[:] = 1.0
        np.testing.assert_array_equal(dn.to_numpy(made), np.zeros(3))


ELEMENTWISE = {
    name: [p.annotation for p in list(inspect.signature(method).parameters.values())[1:]]
    for name, method in vars(Elementwise).items()
    if inspect.isfunction(method) and not name.startswith("_")
}


def outcome(backend: str, name: str, dtype: str) -> str:
    """The dtype of a function's result, or which kind of refusal it was."""
    with dn.using(backend, device="cpu"):
        args = [ops.ones((2,), dtype=dtype)] * ELEMENTWISE[name].count("Tensor")
        try:
            return canonical(getattr(ops, name)(*args).dtype)
        except DtypeError as error:
            return "refused" if " takes " in str(error) else "not implemented"


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_both_backends_accept_the_same_dtypes(name: str) -> None:
    for dtype in ALL:
        torch, tensorflow = (outcome(backend, name, dtype) for backend in BACKENDS)
        assert tensorflow != "not implemented", dtype
        if dtype in SPARSE_ON_TORCH and torch == "not implemented":
            continue
        assert torch == tensorflow, dtype


KINDS: dict[str, dict[str, tuple[str, ...]]] = {
    "add": {"numeric": ("int8", "float32", "complex64"), "not": ("bool",)},
    "maximum": {"real": ("int8", "float32"), "not": ("bool", "complex64")},
    "exp": {"floating": ("float16", "float64", "complex64"), "not": ("bool", "int32")},
    "atan2": {"real floating": ("bfloat16", "float64"), "not": ("int32", "complex64")},
    "bitwise_and": {"bool or integer": ("bool", "int64"), "not": ("float32",)},
    "bitwise_left_shift": {"integer": ("uint8", "int64"), "not": ("bool", "float32")},
    "logical_or": {"bool": ("bool",), "not": ("int64", "float32")},
    "equal": {"any": ("bool", "uint8", "float16", "complex128"), "not": ()},
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", KINDS)
def test_a_kind_means_what_the_standard_says(backend: str, name: str) -> None:
    refused = KINDS[name]["not"]
    for dtype in [d for kind in KINDS[name].values() for d in kind]:
        assert (outcome(backend, name, dtype) == "refused") == (dtype in refused), dtype


@settings(max_examples=60, deadline=None)
@given(
    arrays.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=3, min_side=0),
    st.sampled_from(["float32", "float64", "int32", "int64"]),
    st.sampled_from(["float32", "float64", "int32", "int64"]),
)
def test_shapes_and_dtypes_meet_alike(shapes: Any, a: str, b: str) -> None:
    for backend in BACKENDS:
        with dn.using(backend, device="cpu"):
            x1, x2 = (
                ops.ones(s, dtype=d) for s, d in zip(shapes.input_shapes, (a, b), strict=True)
            )
            try:
                wanted = promote(a, b)
            except DtypeError:
                with pytest.raises(DtypeError, match="do not promote"):
                    ops.add(x1, x2)
            else:
                total = ops.add(x1, x2)
                assert tuple(total.shape) == shapes.result_shape
                assert canonical(total.dtype) == wanted


@settings(max_examples=60, deadline=None)
@given(*[arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)] * 2)
def test_shapes_that_do_not_meet_are_refused_alike(one: Any, other: Any) -> None:
    try:
        wanted = np.broadcast_shapes(one, other)
    except ValueError:
        wanted = None
    for backend in BACKENDS:
        with dn.using(backend, device="cpu"):
            x1, x2 = ops.ones(one), ops.ones(other)
            for function in (ops.multiply, ops.less, ops.maximum, ops.atan2):
                if wanted is None:
                    with pytest.raises(dn.ShapeError):
                        function(x1, x2)
                else:
                    assert tuple(function(x1, x2).shape) == wanted


@pytest.mark.parametrize("kind", ["iu", "fc"])
def test_what_can_be_cast_within_a_kind_is_what_numpy_casts_safely(kind: str, backend: str) -> None:
    names = [name for name in ALL if name != "bfloat16" and np.dtype(name).kind in kind]
    state = dn.registry.load(backend).state
    for source, target in product(names, repeat=2):
        wanted = np.can_cast(source, target)
        assert ops.can_cast(source, target) == wanted, (source, target)
        assert ops.can_cast(state.from_numpy(np.ones(1, source)), target) == wanted
    assert not ops.can_cast("int8", "float32")  # the standard mixes no kinds; NumPy does
