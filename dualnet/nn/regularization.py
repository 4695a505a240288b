"""Dropout and noise, and what any layer with random numbers of its own needs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from dualnet import ops
from dualnet.errors import ConfigError
from dualnet.nn import _check
from dualnet.nn.layer import Layer
from dualnet.nn.masks import passed
from dualnet.random import Stream
from dualnet.typing import Shape, Tensor

__all__ = [
    "AlphaDropout",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "Noisy",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
]


class Noisy(Layer):
    """Base of the layers that draw random numbers in training.

    The numbers of a call are those of the stream ``(seed, "layer", path, calls)``, where
    ``calls`` is a state of the layer that counts its calls in training.  They are the same
    bits on every backend and device, eager or compiled, and a checkpoint continues them.
    """

    if TYPE_CHECKING:
        calls: ClassVar[Tensor]  # a state, not a hyperparameter

    def build_noise(self, seed: int | None = None) -> None:
        """Declares ``calls`` and addresses the stream; call it in ``build``."""
        builder = self._builder
        stream = Stream(builder.seed if seed is None else seed, "layer", self._path)
        self._stream = {"key": stream.key, "site": stream.site}
        self._stream["shared"] = builder.random == "shared"
        self.add_weight("calls", (), "zeros", trainable=False, dtype="int64")

    def dropped(
        self, x: Tensor, rate: float, noise_shape: tuple[int | None, ...] | None = None
    ) -> Tensor:
        """``x`` after dropout, and one more call counted; once per ``forward``, in training."""
        y = ops.nn.dropout(x, rate=rate, step=self.calls, noise_shape=noise_shape, **self._stream)
        ops.assign(self.calls, self.calls + 1)
        return y

    def normal(self, x: Tensor) -> Tensor:
        """Standard normal numbers in the shape of ``x``, and one more call counted."""
        y = ops.nn.normal_like(x, step=self.calls, **self._stream)
        ops.assign(self.calls, self.calls + 1)
        return y


class Dropout(Noisy):
    """In training, ``x/(1 - rate)`` or 0, at random; otherwise ``x`` (Srivastava et al. 2014).

    State: ``calls``, an int64 counter of calls in training.

    Args:
        rate: the part that is dropped, in ``[0, 1]``.
        noise_shape: the mask's shape, batch axis included, broadcast to that of ``x``;
            ``None`` for an axis stands for its size: ``(None, 1, 1, None)`` drops whole
            channels of an image.
        seed: another seed than the model's.
    """

    rate: float
    noise_shape: tuple[int | None, ...] | None = None
    seed: int | None = None

    def check(self) -> None:
        _check.fraction(self, "rate")
        _check_noise_shape(self, self.noise_shape)

    def build(self, input_shape: Shape) -> None:
        self.build_noise(self.seed)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0:
            return x
        return self.dropped(x, self.rate, self.noise_shape)

    forward_masked = passed


class SpatialDropout(Noisy):
    """Base: whole channels are dropped, at all their places alike (Tompson et al. 2014).

    State: ``calls``, an int64 counter of calls in training.

    Args:
        rate: the part that is dropped, in ``[0, 1]``.
        seed: another seed than the model's.
    """

    rate: float
    seed: int | None = None

    spatial: ClassVar[int]

    def check(self) -> None:
        _check.fraction(self, "rate")

    def build(self, input_shape: Shape) -> None:
        axes = self.spatial + 2
        _check.rank(self, input_shape, axes, axes, "the layout is (batch, *spatial, channels)")
        self.build_noise(self.seed)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0:
            return x
        return self.dropped(x, self.rate, (None, *[1] * self.spatial, None))

    forward_masked = passed


class SpatialDropout1D(SpatialDropout):
    """Dropout of whole channels of ``(batch, time, channels)``."""

    spatial = 1


class SpatialDropout2D(SpatialDropout):
    """Dropout of whole channels of ``(batch, height, width, channels)``."""

    spatial = 2


class SpatialDropout3D(SpatialDropout):
    """Dropout of whole channels of ``(batch, depth, height, width, channels)``."""

    spatial = 3


class GaussianNoise(Noisy):
    """In training, ``x + stddev·z`` with standard normal ``z``; otherwise ``x``.

    State: ``calls``, an int64 counter of calls in training.

    Args:
        stddev: the standard deviation of the noise.
        seed: another seed than the model's.
    """

    stddev: float
    seed: int | None = None

    def check(self) -> None:
        _check.finite(self, "stddev")
        if self.stddev < 0:
            raise ConfigError(f"GaussianNoise: stddev must not be negative, got {self.stddev}")

    def build(self, input_shape: Shape) -> None:
        self.build_noise(self.seed)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.stddev == 0:
            return x
        return x + self.stddev * self.normal(x)

    forward_masked = passed


class GaussianDropout(Noisy):
    """In training, ``x·(1 + √(rate/(1 - rate))·z)`` with standard normal ``z``; otherwise ``x``.

    Mean and variance are those of :class:`Dropout` (Srivastava et al. 2014, section 10).
    State: ``calls``, an int64 counter of calls in training.

    Args:
        rate: in ``[0, 1)``.
        seed: another seed than the model's.
    """

    rate: float
    seed: int | None = None

    def check(self) -> None:
        _check_below_one(self, self.rate)

    def build(self, input_shape: Shape) -> None:
        self.build_noise(self.seed)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0:
            return x
        return x * (1.0 + math.sqrt(self.rate / (1.0 - self.rate)) * self.normal(x))

    forward_masked = passed


class AlphaDropout(Noisy):
    """Dropout that keeps mean 0 and variance 1, for SELU networks (Klambauer et al. 2017).

    In training, ``a·x + b`` or ``a·α' + b`` at random, with ``α' = -1.7581``, the least value of
    SELU, ``a = ((1 - rate)(1 + rate·α'²))^-½`` and ``b = -a·α'·rate``; otherwise ``x``.
    State: ``calls``, an int64 counter of calls in training.

    Args:
        rate: the part that is dropped, in ``[0, 1)``.
        noise_shape: as for :class:`Dropout`.
        seed: another seed than the model's.
    """

    rate: float
    noise_shape: tuple[int | None, ...] | None = None
    seed: int | None = None

    #: The limit of SELU for small ``x``, ``-λα``.
    least: ClassVar[float] = -1.7580993408473766

    def check(self) -> None:
        _check_below_one(self, self.rate)
        _check_noise_shape(self, self.noise_shape)

    def build(self, input_shape: Shape) -> None:
        self.build_noise(self.seed)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0:
            return x
        kept = self.dropped(ops.ones_like(x), self.rate, self.noise_shape) > 0
        a = ((1.0 - self.rate) * (1.0 + self.rate * self.least**2)) ** -0.5
        return a * ops.where(kept, x, self.least) - a * self.least * self.rate

    forward_masked = passed


def _check_below_one(layer: Layer, rate: float) -> None:
    _check.fraction(layer, "rate")
    if rate == 1:
        raise ConfigError(f"{type(layer).__name__}: rate must be less than 1; Dropout takes 1")


def _check_noise_shape(layer: Layer, shape: Any) -> None:
    if not all(n is None or (isinstance(n, int) and n > 0) for n in shape or ()):
        raise ConfigError(
            f"{type(layer).__name__}: noise_shape={shape!r} holds positive integers and None"
        )
