"""Reductions of rows by a label for each."""

from __future__ import annotations

from typing import Protocol

from dualnet.typing import Tensor


class Segments(Protocol):
    """``x`` is ``(rows, …)``, ``ids`` ``(rows,)``, in any order; gives ``(num_segments, …)``.

    Each raises ``DtypeError`` for ids that are not integers, ``ShapeError`` for another number
    of ids than rows, and ``IndexRangeError`` for an id outside ``[0, num_segments)``, which is
    found eagerly, not in compiled code.
    """

    def segment_max(self, x: Tensor, ids: Tensor, /, *, num_segments: int) -> Tensor:
        """The largest of the rows with each id; NaN if one has it, -inf where there is none.

        Equal ones share the gradient.  Dtype: floating.
        """
        ...

    def segment_mean(self, x: Tensor, ids: Tensor, /, *, num_segments: int) -> Tensor:
        """The mean of the rows with each id; 0 where there is none.  Dtype: floating."""
        ...

    def segment_min(self, x: Tensor, ids: Tensor, /, *, num_segments: int) -> Tensor:
        """The smallest of the rows with each id; NaN if one has it, inf where there is none.

        Equal ones share the gradient.  Dtype: floating.
        """
        ...

    def segment_sum(self, x: Tensor, ids: Tensor, /, *, num_segments: int) -> Tensor:
        """The sum of the rows with each id; 0 where there is none.  Dtype: numeric, kept."""
        ...
