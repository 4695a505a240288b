"""Overwriting variables with saved values: all of them, or none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dualnet.dtypes import COMPLEX, FLOATING, INTEGER, canonical
from dualnet.errors import DtypeError, ShapeError, StateError
from dualnet.protocols import Backend
from dualnet.typing import NDArray, Shape, Tensor

__all__ = ["take_over"]

#: Dtypes in kinds, each of which holds what those before it hold.
KINDS: tuple[tuple[str, ...], ...] = (("bool",), INTEGER, FLOATING, COMPLEX)


def take_over(
    backend: Backend,
    held: Mapping[str, Tensor],
    given: Mapping[str, Any],
    *,
    owner: str,
    strict: bool = True,
    hint: str = "",
) -> None:
    """Assigns to each variable the value of its path, once all values have been converted.

    Args:
        held: path to variable.
        given: path to value, in any form that NumPy reads.
        owner: whose variables they are, for the error.
        strict: whether every variable must be given, and nothing else.
        hint: what to do about a misfit of paths, for the error.

    Raises:
        StateError: paths are missing or unknown, or a value is no number, or of a kind that
            its variable cannot hold (a float for an integer, a complex number for a real).
        ShapeError: a value has another shape than its variable.
    """
    if strict:
        _check_paths(held, given, owner, hint)
    values = [
        (variable, _fitting(backend, path, variable, given[path]))
        for path, variable in held.items()
        if path in given
    ]
    for variable, value in values:
        backend.state.assign(variable, value)


def _check_paths(held: Mapping[str, Any], given: Mapping[str, Any], owner: str, hint: str) -> None:
    missing, unknown = sorted(held.keys() - given.keys()), sorted(given.keys() - held.keys())
    if missing or unknown:
        raise StateError(
            f"the state does not fit {owner}: missing {missing or 'none'}, "
            f"unknown {unknown or 'none'}{hint}"
        )


def _fitting(backend: Backend, path: str, variable: Tensor, value: Any) -> Tensor:
    """The value as a tensor like the variable."""
    state, device = backend.state, backend.device
    dtype = state.dtype_name(variable)
    array = _array(path, value, state.shape(variable))
    found = _dtype(path, array)
    if _rank(found) > _rank(dtype):
        raise StateError(f"{path} is {dtype}, the state {found}, which does not go into it")
    native = device.native(device.device_of(variable))
    return state.from_numpy(array, dtype=dtype, device=native)


def _array(path: str, value: Any, shape: Shape) -> NDArray:
    try:
        array = np.asarray(value)
    except Exception as error:  # whatever a foreign object's conversion raises
        raise StateError(f"the state's {path} is no array: {error}") from error
    if array.shape != shape:
        raise ShapeError(f"{path} has shape {shape}, the state {array.shape}")
    return array


def _dtype(path: str, array: NDArray) -> str:
    try:
        return canonical(array.dtype)
    except DtypeError as error:
        raise StateError(f"the state's {path} is {array.dtype}, which is no number") from error


def _rank(dtype: str) -> int:
    return next(rank for rank, names in enumerate(KINDS) if dtype in names)
