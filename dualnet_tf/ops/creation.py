"""Making tensors on TensorFlow.  Small grids are made by NumPy: the same bits everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from dualnet.ops._host import default_float, grid, host_array
from dualnet_tf import state
from dualnet_tf.ops._common import TENSORS, native, place, promote_all


def arange(
    start: float,
    /,
    stop: float | None = None,
    step: float = 1,
    *,
    dtype: Any = None,
    device: Any = None,
) -> Any:
    values, name = grid(start, stop, step, dtype)
    return asarray(values, dtype=name, device=device)


def asarray(obj: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None) -> Any:
    with place(device):
        if isinstance(obj, TENSORS):  # never changed in place: a copy makes no difference
            return tf.identity(obj) if dtype is None else tf.cast(obj, native(dtype))
        array, name = host_array(obj, dtype)
        return tf.constant(array.astype(native(name).as_numpy_dtype))


def empty(shape: Any, *, dtype: Any = None, device: Any = None) -> Any:
    return zeros(shape, dtype=dtype, device=device)


def empty_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Any:
    return zeros_like(x, dtype=dtype, device=device)


def eye(
    n_rows: int,
    n_cols: int | None = None,
    /,
    *,
    k: int = 0,
    dtype: Any = None,
    device: Any = None,
) -> Any:
    return asarray(np.eye(n_rows, n_cols, k), dtype=dtype or default_float(), device=device)


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Any:
    try:
        shared = state.from_dlpack(x, copy=bool(copy))
    except BufferError:
        if copy is False:
            raise
        return asarray(np.from_dlpack(x), device=device)
    return asarray(shared, device=device)


def full(shape: Any, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Any:
    with place(device):
        return tf.fill(shape, asarray(fill_value, dtype=dtype))


def full_like(x: Any, /, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Any:
    with place(device):
        return tf.fill(tf.shape(x), tf.constant(fill_value, native(dtype) or x.dtype))


def linspace(
    start: float,
    stop: float,
    /,
    num: int,
    *,
    dtype: Any = None,
    device: Any = None,
    endpoint: bool = True,
) -> Any:
    points = np.linspace(start, stop, num, endpoint=endpoint)
    return asarray(points, dtype=dtype or default_float(), device=device)


def meshgrid(*arrays: Any, indexing: str = "xy") -> Sequence[Any]:
    return list(tf.meshgrid(*promote_all(arrays), indexing=indexing))


def ones(shape: Any, *, dtype: Any = None, device: Any = None) -> Any:
    with place(device):
        return tf.ones(shape, native(dtype or default_float()))


def ones_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Any:
    with place(device):
        return tf.ones_like(x, native(dtype))


def tril(x: Any, /, *, k: int = 0) -> Any:
    return tf.where(_diagonals(x) <= k, x, tf.zeros_like(x))


def triu(x: Any, /, *, k: int = 0) -> Any:
    return tf.where(_diagonals(x) >= k, x, tf.zeros_like(x))


def zeros(shape: Any, *, dtype: Any = None, device: Any = None) -> Any:
    with place(device):
        return tf.zeros(shape, native(dtype or default_float()))


def zeros_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Any:
    with place(device):
        return tf.zeros_like(x, native(dtype))


def _diagonals(x: Any) -> Any:
    """Column minus row of each element of a matrix: tf.linalg.band_part counts otherwise."""
    return tf.range(tf.shape(x)[-1]) - tf.range(tf.shape(x)[-2])[:, None]
