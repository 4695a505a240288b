"""Compilation by the framework whose tensors come in."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, overload

from dualnet import registry
from dualnet.autodiff.arguments import backend_of_call, tensors_of

__all__ = ["jit"]

F = TypeVar("F", bound=Callable[..., Any])


@overload
def jit(function: F, /, **options: Any) -> F: ...


@overload
def jit(function: None = None, /, **options: Any) -> Callable[[F], F]: ...


def jit(function: Any = None, /, **options: Any) -> Any:
    """``function`` compiled by ``torch.compile`` or ``tf.function``, once for each backend.

    The backend is that of the tensors among the arguments, and the current one if there
    are none.  NumPy arrays among the arguments are made its tensors.  The function should
    depend on its arguments alone and have no side effects but assignments to variables:
    Python code in it runs when it is compiled, not at every call.

    Args:
        options: of ``torch.compile`` (``fullgraph``, ``mode``, …) or ``tf.function``
            (``jit_compile``, ``reduce_retracing``, …); the framework refuses others.

    It can be a decorator, with options or without:

    >>> import dualnet as dn
    >>> @dn.jit
    ... def double(x):
    ...     return x * 2
    >>> float(double(dn.ops.asarray(3.0)))
    6.0
    """
    if function is None:
        return functools.partial(jit, **options)
    compiled: dict[str, Callable[..., Any]] = {}
    #: What calls with nothing but tensors go to, by the types of all: there is nothing to convert.
    straight: dict[tuple[type, ...], Callable[..., Any]] = {}

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        kinds = tuple(map(type, args))
        if kinds in straight and not kwargs:
            return straight[kinds](*args)
        backend = backend_of_call((args, kwargs))
        if backend.name not in compiled:
            compiled[backend.name] = backend.jit.jit(function, **options)
        if kinds and all(map(registry.of_type, kinds)) and not backend.jit.tracing():
            straight[kinds] = compiled[backend.name]
        args, kwargs = tensors_of(backend, (args, kwargs))
        return compiled[backend.name](*args, **kwargs)

    return call
