"""What an index stands for: the places of elements along the first axes, counted in one row."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from dualnet import dtypes
from dualnet.errors import ConfigError, DtypeError, ShapeError
from dualnet.ops._composed import HOST, constants, dtype_of, eager, is_tensor, tensor
from dualnet.ops._host import outside
from dualnet.typing import Tensor

if TYPE_CHECKING:
    ops: Any  # the checker cannot follow the circle of imports
else:
    from dualnet import ops

__all__ = ["flat_places", "is_mask"]


def is_mask(index: Any) -> bool:
    """Whether an index is a bool tensor or array."""
    if isinstance(index, (np.ndarray, np.generic)):
        return index.dtype.kind == "b"
    return is_tensor(index) and dtype_of(index) == "bool"


def flat_places(x: Tensor, index: Any) -> tuple[Tensor, list[Any], int]:
    """The places that ``x[index]`` takes, as a vector; its sizes; how many axes they go along.

    Raises:
        ConfigError: an index of another kind than integers, slices, an ellipsis, tensors.
        DtypeError: a tensor that is not of integers.
        IndexRangeError: one is out of range (eagerly).
        ShapeError: there are more than ``x`` has axes, they do not broadcast, or compiled code
            does not know how long an axis is.
    """
    parts = _parts(index if isinstance(index, tuple) else (index,), len(x.shape))
    lengths = list(x.shape[: len(parts)])
    if None in lengths:
        raise ShapeError(f"compiled code must know the sizes of indexed axes, got {tuple(x.shape)}")
    tensors = [_along(part, n, x) for part, n in zip(parts, lengths, strict=True)]
    places = _in_one_row(tensors, _layout(parts, tensors), lengths, x)
    sizes = [ops.nn.axis_size(places, axis=axis) for axis in range(len(places.shape))]
    return ops.reshape(places, (-1,)), sizes, len(parts)


def _parts(index: tuple[Any, ...], rank: int) -> list[Any]:
    """One index for each of the first axes; an ellipsis at the end is none."""
    dots = [place for place, part in enumerate(index) if part is Ellipsis]
    if len(dots) > 1 or len(index) - len(dots) > rank:
        raise ShapeError(f"an index of {len(index)} parts for a tensor of {rank} axes")
    if not dots or dots[0] == len(index) - 1:
        return list(index[: dots[0]] if dots else index)
    before, after = index[: dots[0]], index[dots[0] + 1 :]
    return [*before, *[slice(None)] * (rank - len(before) - len(after)), *after]


def _along(part: Any, length: int, x: Tensor) -> Any:
    """The places along one axis: a number, or a tensor of int64."""
    if isinstance(part, slice):
        taken = range(*part.indices(length))
        return taken.start + taken.step * ops.nn.places(x, len(taken))
    if isinstance(part, bool) or part is None:
        raise ConfigError(f"an index of {part!r}; give integers, slices, tensors, or one mask")
    if isinstance(part, int):
        if not -length <= part < length:
            raise outside(length)
        return part % length
    if isinstance(part, list):
        if not part or any(type(place) is not int for place in part):
            raise ConfigError(f"an index of {part!r}; a list holds integers, one or more")
        part = constants(part, x, "int64")
    if not isinstance(part, HOST) and not is_tensor(part):
        raise ConfigError(f"an index of {type(part).__name__}; give integers, slices or tensors")
    part = tensor(part)
    if not dtypes.is_integer(dtype_of(part)):
        raise DtypeError(dtypes.refusal("an index", dtype_of(part), dtypes.INTEGER))
    part = ops.astype(part, "int64")
    if eager(part) and bool(ops.any(ops.logical_or(part < -length, part >= length))):
        raise outside(length)
    return ops.where(part < 0, part + length, part)


def _layout(parts: list[Any], tensors: list[Any]) -> list[tuple[int, int]]:
    """For each part, how many axes of the result come before its own, and how many after.

    As NumPy has it: the parts that are no slices broadcast together; their axes come where
    they stand side by side, and first where a slice is between them.
    """
    chosen = [place for place, part in enumerate(parts) if not isinstance(part, slice)]
    wide = max([len(t.shape) for t in (tensors[p] for p in chosen) if is_tensor(t)], default=0)
    apart = bool(chosen) and chosen[-1] - chosen[0] >= len(chosen)
    slices = len(parts) - len(chosen)
    start = 0 if apart or not chosen else chosen[0]
    layout, seen = [], 0
    for place, part in enumerate(parts):
        if isinstance(part, slice):
            before = seen if seen < start else seen + wide
            layout.append((before, slices + wide - before - 1))
            seen += 1
        else:
            own = len(tensors[place].shape) if is_tensor(tensors[place]) else 0
            layout.append((start + wide - own, slices - start))
    return layout


def _in_one_row(
    tensors: list[Any], layout: list[tuple[int, int]], lengths: list[int], x: Tensor
) -> Tensor:
    """The sum of all places times the number of elements that one of them stands for."""
    total: Any = 0
    for axis, (along, (before, after)) in enumerate(zip(tensors, layout, strict=True)):
        if is_tensor(along):
            sizes = [ops.nn.axis_size(along, axis=a) for a in range(len(along.shape))]
            along = ops.reshape(along, (*[1] * before, *sizes, *[1] * after))
        total = total + along * math.prod(lengths[axis + 1 :])
    return total if is_tensor(total) else constants((total,), x, "int64")[0]
