"""The trees of tensors that control flow carries: their tensors, and whether two are alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dualnet import dtypes, tree
from dualnet.context import current_backend
from dualnet.errors import DtypeError, ShapeError
from dualnet.ops import _dispatch
from dualnet.ops._composed import HOST, backend_of, constants, dtype_of, is_tensor
from dualnet.protocols import Backend
from dualnet.shapes import fits
from dualnet.typing import DtypeName, Shape, Tensor, Tree

if TYPE_CHECKING:
    ops: Any  # the checker cannot follow the circle of imports
else:
    from dualnet import ops

__all__ = [
    "adopted",
    "alike",
    "backend_among",
    "check_pred",
    "chosen",
    "giving_tensors",
    "repeated",
    "shape_of",
    "stepwise",
    "tensors_only",
]


def backend_among(operands: Tree) -> Backend:
    """The backend of the tensors in a tree; the current one if there are none."""
    tensors = [leaf for leaf in tree.leaves(operands) if is_tensor(leaf)]
    return _dispatch.backend_of(*tensors) if tensors else current_backend()


def shape_of(x: Tensor) -> Shape:
    return backend_of(x).state.shape(x)


def adopted(operands: Tree, backend: Backend) -> Any:
    """The tree with tensors for numbers and arrays.

    Raises:
        DtypeError: there is something else in it.
    """
    tensors = [leaf for leaf in tree.leaves(operands) if is_tensor(leaf)]

    def leaf_adopted(leaf: Any) -> Tensor:
        if is_tensor(leaf):
            return leaf
        if not isinstance(leaf, HOST):
            raise DtypeError(f"control flow is over trees of tensors, got {type(leaf).__name__}")
        if isinstance(leaf, dtypes.SCALARS) and tensors:
            return _number(leaf, tensors[0])
        return backend.ops.asarray(leaf)

    return tree.map(leaf_adopted, operands)


def _number(value: Any, beside: Tensor) -> Tensor:
    """A number as a tensor on the device of another one, and of its dtype for a float."""
    dtype: DtypeName
    if isinstance(value, bool):
        dtype = "bool"
    elif isinstance(value, int):
        dtype = "int64"
    else:
        dtype = dtype_of(beside) if dtypes.is_floating(dtype_of(beside)) else "float32"
    return constants((value,), beside, dtype)[0]


def tensors_only(result: Tree, name: str) -> Tree:
    """A function's result.

    Raises:
        DtypeError: there is something else than tensors in it.
    """
    for leaf in tree.leaves(result):
        if not is_tensor(leaf):
            raise DtypeError(
                f"{name} gave {type(leaf).__name__} where a tensor was wanted; make one with "
                "ops.full_like"
            )
    return result


def giving_tensors(function: Callable[..., Tree], name: str) -> Callable[..., Tree]:
    return lambda *operands: tensors_only(function(*operands), name)


def check_pred(pred: Any, name: str) -> None:
    if not is_tensor(pred) or dtype_of(pred) != "bool":
        got = dtype_of(pred) if is_tensor(pred) else type(pred).__name__
        raise DtypeError(f"{name} needs a bool, got {got}; compare, as in x > 0")
    if shape_of(pred):
        raise ShapeError(
            f"{name} needs one bool, got shape {shape_of(pred)}; choose by element with ops.where, "
            "or reduce it with ops.all or ops.any"
        )


def alike(new: Tree, old: Tree, name: str) -> Any:
    """``new``, which must be as ``old`` in structure, dtypes and shapes; numbers are adopted.

    Raises:
        ShapeError, DtypeError: it is not.
    """
    if tree.structure(new) != tree.structure(old):
        raise ShapeError(
            f"{name} gave {tree.structure(new)} for {tree.structure(old)}, where * is a tensor; "
            "give back what it was given, with the same nesting and keys: (x,) for a tuple of one"
        )

    def leaf(n: Any, o: Tensor) -> Tensor:
        n = ops.full_like(o, n) if isinstance(n, dtypes.SCALARS) and not shape_of(o) else n
        tensors_only(n, name)
        if dtype_of(n) != dtype_of(o):
            raise DtypeError(
                f"{name} gave {dtype_of(n)} for {dtype_of(o)}; cast it with ops.astype"
            )
        if not fits(shape_of(n), shape_of(o)):
            raise ShapeError(
                f"{name} gave shape {shape_of(n)} for {shape_of(o)}; they must be equal"
            )
        return n

    return tree.map(leaf, new, old)


def chosen(
    pred: Tensor,
    true_fn: Callable[..., Tree],
    false_fn: Callable[..., Tree],
    operands: tuple[Tree, ...],
    /,
) -> Tree:
    """A branch of Python."""
    return (true_fn if bool(pred) else false_fn)(*operands)


def repeated(
    cond_fn: Callable[..., Tensor],
    body_fn: Callable[..., tuple[Tree, ...]],
    state: tuple[Tree, ...],
    /,
    *,
    maximum: int | None,
) -> tuple[Tree, ...]:
    """A loop of Python."""
    done = 0
    while done != maximum and bool(cond_fn(*state)):
        state, done = body_fn(*state), done + 1
    return state


def stepwise(
    step: Callable[[Any, Any], tuple[Tree, Tree]],
    init: Tree,
    xs: Tree,
    length: Any,
    /,
    *,
    reverse: bool,
) -> tuple[Tree, Tree]:
    """A scan as a loop of Python."""
    leaves = [ops.unstack(x, axis=0) for x in tree.leaves(xs)]
    order = range(length - 1, -1, -1) if reverse else range(length)
    carry, ys = init, []
    for i in order:
        x = tree.unflatten(xs, [parts[i] for parts in leaves])
        carry, y = step(carry, x)
        ys.append(y)
    if not ys:
        raise ShapeError("a scan of no step does not know its outputs; give it one or more")
    ys = ys[::-1] if reverse else ys
    stacked = [
        ops.stack(parts, axis=0) for parts in zip(*(tree.leaves(y) for y in ys), strict=True)
    ]
    return carry, tree.unflatten(ys[0], stacked)
