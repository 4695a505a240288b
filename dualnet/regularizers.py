"""Regularizers: what a weight, or a layer's output, adds to the loss.

A regularizer is a value, with Keras 3's names, order and defaults of hyperparameters; called
on a tensor it gives one number, which :meth:`dualnet.Model.fit` and ``evaluate`` add to the
loss.  Layers take one, or its name, for each of their weights and for their output::

    nn.Dense(10, kernel_regularizer="l2", activity_regularizer=regularizers.L1(1e-4))

>>> from dualnet import ops, regularizers
>>> import dualnet as dn
>>> with dn.using("torch"):
...     float(regularizers.L1L2(l1=0.5, l2=0.25)(ops.asarray([1.0, -2.0])))
2.75
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

from dualnet import ops
from dualnet.config import Configurable, named
from dualnet.errors import ShapeError, unknown_name
from dualnet.optim.check import check_nonnegative
from dualnet.typing import Tensor

__all__ = ["L1", "L1L2", "L2", "Orthogonal", "OrthogonalRegularizer", "Regularizer", "get"]


class Regularizer(Configurable):
    """Base of the regularizers: a value that turns a tensor into one number to be made small."""

    def __call__(self, x: Tensor) -> Tensor:
        """A scalar of the dtype of ``x``."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__")


class L1(Regularizer):
    """``l1·Σ|x|``; its derivative at 0 is 0."""

    l1: float = 0.01

    def check(self) -> None:
        check_nonnegative(type(self).__name__, l1=self.l1)

    def __call__(self, x: Tensor) -> Tensor:
        return self.l1 * ops.sum(ops.abs(x))


class L2(Regularizer):
    """``l2·Σx²``: without the ½ that some texts have."""

    l2: float = 0.01

    def check(self) -> None:
        check_nonnegative(type(self).__name__, l2=self.l2)

    def __call__(self, x: Tensor) -> Tensor:
        return self.l2 * ops.sum(x * x)


class L1L2(Regularizer):
    """``l1·Σ|x| + l2·Σx²`` (the elastic net: Zou & Hastie 2005).

    The name ``"l1_l2"`` stands for ``L1L2(0.01, 0.01)``, as in Keras.
    """

    l1: float = 0.0
    l2: float = 0.0

    def check(self) -> None:
        check_nonnegative(type(self).__name__, l1=self.l1, l2=self.l2)

    def __call__(self, x: Tensor) -> Tensor:
        return self.l1 * ops.sum(ops.abs(x)) + self.l2 * ops.sum(x * x)


class Orthogonal(Regularizer):
    """``factor`` times the mean ``|cos|`` of the angles between the rows, or columns, of a matrix.

    ``factor·Σ_{i<j} |r_i·r_j| / (n(n - 1)/2)`` with ``r_i`` the ``n`` rows divided by their norms;
    0 for a single row.

    Args:
        factor: zero or more.
        mode: ``"rows"`` or ``"columns"``.

    Raises:
        ShapeError: called on something else than a matrix.
    """

    factor: float = 0.01
    mode: Literal["rows", "columns"] = "rows"

    def check(self) -> None:
        check_nonnegative(type(self).__name__, factor=self.factor)
        if self.mode not in MODES:
            raise unknown_name("mode", self.mode, MODES)

    def __call__(self, x: Tensor) -> Tensor:
        if len(x.shape) != 2:
            raise ShapeError(
                f"{self!r} is for matrices, got shape {tuple(x.shape)}; a kernel of another rank "
                "needs a regularizer of its own"
            )
        rows = x if self.mode == "rows" else ops.matrix_transpose(x)
        count = rows.shape[0]
        rows = ops.nn.normalize(rows)
        products = ops.abs(ops.triu(ops.matmul(rows, ops.matrix_transpose(rows)), k=1))
        return self.factor / max(1, count * (count - 1) // 2) * ops.sum(products)


OrthogonalRegularizer = Orthogonal  # Keras's name

MODES = ("rows", "columns")


def get(spec: str | Regularizer | None) -> Regularizer | None:
    """The regularizer that a name or a regularizer stands for; ``None`` for none.

    >>> get("l2"), get("l1_l2"), get("orthogonal"), get(L1(0.5)), get(None)
    (L2(), L1L2(l1=0.01, l2=0.01), Orthogonal(), L1(l1=0.5), None)

    Raises:
        UnknownName: no regularizer has this name.
        ConfigError: neither a name nor a regularizer.
    """
    if spec is None:
        return None
    return named(spec, Regularizer, NAMES, "a regularizer is a name, a Regularizer or None")


NAMES: dict[str, Callable[[], Regularizer]] = {
    "l1": L1,
    "l1_l2": partial(L1L2, 0.01, 0.01),
    "l1l2": partial(L1L2, 0.01, 0.01),
    "l2": L2,
    "orthogonal": Orthogonal,
    "orthogonal_regularizer": Orthogonal,
}
