"""Functions that move elements about on PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F

from dualnet.errors import ShapeError
from dualnet.ops._host import check_squeeze, no_new_axis
from dualnet.padding import Pads, pairs, source
from dualnet.typing import Axis
from dualnet_torch.ops._common import INTEGER, promote_all, require, signed


def broadcast_arrays(*arrays: Any) -> Sequence[Any]:
    return list(torch.broadcast_tensors(*arrays))


def broadcast_to(x: Any, /, shape: Any) -> Any:
    return torch.broadcast_to(x, shape)


def concat(arrays: Sequence[Any], /, *, axis: int | None = 0) -> Any:
    arrays = promote_all(arrays)
    if axis is None:
        return torch.cat([torch.ravel(x) for x in arrays])
    return torch.cat(tuple(arrays), axis)


def expand_dims(x: Any, /, axis: int = 0) -> Any:
    try:
        return torch.unsqueeze(x, axis)
    except IndexError:
        raise no_new_axis(axis, x.shape) from None


def flip(x: Any, /, *, axis: Axis = None) -> Any:
    return _flip(x, _axes(x, axis))


def moveaxis(x: Any, source: Any, destination: Any, /) -> Any:
    return torch.movedim(x, source, destination)


def pad(x: Any, pads: Pads, /, *, mode: str = "constant", value: Any = 0) -> Any:
    found = pairs(x.shape, pads, mode)
    if mode == "constant":  # PyTorch lists the last axis first
        return F.pad(x, [side for pair in reversed(found) for side in pair], value=value)
    for axis, (before, after) in enumerate(found):
        if before or after:
            size = x.shape[axis]
            places = torch.arange(-before, size + after, device=x.device)
            x = torch.index_select(x, axis, source(places, size, mode))
    return x


def permute_dims(x: Any, /, axes: Sequence[int]) -> Any:
    return torch.permute(x, tuple(axes))


def repeat(x: Any, repeats: Any, /, *, axis: int | None = None) -> Any:
    if not isinstance(repeats, int):
        require(repeats, INTEGER, "repeat")
        repeats = repeats.to(torch.int64)
    return _repeat(x, repeats, dim=axis)


def reshape(x: Any, /, shape: Any, *, copy: bool | None = None) -> Any:
    return torch.reshape(x.clone() if copy else x, shape)


def roll(x: Any, /, shift: Any, *, axis: Any = None) -> Any:
    return torch.roll(x, shift, axis)


def split(x: Any, sections: int | Sequence[int], /, *, axis: int = 0) -> Sequence[Any]:
    if isinstance(sections, int):  # PyTorch counts elements, not parts
        size, rest = divmod(x.shape[axis], sections)
        if rest:
            raise ShapeError(f"split: {x.shape[axis]} elements do not make {sections} equal parts")
        return torch.split(x, size, axis)
    return torch.split(x, list(sections), axis)


def squeeze(x: Any, /, axis: Axis) -> Any:
    axes = _axes(x, axis)
    check_squeeze(x, axes)  # PyTorch leaves longer axes
    return torch.squeeze(x, tuple(axes))


def stack(arrays: Sequence[Any], /, *, axis: int = 0) -> Any:
    return torch.stack(tuple(promote_all(arrays)), axis)


def tile(x: Any, repetitions: Sequence[int], /) -> Any:
    return torch.tile(x, tuple(repetitions))


def unstack(x: Any, /, *, axis: int = 0) -> Sequence[Any]:
    return torch.unbind(x, axis)


_flip = signed(torch.flip)
_repeat = signed(torch.repeat_interleave)


def _axes(x: Any, axis: Axis) -> Any:
    """The axes named, as a sequence; every one where none is."""
    return tuple(range(x.ndim)) if axis is None else (axis,) if isinstance(axis, int) else axis
