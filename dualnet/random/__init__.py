"""Random numbers that are the same everywhere: NumPy, PyTorch, TensorFlow, any device.

One counter-based generator, Philox4x32-10, serves initial weights, shuffling, dropout and
noise.  A :class:`Stream` names a sequence by ``(seed, purpose, path, step)`` and draws it
with NumPy; the functions here draw native tensors of the current backend, on the current
device, with the same bits.

>>> import dualnet as dn
>>> with dn.using("torch"):
...     dn.random.keep((6,), rate=0.5, seed=0)
tensor([ True,  True,  True, False,  True,  True])
"""

from __future__ import annotations

from collections.abc import Iterable

from dualnet import dtypes
from dualnet.context import current_backend, current_device, current_dtype
from dualnet.device import select
from dualnet.random import philox
from dualnet.random.layout import checked_shape, keep_threshold, significant_bits
from dualnet.random.stream import Stream
from dualnet.typing import Device, Tensor

__all__ = ["Stream", "keep", "normal", "permutation", "philox", "uniform"]

PURPOSE = "user"


def uniform(
    shape: int | Iterable[int],
    *,
    seed: int,
    path: str = "",
    step: int = 0,
    dtype: str | None = None,
) -> Tensor:
    """Uniform numbers in ``[0, 1)``, as a native tensor.

    Args:
        shape: the sizes of the tensor.
        seed: in ``[0, 2**64)``.
        path: a name for the stream; other paths give independent numbers.
        step: in ``[0, 2**32)``; other steps give independent numbers.
        dtype: a floating-point dtype; the current one if omitted.

    Raises:
        ConfigError: a bad shape, seed, step or dtype.
    """
    return current_backend().random.uniform(
        checked_shape(shape),
        **_address(seed, path, step),
        dtype=_floating(dtype),
        device=_native_device(),
    )


def normal(
    shape: int | Iterable[int],
    *,
    seed: int,
    path: str = "",
    step: int = 0,
    dtype: str | None = None,
) -> Tensor:
    """Standard normal numbers, as a native tensor; arguments as for :func:`uniform`.

    In float64 the backends differ by the few last bits of their logarithm, sine and cosine.

    Raises:
        ConfigError: a bad shape, seed, step or dtype.
    """
    return current_backend().random.normal(
        checked_shape(shape),
        **_address(seed, path, step),
        dtype=_floating(dtype),
        device=_native_device(),
    )


def keep(
    shape: int | Iterable[int], *, rate: float, seed: int, path: str = "", step: int = 0
) -> Tensor:
    """A boolean mask, True with probability ``1 - rate``; arguments as for :func:`uniform`.

    Raises:
        ConfigError: a bad shape, rate, seed or step.
    """
    keep_threshold(rate)
    return current_backend().random.keep(
        checked_shape(shape), rate=rate, **_address(seed, path, step), device=_native_device()
    )


def permutation(n: int, *, seed: int, path: str = "", step: int = 0) -> Tensor:
    """The numbers ``0 … n - 1`` in random order, as a native int64 tensor.

    Raises:
        ConfigError: a bad length, seed or step.
    """
    order = Stream(seed, PURPOSE, path, step).permutation(n)
    return current_backend().state.from_numpy(order, device=_native_device())


def _address(seed: int, path: str, step: int) -> dict[str, int]:
    """Key, site and step of the stream that these functions draw from."""
    stream = Stream(seed, PURPOSE, path, step)
    return {"key": stream.key, "site": stream.site, "step": stream.step}


def _floating(dtype: str | None) -> str:
    name = dtypes.policy(current_dtype()).compute if dtype is None else dtypes.canonical(dtype)
    significant_bits(name)
    return name


def _native_device() -> Device:
    backend = current_backend()
    return backend.device.native(select(backend, current_device()))
