"""Forward mode on functions of trees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dualnet import tree
from dualnet.autodiff.arguments import Call, backend_of_call, numbers_to_tensors, tensors_of
from dualnet.autodiff.checks import require_same_shapes
from dualnet.errors import ConfigError
from dualnet.typing import Tensor, Tree

__all__ = ["jvp"]


def jvp(
    function: Callable[..., Any], primals: tuple[Tree, ...], tangents: tuple[Tree, ...]
) -> tuple[Tree, Tree]:
    """``f(x…)`` and ``Σ ∂f/∂x · v``, its derivative in the direction of the tangents.

    Args:
        function: a pure function of tensors and trees of tensors.
        primals: its arguments, as a tuple.
        tangents: a direction for each, with the same structure and shapes.

    >>> import dualnet as dn
    >>> value, change = dn.jvp(lambda x, y: x * y, (3.0, 5.0), (1.0, 0.0))
    >>> float(value), float(change)
    (15.0, 5.0)

    A Hessian times a vector, without the Hessian: ``dn.jvp(dn.grad(f), (x,), (v,))[1]``.

    Raises:
        ConfigError: primals or tangents are no tuples, or are empty.
        ShapeError: a tangent whose shape is not its primal's.
        DtypeError, ForeignTensorError: as :func:`dualnet.vjp`.
    """
    _require_tuples(primals, tangents)
    backend_of_call((primals, tangents))
    call = Call(function, primals, {}, range(len(primals)))
    directions = tensors_of(call.backend, tangents)
    flat = tree.leaves(numbers_to_tensors(call.backend, directions, call.primals))
    require_same_shapes(call.backend, "tangent", flat, "primal", call.primals)
    value: Tree = None

    def on_flat(*given: Tensor) -> list[Any]:
        nonlocal value
        value = call.outputs(call(*given))
        return tree.leaves(value)

    outputs, changes = call.backend.tape.jvp(on_flat, call.primals, flat)
    return tree.unflatten(value, list(outputs)), tree.unflatten(value, list(changes))


def _require_tuples(primals: Any, tangents: Any) -> None:
    for role, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, (tuple, list)) or not given:
            raise ConfigError(
                f"{role} must be a tuple with one entry per argument, got {type(given).__name__}; "
                f"write ({role[:-1]},)"
            )
