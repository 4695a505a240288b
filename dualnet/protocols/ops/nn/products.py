"""Affine maps and look-ups in a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from dualnet.typing import Tensor


class Products(Protocol):
    """Inputs times a weight matrix."""

    def embedding(self, ids: Tensor, table: Tensor, /) -> Tensor:
        """``table[ids]``: rows of a ``(rows, features)`` table, for ids of any shape.

        The gradient of the table is dense: zero for rows that were not taken, summed for
        rows taken more than once.

        Raises:
            DtypeError: ids that are not integers.
            IndexRangeError: an id outside ``[0, rows)``; found eagerly, not in compiled code.
        """
        ...

    def linear(self, x: Tensor, kernel: Tensor, bias: Tensor | None = None, /) -> Tensor:
        """``x @ kernel + bias``: ``(…, in)`` times ``(in, out)``, plus ``(out,)``.

        Raises:
            ShapeError: the last axis of ``x`` is not ``in`` long.
            DtypeError: ``x`` and ``kernel`` differ in dtype.
        """
        ...

    def linears(
        self, x: Tensor, kernels: Sequence[Tensor], biases: Sequence[Tensor | None], /
    ) -> tuple[Tensor, ...]:
        """:meth:`linear` of one ``x`` with each kernel and bias, in one product where that pays.

        Raises:
            ShapeError, DtypeError: as :meth:`linear`.
        """
        ...

    def one_hot(
        self, ids: Tensor, num_classes: int, /, *, axis: int = -1, dtype: str = "float32"
    ) -> Tensor:
        """1 where the place along a new axis is the id, else 0.

        Args:
            ids: integers of any shape, in ``[0, num_classes)``.
            num_classes: how long the new axis is.
            axis: where it stands in the result.
            dtype: of the result.

        Raises:
            DtypeError: ids that are not integers.
            IndexRangeError: an id out of range; found eagerly, zeros in compiled code.
        """
        ...
