"""Reverse mode on functions of trees: gradients, pullbacks, Jacobians, Hessians."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from dualnet import tree
from dualnet.autodiff.arguments import Call, numbers, numbers_to_tensors, tensors_of
from dualnet.autodiff.checks import is_tensor, require_differentiable, require_same_shapes
from dualnet.errors import ConfigError, ShapeError, TapeError
from dualnet.typing import Tensor, Tree

__all__ = ["grad", "hessian", "jacobian", "value_and_grad", "vjp"]

Function = Callable[..., Any]


class _Linearised:
    """A call's value and its pullback, at the call's arguments."""

    def __init__(self, call: Call, has_aux: bool = False) -> None:
        self.call = call
        self._value: Tree = None
        self._aux: Tree = None
        self._has_aux = has_aux
        self.outputs, aux, self._pullback = call.backend.tape.vjp(self._flat, *call.primals)
        self.value = tree.unflatten(self._value, list(self.outputs))
        self.aux = self._with_tensors(self._aux, list(aux))

    def _flat(self, *primals: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """The function on flat tensors; what is no tensor in ``aux`` passes by the side."""
        result = self.call(*primals)
        value, self._aux = _with_aux(result) if self._has_aux else (result, None)
        self._value = self.call.outputs(value)
        outputs = tree.leaves(self._value)
        require_differentiable(self.call.backend, "result of the function", outputs)
        return outputs, [x for x in tree.leaves(self._aux) if is_tensor(x)]

    @staticmethod
    def _with_tensors(aux: Tree, tensors: list[Tensor]) -> Tree:
        stream = iter(tensors)
        return tree.map(lambda leaf: next(stream) if is_tensor(leaf) else leaf, aux)

    def pull(self, *upstream: Tensor) -> tuple[Tree, ...]:
        """The gradient of each varied argument, as a tree."""
        return self.call.like_arguments(self._pullback(*upstream))

    def rows(self, place: int) -> tuple[Tree, ...]:
        """The Jacobian of output ``place`` with respect to each varied argument, as a tree."""
        ops, state, tape = self.call.backend.ops, self.call.backend.state, self.call.backend.tape
        target = self.outputs[place]
        shape = state.shape(target)
        if -1 in shape:
            raise ShapeError(f"a Jacobian needs a known shape, and this result's is {shape}")
        others = [ops.zeros_like(output) for output in self.outputs]

        def row(direction: Tensor) -> Sequence[Tensor]:
            return self._pullback(*others[:place], direction, *others[place + 1 :])

        found = tape.vmap(row, [tape.unit_vectors(target)], [0])
        shaped = [
            ops.reshape(block, (*shape, *state.shape(primal)))
            for block, primal in zip(found, self.call.primals, strict=True)
        ]
        return self.call.like_arguments(shaped)


def _with_aux(result: Any) -> tuple[Any, Any]:
    if not isinstance(result, tuple) or len(result) != 2:
        raise ConfigError(
            f"with has_aux=True the function must give (value, aux), got {type(result).__name__}"
        )
    return result


def _as_asked(argnums: int | Sequence[int], per_argument: tuple[Tree, ...]) -> Tree:
    """One tree for one position, a tuple of trees for a tuple of positions."""
    return per_argument[0] if isinstance(argnums, int) else per_argument


def value_and_grad(
    function: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Function:
    """``x ↦ (f(x), ∂f/∂x)`` for a function whose value is a scalar.

    Args:
        function: a pure function of tensors and trees of tensors.  Python floats and NumPy
            arrays among the arguments are made tensors of the other arguments' backend.
        argnums: the position of the argument to differentiate, or a tuple of positions.
        has_aux: whether the function gives ``(value, aux)``; so does then this one:
            ``((value, aux), gradient)``.

    Returns:
        A function with the arguments of ``function``.  The gradient has the structure of
        the argument (a tuple of such for a tuple of positions), with zeros where the value
        does not depend on it.  It may be transformed again.

    It raises TapeError if the value is no scalar, ConfigError for wrong ``argnums``,
    DtypeError for integer arguments, ForeignTensorError for tensors of two frameworks.

    >>> import dualnet as dn
    >>> value, gradient = dn.value_and_grad(lambda x: x * x)(3.0)
    >>> float(value), float(gradient)
    (9.0, 6.0)
    """

    @functools.wraps(function)
    def differentiated(*args: Any, **kwargs: Any) -> Any:
        call = Call(function, args, kwargs, numbers(argnums, len(args)))
        made = _Linearised(call, has_aux)
        _require_scalar(made)
        gradient = _as_asked(argnums, made.pull(call.backend.ops.ones_like(made.value)))
        return ((made.value, made.aux) if has_aux else made.value), gradient

    return differentiated


def grad(function: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """``x ↦ ∂f/∂x`` for a function whose value is a scalar; see :func:`value_and_grad`.

    With ``has_aux`` it gives ``(gradient, aux)``.

    >>> import dualnet as dn
    >>> float(dn.grad(dn.grad(lambda x: x**3))(2.0))
    12.0
    """
    both = value_and_grad(function, argnums, has_aux)

    @functools.wraps(function)
    def differentiated(*args: Any, **kwargs: Any) -> Any:
        value, gradient = both(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return differentiated


def vjp(function: Function, *primals: Tree) -> tuple[Tree, Callable[[Tree], tuple[Tree, ...]]]:
    """``f(x…)`` and the pullback ``u ↦ (u · ∂f/∂x, …)``, one gradient per primal.

    The pullback takes a tree like the value and may be called again.

    >>> import dualnet as dn
    >>> value, pullback = dn.vjp(lambda x, y: x * y, 3.0, 5.0)
    >>> [float(gradient) for gradient in pullback(2.0)]
    [10.0, 6.0]

    Raises:
        ConfigError: no primals.
        DtypeError: a primal of integers or booleans.
        ForeignTensorError: tensors of two frameworks.
        ShapeError: (the pullback) an upstream gradient that is not shaped like the value.
    """
    call = Call(function, primals, {}, _every(primals))
    made = _Linearised(call)

    def pullback(upstream: Tree) -> tuple[Tree, ...]:
        given = numbers_to_tensors(
            call.backend, tensors_of(call.backend, upstream), list(made.outputs)
        )
        flat = tree.leaves(given)
        require_same_shapes(call.backend, "upstream gradient", flat, "result", made.outputs)
        return made.pull(*flat)

    return made.value, pullback


def jacobian(function: Function, argnums: int | Sequence[int] = 0) -> Function:
    """``x ↦ ∂f/∂x``, of shape ``f(x).shape + x.shape``.

    Where value or argument are trees, the result is the value's tree, whose leaves are
    trees like the argument.  Computed in reverse mode, one row per element of the value,
    all rows at once.

    >>> import dualnet as dn, numpy as np
    >>> dn.to_numpy(dn.jacobian(lambda x: x * x)(np.array([1.0, 2.0])))
    array([[2., 0.],
           [0., 4.]])
    """

    @functools.wraps(function)
    def differentiated(*args: Any, **kwargs: Any) -> Any:
        made = _Linearised(Call(function, args, kwargs, numbers(argnums, len(args))))
        rows = [_as_asked(argnums, made.rows(place)) for place in range(len(made.outputs))]
        return tree.unflatten(made.value, rows)

    return differentiated


def hessian(function: Function, argnums: int | Sequence[int] = 0) -> Function:
    """``x ↦ ∂²f/∂x²``, of shape ``x.shape + x.shape``, for a function whose value is a scalar.

    For a tree of arguments: a tree like it, whose leaves are trees like it.

    >>> import dualnet as dn, numpy as np
    >>> dn.to_numpy(dn.hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0])))
    array([[4., 2.],
           [2., 0.]])
    """
    return jacobian(grad(function, argnums), argnums)


def _every(primals: tuple[Tree, ...]) -> range:
    if not primals:
        raise ConfigError("no primals: give the function's arguments after it")
    return range(len(primals))


def _require_scalar(made: _Linearised) -> None:
    if not is_tensor(made.value):
        raise TapeError(
            f"the function gave {tree.structure(made.value)}, but a gradient needs one scalar; "
            "for (value, aux) pass has_aux=True, for several results use dn.jacobian or dn.vjp"
        )
    shape = made.call.backend.state.shape(made.value)
    if shape != ():
        raise TapeError(
            f"the function gave shape {shape}, but a gradient needs a scalar; reduce it with "
            "ops.sum or ops.mean, or use dn.jacobian or dn.vjp"
        )
