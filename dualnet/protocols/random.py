"""Random numbers: the shared stream, made natively, and the framework's own generator.

``key``, ``site`` and ``step`` address a stream as in :mod:`dualnet.random.philox`; index
``n`` of a draw is element ``n`` of the tensor in row-major order.  ``dualnet/random/host.py``
is the definition, in NumPy; words, uniform numbers and masks equal it bit for bit, eagerly
and compiled.

``shape`` may hold sizes that a compiled function does not know yet.  ``step`` is an ``int``
or a native 0-dim int64 tensor, of which the low 32 bits count, so that a compiled training
step can be traced once.  ``device`` is a native handle; ``None`` leaves the choice to the
framework.
"""

from __future__ import annotations

from typing import Any, Protocol

from dualnet.typing import Device, Tensor


class Random(Protocol):
    """The draws that layers need."""

    def words(
        self, shape: Any, /, *, key: int, site: int, step: int | Tensor, device: Device | None
    ) -> Tensor:
        """The first 32-bit words of the stream, as uint32."""
        ...

    def uniform(
        self,
        shape: Any,
        /,
        *,
        key: int,
        site: int,
        step: int | Tensor,
        dtype: str,
        device: Device | None,
    ) -> Tensor:
        """Uniform in ``[0, 1)``, with as many random bits as the dtype has significant ones."""
        ...

    def normal(
        self,
        shape: Any,
        /,
        *,
        key: int,
        site: int,
        step: int | Tensor,
        dtype: str,
        device: Device | None,
    ) -> Tensor:
        """Standard normal, computed in float64 and rounded.

        Backends may differ in the last bits of the float64 logarithm, sine and cosine, which
        the rounding to a narrower dtype hides but for one value in millions.
        """
        ...

    def keep(
        self,
        shape: Any,
        /,
        *,
        rate: float,
        key: int,
        site: int,
        step: int | Tensor,
        device: Device | None,
    ) -> Tensor:
        """A boolean mask: ``word >= floor(rate · 2³²)``, nowhere at rate 1."""
        ...

    def native_keep(self, shape: Any, /, *, rate: float, device: Device | None) -> Tensor:
        """A boolean mask, True with probability ``1 - rate``, by the framework's generator."""
        ...

    def seed_native(self, seed: int, /) -> None:
        """Seeds the framework's own generator."""
        ...
