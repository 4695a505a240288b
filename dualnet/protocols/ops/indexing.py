"""Looking up, sorting and sets."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from dualnet.typing import Tensor

__all__ = ["Indexing", "TopK", "UniqueAll", "UniqueCounts", "UniqueInverse"]


class TopK(NamedTuple):
    """What ``top_k`` gives."""

    values: Tensor
    indices: Tensor


class UniqueAll(NamedTuple):
    """What ``unique_all`` gives."""

    values: Tensor
    indices: Tensor
    inverse_indices: Tensor
    counts: Tensor


class UniqueCounts(NamedTuple):
    """What ``unique_counts`` gives."""

    values: Tensor
    counts: Tensor


class UniqueInverse(NamedTuple):
    """What ``unique_inverse`` gives."""

    values: Tensor
    inverse_indices: Tensor


class Indexing(Protocol):
    """Each function raises ``ShapeError`` for an axis that is not there."""

    def argsort(
        self, x: Tensor, /, *, axis: int = -1, descending: bool = False, stable: bool = True
    ) -> Tensor:
        """The indices that sort ``x``, as :meth:`sort` does.  Dtype: int64."""
        ...

    def nonzero(self, x: Tensor, /) -> tuple[Tensor, ...]:
        """The indices of the elements that are not zero, one int64 vector per axis.

        The length depends on the values, so PyTorch cannot compile it into a full graph.

        Raises:
            ShapeError: ``x`` has no axis.
        """
        ...

    def searchsorted(
        self, x1: Tensor, x2: Tensor, /, *, side: str = "left", sorter: Tensor | None = None
    ) -> Tensor:
        """Where each element of ``x2`` would go in the sorted vector ``x1``.

        That is before (``left``) or after (``right``) its equals.  ``sorter`` are the indices
        that sort ``x1``.  Dtype: int64.
        """
        ...

    def sort(
        self, x: Tensor, /, *, axis: int = -1, descending: bool = False, stable: bool = True
    ) -> Tensor:
        """``x`` in order along an axis, equal elements in the order they came in.

        NaN counts as the largest number: last ascending, first descending.  Sorting is stable
        whatever ``stable`` says, so that both backends agree.

        Dtype: real.
        """
        ...

    def take(self, x: Tensor, indices: Tensor, /, *, axis: int | None = None) -> Tensor:
        """``x`` at ``indices`` along an axis; negative ones count from the end.

        The shape of ``indices`` takes the place of the axis, which may be left out for a vector.

        Raises:
            IndexRangeError: an index is out of range (eagerly; compiled code does not look).
            DtypeError: indices are not integers.
            ShapeError: no axis for a tensor of several.
        """
        ...

    def take_along_axis(self, x: Tensor, indices: Tensor, /, *, axis: int = -1) -> Tensor:
        """``y[…, i, …] = x[…, indices[…, i, …], …]``; negative indices count from the end.

        The other axes of ``x`` and ``indices`` broadcast.

        Raises:
            IndexRangeError: an index is out of range (eagerly; compiled code does not look).
            DtypeError: indices are not integers.
        """
        ...

    def top_k(self, x: Tensor, k: int, /, *, axis: int = -1) -> TopK:
        """The ``k`` largest elements in descending order, and where they are.

        Of equal elements the first come first; NaN counts as the largest number.

        Dtype: real; the indices are int64.

        Raises:
            ShapeError: the axis has fewer than ``k`` elements.
        """
        ...

    def unique_all(self, x: Tensor, /) -> UniqueAll:
        """Distinct values, where each first is, which one each element is, and how many there are.

        Values ascend; each NaN is distinct.  The indices are int64.  PyTorch cannot compile it
        into a full graph, as the length depends on the values.
        """
        ...

    def unique_counts(self, x: Tensor, /) -> UniqueCounts:
        """Distinct values, and how many there are of each: see :meth:`unique_all`."""
        ...

    def unique_inverse(self, x: Tensor, /) -> UniqueInverse:
        """Distinct values, and which one each element is: see :meth:`unique_all`."""
        ...

    def unique_values(self, x: Tensor, /) -> Tensor:
        """Distinct values: see :meth:`unique_all`."""
        ...

    def where(self, condition: Tensor, x1: Tensor, x2: Tensor, /) -> Tensor:
        """``x1`` where the condition holds, else ``x2``; all three broadcast, dtypes meet.

        The gradient of the side not taken is 0 times its derivative, NaN if that is infinite:
        make both sides finite where it matters.

        Raises:
            DtypeError: the condition is not bool.
        """
        ...
