"""A wrong function in the place of a right one, on one backend only."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

from dualnet import registry, tree

BACKENDS = ("torch", "tensorflow")
#: Sub-modules of a backend in which a path may begin; any other begins in ``ops``.
SUBMODULES = ("jit", "layers", "optim", "random", "state", "tape")

Make = Callable[[Any], Any]


class Planting:
    """``plant(side, where, make)`` puts ``make(right)`` in the right function's place.

    ``where`` is one of two things:

    - a path in the backend: ``"nn.relu"`` and ``"flip"`` are operations, ``"random.keep"``,
      ``"optim.apply"``, ``"state.assign"`` and ``"tape.Recording.gradient"`` are what they say;
    - a pair of an object of the core and a name, such as ``(clipping, "scaled")``: there the
      wrong function runs where an argument is a tensor, or a model, of that side.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self._tables: list[tuple[dict[type, Any], dict[type, Any]]] = []

    def __call__(self, side: str, where: str | tuple[Any, str], make: Make) -> None:
        for name in BACKENDS:
            registry.load(name)
        if isinstance(where, str):
            self._in_backend(side, where, make)
        else:
            self._in_core(side, *where, make)

    def _in_backend(self, side: str, path: str, make: Make) -> None:
        *inner, name = path.split(".")
        space: Any = registry.load(side)
        for part in inner if inner and inner[0] in SUBMODULES else ["ops", *inner]:
            space = getattr(space, part)
        self._monkeypatch.setattr(space, name, make(getattr(space, name)))
        self._relearn(name)

    def _relearn(self, name: str) -> None:
        """Has the dispatching functions of this name forget the kernels that they know."""
        ways = [way for kind, way in registry._settings.items() if _is_way(kind, name)]
        for way in ways:
            table = way.__self__.table
            self._tables.append((table, dict(table)))
            table.clear()
            for backend in registry.loaded():
                way(backend)

    def _in_core(self, side: str, owner: Any, name: str, make: Make) -> None:
        right = getattr(owner, name)
        wrong = make(right)

        @functools.wraps(right)
        def chosen(*args: Any, **kwargs: Any) -> Any:
            return (wrong if _side(args) == side else right)(*args, **kwargs)

        self._monkeypatch.setattr(owner, name, chosen)

    def uproot(self) -> None:
        """Gives the dispatching functions back what they knew."""
        for table, content in reversed(self._tables):
            table.clear()
            table.update(content)


def _is_way(kind: str, name: str) -> bool:
    return kind.startswith("ops ") and kind.endswith(f".{name}")


def _side(args: tuple[Any, ...]) -> str | None:
    """The backend of the first argument that has one."""
    for leaf in tree.leaves(args):
        backend = registry.of_type(type(leaf)) or getattr(leaf, "backend", None)
        if backend is not None:
            return backend.name
    return None
