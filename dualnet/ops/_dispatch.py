"""One dispatch between a name and a backend's kernel.

``ops.f(x)`` finds the backend from the type of its arguments.  Types are looked up in a
table that belongs to the function, so that after the first call a dispatch is one
dictionary look-up.  Nothing here reads a context variable on that path, so compilers of
either framework can trace through it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from dualnet import registry, tree
from dualnet.context import current_backend
from dualnet.errors import ForeignTensorError
from dualnet.protocols import Backend

__all__ = ["backend_of", "creators", "dispatchers"]

Function = Callable[..., Any]


def _declared(protocol: type) -> dict[str, Function]:
    """The functions a protocol declares, by name."""
    methods = vars(protocol).items()
    return {k: m for k, m in methods if inspect.isfunction(m) and not k.startswith("_")}


def creators(protocol: type) -> dict[str, Function]:
    """A function on the current backend for each method of a protocol."""
    return {name: _creator(name, method) for name, method in _declared(protocol).items()}


def dispatchers(
    protocols: Iterable[type], find: Callable[[Backend], Any]
) -> dict[str, Function]:
    """A function on the backend of its arguments for each method of the protocols.

    ``find`` gives the namespace of a backend in which the functions live.
    """
    return {
        name: _dispatcher(name, method, find)
        for protocol in protocols
        for name, method in _declared(protocol).items()
    }


def _creator(name: str, method: Function) -> Function:
    """A function that runs on the current backend."""

    def create(*args: Any, **kwargs: Any) -> Any:
        return getattr(current_backend().ops, name)(*args, **kwargs)

    return _dressed(create, name, method)


def _dispatcher(name: str, method: Function, find: Callable[[Backend], Any]) -> Function:
    """A function that runs on the backend of its first argument, or of any argument."""
    table: dict[type, Function] = {}

    def dispatch(x: Any, /, *args: Any, **kwargs: Any) -> Any:
        implementation = table.get(type(x))
        if implementation is None:
            implementation, x, args, kwargs = resolve(x, args, kwargs)
        return implementation(x, *args, **kwargs)

    def resolve(x: Any, args: Any, kwargs: Any) -> tuple[Function, Any, Any, Any]:
        """The slow path: a type seen for the first time, or a first argument that is no tensor."""
        backend = registry.of_type(type(x))
        if backend is not None:
            table[type(x)] = implementation = getattr(find(backend), name)
            return implementation, x, args, kwargs
        backend = backend_of(x, args, kwargs)
        x, args, kwargs = tree.map(lambda leaf: _adopted(leaf, backend), (x, args, kwargs))
        return getattr(find(backend), name), x, args, kwargs

    return _dressed(dispatch, name, method)


def backend_of(*arguments: Any) -> Backend:
    """The backend whose tensors are among the arguments; the current one if there are none.

    Raises:
        ForeignTensorError: tensors of two backends are among them.
    """
    found: Backend | None = None
    for leaf in tree.leaves(arguments):
        backend = registry.of_type(type(leaf))
        if backend is not None and found is not None and backend is not found:
            raise ForeignTensorError(
                f"tensors of {found.name} and of {backend.name} in one call; move one with "
                f"dn.transfer(tensor, {found.name!r})"
            )
        found = found or backend
    return found or current_backend()


def _adopted(leaf: Any, backend: Backend) -> Any:
    """A NumPy array as the backend's tensor; anything else as it is."""
    return backend.state.from_numpy(leaf) if isinstance(leaf, (np.ndarray, np.generic)) else leaf


def _dressed(function: Any, name: str, method: Function) -> Function:
    """``function`` with the name, signature and documentation of the protocol's method."""
    signature = inspect.signature(method)
    parameters = list(signature.parameters.values())[1:]
    function.__name__ = function.__qualname__ = name
    function.__doc__ = method.__doc__
    function.__signature__ = signature.replace(parameters=parameters)
    return function  # type: ignore[no-any-return] - attributes above make it Any
