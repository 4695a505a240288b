"""Tensors and variables on TensorFlow."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import tensorflow as tf

from dualnet.dtypes import ALL, canonical, wide
from dualnet.typing import DtypeName, NDArray, Shape

DTYPES: dict[str, tf.DType] = {name: getattr(tf, name) for name in ALL}
NAMES: dict[tf.DType, DtypeName] = {dtype: canonical(name) for name, dtype in DTYPES.items()}


Variable = tf.Variable

#: Of the data of a TensorFlow tensor, in bytes (Eigen's, for every vector instruction set).
ALIGNMENT = 64


TENSOR_TYPES = (tf.Tensor, tf.Variable)


def is_tensor_type(cls: type, /) -> bool:
    return issubclass(cls, (tf.Tensor, tf.Variable, tf.IndexedSlices))


def is_variable(tensor: tf.Tensor, /) -> bool:
    return isinstance(tensor, tf.Variable)


def dtype_name(tensor: tf.Tensor, /) -> DtypeName:
    return NAMES.get(tensor.dtype) or canonical(tensor.dtype)


def shape(tensor: tf.Tensor, /) -> Shape:
    return tuple(-1 if size is None else size for size in tensor.shape)


def from_numpy(
    array: NDArray, /, *, dtype: DtypeName | None = None, device: str | None = None
) -> tf.Tensor:
    with tf.device(device):
        if dtype is None:
            return tf.constant(array)
        if wide(dtype) == dtype:
            return tf.constant(array, DTYPES[dtype])
        # Half precision by way of float32, as PyTorch rounds; too large becomes infinity.
        with np.errstate(over="ignore"):
            return tf.constant(np.asarray(array).astype(wide(dtype)), DTYPES[dtype])


def to_numpy(tensor: tf.Tensor, /) -> NDArray:
    if tensor.dtype == tf.bfloat16:  # NumPy has no bfloat16
        tensor = tf.cast(tensor, tf.float32)
    return np.array(tensor.numpy())


def variable(
    array: NDArray,
    /,
    *,
    dtype: DtypeName | None = None,
    device: str | None = None,
    trainable: bool = True,
    name: str | None = None,
) -> tf.Variable:
    value = from_numpy(array, dtype=dtype, device=device)
    with tf.device(device):
        return tf.Variable(value, trainable=trainable and value.dtype.is_floating, name=name)


def assign(variable: tf.Variable, value: tf.Tensor, /) -> None:
    variable.assign(tf.stop_gradient(value), read_value=False)


def from_dlpack(tensor: Any, /, *, copy: bool) -> tf.Tensor:
    capsule = tensor.__dlpack__()
    if _address(capsule) % ALIGNMENT:
        raise BufferError("TensorFlow ends the process over memory that is not aligned")
    try:
        shared = tf.experimental.dlpack.from_dlpack(capsule)
    except tf.errors.OpError as error:  # the standard's exception, which TensorFlow does not raise
        raise BufferError(str(error)) from error
    return tf.raw_ops.DeepCopy(x=shared) if copy else shared


def _address(capsule: Any) -> int:
    """Where the data in a DLPack capsule begins."""
    get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
    get_pointer.restype, get_pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    start = get_pointer(capsule, b"dltensor")
    # The fields of DLTensor: data (8 bytes), device (8), ndim (4), dtype (4), shape (8),
    # strides (8), byte_offset (8).
    data = ctypes.c_void_p.from_address(start).value or 0
    return data + ctypes.c_uint64.from_address(start + 40).value
