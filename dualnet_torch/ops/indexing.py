"""Looking up, sorting and sets on PyTorch."""

from __future__ import annotations

from typing import Any

import torch

from dualnet.dtypes import SCALARS
from dualnet.errors import ShapeError
from dualnet.ops._host import outside, taken_from
from dualnet.protocols.ops.indexing import TopK, UniqueAll, UniqueCounts, UniqueInverse
from dualnet_torch.ops._common import BOOL, COMPLEX, INTEGER, REAL, promote, ranked, require, signed


def argsort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    require(x, REAL, "argsort")
    return torch.argsort(x, dim=axis, descending=descending, stable=True)


def nonzero(x: Any, /) -> tuple[Any, ...]:
    if x.ndim == 0:
        raise ShapeError("nonzero of a tensor without axes; use x != 0")
    return torch.nonzero(x != 0, as_tuple=True)


def searchsorted(x1: Any, x2: Any, /, *, side: str = "left", sorter: Any = None) -> Any:
    x1, x2 = promote(x1, x2)
    require(x1, REAL, "searchsorted")
    if sorter is not None:
        require(sorter, INTEGER, "searchsorted")
    return torch.searchsorted(ranked(x1), ranked(x2), right=side == "right", sorter=sorter)


def sort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    require(x, REAL, "sort")
    return torch.sort(x, dim=axis, descending=descending, stable=True).values


def take(x: Any, indices: Any, /, *, axis: int | None = None) -> Any:
    require(indices, INTEGER, "take")
    axis = taken_from(x, axis)
    flat = _wrapped(torch.ravel(indices), x.shape[axis])
    taken = torch.index_select(x, axis, flat)
    return taken.reshape(x.shape[:axis] + indices.shape + x.shape[axis + 1 :])


def take_along_axis(x: Any, indices: Any, /, *, axis: int = -1) -> Any:
    require(indices, INTEGER, "take_along_axis")
    axis = taken_from(x, axis)
    size, count = x.shape[axis], indices.shape[axis]
    # torch.gather cuts x to the size of indices, and torch.take_along_dim does not look
    # whether indices are in range.
    before = torch.broadcast_shapes(x.shape[:axis], indices.shape[:axis])
    after = torch.broadcast_shapes(x.shape[axis + 1 :], indices.shape[axis + 1 :])
    indices = _wrapped(indices, size).expand((*before, count, *after))
    return _gather(x.expand((*before, size, *after)), axis, indices)


def top_k(x: Any, k: int, /, *, axis: int = -1) -> TopK:
    require(x, REAL, "top_k")
    # torch.topk is faster, but takes any of equal values.
    values, indices = torch.sort(x, dim=axis, descending=True, stable=True)
    return TopK(*(part.narrow(axis, 0, k) for part in (values, indices)))


def unique_all(x: Any, /) -> UniqueAll:
    flat = torch.ravel(x)
    order = _order(flat)
    ranked = flat[order]
    new = torch.cat((torch.ones_like(ranked[:1], dtype=torch.bool), ranked[1:] != ranked[:-1]))
    starts = torch.nonzero(new)[:, 0]
    counts = torch.diff(starts, append=starts.new_tensor([flat.shape[0]]))
    groups = torch.cumsum(new, 0) - 1
    inverse = torch.empty_like(groups).index_put((order,), groups)
    return UniqueAll(ranked[new], order[new], inverse.reshape(x.shape), counts)


def unique_counts(x: Any, /) -> UniqueCounts:
    values, _, _, counts = unique_all(x)
    return UniqueCounts(values, counts)


def unique_inverse(x: Any, /) -> UniqueInverse:
    values, _, inverse, _ = unique_all(x)
    return UniqueInverse(values, inverse)


def unique_values(x: Any, /) -> Any:
    return unique_all(x).values


def where(condition: Any, x1: Any, x2: Any, /) -> Any:
    x1, x2 = promote(x1, x2)
    if isinstance(condition, SCALARS):
        return torch.where(torch.scalar_tensor(condition, dtype=torch.bool), x1, x2)
    require(condition, BOOL, "where")
    return torch.where(condition, x1, x2)


_gather = signed(torch.gather)


def _order(x: Any) -> Any:
    """Places of a vector's elements in ascending order; complex numbers by parts, as in NumPy."""
    if x.dtype not in COMPLEX:
        return torch.argsort(x, stable=True)
    order = torch.argsort(x.imag, stable=True)
    return order[torch.argsort(x.real[order], stable=True)]


def _wrapped(indices: Any, size: int) -> Any:
    """Indices in int64, negative ones counted from the end, as PyTorch does not."""
    indices = indices.to(torch.int64)
    indices = torch.where(indices < 0, indices + size, indices)
    unchecked = (
        indices.device.type != "cpu" and not torch.compiler.is_compiling()
    )  # by the kernel, which would end the process
    if unchecked and ((indices < 0) | (indices >= size)).any():
        raise outside(size)
    return indices
