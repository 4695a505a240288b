"""Functions that move elements about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from dualnet.padding import Pads
from dualnet.typing import Axis, Scalar, Shape, Tensor

__all__ = ["Manipulation"]


class Manipulation(Protocol):
    """Results may share memory with ``x``; they are not to be written to.

    Each function raises ``ShapeError`` for an axis that is not there.
    """

    def broadcast_arrays(self, *arrays: Tensor) -> Sequence[Tensor]:
        """Each tensor in the shape in which all meet.

        Raises:
            ShapeError: there is none.
        """
        ...

    def broadcast_to(self, x: Tensor, /, shape: Shape) -> Tensor:
        """``x`` repeated along new axes in front and along axes of size 1.

        Raises:
            ShapeError: ``x`` does not broadcast to ``shape``.
        """
        ...

    def concat(self, arrays: Sequence[Tensor], /, *, axis: int | None = 0) -> Tensor:
        """Tensors one after another along an axis; flattened first if ``axis`` is None.

        Dtype: in which all meet.

        Raises:
            ShapeError: they differ along another axis.
        """
        ...

    def expand_dims(self, x: Tensor, /, axis: int = 0) -> Tensor:
        """``x`` with a new axis of size 1 at ``axis``.

        Raises:
            IndexRangeError: there is no such place among the axes.
        """
        ...

    def flip(self, x: Tensor, /, *, axis: Axis = None) -> Tensor:
        """``x`` in reverse order along an axis, several, or all."""
        ...

    def moveaxis(
        self, x: Tensor, source: int | Sequence[int], destination: int | Sequence[int], /
    ) -> Tensor:
        """``x`` with axes moved to other places; the rest keep their order."""
        ...

    def pad(self, x: Tensor, pads: Pads, /, *, mode: str = "constant", value: Scalar = 0) -> Tensor:
        """``x`` made longer, or shorter, at both ends of its axes.

        ==============  ======================  ==============================================
        ``mode``        ``1 2 3`` by ``(4, 4)``
        ==============  ======================  ==============================================
        ``constant``    ``0000 123 0000``       ``value``
        ``edge``        ``1111 123 3333``       the last value (PyTorch: replicate)
        ``reflect``     ``1232 123 2123``       mirrored at the last value
        ``symmetric``   ``3321 123 3211``       mirrored behind the last value
        ``circular``    ``3123 123 1231``       from the other end (NumPy: wrap)
        ==============  ======================  ==============================================

        Args:
            pads: a number for both ends of every axis, or one entry per axis, a number or a
                pair ``(before, after)``.  Less than 0 cuts off.
            mode: what stands there; the axes are padded one after another.
            value: that of ``constant``.

        Raises:
            UnknownName: ``mode`` is none of these.
            ConfigError: ``pads`` are no whole numbers, or not one entry per axis.
            ShapeError: more is cut off than there is, or an empty axis has nothing to repeat.
        """
        ...

    def permute_dims(self, x: Tensor, /, axes: Sequence[int]) -> Tensor:
        """``x`` with axis ``axes[i]`` at place ``i``.

        Raises:
            ShapeError: ``axes`` is no permutation of the axes.
        """
        ...

    def repeat(self, x: Tensor, repeats: int | Tensor, /, *, axis: int | None = None) -> Tensor:
        """Each element ``repeats`` times in a row; flattened first if ``axis`` is None."""
        ...

    def reshape(self, x: Tensor, /, shape: Shape, *, copy: bool | None = None) -> Tensor:
        """The same elements, the last axis running fastest; one size may be -1.

        Raises:
            ShapeError: the elements do not fill ``shape``.
        """
        ...

    def roll(self, x: Tensor, /, shift: int | Sequence[int], *, axis: Axis = None) -> Tensor:
        """Each element ``shift`` places on, from the end to the front; flat without ``axis``."""
        ...

    def split(
        self, x: Tensor, sections: int | Sequence[int], /, *, axis: int = 0
    ) -> Sequence[Tensor]:
        """``sections`` equal parts, or parts of the sizes that ``sections`` lists.

        Raises:
            ShapeError: the axis does not divide so.
        """
        ...

    def squeeze(self, x: Tensor, /, axis: int | tuple[int, ...]) -> Tensor:
        """``x`` without axes of size 1.

        Raises:
            ShapeError: an axis named has another size.
        """
        ...

    def stack(self, arrays: Sequence[Tensor], /, *, axis: int = 0) -> Tensor:
        """Tensors of one shape side by side along a new axis.

        Dtype: in which all meet.

        Raises:
            ShapeError: they differ in shape.
        """
        ...

    def tile(self, x: Tensor, repetitions: Sequence[int], /) -> Tensor:
        """``x`` laid out ``repetitions[i]`` times along axis ``i``, axes counted from the last."""
        ...

    def unstack(self, x: Tensor, /, *, axis: int = 0) -> Sequence[Tensor]:
        """The slices along an axis."""
        ...
