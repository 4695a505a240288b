"""Dtypes on PyTorch."""

from __future__ import annotations

import dataclasses
from typing import Any

from dualnet import dtypes, namespace
from dualnet.ops._host import default_float
from dualnet_torch import device as devices
from dualnet_torch.ops._common import native, place
from dualnet_torch.state import DTYPES


def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    return x.to(device=place(device), dtype=native(dtype), copy=copy)


def __array_namespace_info__() -> namespace.NamespaceInfo:
    return namespace.NamespaceInfo(_devices, default_float, DTYPES)


can_cast = namespace.can_cast


def finfo(type: Any, /) -> namespace.FloatInfo:
    limits = namespace.finfo(type)
    return dataclasses.replace(limits, dtype=native(limits.dtype))


def iinfo(type: Any, /) -> namespace.IntInfo:
    limits = namespace.iinfo(type)
    return dataclasses.replace(limits, dtype=native(limits.dtype))


isdtype = dtypes.isdtype


def result_type(*arrays_and_dtypes: Any) -> Any:
    return native(dtypes.result_type(*arrays_and_dtypes))


def _devices() -> tuple[Any, ...]:
    return tuple(map(devices.native, devices.devices()))
