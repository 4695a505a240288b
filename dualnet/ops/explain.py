"""What is wrong with arguments that a kernel refused: found after the fact, free of cost before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dualnet.dtypes import canonical, richer
from dualnet.errors import ConfigError, DtypeError, DualnetError, IndexRangeError, ShapeError
from dualnet.typing import Tensor

__all__ = [
    "another_dtype",
    "batch_of_one",
    "check_segments",
    "embedding_dtype",
    "features",
    "id_range",
    "linear",
    "no_room",
    "recurrence",
]


def linear(x: Tensor, kernel: Tensor) -> DualnetError | None:
    """Why ``x @ kernel`` failed; ``None`` if shapes and dtypes are not to blame."""
    if not len(x.shape) or x.shape[-1] != kernel.shape[0]:
        return ShapeError(
            f"a kernel of shape {tuple(kernel.shape)} (in, out) needs an input with "
            f"{kernel.shape[0]} features along its last axis, got shape {tuple(x.shape)}"
        )
    return another_dtype(x, kernel)


def features(x: Tensor, y: Tensor) -> DualnetError:
    """The error for features that were spread over the weights of more of them."""
    return ShapeError(
        f"an input of shape {tuple(x.shape)} for weights of {y.shape[-1]} features; give it that "
        "many along its last axis"
    )


def recurrence(
    gates: int,
    x: Tensor,
    states: Sequence[Tensor],
    kernel: Tensor,
    recurrent_kernel: Tensor,
    biases: Sequence[Tensor],
) -> DualnetError | None:
    """Why a recurrence of so many gates cannot be computed; ``None`` if all fits together.

    Asked before, not after: a fused kernel may not look at shapes at all.
    """
    if len(x.shape) != 3:
        return ShapeError(f"a recurrence takes (batch, time, features), got shape {tuple(x.shape)}")
    units = recurrent_kernel.shape[0]
    for part in (kernel, recurrent_kernel, *biases):
        if part.shape[-1] != gates * units:
            return ShapeError(
                f"{gates} gates of {units} units need kernels and biases with {gates * units} "
                f"numbers along their last axis, got shape {tuple(part.shape)}"
            )
    for state in states:
        if tuple(state.shape) != (x.shape[0], units):
            return ShapeError(
                f"an input of shape {tuple(x.shape)} and {units} units need states of shape "
                f"{(x.shape[0], units)}, got {tuple(state.shape)}"
            )
    unlike = next((part for part in (x, *states) if part.dtype != kernel.dtype), x)
    return linear(x, kernel) or another_dtype(unlike, kernel)


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


def id_range(wrong: int, count: int, whole: str, parts: str) -> IndexRangeError:
    """An id that points at none of the rows of a table, say."""
    return IndexRangeError(
        f"id {wrong} is outside the {whole} of {count} {parts}; valid ids are 0 to {count - 1}"
    )


def no_room(start: int, count: int, size: int) -> IndexRangeError:
    """Steps that do not fit into a cache."""
    return IndexRangeError(
        f"{count} more after {start} steps do not fit into a cache of {size}; make it with a "
        "larger max_length"
    )


def check_segments(x: Sequence[int | None], ids: Sequence[int | None], num_segments: Any) -> None:
    """Raises an error unless there is one id for each row, and a segment to put it in."""
    if not isinstance(num_segments, int) or num_segments < 1:
        raise ConfigError(f"num_segments={num_segments!r} must be a positive integer")
    if len(ids) != 1 or not x or (None not in (x[0], ids[0]) and x[0] != ids[0]):
        raise ShapeError(
            f"a tensor of shape {tuple(x)} needs one id for each of its rows, got ids of shape "
            f"{tuple(ids)}"
        )


def batch_of_one(x: Tensor) -> ShapeError:
    """A batch that has no variance."""
    return ShapeError(
        f"batch normalisation in training needs more than one value per channel, got shape "
        f"{tuple(x.shape)}; use a larger batch (drop a last batch of one), or LayerNorm"
    )
