"""Backends: which exist, which are installed, which are loaded, and whose tensor is this.

Backends are found through the entry-point group ``dualnet.backends``.  A backend's name
is the import name of its framework, so asking whether one is installed imports nothing.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, TypeAlias, cast

from dualnet.errors import BackendNotFound, unknown_name
from dualnet.quiet import quietly

if TYPE_CHECKING:
    from dualnet.protocols import Backend

__all__ = [
    "choice",
    "choose",
    "configure",
    "installed",
    "load",
    "loaded",
    "names",
    "of_type",
    "reinstate",
    "require",
]

GROUP = "dualnet.backends"

Setting: TypeAlias = "Callable[[Backend], None]"

_loaded: dict[str, Backend] = {}
_by_type: dict[type, Backend | None] = {}
_settings: dict[str, Setting] = {}
_choices: dict[str, str] = {}
#: Held while a backend loads or a setting goes to all; a setting may load a backend.
_lock = threading.RLock()


@cache
def _modules() -> dict[str, str]:
    """Backend name to the module that implements it, ours first."""
    from importlib.metadata import entry_points  # slow to import, needed only now

    points = sorted(entry_points(group=GROUP), key=lambda p: (not p.value.startswith("dualnet"),))
    found = {"torch": "dualnet_torch", "tensorflow": "dualnet_tf"}
    found.update({point.name: point.value for point in points})
    return found


def names() -> tuple[str, ...]:
    """Every backend that could be used if its framework were installed."""
    return tuple(_modules())


def installed() -> tuple[str, ...]:
    """The backends whose framework is installed; imports none of them."""
    return tuple(n for n in names() if n in sys.modules or importlib.util.find_spec(n) is not None)


def loaded() -> tuple[Backend, ...]:
    """The backends already imported, in order of loading."""
    return tuple(_loaded.values())


def load(name: str) -> Backend:
    """The backend of this name, imported on first use.

    Raises:
        BackendNotFound: the name is unknown, or its framework is not installed.
    """
    if name in _loaded:
        return _loaded[name]
    with _lock:
        return _loaded[name] if name in _loaded else _load(name)


def require(name: str) -> None:
    """Looks whether a backend could be loaded, without importing anything.

    Raises:
        BackendNotFound: the name is unknown, or its framework is not installed.
    """
    if name not in names():
        raise BackendNotFound(f"{unknown_name('backend', name, names())}. {_what_is_installed()}")
    if name not in installed():
        raise BackendNotFound(
            f"backend {name!r} needs the package {name!r}, which is not installed. "
            f"{_what_is_installed()} Install it with: pip install 'dualnet[{name}]'"
        )


def _load(name: str) -> Backend:
    require(name)
    with quietly(), _uncollected():
        backend = cast("Backend", importlib.import_module(_modules()[name]))
    for setting in _settings.values():
        setting(backend)
    _loaded[name] = backend
    _by_type.clear()
    return backend


@contextmanager
def _uncollected() -> Iterator[None]:
    """A block in which the garbage collector rests.

    While a framework is imported it would walk, several times, through all that is loaded, to
    find nothing.
    """
    runs = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if runs:
            gc.enable()


def configure(kind: str, setting: Setting) -> Setting | None:
    """Applies a setting to every loaded backend now, and to each other one when it loads.

    It takes the place of the last one of its kind, which is returned.
    """
    with _lock:
        before = _settings.get(kind)
        for backend in loaded():
            setting(backend)
        _settings[kind] = setting
    return before


def reinstate(kind: str, setting: Setting | None, before: Collection[Backend]) -> None:
    """Puts back what :func:`configure` has replaced, for backends that were not loaded ``before``.

    Those that were had a state of their own, which the caller puts back.
    """
    if setting is None:
        del _settings[kind]
        return
    _settings[kind] = setting
    for backend in loaded():
        if backend not in before:
            setting(backend)


def choose(choices: Mapping[str, str]) -> None:
    """Keeps process-wide choices, such as the backend's name, for every thread."""
    with _lock:
        _choices.update(choices)


def choice(kind: str) -> str | None:
    """The process-wide choice of this kind; ``None`` if there is none."""
    return _choices.get(kind)


def _what_is_installed() -> str:
    have = installed()
    if have:
        return f"Installed here: {', '.join(have)}."
    return "No framework is installed here: pip install 'dualnet[torch]' or 'dualnet[tensorflow]'."


def of_type(cls: type) -> Backend | None:
    """The backend whose tensors are of this type; ``None`` for anything else.

    A tensor exists only if its framework is imported, so a backend whose framework is
    in ``sys.modules`` is loaded when an unknown type turns up, and no other.
    """
    try:
        return _by_type[cls]
    except KeyError:
        pass
    found = next((b for b in loaded() if b.state.is_tensor_type(cls)), None)
    if found is None and cls.__module__ != "builtins":  # the commonest, in compiled code as well
        root = cls.__module__.split(".")[0]
        if root in names() and root in sys.modules:
            backend = load(root)
            found = backend if backend.state.is_tensor_type(cls) else None
    _by_type[cls] = found
    return found
