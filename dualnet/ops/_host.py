"""What is decided on the host, before there is a tensor: the same for every backend."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualnet import dtypes
from dualnet.context import current_dtype
from dualnet.errors import ConfigError, IndexRangeError, ShapeError
from dualnet.typing import DtypeName, NDArray, Tensor

__all__ = ["check_bounds", "default_float", "grid", "host_array", "outside", "taken_from"]


def default_float() -> DtypeName:
    """The dtype of floats for which none was given: that of new weights."""
    return dtypes.policy(current_dtype()).variable


def host_array(obj: Any, dtype: Any = None) -> tuple[NDArray, DtypeName]:
    """``obj`` as a NumPy array, and the dtype its tensor has.

    That is ``dtype`` where given, the array's own for NumPy's, and for Python's numbers the
    default of their kind: bool, int64, the current float dtype, complex of that precision.

    Raises:
        DtypeError: ``obj`` holds something else than numbers.
    """
    array = np.asarray(obj)
    if dtype is not None:
        return array, dtypes.canonical(dtype)
    name = dtypes.canonical(array.dtype)
    if not isinstance(obj, (np.ndarray, np.generic)):
        if name == "float64":
            name = default_float()
        elif name == "complex128" and default_float() != "float64":
            name = "complex64"
    return array, name


def grid(
    start: float, stop: float | None, step: float, dtype: Any = None
) -> tuple[NDArray, DtypeName]:
    """``start, start + step, …`` before ``stop``, and their dtype; from 0 without ``stop``.

    The dtype is ``dtype`` where given, else int64 for whole numbers, else the current float dtype.
    """
    values = np.arange(0, start, step) if stop is None else np.arange(start, stop, step)
    return values, dtype or (default_float() if values.dtype.kind == "f" else "int64")


def check_bounds(low: Any, high: Any) -> None:
    """Refuses bounds of ``clip`` that cross, which the frameworks read in different ways.

    Raises:
        ConfigError: both are Python numbers, and ``low > high``.
    """
    numbers = isinstance(low, dtypes.SCALARS) and isinstance(high, dtypes.SCALARS)
    if numbers and low > high:
        raise ConfigError(f"clip: min={low} is above max={high}; exchange them")


def taken_from(x: Tensor, axis: int | None) -> int:
    """The axis that ``take`` takes from, counted from the front; a vector has only one.

    Raises:
        ShapeError: none was named, or there is no such axis.
    """
    rank = len(x.shape)
    if axis is None and rank == 1:
        return 0
    if axis is None or not -rank <= axis < rank:
        raise ShapeError(f"axis={axis} does not name an axis of a tensor of shape {tuple(x.shape)}")
    return axis % rank


def outside(size: int) -> IndexRangeError:
    """The error for indices that do not fit an axis, where the framework has none."""
    return IndexRangeError(
        f"an index is out of range for an axis of size {size}; valid ones are {-size} to {size - 1}"
    )
