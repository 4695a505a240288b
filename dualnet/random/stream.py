"""A named stream of random numbers, as a value."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dualnet.errors import ConfigError
from dualnet.random import host, philox
from dualnet.random.layout import WORD_BITS, checked_integer, checked_shape, site_of
from dualnet.random.quantile import normal_quantile
from dualnet.typing import NDArray

__all__ = ["Stream"]

TRUNCATION = 2.0


@dataclass(frozen=True)
class Stream:
    """The random numbers of one purpose, at one path, in one step, under one seed.

    A value is a function of these four and of its index alone: not of what was drawn
    before, of the backend, the device, or the order in which layers were made.  For the
    same reason a stream has no position: drawing twice gives the same numbers, and two
    kinds of draw from one stream share their bits.  Take another path or step for
    independent ones.

    Args:
        seed: the key of the generator, in ``[0, 2**64)``.
        purpose: what the numbers are for, such as ``"init"``, ``"layer"`` or ``"shuffle"``.
        path: where they are used, such as ``"encoder/dense/kernel"``.
        step: when they are used, in ``[0, 2**32)``.

    Raises:
        ConfigError: seed or step is not an integer, or out of range.

    >>> stream = Stream(7, "init", "dense/kernel")
    >>> stream.uniform((2,))
    array([0.5444281 , 0.93009095])
    >>> bool((stream.uniform((2,)) == stream.uniform((5,))[:2]).all())
    True
    """

    seed: int
    purpose: str
    path: str = ""
    step: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", checked_integer("seed", self.seed, 0, 1 << 64))
        object.__setattr__(self, "step", checked_integer("step", self.step, 0, 1 << 32))

    @property
    def key(self) -> int:
        """The generator's 64-bit key: the seed."""
        return self.seed

    @property
    def site(self) -> int:
        """The generator's 32-bit site: a hash of purpose and path."""
        return site_of(self.purpose, self.path)

    def words(self, count: int) -> npt.NDArray[np.uint32]:
        """The first ``count`` 32-bit words."""
        count = checked_integer("the number of words", count, 0, 1 << 63)
        return philox.words(count, key=self.key, site=self.site, step=self.step)

    def uniform(
        self,
        shape: int | Iterable[int],
        low: float = 0.0,
        high: float = 1.0,
        *,
        dtype: str = "float64",
    ) -> NDArray:
        """``low + (high - low)·u`` with ``u`` uniform in ``[0, 1)``, in float64, then rounded.

        ``u`` has as many random bits as the dtype has significant ones: 24 in float32, 53 in
        float64, where the first 24 are the same.

        Raises:
            ConfigError: a bad shape or dtype, or ``low > high``.
        """
        if not low <= high:
            raise ConfigError(f"uniform needs low <= high, got low={low!r}, high={high!r}")
        u = host.uniform(
            checked_shape(shape), key=self.key, site=self.site, step=self.step, dtype=dtype
        )
        return np.asarray(low + (high - low) * u.astype(np.float64)).astype(u.dtype)

    def normal(self, shape: int | Iterable[int], *, dtype: str = "float64") -> NDArray:
        """Standard normal, by Box & Muller's transform in float64, then rounded.

        Raises:
            ConfigError: a bad shape or dtype.
        """
        return host.normal(
            checked_shape(shape), key=self.key, site=self.site, step=self.step, dtype=dtype
        )

    def truncated_normal(self, shape: int | Iterable[int]) -> npt.NDArray[np.float64]:
        """Standard normal given ``|x| <= 2``: ``x = Φ⁻¹(Φ(-2) + u·(Φ(2) - Φ(-2)))``.

        Its standard deviation is 0.8796, not 1.

        Raises:
            ConfigError: a bad shape.
        """
        inside = math.erf(TRUNCATION / math.sqrt(2.0))
        sizes = checked_shape(shape)
        u = self.uniform(math.prod(sizes))
        x = normal_quantile((1.0 - inside) / 2.0 + u * inside)
        return x.clip(-TRUNCATION, TRUNCATION).reshape(sizes)

    def integers(self, low: int, high: int, shape: int | Iterable[int]) -> npt.NDArray[np.int64]:
        """Uniform integers in ``[low, high)``: ``low + floor(b·(high - low) / 2⁶⁴)``.

        ``b`` are the 64 bits of an index (Lemire 2019, without the rejection): no value is
        more than ``(high - low) / 2⁶⁴ <= 2⁻³²`` likelier, in proportion, than another.

        Raises:
            ConfigError: a bad shape, bounds outside int64, ``high <= low`` or more than 2**32
                values.
        """
        low = checked_integer("low", low, -(1 << 63), 1 << 63)
        high = checked_integer("high", high, -(1 << 63), 1 << 63)
        if not 0 < high - low <= 1 << WORD_BITS:
            raise ConfigError(
                f"integers needs 1 to 2**32 values in [low, high), got low={low}, high={high}"
            )
        sizes = checked_shape(shape)
        bits = self._wide(math.prod(sizes))
        span, half = np.uint64(high - low), np.uint64(WORD_BITS)
        carry = (bits & np.uint64(philox.MASK)) * span >> half
        scaled = ((bits >> half) * span + carry) >> half
        return (scaled.astype(np.int64) + low).reshape(sizes)

    def permutation(self, n: int) -> npt.NDArray[np.int64]:
        """The numbers ``0 … n - 1`` in random order: a stable sort of ``n`` 64-bit keys.

        Raises:
            ConfigError: ``n`` is not an integer, or negative.
        """
        n = checked_integer("the length of a permutation", n, 0, 1 << 63)
        return np.argsort(self._wide(n), kind="stable").astype(np.int64, copy=False)

    def keep(self, rate: float, shape: int | Iterable[int]) -> npt.NDArray[np.bool_]:
        """A dropout mask: True where ``word >= floor(rate · 2³²)``; at rate 1, nowhere.

        Raises:
            ConfigError: a bad shape, or a rate outside ``[0, 1]``.
        """
        return host.keep(
            checked_shape(shape), rate=rate, key=self.key, site=self.site, step=self.step
        )

    def _wide(self, count: int) -> npt.NDArray[np.uint64]:
        return host.wide((count,), key=self.key, site=self.site, step=self.step)
