"""Switches for the whole process: bit-reproducible operations, products, denormal numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Literal, get_args

from dualnet import registry
from dualnet.errors import ConfigError
from dualnet.protocols import Backend

__all__ = ["deterministic", "flushed_denormals", "full_precision", "set_precision"]

Precision = Literal["highest", "tf32"]


class deterministic:  # noqa: N801 - used as a function and as a block, like torch.no_grad
    """Makes every operation bit-reproducible on its own framework, from this call on.

    Loaded backends switch now, others when they load.  An operation that has no such form
    is an error of the framework that says so.  As a block, it goes back at the end to what
    each framework was in:

    >>> import dualnet as dn
    >>> with dn.deterministic():
    ...     pass

    On a GPU call it before the first product: cuBLAS reads its setting once.

    Args:
        on: ``False`` lets operations be nondeterministic again.
    """

    def __init__(self, on: bool = True) -> None:
        self._switch = _Switch("deterministic", _is_deterministic, _set_deterministic, on)

    def __enter__(self) -> None:
        """The mode is on already."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._switch.back()


def set_precision(mode: Precision) -> None:
    """How exactly float32 products are computed on hardware that offers a choice.

    Args:
        mode: ``"highest"``: in float32 throughout; ``"tf32"``: faster, with factors
            rounded to a mantissa of 10 bits.

    Raises:
        ConfigError: another mode.
    """
    if mode not in get_args(Precision):
        raise ConfigError(f"precision {mode!r}; choose one of {', '.join(get_args(Precision))}")
    _Switch("precision", _precision, _set_precision, mode)


@contextmanager
def full_precision() -> Iterator[None]:
    """A block in which float32 products are float32 throughout."""
    switch = _Switch("precision", _precision, _set_precision, "highest")
    try:
        yield
    finally:
        switch.back()


@contextmanager
def flushed_denormals() -> Iterator[None]:
    """A block in which numbers too small for a full mantissa are zero on every backend.

    TensorFlow always computes so on a CPU; PyTorch, unless told, does not.
    """
    switch = _Switch("denormals", _flushes_denormals, _flush_denormals, True)
    try:
        yield
    finally:
        switch.back()


class _Switch:
    """A mode of every backend, and the way back to what each of them was in.

    That is asked of the framework, for a program may have switched it without dualnet.
    """

    def __init__(
        self,
        kind: str,
        read: Callable[[Backend], Any],
        write: Callable[[Backend, Any], None],
        value: Any,
    ) -> None:
        def switch(backend: Backend) -> None:
            self._found.append((backend, read(backend)))
            write(backend, value)

        self._kind = kind
        self._write = write
        self._found: list[tuple[Backend, Any]] = []
        self._loaded = registry.loaded()
        self._before = registry.configure(kind, switch)

    def back(self) -> None:
        """Ends the mode."""
        for backend, value in self._found:
            self._write(backend, value)
        registry.reinstate(self._kind, self._before, self._loaded)


def _is_deterministic(backend: Backend) -> bool:
    return backend.device.is_deterministic()


def _set_deterministic(backend: Backend, on: bool) -> None:
    backend.device.deterministic(on)


def _precision(backend: Backend) -> str:
    return backend.device.precision()


def _set_precision(backend: Backend, mode: str) -> None:
    backend.device.set_precision(mode)


def _flushes_denormals(backend: Backend) -> bool:
    return backend.device.flushes_denormals()


def _flush_denormals(backend: Backend, on: bool) -> None:
    backend.device.flush_denormals(on)
