"""First weights: NumPy functions of a shape and a stream.

An initializer is a value, with Keras 3's names, order and defaults of hyperparameters; it
has no seed, because the stream is one.  The numbers are drawn in float64 from
``(seed, "init", path)``: they depend on nothing but the seed and the weight's path, so both
backends start from the same bits, whatever the device, the dtype or the order of creation.

**Fans.**  A kernel in canonical layout ends in (inputs, outputs) and begins with its
spatial sizes, ``(*spatial, in, out)``; with ``r`` the product of the spatial sizes::

    fan_in = r·in,   fan_out = r·out

Grouped and depthwise kernels are ``(*spatial, in/groups, out)``, so that fan_in is what one
output unit really sums over: ``r·in/groups``, and ``r`` where each channel is its own group.
A vector has both fans equal to its length.

>>> from dualnet.random import Stream
>>> GlorotUniform()((2, 3), Stream(0, "init", "dense/kernel")).round(3)
array([[ 0.214, -0.343,  0.31 ],
       [-0.049,  1.02 ,  0.573]])
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt

from dualnet.config import Configurable, named, snake_case
from dualnet.errors import ConfigError, ShapeError, unknown_name
from dualnet.random.stream import Stream
from dualnet.typing import Shape

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "STFT",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "fans",
    "get",
]

Weights = npt.NDArray[np.float64]

#: Standard deviation of a standard normal cut off at ±2: √(1 - 4φ(2) / (Φ(2) - Φ(-2))).
TRUNCATED_STDDEV = 0.87962566103423978


def fans(shape: Shape) -> tuple[int, int]:
    """Fan-in and fan-out of a weight in canonical layout.

    >>> fans((784, 128)), fans((3, 3, 16, 32)), fans((10,))
    ((784, 128), (144, 288), (10, 10))
    """
    if len(shape) < 2:
        size = math.prod(shape)
        return size, size
    receptive = math.prod(shape[:-2])
    return receptive * shape[-2], receptive * shape[-1]


class Initializer(Configurable):
    """Base of the initializers: a value that turns a shape and a stream into weights."""

    def __call__(self, shape: Shape, stream: Stream) -> Weights:
        """Weights of this shape, in float64, drawn from this stream."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__")


class Zeros(Initializer):
    """All 0."""

    def __call__(self, shape: Shape, stream: Stream) -> Weights:
        return np.zeros(shape)


class Ones(Initializer):
    """All 1."""

    def __call__(self, shape: Shape, stream: Stream) -> Weights:
        return np.ones(shape)


class Constant(Initializer):
    """All ``value``."""

    value: float = 0.0

    def __call__(self, shape: Shape, stream: Stream) -> Weights:
        return np.full(shape, self.value, np.float64)


class RandomNormal(Initializer):
    """``N(mean, stddev²)``."""

    mean: float = 0.0
    stddev: float = 0.05

    def check(self) -> None:
        _check_stddev(self, self.stddev)

    def __call__(self, shape: Shape, stream: Stream) -> Weights:
        return np.asarray(self.mean + self.stddev * stream.normal(shape))


class RandomUniform(Initializer):
    """``U[minval, maxval)``."""

    minval: float = -0.05
    maxval: float = 0.05

    def check(self) -> None:
        if not self.minval <= self.maxval:
            raise ConfigError(f"{self!r}: minval must not be above maxval")

    def __call__(self, shape: Shape, stream: Stream) -> Weights:
        return stream.uniform(shape, self.minval, self.maxval)


class TruncatedNormal(Initializer):
    """A normal cut off at two of its standard deviations, of standard deviation ``stddev``.

    ``mean + stddev / 0.8796 · x`` with ``x`` standard normal given ``|x| <= 2``: the normal
    before the cut is wider, so that what is drawn has the deviation asked for.  Keras gives
    ``stddev`` to the normal before the cut, and draws 12 % less.
    """

    mean: float = 0.0
    stddev: float = 0.05

    def check(self) -> None:
        _check_stddev(self, self.stddev)

    def __call__(self, shape: Shape, stream: Stream) -> Weights:
        before = self.stddev / TRUNCATED_STDDEV
        return np.asarray(self.mean + before * stream.truncated_normal(shape))


class VarianceScaling(Initializer):
    """Variance ``scale / n``, mean 0, with ``n`` the fan-in, the fan-out, or their mean.

    Args:
        scale: positive.
        mode: ``"fan_in"``, ``"fan_out"`` or ``"fan_avg"``.
        distribution: ``"uniform"``, within ``±√(3·scale/n)``; ``"untruncated_normal"``; or
            ``"truncated_normal"``, as :class:`TruncatedNormal` (``"normal"`` is its alias).

    Raises:
        ConfigError: a hyperparameter is out of range.
    """

    scale: float = 1.0
    mode: Literal["fan_in", "fan_out", "fan_avg"] = "fan_in"
    distribution: Literal["truncated_normal", "untruncated_normal", "normal", "uniform"] = (
        "truncated_normal"
    )

    def check(self) -> None:
        if not 0.0 < self.scale < math.inf:
            raise ConfigError(f"{self!r}: scale must be positive and finite")
        if self.mode not in MODES:
            raise unknown_name("mode", self.mode, MODES)
        if self.distribution not in DISTRIBUTIONS:
            raise unknown_name("distribution", self.distribution, DISTRIBUTIONS)

    def __call__(self, shape: Shape, stream: Stream) -> Weights:
        fan_in, fan_out = fans(shape)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, n)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return stream.uniform(shape, -limit, limit)
        normal = RandomNormal if self.distribution == "untruncated_normal" else TruncatedNormal
        return normal(0.0, math.sqrt(variance))(shape, stream)


MODES = ("fan_in", "fan_out", "fan_avg")
DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "normal", "uniform")


class GlorotUniform(Initializer):
    """``U(±√(6 / (fan_in + fan_out)))``; Glorot & Bengio, AISTATS 2010."""

    def __call__(self, shape: Shape, stream: Stream) -> Weights:
        return VarianceScaling(1.0, "fan_avg", "uniform")(shape, stream)


class GlorotNormal(Initializer):
    """Truncated normal of variance ``2 / (fan_in + fan_out)``; Glorot & Bengio 2010."""

    def __call__(self, shape: Shape, stream: Stream) -> Weights:
        return VarianceScaling(1.0, "fan_avg", "truncated_normal")(shape, stream)


class HeUniform(Initializer):
    """``U(±√(6 / fan_in))``; He, Zhang, Ren & Sun, ICCV 2015."""

    def __call__(self, shape: Shape, stream: Stream) -> Weights:
        return VarianceScaling(2.0, "fan_in", "uniform")(shape, stream)


class HeNormal(Initializer):
    """Truncated normal of variance ``2 / fan_in``; He, Zhang, Ren & Sun 2015."""

    def __call__(self, shape: Shape, stream: Stream) -> Weights:
        return VarianceScaling(2.0, "fan_in", "truncated_normal")(shape, stream)


class LecunUniform(Initializer):
    """``U(±√(3 / fan_in))``; LeCun, Bottou, Orr & Müller, "Efficient BackProp", 1998."""

    def __call__(self, shape: Shape, stream: Stream) -> Weights:
        return VarianceScaling(1.0, "fan_in", "uniform")(shape, stream)


class LecunNormal(Initializer):
    """Truncated normal of variance ``1 / fan_in``; LeCun, Bottou, Orr & Müller 1998."""

    def __call__(self, shape: Shape, stream: Stream) -> Weights:
        return VarianceScaling(1.0, "fan_in", "truncated_normal")(shape, stream)


class Orthogonal(Initializer):
    """``gain`` times a random orthogonal matrix; Saxe, McClelland & Ganguli, ICLR 2014.

    Axes before the last are taken together: the matrix is ``(∏ shape[:-1], shape[-1])``, and
    its rows or columns, whichever are fewer, are orthonormal.  ``Q`` of a normal matrix's QR
    decomposition, with the signs of ``diag R``, is uniform over such matrices (Mezzadri,
    Notices of the AMS 54, 2007).  The last bits depend on the LAPACK that NumPy was built
    with.

    Raises:
        ShapeError: the shape has fewer than two axes.
    """

    gain: float = 1.0

    def __call__(self, shape: Shape, stream: Stream) -> Weights:
        if len(shape) < 2:
            raise ShapeError(f"Orthogonal needs a shape of two or more axes, got {shape}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        q, r = np.linalg.qr(stream.normal((max(rows, columns), min(rows, columns))))
        q *= np.where(np.diagonal(r) < 0.0, -1.0, 1.0)
        return self.gain * (q if rows >= columns else q.T).reshape(shape)


class Identity(Initializer):
    """``gain`` on the diagonal, 0 elsewhere.

    Raises:
        ShapeError: the shape is not that of a matrix.
    """

    gain: float = 1.0

    def __call__(self, shape: Shape, stream: Stream) -> Weights:
        if len(shape) != 2:
            raise ShapeError(f"Identity needs the shape of a matrix, got {shape}")
        return self.gain * np.eye(*shape)


class STFT(Initializer):
    """Kernels with which a convolution along time is a short-time Fourier transform.

    For a kernel ``(frame_length, 1, bins)``, with the window ``w`` and ``F = 2·(bins - 1)``::

        side="real":  w_t·cos(2πtk/F)/s        side="imag":  -w_t·sin(2πtk/F)/s

    Args:
        side: ``"real"`` or ``"imag"``.
        window: ``"bartlett"``, ``"blackman"``, ``"hamming"``, ``"hann"``; a tuple of
            ``frame_length`` numbers; or None for ``w = 1`` and ``s = 1``.
        scaling: ``"density"`` for ``s = √Σw²``, ``"spectrum"`` for ``s = Σ|w|``, None for 1.
        periodic: a window that goes on after its end, instead of a symmetric one.

    Raises:
        ShapeError: the shape is not ``(frame_length, 1, bins)`` with two bins or more, or the
            window has another length.
    """

    side: Literal["real", "imag"] = "real"
    window: str | tuple[float, ...] | None = "hann"
    scaling: Literal["density", "spectrum"] | None = "density"
    periodic: bool = False

    def check(self) -> None:
        if self.side not in SIDES:
            raise unknown_name("side", self.side, SIDES)
        if isinstance(self.window, str) and self.window not in WINDOWS:
            raise unknown_name("window", self.window, WINDOWS)
        if self.scaling not in (None, *SCALINGS):
            raise unknown_name("scaling", str(self.scaling), SCALINGS)

    def __call__(self, shape: Shape, stream: Stream) -> Weights:
        if len(shape) != 3 or shape[1] != 1 or shape[2] < 2:
            raise ShapeError(f"STFT needs a shape (frame_length, 1, bins), got {shape}")
        frame, _, bins = shape
        angle = np.pi * np.outer(np.arange(frame), np.arange(bins) / (bins - 1))
        waves = np.cos(angle) if self.side == "real" else -np.sin(angle)
        if self.window is not None:
            waves *= self._scaled_window(frame)[:, None]
        return waves.reshape(shape)

    def _scaled_window(self, length: int) -> Weights:
        if isinstance(self.window, str):
            window = WINDOWS[self.window](length + self.periodic)[:length]
        else:
            window = np.asarray(self.window, np.float64)
        if window.shape != (length,):
            raise ShapeError(f"{self!r}: the window has {window.size} numbers, the frame {length}")
        if self.scaling is None:
            return window
        square = self.scaling == "density"
        return window / (math.sqrt((window**2).sum()) if square else np.abs(window).sum())


SIDES = ("real", "imag")
SCALINGS = ("density", "spectrum")
WINDOWS: dict[str, Callable[[int], Weights]] = {
    "bartlett": np.bartlett,
    "blackman": np.blackman,
    "hamming": np.hamming,
    "hann": np.hanning,
}


def get(spec: str | Initializer) -> Initializer:
    """The initializer that a name, in snake or camel case, or an initializer stands for.

    >>> get("glorot_uniform"), get(Constant(3.0))
    (GlorotUniform(), Constant(value=3.0))

    Raises:
        UnknownName: no initializer has this name.
        ConfigError: neither a name nor an initializer.
    """
    return named(spec, Initializer, NAMES, "an initializer is a name or an Initializer")


def _check_stddev(initializer: Initializer, stddev: float) -> None:
    if not 0.0 <= stddev < math.inf:
        raise ConfigError(f"{initializer!r}: stddev must be finite and not negative")


NAMES = {snake_case(kind.__name__): kind for kind in Initializer.__subclasses__()}
