"""Functions that take an axis together."""

from __future__ import annotations

from typing import Any, Protocol

from dualnet.typing import Axis, Tensor

__all__ = ["Reductions"]


class Reductions(Protocol):
    """``axis`` is one, several, or None for all; with ``keepdims`` it stays, of size 1.

    Each function raises ``ShapeError`` for an axis that is not there and ``DtypeError`` for
    a dtype of another kind than it names.
    """

    def all(self, x: Tensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """Whether all elements are non-zero.  Of nothing: True.  Dtype: bool."""
        ...

    def any(self, x: Tensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """Whether some element is non-zero.  Of nothing: False.  Dtype: bool."""
        ...

    def argmax(self, x: Tensor, /, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
        """The index of the first largest element, NaN being the largest; of all without ``axis``.

        Dtype: real; the result is int64.

        Raises:
            ShapeError: of nothing.
        """
        ...

    def argmin(self, x: Tensor, /, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
        """The index of the first smallest element, NaN being the smallest; of all without ``axis``.

        Dtype: real; the result is int64.

        Raises:
            ShapeError: of nothing.
        """
        ...

    def count_nonzero(self, x: Tensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """How many elements are not zero.  Dtype: int64."""
        ...

    def cumulative_prod(
        self,
        x: Tensor,
        /,
        *,
        axis: int | None = None,
        dtype: Any = None,
        include_initial: bool = False,
    ) -> Tensor:
        """``y_i = Π_(j≤i) x_j`` along an axis, after a 1 with ``include_initial``.

        Dtype: as for :meth:`prod`.  ``axis`` may be left out for a vector.

        Raises:
            ShapeError: no axis for a tensor of several.
        """
        ...

    def cumulative_sum(
        self,
        x: Tensor,
        /,
        *,
        axis: int | None = None,
        dtype: Any = None,
        include_initial: bool = False,
    ) -> Tensor:
        """``y_i = Σ_(j≤i) x_j`` along an axis, after a 0 with ``include_initial``.

        Dtype: as for :meth:`sum`.  ``axis`` may be left out for a vector.

        Raises:
            ShapeError: no axis for a tensor of several.
        """
        ...

    def diff(
        self,
        x: Tensor,
        /,
        *,
        axis: int = -1,
        n: int = 1,
        prepend: Tensor | None = None,
        append: Tensor | None = None,
    ) -> Tensor:
        """``y_i = x_(i+1) - x_i``, ``n`` times, of ``x`` with something put before and after."""
        ...

    def logsumexp(self, x: Tensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """``log Σ e**x`` without overflow.  Of nothing: -inf.  Dtype: real floating."""
        ...

    def max(self, x: Tensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """The largest element; NaN if there is one; a tie shares the gradient evenly.

        Dtype: real.

        Raises:
            ShapeError: of nothing.
        """
        ...

    def mean(self, x: Tensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """``Σ x / n``.  Of nothing: NaN.  float16 and bfloat16 are added up in float32.

        Raises:
            DtypeError: not floating; cast integers first.
        """
        ...

    def min(self, x: Tensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """The smallest element; NaN if there is one; a tie shares the gradient evenly.

        Dtype: real.

        Raises:
            ShapeError: of nothing.
        """
        ...

    def prod(
        self, x: Tensor, /, *, axis: Axis = None, dtype: Any = None, keepdims: bool = False
    ) -> Tensor:
        """``Π x``.  Of nothing: 1.

        Dtype: ``dtype`` where given, else int64 for bool and signed, uint64 for unsigned
        integers, and that of ``x`` for others.
        """
        ...

    def std(
        self, x: Tensor, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False
    ) -> Tensor:
        """``√var``; the gradient is 0 where all elements are equal.  Dtype: real floating."""
        ...

    def sum(
        self, x: Tensor, /, *, axis: Axis = None, dtype: Any = None, keepdims: bool = False
    ) -> Tensor:
        """``Σ x``.  Of nothing: 0.  float16 and bfloat16 are added up in float32.

        Dtype: ``dtype`` where given, else int64 for bool and signed, uint64 for unsigned
        integers, and that of ``x`` for others.
        """
        ...

    def var(
        self, x: Tensor, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False
    ) -> Tensor:
        """``Σ (x - mean)² / (n - correction)``; NaN where nothing is left to divide by.

        Dtype: real floating.
        """
        ...
