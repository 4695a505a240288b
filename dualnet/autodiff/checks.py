"""What the tape and the functional transformations ask of their tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dualnet import dtypes, registry
from dualnet.errors import DtypeError, ForeignTensorError, ShapeError, TapeError
from dualnet.protocols import Backend

__all__ = ["common_backend", "is_tensor", "require_differentiable", "require_same_shapes"]

#: The dtypes of what has a derivative.
DIFFERENTIABLE = frozenset(dtypes.FLOATING + dtypes.COMPLEX)


def is_tensor(leaf: Any) -> bool:
    """Whether this is a tensor of a framework."""
    return registry.of_type(type(leaf)) is not None


def common_backend(role: str, tensors: Sequence[Any]) -> Backend:
    """The one backend of all tensors.

    Raises:
        TapeError: there are none, or something is no tensor.
        ForeignTensorError: they are of two frameworks.
    """
    found: Backend | None = None
    for tensor in tensors:
        backend = registry.of_type(type(tensor))
        if backend is None:
            raise TapeError(
                f"a {role} is {type(tensor).__name__}, not a tensor of a framework; make one "
                "with ops.asarray or dn.Variable"
            )
        if found is not None and backend is not found:
            raise ForeignTensorError(
                f"tensors of {found.name} and of {backend.name} in one gradient; move one with "
                f"dn.transfer(tensor, {found.name!r})"
            )
        found = backend
    if found is None:
        raise TapeError(f"no {role} given")
    return found


def require_differentiable(backend: Backend, role: str, tensors: Sequence[Any]) -> None:
    """Refuses integers and booleans, which have no derivative.

    Raises:
        DtypeError: a tensor is neither real nor complex floating.
    """
    for tensor in tensors:
        name = backend.state.dtype_name(tensor)
        if name not in DIFFERENTIABLE:
            raise DtypeError(
                f"a {role} is {name}, which has no derivative; cast it with "
                "ops.astype(x, 'float32') before computing with it"
            )


def require_same_shapes(
    backend: Backend, role: str, given: Sequence[Any], wanted_role: str, wanted: Sequence[Any]
) -> None:
    """Refuses tensors whose number or shapes are not those of their counterparts.

    Raises:
        ShapeError: they differ.
    """
    shape = backend.state.shape
    if len(given) != len(wanted):
        raise ShapeError(f"{len(given)} {role}s for {len(wanted)} {wanted_role}s; give one each")
    for tensor, counterpart in zip(given, wanted, strict=True):
        if shape(tensor) != shape(counterpart):
            raise ShapeError(
                f"a {role} has shape {shape(tensor)}, but its {wanted_role} has shape "
                f"{shape(counterpart)}; the two must be equal"
            )
