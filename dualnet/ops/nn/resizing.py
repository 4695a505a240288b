"""Images of another size: each axis a matrix product with the weights of its old places."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dualnet import dtypes, windows
from dualnet.errors import DtypeError, ShapeError, unknown_name
from dualnet.typing import Tensor
from dualnet.windows import Sizes

if TYPE_CHECKING:
    ops: Any  # the checker cannot follow the circle of imports
else:
    from dualnet import ops

__all__ = ["METHODS", "check_method", "resample", "resize"]

NEAREST = ("nearest", "nearest-exact")


def _triangle(t: Tensor) -> Tensor:
    """``max(1 - |t|, 0)``."""
    return ops.clip(1.0 - ops.abs(t), 0.0, 1.0)


def _cubic(t: Tensor) -> Tensor:
    """Keys (1981) with ``a = -1/2``, the only one that is exact for quadratic polynomials."""
    t = ops.abs(t)
    near = (1.5 * t - 2.5) * t * t + 1.0
    far = ((-0.5 * t + 2.5) * t - 4.0) * t + 2.0
    return ops.where(t < 1.0, near, ops.where(t < 2.0, far, 0.0 * t))


KERNELS: dict[str, Callable[[Tensor], Tensor]] = {"bicubic": _cubic, "bilinear": _triangle}
METHODS = (*NEAREST, *KERNELS)


def check_method(method: str) -> None:
    """Raises :class:`UnknownName` for a method that nobody knows."""
    if method not in METHODS:
        raise unknown_name("resize method", method, METHODS)


def resize(
    x: Tensor, size: Sizes, /, *, method: str = "bilinear", antialias: bool = False
) -> Tensor:
    """``x`` with its spatial axes resampled to other sizes; the dtype is kept.

    Pixels are areas: the centre of output ``i`` lies at ``c = (i + ½)·n/size - ½`` of the
    input, ``n`` long.  Each axis by itself, ``y_i = Σ_j w_ij x_j / Σ_j w_ij``, with

    ================  ==================================================================
    ``nearest``       1 for ``j = ⌊(i + ½)·n/size⌋``, else 0; PyTorch's ``nearest-exact``,
                      which is accepted too
    ``bilinear``      ``max(1 - |j - c|, 0)``
    ``bicubic``       Keys' cubic of ``j - c`` with ``a = -½`` (Keys 1981), over the ``j`` inside
    ================  ==================================================================

    Args:
        x: ``(batch, *spatial, channels)``.
        size: of the output, one number or one per spatial axis.
        method: see above.
        antialias: makes the kernel ``n/size`` times as wide along an axis that shrinks, so that
            every input counts.

    Raises:
        UnknownName: the method is none of these.
        ConfigError: ``size`` is no positive integer, or not one per spatial axis.
        ShapeError: an input without a spatial axis.
        DtypeError: ``bilinear`` or ``bicubic`` of numbers that are not floating.
    """
    check_method(method)
    rank = len(x.shape) - 2
    if rank < 1:
        raise ShapeError(
            f"resize needs (batch, *spatial, channels), got shape {tuple(x.shape)}; add axes with "
            "expand_dims"
        )
    if method in KERNELS and not dtypes.is_floating(dtypes.canonical(x.dtype)):
        raise DtypeError(
            f"resize by {method} takes floating dtypes, got {x.dtype}; cast with ops.astype, or "
            "take method='nearest'"
        )
    for axis, count in enumerate(windows.per_axis(size, rank, "size"), 1):
        x = resample(x, axis, count, method=method, antialias=antialias)
    return x


def resample(x: Tensor, axis: int, count: Any, /, *, method: str, antialias: bool) -> Tensor:
    """One axis of :func:`resize`; ``count`` may be a tensor where a graph does not know it."""
    size = ops.nn.axis_size(x, axis=axis)
    if isinstance(size, int) and isinstance(count, int) and size == count:
        return x
    targets = ops.nn.places(x, count)
    if method in NEAREST:
        return ops.take(x, (2 * targets + 1) * size // (2 * count), axis=axis)
    scale = size / count
    width = (scale + 1.0 + abs(scale - 1.0)) / 2.0 if antialias else 1.0  # the larger of the two
    centres = (ops.astype(targets, "float64") + 0.5) * scale - 0.5
    sources = ops.astype(ops.nn.places(x, size), "float64")[:, None]
    weights = KERNELS[method]((sources - centres) / width)
    weights = weights / ops.sum(weights, axis=0)
    y = ops.nn.linear(ops.moveaxis(x, axis, -1), ops.astype(weights, x.dtype))
    return ops.moveaxis(y, -1, axis)
