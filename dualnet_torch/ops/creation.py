"""Making tensors on PyTorch.  Small grids are made by NumPy: the same bits everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from dualnet.ops._host import default_float, grid, host_array
from dualnet_torch import state
from dualnet_torch.ops._common import native, place, promote_all, signed
from dualnet_torch.state import from_numpy


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
    if isinstance(obj, torch.Tensor):
        return obj.to(device=place(device), dtype=native(dtype), copy=bool(copy))
    array, name = host_array(obj, dtype)
    return from_numpy(array, dtype=name, device=place(device))


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
    return asarray(fill_value, dtype=dtype, device=device).expand(shape).clone()


def full_like(x: Any, /, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Any:
    return torch.full_like(x, fill_value, dtype=native(dtype), device=place(device))


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
    return list(torch.meshgrid(*promote_all(arrays), indexing=indexing))


def ones(shape: Any, *, dtype: Any = None, device: Any = None) -> Any:
    return torch.ones(shape, dtype=native(dtype or default_float()), device=place(device))


def ones_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Any:
    return torch.ones_like(x, dtype=native(dtype), device=place(device))


def tril(x: Any, /, *, k: int = 0) -> Any:
    return _tril(x, k)


def triu(x: Any, /, *, k: int = 0) -> Any:
    return _triu(x, k)


def zeros(shape: Any, *, dtype: Any = None, device: Any = None) -> Any:
    return torch.zeros(shape, dtype=native(dtype or default_float()), device=place(device))


def zeros_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Any:
    return torch.zeros_like(x, dtype=native(dtype), device=place(device))


_tril = signed(torch.tril)
_triu = signed(torch.triu)
