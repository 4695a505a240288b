"""Where a step stands in its sequence, told by angles: sinusoids and rotations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualnet.errors import ConfigError, ShapeError
from dualnet.typing import Tensor

if TYPE_CHECKING:
    ops: Any  # the checker cannot follow the circle of imports
else:
    from dualnet import ops

__all__ = ["position_encoding", "rotary_embedding"]


def position_encoding(x: Tensor, /, *, start: int | Tensor = 0, base: float = 10000.0) -> Tensor:
    """``x`` and sinusoids of the positions of its steps (Vaswani et al. 2017, section 3.5).

    Of position ``p``, ``sin(p/base^(2i/features))`` is added to feature ``2i`` and the cosine of
    the same to feature ``2i + 1``.

    Args:
        x: ``(…, time, features)``.
        start: the position of the first step.
        base: the longest wavelength, over 2π.

    Raises:
        ConfigError: ``base`` is not positive.
        ShapeError: ``x`` has no time.
    """
    angles = _angles(x, start, base, "position_encoding")
    features = x.shape[-1]
    waves = ops.stack([ops.sin(angles), ops.cos(angles)], axis=-1)
    told = ops.reshape(waves, (-1, 2 * ((features + 1) // 2)))[:, :features]
    return x + ops.astype(told, x.dtype)


def rotary_embedding(x: Tensor, /, *, start: int | Tensor = 0, base: float = 10000.0) -> Tensor:
    """``x`` with each pair of features turned by the position of its step (Su et al. 2021).

    Features ``2i`` and ``2i + 1`` of position ``p`` are a point of the plane, turned by the angle
    ``p/base^(2i/features)``: the product of a query and a key so turned depends on how far apart
    they are, not on where they stand.

    Args:
        x: ``(…, time, features)``, an even number of features.
        start: the position of the first step.
        base: the longest wavelength, over 2π.

    Raises:
        ConfigError: ``base`` is not positive.
        ShapeError: ``x`` has no time, or an odd number of features.
    """
    angles = _angles(x, start, base, "rotary_embedding")
    if x.shape[-1] % 2:
        raise ShapeError(
            f"rotary_embedding turns pairs of features; shape {tuple(x.shape)} has an odd number"
        )
    cos, sin = ops.astype(ops.cos(angles), x.dtype), ops.astype(ops.sin(angles), x.dtype)
    a, b = x[..., 0::2], x[..., 1::2]
    turned = ops.stack([a * cos - b * sin, a * sin + b * cos], axis=-1)
    sizes = [ops.nn.axis_size(x, axis=axis) for axis in range(len(x.shape))]
    return ops.reshape(turned, tuple(sizes))


def _angles(x: Tensor, start: int | Tensor, base: float, name: str) -> Tensor:
    """``p/base^(2i/features)``, ``(time, pairs)``; in float64, for ``p`` may be large.

    Raises:
        ConfigError, ShapeError
    """
    if not base > 0:
        raise ConfigError(f"{name}: base must be positive, got {base!r}")
    if len(x.shape) < 2:
        raise ShapeError(f"{name} takes (…, time, features), got shape {tuple(x.shape)}")
    features = x.shape[-1]
    pairs = ops.astype(ops.nn.places(x, (features + 1) // 2), "float64")
    steps = ops.nn.places(x, ops.nn.axis_size(x, axis=-2)) + start
    frequencies = ops.pow(float(base), -2.0 * pairs / features)
    return ops.expand_dims(ops.astype(steps, "float64"), axis=-1) * frequencies
