"""Dtype names, their families, and the one promotion table.

The table is the array API standard's (2024.12, "Type Promotion Rules"): within a
kind the larger wins, signed and unsigned meet in the next larger signed type, real
and complex floats of the same precision meet in the complex one.  Mixing integers
with floats is undefined in the standard; here it is an error that says so.  Python
scalars are weak: they take the array's dtype, or the default of their own kind.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Any, cast

from dualnet.errors import DtypeError, unknown_name
from dualnet.typing import DtypeName

__all__ = [
    "ALL",
    "COMPLEX",
    "FLOATING",
    "INTEGER",
    "POLICIES",
    "Policy",
    "SCALARS",
    "accumulator",
    "canonical",
    "is_floating",
    "is_integer",
    "isdtype",
    "policy",
    "promote",
    "promote_all",
    "refusal",
    "result_type",
    "richer",
    "weak",
    "wide",
]

SIGNED = ("int8", "int16", "int32", "int64")
UNSIGNED = ("uint8", "uint16", "uint32", "uint64")
INTEGER = SIGNED + UNSIGNED
FLOATING = ("bfloat16", "float16", "float32", "float64")
COMPLEX = ("complex64", "complex128")
ALL: tuple[str, ...] = ("bool", *INTEGER, *FLOATING, *COMPLEX)

#: Python's own numbers, which take the dtype of the array they meet.
SCALARS = (bool, int, float, complex)

#: The kinds that ``isdtype`` knows, as the array API standard names them.
KINDS: dict[str, tuple[str, ...]] = {
    "bool": ("bool",),
    "signed integer": SIGNED,
    "unsigned integer": UNSIGNED,
    "integral": INTEGER,
    "real floating": FLOATING,
    "complex floating": COMPLEX,
    "numeric": INTEGER + FLOATING + COMPLEX,
}


@dataclass(frozen=True)
class Policy:
    """What a model's dtype means: how weights are kept and how layers compute."""

    name: str
    variable: DtypeName
    compute: DtypeName

    @property
    def mixed(self) -> bool:
        """Whether weights are kept in a wider dtype than layers compute in."""
        return self.variable != self.compute


POLICIES: dict[str, Policy] = {
    "float32": Policy("float32", "float32", "float32"),
    "float64": Policy("float64", "float64", "float64"),
    "float16": Policy("float16", "float16", "float16"),
    "bfloat16": Policy("bfloat16", "bfloat16", "bfloat16"),
    "mixed_float16": Policy("mixed_float16", "float32", "float16"),
    "mixed_bfloat16": Policy("mixed_bfloat16", "float32", "bfloat16"),
}


def policy(name: str) -> Policy:
    """The policy of a model's dtype name.

    >>> policy("mixed_bfloat16").compute
    'bfloat16'
    """
    if name in POLICIES:
        return POLICIES[name]
    raise DtypeError(
        f"dtype {name!r} is not one a model can compute in; choose one of {', '.join(POLICIES)}"
    )


def canonical(name: object) -> DtypeName:
    """The canonical name of a dtype given as a name, a NumPy or a framework dtype.

    >>> import numpy as np
    >>> canonical(np.dtype("float32")), canonical("int64")
    ('float32', 'int64')
    """
    if isinstance(name, str):
        text = name
    else:
        text = str(getattr(name, "name", None) or getattr(name, "__name__", None) or name)
    text = text.rsplit(".", 1)[-1]
    if text not in ALL:
        raise DtypeError(str(unknown_name("dtype", text, ALL)))
    return cast(DtypeName, text)


def is_floating(name: str) -> bool:
    """Whether the dtype is a real floating-point one."""
    return name in FLOATING


def is_integer(name: str) -> bool:
    """Whether the dtype is a signed or unsigned integer one."""
    return name in INTEGER


def wide(name: DtypeName) -> DtypeName:
    """The dtype in which sums and updates of this one are computed: float32 for half precision.

    >>> wide("bfloat16"), wide("float64")
    ('float32', 'float64')
    """
    return "float32" if name in ("bfloat16", "float16") else name


def _promote_floats(a: str, b: str) -> str:
    if {a, b} == {"bfloat16", "float16"}:
        return "float32"
    order = ("bfloat16", "float16", "float32", "float64", "complex64", "complex128")
    low, high = sorted((a, b), key=order.index)
    return "complex128" if (low, high) == ("float64", "complex64") else high


def _promote_integers(a: str, b: str) -> str:
    if (a in SIGNED) == (b in SIGNED):
        family = SIGNED if a in SIGNED else UNSIGNED
        return max(a, b, key=family.index)
    signed, unsigned = (a, b) if a in SIGNED else (b, a)
    needed = UNSIGNED.index(unsigned) + 1
    if needed == len(SIGNED):
        raise DtypeError(f"{a} and {b} have no common integer dtype; cast one with ops.astype")
    return SIGNED[max(needed, SIGNED.index(signed))]


def promote(a: str, b: str) -> DtypeName:
    """The dtype in which two array dtypes meet.

    >>> promote("int8", "uint8"), promote("float32", "float64")
    ('int16', 'float64')

    Raises:
        DtypeError: the pair has no common dtype in the standard (``int32`` with
            ``float32``, ``bool`` with anything else, ``uint64`` with signed).
    """
    if a == b:
        return cast(DtypeName, a)
    if a in INTEGER and b in INTEGER:
        return cast(DtypeName, _promote_integers(a, b))
    floats = FLOATING + COMPLEX
    if a in floats and b in floats:
        return cast(DtypeName, _promote_floats(a, b))
    raise DtypeError(
        f"{a} and {b} do not promote (array API 2024.12); "
        f"cast one with ops.astype(x, {richer(a, b)!r})"
    )


def richer(a: str, b: str) -> DtypeName:
    """Which of two dtypes the other can be cast to without losing its kind; ``a`` if both can.

    >>> richer("float32", "int64"), richer("bool", "int8")
    ('float32', 'int8')
    """
    kinds: tuple[tuple[str, ...], ...] = (("bool",), INTEGER, FLOATING, COMPLEX)
    return cast(DtypeName, max(a, b, key=lambda name: [name in kind for kind in kinds][::-1]))


def promote_all(names: Iterable[str]) -> DtypeName:
    """The dtype in which several array dtypes meet.

    >>> promote_all(["int8", "uint8", "int32"])
    'int32'

    Raises:
        DtypeError: some pair has no common dtype.
    """
    return cast(DtypeName, reduce(promote, names))


def weak(value: bool | int | float | complex, name: str) -> DtypeName:
    """The dtype of a Python scalar beside an array of dtype ``name``: the array's.

    >>> weak(2, "float32"), weak(0.5, "float64")
    ('float32', 'float64')

    Raises:
        DtypeError: the scalar's kind does not fit (``0.5`` beside integers, ``True``
            beside numbers, ``1j`` beside real numbers).
    """
    if isinstance(value, bool):
        fits = name == "bool"
    elif isinstance(value, int):
        fits = name != "bool"
    elif isinstance(value, float):
        fits = name in FLOATING + COMPLEX
    else:
        fits = name in COMPLEX
    if not fits:
        raise DtypeError(
            f"the scalar {value!r} does not fit an array of {name} (array API 2024.12); "
            f"cast the array with ops.astype, or write the scalar as {name}"
        )
    return cast(DtypeName, name)


def accumulator(name: str) -> DtypeName:
    """The dtype in which a sum or product of ``name`` is given.

    >>> accumulator("int8"), accumulator("uint8"), accumulator("float32")
    ('int64', 'uint64', 'float32')
    """
    if name in UNSIGNED:
        return "uint64"
    return "int64" if name in ("bool", *SIGNED) else cast(DtypeName, name)


def isdtype(dtype: Any, kind: str | tuple[Any, ...] | Any) -> bool:
    """Whether a dtype (a name or a framework's) is of a kind, or is one of several.

    Kinds are ``"bool"``, ``"signed integer"``, ``"unsigned integer"``, ``"integral"``,
    ``"real floating"``, ``"complex floating"`` and ``"numeric"``.

    >>> isdtype("float32", "real floating"), isdtype("int8", ("bool", "uint8"))
    (True, False)

    Raises:
        DtypeError: the dtype, or the kind, is unknown.
    """
    if isinstance(kind, tuple):
        return any(isdtype(dtype, part) for part in kind)
    if isinstance(kind, str) and kind in KINDS:
        return canonical(dtype) in KINDS[kind]
    return canonical(dtype) == canonical(kind)


def result_type(*arrays_and_dtypes: Any) -> DtypeName:
    """The name of the dtype in which tensors, dtypes and Python scalars meet.

    >>> result_type("float32", "float64", 1)
    'float64'

    Raises:
        DtypeError: two of them do not meet, or there are only scalars.
    """
    scalars = [x for x in arrays_and_dtypes if isinstance(x, SCALARS)]
    others = [getattr(x, "dtype", x) for x in arrays_and_dtypes if not isinstance(x, SCALARS)]
    if not others:
        raise DtypeError("result_type needs a tensor or a dtype; Python scalars alone have none")
    met = promote_all(map(canonical, others))
    for scalar in scalars:
        weak(scalar, met)
    return met


def refusal(function: str, got: object, accepted: Iterable[str]) -> str:
    """The text of the error for a dtype for which a function has no meaning."""
    names = sorted(accepted, key=ALL.index)
    return (
        f"{function} takes {', '.join(names)}; got {canonical(got)}; "
        "cast the tensor with ops.astype"
    )
