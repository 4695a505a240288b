"""Functions of one example made functions of many."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from dualnet import tree
from dualnet.autodiff.arguments import backend_of_call, numbers_to_tensors, tensors_of
from dualnet.autodiff.checks import common_backend
from dualnet.errors import ConfigError, ShapeError
from dualnet.protocols import Backend
from dualnet.typing import Tensor, Tree

__all__ = ["vmap"]


def vmap(function: Callable[..., Any], in_axes: Tree = 0, out_axes: Tree = 0) -> Callable[..., Any]:
    """``function`` mapped over an axis of its arguments, as one computation.

    Args:
        function: a pure function of tensors and trees of tensors, for one example.
        in_axes: the axis to map over: an integer for every argument, or a tuple with an
            entry per argument, each an integer, ``None`` (the same for every example) or a
            tree of these like the argument.
        out_axes: where the axis goes in the results: an integer, or a tree like the result.

    Returns:
        A function of positional arguments with the extra axis.  It may be transformed again.

    It raises ShapeError if the mapped axes differ in size or do not exist, ConfigError if
    ``in_axes`` or ``out_axes`` do not fit or map nothing.

    Gradients per example:

    >>> import dualnet as dn, numpy as np
    >>> per_example = dn.vmap(dn.grad(lambda w, x: (w * x) ** 2), in_axes=(None, 0))
    >>> dn.to_numpy(per_example(2.0, np.array([1.0, 2.0, 3.0])))
    array([ 4., 16., 36.])
    """

    @functools.wraps(function)
    def mapped(*args: Any) -> Any:
        backend = backend_of_call(args)
        arrays = tensors_of(backend, args)
        given = numbers_to_tensors(backend, arrays, arrays)
        axes = _axes_like(given, _per_argument(in_axes, len(args)), "in_axes")
        leaves = tree.leaves(given)
        places, tensors, mapped_axes = _mappable(backend, leaves, axes)
        result: Tree = None

        def one(*slices: Tensor) -> list[Tensor]:
            nonlocal result
            filled = list(leaves)
            for place, piece in zip(places, slices, strict=True):
                filled[place] = piece
            value = tensors_of(backend, function(*tree.unflatten(given, filled)))
            result = numbers_to_tensors(backend, value, slices)
            common_backend("result of the function", tree.leaves(result))
            return tree.leaves(result)

        outputs = backend.tape.vmap(one, tensors, mapped_axes)
        moved = [
            backend.ops.moveaxis(output, 0, axis) if axis else output
            for output, axis in zip(outputs, _out_axes(result, out_axes), strict=True)
        ]
        return tree.unflatten(result, moved)

    return mapped


def _per_argument(in_axes: Tree, count: int) -> tuple[Tree, ...]:
    if not isinstance(in_axes, (tuple, list)):
        return (in_axes,) * count
    if len(in_axes) != count:
        raise ConfigError(f"in_axes has {len(in_axes)} entries for {count} arguments")
    return tuple(in_axes)


def _axes_like(values: Any, axes: Any, role: str) -> list[int | None]:
    """An axis for every leaf of ``values``: an axis given for a subtree counts for all of it."""
    if axes is None or isinstance(axes, int):
        return [axes] * len(tree.leaves(values))
    if not _alike(axes, values):
        raise ConfigError(f"{role}={axes!r} does not fit a value like {tree.structure(values)}")
    keys: Any = sorted(axes) if isinstance(axes, dict) else range(len(axes))
    return [axis for key in keys for axis in _axes_like(values[key], axes[key], role)]


def _alike(axes: Any, values: Any) -> bool:
    """Whether two containers are of one kind and have the same entries."""
    if isinstance(axes, dict):
        return isinstance(values, dict) and sorted(axes) == sorted(values)
    sequences = isinstance(axes, (tuple, list)) and isinstance(values, (tuple, list))
    return sequences and len(axes) == len(values)


def _out_axes(result: Tree, out_axes: Tree) -> list[int]:
    axes = _axes_like(result, out_axes, "out_axes")
    if None in axes:
        raise ConfigError("out_axes=None: every result has the mapped axis; say where it goes")
    return [axis for axis in axes if axis is not None]


def _mappable(
    backend: Backend, leaves: Sequence[Any], axes: Sequence[int | None]
) -> tuple[list[int], list[Tensor], list[int]]:
    """Places, tensors and axes (counted from the front) of the leaves that are mapped over."""
    places, mapped_axes, sizes = [], [], []
    for place, (leaf, axis) in enumerate(zip(leaves, axes, strict=True)):
        if axis is None:
            continue
        shape = backend.state.shape(leaf) if backend.state.is_tensor_type(type(leaf)) else ()
        if not -len(shape) <= axis < len(shape):
            raise ShapeError(
                f"vmap cannot take axis {axis} of an argument of shape {shape}; "
                "give None in in_axes for what is the same in every example"
            )
        places.append(place)
        mapped_axes.append(axis % len(shape))
        sizes.append(shape[axis])
    if not places:
        raise ConfigError("in_axes maps over no argument; give an axis to one at least")
    if len(set(sizes) - {-1}) > 1:
        raise ShapeError(
            f"the mapped axes have sizes {', '.join(map(str, sizes))}; they must be equal"
        )
    return places, [leaves[place] for place in places], mapped_axes
