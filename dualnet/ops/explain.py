"""What is wrong with arguments that a kernel refused: found after the fact, free of cost before."""

from __future__ import annotations

from typing import Any

from dualnet.dtypes import canonical, richer
from dualnet.errors import DtypeError, DualnetError, IndexRangeError, ShapeError
from dualnet.typing import Tensor

__all__ = ["another_dtype", "batch_of_one", "embedding_dtype", "embedding_range", "linear"]


def linear(x: Tensor, kernel: Tensor) -> DualnetError | None:
    """Why ``x @ kernel`` failed; ``None`` if shapes and dtypes are not to blame."""
    if not len(x.shape) or x.shape[-1] != kernel.shape[0]:
        return ShapeError(
            f"a kernel of shape {tuple(kernel.shape)} (in, out) needs an input with "
            f"{kernel.shape[0]} features along its last axis, got shape {tuple(x.shape)}"
        )
    return another_dtype(x, kernel)


def another_dtype(x: Tensor, kernel: Tensor) -> DtypeError | None:
    """Why an input and a kernel do not meet; ``None`` if their dtypes are the same."""
    if x.dtype == kernel.dtype:
        return None
    given, wanted = canonical(x.dtype), canonical(kernel.dtype)
    to = richer(wanted, given)
    whose = "input" if to == wanted else "kernel"
    return DtypeError(
        f"an input of {given} meets a kernel of {wanted}; cast the {whose}: "
        f'x.astype("{to}") of an array, ops.astype(x, "{to}") of a tensor'
    )


def embedding_dtype(dtype: Any) -> DtypeError:
    """Ids that are no integers."""
    return DtypeError(f"ids must be integers, got {dtype}; cast them with ops.astype(ids, 'int64')")


def embedding_range(wrong: int, rows: int) -> IndexRangeError:
    """An id that points outside the table."""
    return IndexRangeError(
        f"id {wrong} is outside the table of {rows} rows; valid ids are 0 to {rows - 1}"
    )


def batch_of_one(x: Tensor) -> ShapeError:
    """A batch that has no variance."""
    return ShapeError(
        f"batch normalisation in training needs more than one value per channel, got shape "
        f"{tuple(x.shape)}; use a larger batch (drop a last batch of one), or LayerNorm"
    )
