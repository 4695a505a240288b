"""Many steps over data in memory on PyTorch; the twin is ``dualnet_tf/loops.py``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch

from dualnet import tree
from dualnet.protocols.loops import Walk
from dualnet.typing import NDArray, Tree
from dualnet_torch import jit as compilation
from dualnet_torch.state import from_numpy


def hold(array: NDArray, /, *, device: torch.device | None = None) -> torch.Tensor:
    if not (array.flags.writeable and array.flags.c_contiguous):  # PyTorch has none of the first
        return from_numpy(array, device=device)
    return torch.from_numpy(array).to(device=device)


def cut(tensor: torch.Tensor, order: torch.Tensor | None, start: int, size: int, /) -> torch.Tensor:
    return _copied(tensor, _rows(order, start, size))


def walk(step: Callable[..., Tree], /, *, jit: bool | str, reads: bool = False) -> Walk:
    run, chosen = compilation.train_step(step, jit=jit), _lent if reads else _copied
    _keep_freed_memory()

    def walked(data: Tree, order: torch.Tensor | None, size: int, first: int, last: int, /) -> Tree:
        found = []
        for number in range(first, last):
            rows = _rows(order, number * size, size)
            found.append(run(*[_each(chosen, part, rows) for part in data]))
        columns = zip(*map(tree.leaves, found), strict=True)
        return tree.unflatten(found[0], [torch.stack(column) for column in columns])

    return walked


@functools.cache
def _keep_freed_memory() -> None:
    """Lets glibc keep the memory that a step frees for the next one, up to 64 MiB.

    It gives memory back to the system from a threshold on, which rises with the largest block
    that was ever freed, to twice 32 MiB at most (mallopt(3)).  Else every step may have it mapped
    anew, page by page: a quarter of the time of a small convolutional network.
    """
    size = (32 << 20) - (1 << 16)
    torch.empty(size, dtype=torch.uint8, device="cpu")  # never written to, so takes no memory


def _rows(order: torch.Tensor | None, start: int, size: int) -> torch.Tensor | slice:
    rows = slice(start, start + size)
    return rows if order is None else order[rows]


def _each(chosen: Callable[..., Any], part: Tree, rows: torch.Tensor | slice) -> Tree:
    """The same samples of every leaf of a tree, which mostly is one, or a tuple of them."""
    if type(part) is tuple:
        return tuple([_each(chosen, inner, rows) for inner in part])
    if isinstance(part, tree.NODES):
        return tree.map(lambda leaf: chosen(leaf, rows), part)
    return chosen(part, rows)


def _copied(tensor: Any, rows: torch.Tensor | slice) -> Any:
    found = _lent(tensor, rows)
    return found.clone() if isinstance(rows, slice) and found is not None else found


def _lent(tensor: Any, rows: torch.Tensor | slice) -> Any:
    """Some samples; those that lie side by side in the memory of them all."""
    if tensor is None:
        return None
    return tensor[rows] if isinstance(rows, slice) else tensor.index_select(0, rows)
