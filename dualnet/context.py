"""The current backend, device and dtype.

Each is looked up in this order: the innermost ``with using(...)``, ``set_backend``, the
environment (``DUALNET_BACKEND``, ``DUALNET_DEVICE``, ``DUALNET_DTYPE``), the built-in
default (the first installed framework, ``auto``, ``float32``).  ``using`` is a context
variable: what one thread or async task sets, no other sees.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from dualnet import dtypes, registry
from dualnet.device import parse
from dualnet.errors import BackendNotFound, DeviceNotFound, DtypeError

if TYPE_CHECKING:
    from dualnet.protocols import Backend

__all__ = [
    "backend_named",
    "current_backend",
    "current_device",
    "current_dtype",
    "set_backend",
    "using",
]


@dataclass(frozen=True)
class Settings:
    """What has been chosen; ``None`` where nothing has."""

    backend: str | None = None
    device: str | None = None
    dtype: str | None = None

    def updated(self, backend: str | None, device: str | None, dtype: str | None) -> Settings:
        """These settings with the given choices, each checked, on top."""
        if backend is not None:
            registry.load(backend)
        if device is not None:
            parse(device)
        if dtype is not None:
            dtypes.policy(dtype)
        return replace(self, **Settings(backend, device, dtype).chosen())

    def chosen(self) -> dict[str, str]:
        """The choices that have been made, by name."""
        return {key: value for key, value in asdict(self).items() if value is not None}


_NOTHING_CHOSEN = Settings()
_scoped: ContextVar[Settings] = ContextVar("dualnet_settings", default=_NOTHING_CHOSEN)


@contextmanager
def using(
    backend: str | None = None, *, device: str | None = None, dtype: str | None = None
) -> Iterator[None]:
    """Makes a backend, device or dtype current inside a ``with`` block.

    >>> import dualnet as dn
    >>> with dn.using("torch", dtype="float64"):
    ...     dn.ops.zeros((2,)).dtype
    torch.float64

    Raises:
        BackendNotFound, DeviceNotFound, DtypeError: before the block is entered.
    """
    token = _scoped.set(_scoped.get().updated(backend, device, dtype))
    try:
        yield
    finally:
        _scoped.reset(token)


def set_backend(
    backend: str | None = None, *, device: str | None = None, dtype: str | None = None
) -> None:
    """Makes a backend, device or dtype current in this process, outside any ``using``."""
    registry.choose(_NOTHING_CHOSEN.updated(backend, device, dtype).chosen())


def _choice(key: str) -> str | None:
    """What was chosen for ``key``, by scope, process or environment."""
    chosen = getattr(_scoped.get(), key) or registry.choice(key)
    return chosen or os.environ.get(f"DUALNET_{key.upper()}") or None


def _blame_environment(error: Exception, key: str) -> None:
    variable = f"DUALNET_{key.upper()}"
    if os.environ.get(variable):
        error.add_note(f"the environment variable {variable} is {os.environ[variable]!r}")


def backend_named(name: str | None) -> Backend:
    """The backend of this name; the current one for ``None``."""
    return current_backend() if name is None else registry.load(name)


def current_backend() -> Backend:
    """The backend that creation functions and new models use.

    Raises:
        BackendNotFound: none was chosen and no framework is installed, or the chosen
            one is not.
    """
    name = _choice("backend")
    if name is None:
        have = registry.installed()
        name = have[0] if have else registry.names()[0]
    try:
        return registry.load(name)
    except BackendNotFound as error:
        _blame_environment(error, "backend")
        raise


def current_device() -> str:
    """The device named by the current settings; ``"auto"`` if none was chosen."""
    name = _choice("device") or "auto"
    try:
        parse(name)
    except DeviceNotFound as error:
        _blame_environment(error, "device")
        raise
    return name


def current_dtype() -> str:
    """The dtype policy named by the current settings; ``"float32"`` if none was chosen."""
    name = _choice("dtype") or "float32"
    try:
        dtypes.policy(name)
    except DtypeError as error:
        _blame_environment(error, "dtype")
        raise
    return name
