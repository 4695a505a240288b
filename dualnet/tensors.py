"""Tensors and variables as values: making, reading, moving, assigning."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualnet import context, dtypes, registry, tree
from dualnet import device as devices
from dualnet.errors import DtypeError, ForeignTensorError, ShapeError, StateError
from dualnet.ops import asarray
from dualnet.protocols import Backend
from dualnet.typing import DtypeName, NDArray, Tensor, Tree

__all__ = [
    "Variable",
    "asarray",
    "assign",
    "backend_of",
    "device_of",
    "to_numpy",
    "transfer",
]


def backend_of(tensor: Tensor) -> str:
    """The name of the backend whose tensor or variable this is.

    >>> import dualnet as dn
    >>> dn.backend_of(dn.Variable(1.0))
    'torch'

    Raises:
        ForeignTensorError: it is no tensor of an installed framework.
    """
    return _backend(tensor).name


def device_of(tensor: Tensor) -> str:
    """The canonical name of the device that a tensor lives on, as ``"gpu:0"``.

    Raises:
        ForeignTensorError: it is no tensor of an installed framework.
    """
    return _backend(tensor).device.device_of(tensor)


def to_numpy(value: Tree) -> Any:
    """A tensor, or a tree of tensors, as NumPy arrays of their own, off any gradient.

    bfloat16 comes as float32, since NumPy has no bfloat16.  Arrays and Python numbers are
    made arrays too.
    """
    return tree.map(_leaf_to_numpy, value)


def _leaf_to_numpy(leaf: Any) -> NDArray:
    backend = registry.of_type(type(leaf))
    return np.array(leaf) if backend is None else backend.state.to_numpy(leaf)


def transfer(value: Tree, backend: str, *, share: bool = False) -> Tree:
    """A tensor, or a tree of tensors, as tensors of another backend.

    The gradient is cut: to the other framework the result is a constant.

    Args:
        backend: the name of the backend to move to.
        share: whether the result may lie over the same memory (DLPack), so that a change
            of one in place shows in the other.  Where the two frameworks do not share a
            dtype or layout, the result is a copy all the same.

    >>> import dualnet as dn
    >>> dn.backend_of(dn.transfer(dn.Variable(1.0), "tensorflow"))
    'tensorflow'

    Raises:
        BackendNotFound: the backend is unknown or not installed.
        ForeignTensorError: a leaf is no tensor of an installed framework.
    """
    target = registry.load(backend)
    return tree.map(lambda leaf: _moved(leaf, _backend(leaf), target, share), value)


def _moved(tensor: Tensor, source: Backend, target: Backend, share: bool) -> Tensor:
    if source.jit.tracing():
        raise StateError("a tensor cannot leave a function that is being compiled; return it first")
    constant = source.tape.stop_gradient(tensor)
    try:
        return target.state.from_dlpack(constant, copy=not share)
    except BufferError:
        return target.state.from_numpy(
            source.state.to_numpy(constant), dtype=source.state.dtype_name(constant)
        )


def Variable(  # noqa: N802 - it makes what both frameworks call a Variable
    value: Any,
    *,
    dtype: DtypeName | None = None,
    device: str | None = None,
    trainable: bool = True,
    name: str | None = None,
) -> Tensor:
    """A native variable on the current backend.

    A ``tf.Variable``, or a ``torch.nn.Parameter`` with the same ``assign``, ``assign_add``
    and ``assign_sub``.  A trainable one is followed by every :class:`~dualnet.GradientTape`.

    Args:
        value: a number, nested lists, an array, or a tensor of any backend.
        dtype: of the value if not given; the current dtype for Python floats.
        device: the current device if not given.
        trainable: whether gradients flow to it; a variable of integers is never trainable.
        name: for TensorFlow's own listings.

    Raises:
        DtypeError, DeviceNotFound: an unknown dtype or device.
    """
    backend = context.current_backend()
    array, chosen = _array_and_dtype(value)
    place = devices.select(backend, device or context.current_device())
    return backend.state.variable(
        array,
        dtype=dtypes.canonical(dtype) if dtype else chosen,
        device=backend.device.native(place),
        trainable=trainable,
        name=name,
    )


def _array_and_dtype(value: Any) -> tuple[NDArray, DtypeName]:
    """A value on the host and its canonical dtype."""
    backend = registry.of_type(type(value))
    if backend is not None:
        return backend.state.to_numpy(value), backend.state.dtype_name(value)
    array = np.asarray(value)
    if array.dtype == np.float64 and not isinstance(value, (np.ndarray, np.generic)):
        return array, dtypes.policy(context.current_dtype()).variable
    return array, dtypes.canonical(array.dtype)


def assign(variable: Tensor, value: Any) -> None:
    """Overwrites a variable (or a layer's state) in place, outside any gradient.

    Args:
        value: a tensor, an array or a number, of the variable's shape.

    Raises:
        ForeignTensorError: the variable is no tensor, or the value is of another framework.
        ShapeError: the shapes differ.
        DtypeError: a tensor or array of another dtype.
    """
    backend = _backend(variable)
    state = backend.state
    other = registry.of_type(type(value))
    if other is None:
        weak = not isinstance(value, (np.ndarray, np.generic))
        dtype = state.dtype_name(variable) if weak else None
        value = state.from_numpy(np.asarray(value), dtype=dtype)
    elif other is not backend:
        raise ForeignTensorError(
            f"a {other.name} tensor for a {backend.name} variable; move it with "
            f"dn.transfer(value, {backend.name!r})"
        )
    if state.shape(value) != state.shape(variable):
        raise ShapeError(
            f"a value of shape {state.shape(value)} for a variable of shape "
            f"{state.shape(variable)}; the two must be equal"
        )
    if state.dtype_name(value) != state.dtype_name(variable):
        raise DtypeError(
            f"a {state.dtype_name(value)} value for a {state.dtype_name(variable)} variable; "
            f"cast it with ops.astype(value, {state.dtype_name(variable)!r})"
        )
    state.assign(variable, value)


def _backend(tensor: Any) -> Backend:
    backend = registry.of_type(type(tensor))
    if backend is None:
        raise ForeignTensorError(
            f"{type(tensor).__name__} is no tensor of an installed framework; make one with "
            "dn.asarray"
        )
    return backend
