"""Values with a mask: which steps of a batch of sequences are there, and which are padding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from dualnet import tree
from dualnet.errors import MaskError
from dualnet.typing import Tensor, Tree

__all__ = ["Masked", "any_masked", "check_masked", "parted", "unwrapped", "wrapped"]

ADVICE = (
    "read its values and its mask, give it to a layer that knows masks (nn.Add(), nn.Multiply(), "
    "…), or end the mask with nn.Unmask()"
)


def _refusal(what: str) -> Callable[..., NoReturn]:
    """A method that no masked values have."""

    def refuse(self: Masked, *args: Any, **kwargs: Any) -> NoReturn:
        raise MaskError(f"{what} of Masked would lose its mask; {ADVICE}")

    return refuse


class Masked(tree.Branch):
    """Values ``(batch, time, …)`` and a boolean mask ``(batch, time)``, True where a step is there.

    What a layer gives that knows which steps are padding.  It is no tensor: what takes tensors
    refuses it, so that a mask ends only where it is said to (:class:`dualnet.nn.Unmask`).  It is
    a node of :mod:`dualnet.tree` with two children, and goes in and out of compiled functions.

    >>> import numpy as np
    >>> Masked(np.zeros((2, 3, 4)), np.array([[1, 1, 0], [1, 1, 1]], bool)).mask.sum()
    np.int64(5)

    Raises:
        MaskError: it is used as a tensor.
    """

    __slots__ = ("mask", "values")

    values: Tensor
    mask: Tensor

    def __init__(self, values: Tensor, mask: Tensor) -> None:
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "mask", mask)

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(f"Masked is immutable; make another one to change its {name}")

    def __repr__(self) -> str:
        return f"Masked({self.values!r}, {self.mask!r})"

    def __reduce__(self) -> tuple[type[Masked], tuple[Tensor, Tensor]]:
        return Masked, (self.values, self.mask)

    def children(self) -> list[Tree]:
        return [self.values, self.mask]

    def rebuilt(self, children: list[Tree]) -> Masked:
        return Masked(*children)

    # By these two a function compiled by TensorFlow takes and gives it; PyTorch needs no word.

    def __tf_flatten__(self) -> tuple[tuple[()], tuple[Tensor, Tensor]]:
        return (), (self.values, self.mask)

    @classmethod
    def __tf_unflatten__(cls, metadata: tuple[()], components: tuple[Tensor, Tensor]) -> Masked:
        return cls(*components)

    shape = property(_refusal("the shape"))
    dtype = property(_refusal("the dtype"))
    ndim = property(_refusal("the rank"))
    __bool__ = _refusal("the truth")
    __getitem__ = _refusal("a part")
    __iter__ = _refusal("an iterator")
    __len__ = _refusal("the length")
    __abs__ = _refusal("the absolute value")
    __neg__ = _refusal("the negative")
    __add__ = __radd__ = _refusal("a sum")
    __sub__ = __rsub__ = _refusal("a difference")
    __mul__ = __rmul__ = _refusal("a product")
    __matmul__ = __rmatmul__ = _refusal("a matrix product")
    __truediv__ = __rtruediv__ = _refusal("a quotient")
    __floordiv__ = __rfloordiv__ = _refusal("a quotient")
    __mod__ = __rmod__ = _refusal("a remainder")
    __pow__ = __rpow__ = _refusal("a power")
    __lt__ = __le__ = __gt__ = __ge__ = _refusal("a comparison")


def any_masked(given: Tree) -> bool:
    """Whether there are masked values anywhere in a tree of arguments."""
    if isinstance(given, Masked):
        return True
    if isinstance(given, (tuple, list)):
        return any(any_masked(part) for part in given)
    if isinstance(given, dict):
        return any(any_masked(part) for part in given.values())
    return False


def parted(given: Any) -> tuple[Any, Tensor | None]:
    """An argument as its values and its mask, which is ``None`` where there is none.

    >>> parted(Masked("values", "mask")), parted("tensor")
    (('values', 'mask'), ('tensor', None))
    """
    return (given.values, given.mask) if isinstance(given, Masked) else (given, None)


def wrapped(values: Any, mask: Tensor | None) -> Any:
    """The inverse of :func:`parted`."""
    return values if mask is None else Masked(values, mask)


def unwrapped(given: Tree) -> Tree:
    """A tree of arguments with the values alone wherever there are masked ones."""
    return tree.map_leaves(lambda leaf: parted(leaf)[0], given, stop=Masked)


def check_masked(given: Tree) -> None:
    """Raises :class:`MaskError` if a mask in a tree is not boolean, or not of its values' steps."""
    for leaf in tree.leaves(given, stop=Masked):
        values, mask = parted(leaf)
        if mask is None:
            continue
        if "bool" not in str(mask.dtype):
            raise MaskError(
                f"a mask is {mask.dtype}, it must be boolean: True where a step is there; write "
                "mask.astype(bool)"
            )
        if len(mask.shape) != 2 or tuple(mask.shape) != tuple(values.shape[:2]):
            raise MaskError(
                f"a mask of shape {tuple(mask.shape)} for values of shape {tuple(values.shape)}; "
                "it must be (batch, time), as the first axes of its values"
            )
