"""Dtypes on TensorFlow."""

from __future__ import annotations

import dataclasses
from typing import Any

import tensorflow as tf

from dualnet import dtypes, namespace
from dualnet.ops._host import default_float
from dualnet_tf import device as devices
from dualnet_tf.ops._common import native, place
from dualnet_tf.state import DTYPES


def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    with place(device):
        return tf.cast(x, native(dtype))  # never changed in place: a copy makes no difference


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
    """Those of tensors made there: their names tell the job and task, too."""
    found = []
    for name in devices.devices():
        with place(name):
            found.append(tf.zeros(()).device)
    return tuple(found)
