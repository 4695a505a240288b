"""Control flow over tensors: a choice, a loop, and steps along an axis.

Eagerly all of it is Python's own, so that every order of gradient exists.  In compiled code it
is the framework's: of TensorFlow with every order of gradient, too.  PyTorch unrolls ``scan``
and ``map``, whose length it knows, into as many steps.  Of a compiled function with ``cond`` or
``while_loop`` it has the first gradient; inside of one a tape can take that of ``cond``, and
:func:`dualnet.grad` of neither.  XLA wants ``maximum_iterations`` for the gradient of a
``while_loop``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from dualnet import tree
from dualnet.errors import ConfigError, ShapeError
from dualnet.ops._trees import (
    adopted,
    alike,
    backend_among,
    check_pred,
    giving_tensors,
    shape_of,
    tensors_only,
)
from dualnet.typing import Tensor, Tree

if TYPE_CHECKING:
    ops: Any  # the checker cannot follow the circle of imports
else:
    from dualnet import ops

__all__ = ["associative_scan", "cond", "map", "scan", "while_loop"]


def cond(
    pred: Tensor | bool,
    true_fn: Callable[..., Tree],
    false_fn: Callable[..., Tree],
    /,
    *operands: Tree,
) -> Tree:
    """``true_fn(*operands) if pred else false_fn(*operands)``.

    Eagerly the other function is not run.  Compiled code traces both, so they must give trees
    of the same structure, of tensors of the same dtypes and shapes; it runs one of them.

    Args:
        pred: a bool scalar.
        operands: trees of tensors.  The functions may use other tensors, too.

    >>> from dualnet import ops
    >>> x = ops.asarray(3.0)
    >>> float(ops.cond(x > 2, lambda x: 2 * x, lambda x: -x, x))
    6.0

    Raises:
        DtypeError: ``pred`` is not bool, or an operand or a result is no tensor.
        ForeignTensorError: tensors of two frameworks.
        ShapeError: ``pred`` is no scalar; in compiled code, the results differ in kind (of
            which PyTorch's compiler has words of its own).
    """
    true_fn, false_fn = (giving_tensors(f, "cond") for f in (true_fn, false_fn))
    if isinstance(pred, bool):
        return (true_fn if pred else false_fn)(*operands)
    check_pred(pred, "cond")
    backend = backend_among((pred, operands))
    return backend.control.branch(pred, true_fn, false_fn, adopted(operands, backend))


def while_loop(
    cond_fn: Callable[..., Tensor],
    body_fn: Callable[..., Tree],
    loop_vars: Sequence[Tree],
    /,
    *,
    maximum_iterations: int | None = None,
) -> Tree:
    """``loop_vars = body_fn(*loop_vars)`` as long as ``cond_fn(*loop_vars)`` holds.

    Args:
        cond_fn: gives a bool scalar.
        body_fn: gives a tuple or list like ``loop_vars``, of tensors of the same dtypes and
            shapes.
        loop_vars: a tuple or list of trees of tensors; a number is made a tensor.
        maximum_iterations: where to stop at the latest.

    Returns:
        The last ``loop_vars``.

    >>> from dualnet import ops
    >>> _, x = ops.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, 2 * x), (0, 1))
    >>> int(x)
    8

    Raises:
        ConfigError: ``loop_vars`` are no tuple or list, or ``maximum_iterations`` is negative.
        ShapeError, DtypeError: ``body_fn`` gives something else than it was given, or
            ``cond_fn`` no bool scalar.
    """
    if not isinstance(loop_vars, (tuple, list)):
        raise ConfigError(f"loop_vars must be a tuple or list, got {type(loop_vars).__name__}")
    if maximum_iterations is not None and maximum_iterations < 0:
        raise ConfigError(f"maximum_iterations={maximum_iterations} must not be negative")
    backend = backend_among(loop_vars)
    state = tuple(adopted(loop_vars, backend))

    def goes_on(*state: Tree) -> Tensor:
        pred = cond_fn(*state)
        if not isinstance(pred, bool):
            check_pred(pred, "while_loop's cond_fn")
        return pred

    def body(*state: Tree) -> tuple[Tree, ...]:
        new = body_fn(*state)
        new = tuple(new) if isinstance(new, list) else new
        return tuple(alike(new, state, "while_loop's body_fn"))

    found = backend.control.loop(goes_on, body, state, maximum=maximum_iterations)
    return type(loop_vars)(found) if type(loop_vars) in (tuple, list) else tuple(found)


def scan(
    f: Callable[[Any, Any], tuple[Tree, Tree]],
    init: Tree,
    xs: Tree = None,
    /,
    *,
    length: int | None = None,
    reverse: bool = False,
) -> tuple[Tree, Tree]:
    """``carry, y_i = f(carry, x_i)`` for each slice of ``xs`` along axis 0, as in ``jax.lax``.

    Args:
        f: takes a carry and a slice; gives a carry of the same structure, dtypes and shapes,
            and an output, a tree of tensors (or ``None`` for none).
        init: the first carry; a number is made a tensor.
        xs: a tree of tensors with equal first axes, or ``None``, which is then what ``f`` gets.
        length: how many steps; that of ``xs`` if not given.
        reverse: whether to start at the end; the outputs keep the order of ``xs``.

    Returns:
        The last carry and the outputs, stacked along a new axis 0.

    >>> from dualnet import ops
    >>> last, sums = ops.scan(lambda c, x: (c + x, c + x), 0, ops.asarray([1, 2, 3]))
    >>> int(last), sums.tolist()
    (6, [1, 3, 6])

    Raises:
        ConfigError: neither ``xs`` nor ``length``, or a negative one.
        ShapeError: first axes differ, from each other or from ``length``, or there are none;
            ``f`` gives a carry of another structure or shape; no step to tell the outputs by.
        DtypeError: ``f`` gives a carry of another dtype, or an output that is no tensor.
    """
    backend = backend_among((init, xs))
    init = adopted(init, backend)
    xs = None if xs is None else adopted(xs, backend)
    count = _length(xs, length)

    def step(carry: Tree, x: Tree) -> tuple[Tree, Tree]:
        given: Any = f(carry, None if xs is None else x)
        if not (isinstance(given, tuple) and len(given) == 2):
            raise ShapeError("scan's f must give a pair, the new carry and an output")
        new, y = given
        return alike(new, carry, "scan's f"), () if y is None else tensors_only(y, "scan's f")

    carry, ys = backend.control.scan(step, init, () if xs is None else xs, count, reverse=reverse)
    return carry, None if isinstance(ys, tuple) and not ys else ys


def map(f: Callable[[Any], Tree], xs: Tree, /) -> Tree:
    """``f`` of each slice of ``xs`` along axis 0, stacked: ``scan`` without a carry.

    One slice after the other: where memory allows it, :func:`dualnet.vmap` is faster.

    Raises:
        ShapeError, DtypeError: as :func:`scan`.
    """
    _, ys = scan(lambda carry, x: (carry, f(x)), (), xs)
    return ys


def associative_scan(
    f: Callable[[Any, Any], Tree], elems: Tree, /, *, reverse: bool = False, axis: int = 0
) -> Tree:
    """``y_i = f(y_(i-1), x_i)`` along an axis, for an associative ``f``, in ``2·log₂ n`` calls.

    The recursion of Blelloch, "Prefix Sums and Their Applications", 1990: pairs of neighbours
    are combined, the half as many are scanned, and the elements between them follow.

    Args:
        f: takes two trees like ``elems``, slices of equal length along the axis; gives one.
        elems: a tree of tensors, equally long along the axis.
        reverse: whether to start at the end: ``y_i = f(y_(i+1), x_i)``.

    >>> from dualnet import ops
    >>> ops.associative_scan(ops.maximum, ops.asarray([1.0, 3.0, 2.0])).tolist()
    [1.0, 3.0, 3.0]

    Raises:
        ShapeError: the lengths differ, or compiled code does not know them; ``f`` gives
            another structure or shape.
        DtypeError: ``f`` gives another dtype.
    """
    elems = adopted(elems, backend_among(elems))
    leaves = tree.leaves(elems)
    if not leaves or any(not -len(x.shape) <= axis < len(x.shape) for x in leaves):
        raise ShapeError(f"associative_scan needs tensors with an axis {axis}")
    lengths = {shape_of(x)[axis] for x in leaves}
    if len(lengths) > 1 or -1 in lengths:
        raise ShapeError(f"associative_scan along lengths {sorted(lengths)}: one known is wanted")

    def turned(elems: Tree) -> Tree:
        return tree.map(lambda x: ops.flip(x, axis=axis), elems) if reverse else elems

    return turned(_prefixes(f, turned(elems), axis, lengths.pop()))


def _prefixes(f: Callable[[Any, Any], Tree], elems: Tree, axis: int, length: int) -> Tree:
    """All results of a scan over ``length`` elements."""
    if length < 2:
        return elems

    def part(elems: Tree, *bounds: int | None) -> Tree:
        return tree.map(lambda x: _cut(x, axis, slice(*bounds)), elems)

    def combined(one: Tree, other: Tree) -> Tree:
        return alike(f(one, other), one, "associative_scan's f")

    pairs = combined(part(elems, 0, length - 1, 2), part(elems, 1, None, 2))
    odd = _prefixes(f, pairs, axis, length // 2)
    before = odd if length % 2 else part(odd, 0, length // 2 - 1)
    first = part(elems, 0, 1)
    if length > 2:
        later = combined(before, part(elems, 2, None, 2))
        first = tree.map(lambda *xs: ops.concat(xs, axis=axis), first, later)
    return tree.map(lambda a, b: _in_turn(a, b, axis, length), first, odd)


def _cut(x: Tensor, axis: int, part: slice) -> Tensor:
    """A slice along one axis."""
    return x[(slice(None),) * (axis % len(x.shape)) + (part,)]


def _in_turn(even: Tensor, odd: Tensor, axis: int, length: int) -> Tensor:
    """The elements of two tensors one after the other, that of ``even`` first."""
    places = ops.nn.places(even, length)
    order = places // 2 + places % 2 * ((length + 1) // 2)
    return ops.take(ops.concat([even, odd], axis=axis), order, axis=axis)


def _length(xs: Tree, length: int | None) -> Any:
    """How many steps a scan has: a number, or a tensor where a graph does not know it."""
    leaves = [] if xs is None else tree.leaves(xs)
    if not leaves and length is None:
        raise ConfigError("scan needs xs, or length= to know how many steps there are")
    if length is not None and length < 0:
        raise ConfigError(f"length={length} must not be negative")
    if any(not len(x.shape) for x in leaves):
        raise ShapeError("scan goes along axis 0, and one of xs is a scalar")
    sizes = [] if length is None else [length]
    sizes += [shape_of(x)[0] for x in leaves if shape_of(x)[0] >= 0]
    if any(size != sizes[0] for size in sizes):
        raise ShapeError(f"scan along axes of different lengths: {sizes}")
    return sizes[0] if sizes else ops.nn.axis_size(leaves[0], axis=0)
