"""Anything array-like, as a NumPy array that both frameworks understand."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from dualnet.dtypes import ALL
from dualnet.errors import DataError, DtypeError
from dualnet.typing import NDArray

__all__ = ["host_array"]


def host_array(leaf: Any) -> NDArray | None:
    """An array of numbers in the machine's byte order; ``None`` stays ``None``.

    Raises:
        DataError: it cannot be read as an array, or holds Python objects.
        DtypeError: its dtype is none that the frameworks have.
    """
    if leaf is None or (type(leaf) is np.ndarray and _is_known(leaf.dtype)):
        return leaf
    try:
        array = np.asarray(leaf)
    except (TypeError, ValueError, RuntimeError) as error:
        raise DataError(
            f"a {type(leaf).__name__} cannot be read as an array ({error}); "
            "convert it with dualnet.to_numpy or np.asarray"
        ) from error
    if array.dtype == object:
        raise DataError(
            f"a {type(leaf).__name__} holds Python objects, not numbers; "
            "make it an array of one dtype, all rows of one length"
        )
    if array.dtype.name not in ALL:
        raise DtypeError(
            f"an array of dtype {array.dtype} holds no numbers that PyTorch and TensorFlow both "
            "know; encode it first, as with x.astype('float32')"
        )
    return array.astype(array.dtype.newbyteorder("="), copy=False)


@functools.cache
def _is_known(dtype: np.dtype[Any]) -> bool:
    """Whether arrays of this dtype can stay as they are; NumPy is slow to say its name."""
    return dtype.isnative and dtype.name in ALL
