"""Discrete Fourier transforms: the ``fft`` extension of the standard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol

from dualnet.typing import Axis, Tensor

__all__ = ["FFT", "Frequencies", "Norm"]

#: Which direction is divided by the number of points: the inverse, each by its root, the forward.
Norm = Literal["backward", "ortho", "forward"]


class Frequencies(Protocol):
    """The frequencies of the coefficients, computed in float64; ``d`` is the sample spacing."""

    def fftfreq(
        self, n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None
    ) -> Tensor:
        """``0, 1, …, -2, -1`` divided by ``n·d``: those of :meth:`FFT.fft`."""
        ...

    def rfftfreq(
        self, n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None
    ) -> Tensor:
        """``0, 1, …, n//2`` divided by ``n·d``: those of :meth:`FFT.rfft`."""
        ...


class FFT(Protocol):
    """``y_k = Σ_j x_j exp(-2πi·jk/n)``, and its inverse with ``+`` and ``1/n``.

    ``n`` (``s`` for several axes) crops the axis, or pads it with zeros, to that many points
    first.  Of the functions of several axes, all are taken where none is named, or as many of
    the last as ``s`` has entries.  Dtypes: float32, float64, complex; real input counts as complex
    where a function takes complex numbers.  Each function raises ``ConfigError`` for an unknown
    ``norm`` or ``n < 1`` and ``ShapeError`` for an axis that is not there.
    """

    def fft(
        self, x: Tensor, /, *, n: int | None = None, axis: int = -1, norm: Norm = "backward"
    ) -> Tensor:
        """The transform along an axis."""
        ...

    def fftn(
        self,
        x: Tensor,
        /,
        *,
        s: Sequence[int] | None = None,
        axes: Sequence[int] | None = None,
        norm: Norm = "backward",
    ) -> Tensor:
        """The transform along several axes."""
        ...

    def fftshift(self, x: Tensor, /, *, axes: Axis = None) -> Tensor:
        """The zero frequency moved to the middle of the axes, or of all.  Dtype: any."""
        ...

    def hfft(
        self, x: Tensor, /, *, n: int | None = None, axis: int = -1, norm: Norm = "backward"
    ) -> Tensor:
        """The real transform of numbers that are conjugate at opposite places.

        ``x`` is their first half; ``n`` counts the result, ``2·(m - 1)`` points for ``m`` of ``x``.
        """
        ...

    def ifft(
        self, x: Tensor, /, *, n: int | None = None, axis: int = -1, norm: Norm = "backward"
    ) -> Tensor:
        """The inverse of :meth:`fft`."""
        ...

    def ifftn(
        self,
        x: Tensor,
        /,
        *,
        s: Sequence[int] | None = None,
        axes: Sequence[int] | None = None,
        norm: Norm = "backward",
    ) -> Tensor:
        """The inverse of :meth:`fftn`."""
        ...

    def ifftshift(self, x: Tensor, /, *, axes: Axis = None) -> Tensor:
        """The inverse of :meth:`fftshift`.  Dtype: any."""
        ...

    def ihfft(
        self, x: Tensor, /, *, n: int | None = None, axis: int = -1, norm: Norm = "backward"
    ) -> Tensor:
        """The inverse of :meth:`hfft`: of real numbers, ``n//2 + 1`` coefficients."""
        ...

    def irfft(
        self, x: Tensor, /, *, n: int | None = None, axis: int = -1, norm: Norm = "backward"
    ) -> Tensor:
        """The inverse of :meth:`rfft`: ``n`` real numbers, ``2·(m - 1)`` for ``m`` of ``x``."""
        ...

    def irfftn(
        self,
        x: Tensor,
        /,
        *,
        s: Sequence[int] | None = None,
        axes: Sequence[int] | None = None,
        norm: Norm = "backward",
    ) -> Tensor:
        """The inverse of :meth:`rfftn`."""
        ...

    def rfft(
        self, x: Tensor, /, *, n: int | None = None, axis: int = -1, norm: Norm = "backward"
    ) -> Tensor:
        """The transform of real numbers: its first ``n//2 + 1`` coefficients tell all."""
        ...

    def rfftn(
        self,
        x: Tensor,
        /,
        *,
        s: Sequence[int] | None = None,
        axes: Sequence[int] | None = None,
        norm: Norm = "backward",
    ) -> Tensor:
        """:meth:`rfft` along the last of the axes, then :meth:`fftn` along the others."""
        ...
