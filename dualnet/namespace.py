"""What an array namespace tells about itself: limits of dtypes, constants, devices.

The same for every backend: a backend's namespace gives its own dtypes, ``dualnet.ops`` names.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dualnet import dtypes
from dualnet.errors import ConfigError, DtypeError

__all__ = [
    "API_VERSION",
    "CONSTANTS",
    "FloatInfo",
    "IntInfo",
    "NamespaceInfo",
    "can_cast",
    "finfo",
    "iinfo",
]

#: The version of the array API standard that the namespaces follow.
API_VERSION = "2024.12"

CONSTANTS: dict[str, float | None] = {
    "e": math.e,
    "inf": math.inf,
    "nan": math.nan,
    "newaxis": None,
    "pi": math.pi,
}

#: Bits of the exponent and of the fraction.
FORMATS = {"bfloat16": (8, 7), "float16": (5, 10), "float32": (8, 23), "float64": (11, 52)}

#: The dtypes of the standard: all of ours but those of half precision.
STANDARD = tuple(name for name in dtypes.ALL if name not in ("bfloat16", "float16"))


@dataclass(frozen=True)
class FloatInfo:
    """The limits of a floating dtype; of a complex one, of its parts."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: Any


@dataclass(frozen=True)
class IntInfo:
    """The limits of an integer dtype."""

    bits: int
    max: int
    min: int
    dtype: Any


def finfo(type: Any, /) -> FloatInfo:
    """The limits of a floating or complex dtype, or of that of a tensor.

    >>> finfo("float32").eps == 2**-23, finfo("complex128").dtype
    (True, 'float64')

    Raises:
        DtypeError: another dtype.
    """
    name = dtypes.canonical(getattr(type, "dtype", type))
    real = {"complex64": "float32", "complex128": "float64"}.get(name, name)
    if real not in FORMATS:
        raise DtypeError(dtypes.refusal("finfo", name, dtypes.FLOATING + dtypes.COMPLEX))
    exponent, fraction = FORMATS[real]
    bias = 2 ** (exponent - 1) - 1
    largest = (2 - 2.0**-fraction) * 2.0**bias
    return FloatInfo(
        1 + exponent + fraction, 2.0**-fraction, largest, -largest, 2.0 ** (1 - bias), real
    )


def iinfo(type: Any, /) -> IntInfo:
    """The limits of an integer dtype, or of that of a tensor.

    >>> iinfo("int8")
    IntInfo(bits=8, max=127, min=-128, dtype='int8')

    Raises:
        DtypeError: another dtype.
    """
    name = dtypes.canonical(getattr(type, "dtype", type))
    if name not in dtypes.INTEGER:
        raise DtypeError(dtypes.refusal("iinfo", name, dtypes.INTEGER))
    bits = int(name.rpartition("t")[2])
    if name in dtypes.UNSIGNED:
        return IntInfo(bits, 2**bits - 1, 0, name)
    return IntInfo(bits, 2 ** (bits - 1) - 1, -(2 ** (bits - 1)), name)


def can_cast(from_: Any, to: Any, /) -> bool:
    """Whether a dtype, or that of a tensor, becomes another by the promotion table.

    >>> can_cast("int8", "int16"), can_cast("int16", "int8"), can_cast("int8", "float32")
    (True, False, False)
    """
    source, target = dtypes.canonical(getattr(from_, "dtype", from_)), dtypes.canonical(to)
    try:
        return dtypes.promote(source, target) == target
    except DtypeError:
        return False


@dataclass(frozen=True)
class NamespaceInfo:
    """What ``__array_namespace_info__()`` gives, as the standard describes it."""

    #: Finds the devices as the framework's tensors name them; the first is the default.
    find_devices: Callable[[], tuple[Any, ...]]
    #: Finds the dtype of floats for which none is named.
    find_default: Callable[[], str]
    #: The framework's dtypes by name.
    native: Mapping[str, Any]

    def capabilities(self) -> dict[str, Any]:
        """What the standard leaves to a library, and whether it is there."""
        return {
            "boolean indexing": True,
            "data-dependent shapes": True,
            "max dimensions": None,
        }

    def default_device(self) -> Any:
        """The device on which tensors are made where none is named."""
        return self.devices()[0]

    def default_dtypes(self, *, device: Any = None) -> dict[str, Any]:
        """The dtypes of Python's numbers and of indices."""
        real = self.find_default()
        names = {
            "real floating": real,
            "complex floating": "complex128" if real == "float64" else "complex64",
            "integral": "int64",
            "indexing": "int64",
        }
        return {kind: self.native[name] for kind, name in names.items()}

    def devices(self) -> list[Any]:
        """The devices, each equal to the ``device`` of a tensor that lies on it."""
        return list(self.find_devices())

    def dtypes(
        self, *, device: Any = None, kind: str | tuple[str, ...] | None = None
    ) -> dict[str, Any]:
        """The dtypes of the standard by name: all, or of a kind that ``isdtype`` knows.

        Raises:
            ConfigError: no such kind.
        """
        kinds = (kind,) if isinstance(kind, str) else kind
        for unknown in set(kinds or ()) - set(dtypes.KINDS):
            raise ConfigError(f"no kind of dtype {unknown!r}; choose of {', '.join(dtypes.KINDS)}")
        return {
            name: self.native[name]
            for name in STANDARD
            if kinds is None or dtypes.isdtype(name, kinds)
        }
