"""Constraints: where a weight is put back to after each update.

A constraint is a value, with Keras 3's names, order, defaults and formulas; called on a weight
it gives the weight that takes its place.  The optimizer of a model applies it after each
update, as a projected gradient method does::

    nn.Dense(10, kernel_constraint=constraints.MaxNorm(3.0), bias_constraint="non_neg")

Norms are taken along ``axis`` of the canonical layout, which is Keras's: axis 0 of a dense
kernel ``(in, out)`` makes it the norm of the weights that come into each unit; for a
convolution, ``(*spatial, in, out)``, give all axes but the last, ``(0, 1, 2)`` for ``Conv2D``.
A depthwise kernel is ``(*spatial, 1, in·depth_multiplier)`` here.

>>> from dualnet import constraints, ops
>>> import dualnet as dn
>>> with dn.using("torch", dtype="float64"):
...     constraints.MaxNorm(1.0)(ops.asarray([[3.0, 0.0], [4.0, 0.5]]))
tensor([[0.6000, 0.0000],
        [0.8000, 0.5000]], dtype=torch.float64)
"""

from __future__ import annotations

from dualnet import ops
from dualnet.config import Configurable, named, snake_case
from dualnet.errors import ConfigError
from dualnet.optim.check import check_fraction, check_nonnegative
from dualnet.typing import Tensor

__all__ = ["Constraint", "MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm", "get"]

Axes = int | tuple[int, ...]

#: Added to norms before they divide; Keras's.
EPSILON = 1e-7


class Constraint(Configurable):
    """Base of the constraints: a value that turns a weight into one that is allowed."""

    def __call__(self, w: Tensor) -> Tensor:
        """A tensor of the shape and dtype of ``w``."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__")


class MaxNorm(Constraint):
    """``w·min(‖w‖, max_value)/(‖w‖ + 10⁻⁷)`` (Srebro & Shraibman 2005).

    Args:
        max_value: the largest norm that is allowed.
        axis: the axis, or axes, along which norms are taken.
    """

    max_value: float = 2.0
    axis: Axes = 0

    def check(self) -> None:
        check_nonnegative("MaxNorm", max_value=self.max_value)

    def __call__(self, w: Tensor) -> Tensor:
        norm = _norm(w, self.axis)
        return w * (ops.minimum(norm, self.max_value) / (norm + EPSILON))


class MinMaxNorm(Constraint):
    """``w·(rate·clip(‖w‖, min_value, max_value) + (1 - rate)·‖w‖)/(‖w‖ + 10⁻⁷)``.

    Args:
        min_value, max_value: the norms that are allowed.
        rate: how much of the way is gone at each update; 1 is all of it.
        axis: the axis, or axes, along which norms are taken.
    """

    min_value: float = 0.0
    max_value: float = 1.0
    rate: float = 1.0
    axis: Axes = 0

    def check(self) -> None:
        check_nonnegative("MinMaxNorm", min_value=self.min_value, max_value=self.max_value)
        check_fraction("MinMaxNorm", rate=self.rate)
        if self.min_value > self.max_value:
            raise ConfigError(f"{self!r}: min_value must not be above max_value")

    def __call__(self, w: Tensor) -> Tensor:
        norm = _norm(w, self.axis)
        allowed = ops.minimum(ops.maximum(norm, self.min_value), self.max_value)
        wanted = self.rate * allowed + (1.0 - self.rate) * norm
        return w * (wanted / (norm + EPSILON))


class NonNeg(Constraint):
    """``max(w, 0)``."""

    def __call__(self, w: Tensor) -> Tensor:
        return ops.maximum(w, 0.0)


class UnitNorm(Constraint):
    """``w/(‖w‖ + 10⁻⁷)``.

    Args:
        axis: the axis, or axes, along which norms are taken.
    """

    axis: Axes = 0

    def __call__(self, w: Tensor) -> Tensor:
        return w / (_norm(w, self.axis) + EPSILON)


def get(spec: str | Constraint | None) -> Constraint | None:
    """The constraint that a name, in snake or camel case, or a constraint stands for.

    >>> get("max_norm"), get("NonNeg"), get(UnitNorm(axis=1)), get(None)
    (MaxNorm(), NonNeg(), UnitNorm(axis=1), None)

    Raises:
        UnknownName: no constraint has this name.
        ConfigError: neither a name nor a constraint.
    """
    if spec is None:
        return None
    return named(spec, Constraint, NAMES, "a constraint is a name, a Constraint or None")


NAMES = {snake_case(kind.__name__): kind for kind in (MaxNorm, MinMaxNorm, NonNeg, UnitNorm)}


def _norm(w: Tensor, axis: Axes) -> Tensor:
    """Euclidean norms, with the axes kept."""
    return ops.sqrt(ops.sum(w * w, axis=axis, keepdims=True))
