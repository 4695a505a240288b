"""Gradients that the user decides."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from dualnet import tree
from dualnet.autodiff.arguments import backend_of_call, tensors_of
from dualnet.autodiff.checks import common_backend, is_tensor, require_same_shapes
from dualnet.errors import ConfigError, TapeError
from dualnet.protocols import Backend
from dualnet.typing import Tensor, Tree

__all__ = ["custom_gradient", "stop_gradient"]


def stop_gradient(x: Tree) -> Tree:
    """The same values (a tensor or a tree), constants for every gradient.

    >>> import dualnet as dn
    >>> float(dn.grad(lambda x: x * dn.stop_gradient(x))(3.0))
    3.0
    """
    backend = common_backend("argument", tree.leaves(x))
    return tree.map(backend.tape.stop_gradient, x)


def custom_gradient(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that brings its own gradient.

    ``function(*args)`` gives ``(value, backward)``.  The value is a tensor or a tree of
    tensors; ``backward(*upstream)`` takes the gradient of each of its tensors and gives the
    gradient of each argument: one tree, or a tuple of trees for several arguments, with
    ``None`` for zero and for what is no tensor.  Second-order gradients are those of
    ``backward``.

    >>> import dualnet as dn
    >>> @dn.custom_gradient
    ... def clipped_backward(x):
    ...     def backward(upstream):
    ...         return upstream * 0.5
    ...     return x * 1.0, backward
    >>> float(dn.grad(clipped_backward)(3.0))
    0.5

    The result raises ConfigError if the function gives something else, TapeError if
    ``backward`` gives another number of gradients than there are arguments, ShapeError if
    one has another shape than its argument.
    """

    @functools.wraps(function)
    def with_own_gradient(*args: Any) -> Any:
        backend = backend_of_call(args)
        given = tensors_of(backend, args)
        value, backward = _value_and_backward(function(*given))
        value = tensors_of(backend, value)
        common_backend("result of the function", tree.leaves(value))
        sources = [leaf for leaf in tree.leaves(given) if is_tensor(leaf)]
        flat = _flat_backward(backend, backward, given)
        outputs = backend.tape.with_gradient(tree.leaves(value), sources, flat)
        return tree.unflatten(value, list(outputs))

    return with_own_gradient


def _value_and_backward(result: Any) -> tuple[Tree, Callable[..., Any]]:
    if not isinstance(result, tuple) or len(result) != 2 or not callable(result[1]):
        raise ConfigError(
            "a function under custom_gradient must give (value, backward), where "
            f"backward(*upstream) gives the gradients; it gave {type(result).__name__}"
        )
    return result


def _flat_backward(
    backend: Backend, backward: Callable[..., Any], args: tuple[Tree, ...]
) -> Callable[..., list[Tensor]]:
    """``backward`` as a function that gives one gradient for each tensor among ``args``."""

    def flat(*upstream: Tensor) -> list[Tensor]:
        gradients = backward(*upstream)
        if len(args) == 1 and not (isinstance(gradients, tuple) and len(gradients) == 1):
            gradients = (gradients,)
        if not isinstance(gradients, (tuple, list)) or len(gradients) != len(args):
            raise TapeError(
                f"backward gave {tree.structure(gradients)} for a function of {len(args)} "
                "arguments; give one gradient for each, None where there is none"
            )
        found = [
            backend.ops.zeros_like(leaf) if gradient is None else gradient
            for arg, given in zip(args, gradients, strict=True)
            for leaf, gradient in _paired(arg, given)
            if is_tensor(leaf)
        ]
        sources = [leaf for leaf in tree.leaves(args) if is_tensor(leaf)]
        require_same_shapes(backend, "gradient given by backward", found, "argument", sources)
        return found

    return flat


def _paired(arg: Tree, gradient: Tree) -> list[tuple[Any, Any]]:
    """Leaves of an argument with their gradients; one ``None`` stands for a whole tree."""
    leaves = tree.leaves(arg)
    given = [None] * len(leaves) if gradient is None else tree.leaves(gradient)
    if len(given) != len(leaves):
        raise TapeError(
            f"backward gave {tree.structure(gradient)} for an argument {tree.structure(arg)}"
        )
    return list(zip(leaves, given, strict=True))
