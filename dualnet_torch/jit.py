"""Compilation on PyTorch."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch

from dualnet import registry, tree
from dualnet.autodiff import tape as tapes
from dualnet_torch.tape import _eager, _spent


def jit(function: Callable[..., Any], /, **options: Any) -> Callable[..., Any]:
    dynamo = _compiler()
    compiled = torch.compile(_with_constant_results(function), **options)
    if not hasattr(dynamo, "trace_autograd_ops"):  # this PyTorch leaves the graph for a gradient
        return compiled

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        before = dynamo.trace_autograd_ops
        dynamo.trace_autograd_ops = True
        try:
            return compiled(*args, **kwargs)
        finally:
            dynamo.trace_autograd_ops = before

    return call


_jit = jit  # train_step has an argument of this name


def train_step(function: Callable[..., Any], /, *, jit: bool | str) -> Callable[..., Any]:
    return _jit(function) if jit is True else function


def tracing() -> bool:
    if torch.compiler.is_compiling():
        return True
    return torch._C._functorch.peek_interpreter_stack() is not None  # inside vmap


def _with_constant_results(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function``, whose results are constants once it has taken a gradient.

    PyTorch does not compile a function that gives back what it has differentiated.  Under a
    tape around the call they are not constants, and it compiles, for no graph is freed.
    """

    @functools.wraps(function)
    def traced(*args: Any, **kwargs: Any) -> Any:
        results = function(*args, **kwargs)
        if not _spent:
            return results
        _spent.clear()
        return tree.map(lambda x: x.detach() if isinstance(x, torch.Tensor) else x, results)

    return traced


# PyTorch's compiler cannot trace the context variable that holds the open tapes: in a graph
# they are kept in a list, which is empty again at its end.  A list of the module, for neither can
# it trace a thread-local; threads do not meet in it, as one graph is compiled at a time.

_in_graph: list[Any] = []


class _Outside:
    """Stands in a graph for the tapes that are open around it."""


_outside: Any = _Outside()


def _open_tapes() -> tuple[Any, ...]:
    return (_outside, *_in_graph) if _eager.recording else tuple(_in_graph)


def _set_open_tapes(tapes: tuple[Any, ...]) -> None:
    _in_graph[:] = [tape for tape in tapes if tape is not _outside]


def _backends_in_use() -> list[Any]:
    return [registry.load("torch")]


@functools.cache
def _compiler() -> Any:
    """The compiler's settings, once it has been taught to trace a tape."""
    import torch._dynamo.config  # here, for it takes seconds to import

    substitute = torch.compiler.substitute_in_graph
    substitute(tapes.open_tapes)(_open_tapes)
    substitute(tapes.set_open_tapes)(_set_open_tapes)
    substitute(tapes.backends_in_use)(_backends_in_use)
    return torch._dynamo.config
