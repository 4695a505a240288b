"""From a user's call (trees, arrays, Python numbers) to flat lists of tensors and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from dualnet import context, dtypes, tree
from dualnet.autodiff.checks import common_backend, is_tensor, require_differentiable
from dualnet.errors import ConfigError, DtypeError
from dualnet.protocols import Backend
from dualnet.typing import DtypeName, Tensor, Tree

__all__ = ["Call", "backend_of_call", "numbers", "numbers_to_tensors", "tensors_of"]


def numbers(argnums: int | Sequence[int], count: int) -> tuple[int, ...]:
    """Positions of arguments, checked against how many were given.

    Raises:
        ConfigError: a position that is no integer, is out of range, or comes twice.
    """
    wanted = tuple(argnums) if isinstance(argnums, (tuple, list)) else (argnums,)
    for number in wanted:
        if isinstance(number, bool) or not isinstance(number, int):
            raise ConfigError(f"argnums={argnums!r}; give a position or a tuple of positions")
        if not -count <= number < count:
            raise ConfigError(f"argnums={argnums!r}, but the function was given {count} arguments")
    chosen = tuple(number % count for number in wanted)
    if not chosen or len(set(chosen)) < len(chosen):
        raise ConfigError(f"argnums={argnums!r}; give each position once, and at least one")
    return chosen


def backend_of_call(arguments: Tree) -> Backend:
    """The backend of the tensors among the arguments; the current one if there are none.

    Raises:
        ForeignTensorError: they are of two frameworks.
    """
    found = [x for x in tree.leaves(arguments) if is_tensor(x)]
    return common_backend("argument", found) if found else context.current_backend()


def tensors_of(backend: Backend, arguments: Tree) -> Any:
    """The arguments with every NumPy array made a tensor, and the rest as it is."""

    def made(leaf: Any) -> Any:
        if isinstance(leaf, (np.ndarray, np.generic)):
            return backend.state.from_numpy(np.asarray(leaf))
        return leaf

    return tree.map(made, arguments)


def numbers_to_tensors(backend: Backend, values: Tree, beside: Tree) -> Any:
    """The values with every Python float made a tensor.

    It takes the dtype of the first floating tensor in ``beside``; if there is none, the
    current dtype.
    """

    def made(leaf: Any) -> Any:
        if isinstance(leaf, float):
            dtype = _floating_among(backend, beside)
            return backend.state.from_numpy(np.asarray(leaf), dtype=dtype)
        return leaf

    return tree.map(made, values)


def _floating_among(backend: Backend, arguments: Tree) -> DtypeName:
    for leaf in tree.leaves(arguments):
        if backend.state.is_tensor_type(type(leaf)):
            name = backend.state.dtype_name(leaf)
            if dtypes.is_floating(name):
                return name
    return dtypes.policy(context.current_dtype()).variable


class Call:
    """A function and its arguments, some of which vary.

    ``primals`` are the tensors of the varied arguments, flat.  Calling it with other
    tensors in their place calls the function.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        argnums: Sequence[int],
    ) -> None:
        self.backend = backend_of_call((args, kwargs))
        self._function = function
        self._args, self._kwargs = tensors_of(self.backend, (args, kwargs))
        self._argnums = argnums
        chosen = tuple(self._args[n] for n in argnums)
        self.varied = numbers_to_tensors(self.backend, chosen, (self._args, self._kwargs))
        self.primals: list[Tensor] = tree.leaves(self.varied)
        for primal in self.primals:
            if isinstance(primal, int):
                raise DtypeError(f"an argument is the integer {primal}; write {float(primal)}")
        common_backend("differentiated argument", self.primals)
        require_differentiable(self.backend, "differentiated argument", self.primals)

    def __call__(self, *primals: Tensor) -> Any:
        args = list(self._args)
        varied = tree.unflatten(self.varied, list(primals))
        for number, value in zip(self._argnums, varied, strict=True):
            args[number] = value
        return self._function(*args, **self._kwargs)

    def like_arguments(self, tensors: Sequence[Tensor]) -> tuple[Tree, ...]:
        """One tensor for each of ``primals``, as a tree for each varied argument."""
        return cast(tuple[Tree, ...], tree.unflatten(self.varied, list(tensors)))

    def outputs(self, value: Tree) -> Any:
        """What the function gave, with arrays and Python numbers made tensors."""
        made = tensors_of(self.backend, value)
        made = numbers_to_tensors(self.backend, made, self.primals)
        common_backend("result of the function", [*tree.leaves(made), *self.primals])
        return made
