"""The optimizer: a frozen value of hyperparameters, and its formula for one variable.

A subclass names its slots (running averages kept per variable), computes the scalars of a
step in float64, and writes the formula once, with operators and :mod:`dualnet.ops`, as its
paper does.  Carrying it out over many variables is the backend's; keeping slots, step and
learning rate is :class:`~dualnet.optim.bound.BoundOptimizer`'s.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from dualnet import ops
from dualnet.config import Configurable
from dualnet.errors import ConfigError
from dualnet.optim.check import check_decay, check_integer, check_nonnegative, check_positive
from dualnet.optim.groups import Group, check_groups
from dualnet.optim.scalar import Number
from dualnet.optim.scaling import LossScale
from dualnet.optim.schedules import Schedule
from dualnet.typing import NDArray, Tensor, Tree

if TYPE_CHECKING:
    from dualnet.optim.bound import BoundOptimizer

__all__ = ["Optimizer"]

CLIPPING = ("clipvalue", "clipnorm", "global_clipnorm")
#: The name under which the average of a variable is kept.
EMA = "ema"
NONFINITE = (None, "error", "skip")


class Optimizer(Configurable):
    """Base of every optimizer.

    One step, for every variable ``p`` with gradient ``g``:

    1. ``g`` is clipped, as one of ``clipvalue``, ``clipnorm`` and ``global_clipnorm`` asks;
    2. ``g ← g + l2 · p``;
    3. ``p ← p · (1 - lr · weight_decay)``;
    4. ``p ← update(p, g)``.

    A variable whose gradient is ``None`` is left alone, decay included.  Variables in half
    precision are updated in float32, with slots in float32, and rounded at the end.

    Args:
        learning_rate: a number, or a :class:`Schedule`.
        weight_decay: decoupled decay (Loshchilov & Hutter, "Decoupled Weight Decay
            Regularization", 2019), multiplied by the learning rate.
        no_decay: patterns (as in ``fnmatch``) of the paths that ``weight_decay`` spares, such
            as ``("*.bias", "*.gamma")``, in whichever group they are; a group that gives a
            ``weight_decay`` of its own is not asked.
        groups: variables with other hyperparameters, or with another optimizer, by path: a
            tuple of :class:`~dualnet.optim.Group`; the first that matches has the variable.
        l2: factor of the penalty ``l2/2 · Σ p²``.
        clipvalue: every element of a gradient is kept in ``[-clipvalue, clipvalue]``.
        clipnorm: every gradient is scaled so that its norm is at most this.
        global_clipnorm: all gradients are scaled together, ``g · max / maximum(norm, max)``.
        nonfinite: what a global gradient norm of NaN or infinity does: ``"error"`` raises
            :class:`~dualnet.errors.NonFiniteError` before anything changes, ``"skip"`` leaves
            weights, slots and step as they were.  ``None``: gradients are not looked at,
            unless ``global_clipnorm`` measures them, which then means ``"error"``.  A compiled
            function cannot raise: it skips the step in both cases and counts it in
            ``BoundOptimizer.skipped``; ``check_finite`` (``fit`` calls it) then raises.
        ema: decay ``δ`` of a running average of the weights, ``e ← δ · e + (1 - δ) · p`` after
            every update, from ``e = p`` (Polyak & Juditsky, "Acceleration of Stochastic
            Approximation by Averaging", 1992); ``BoundOptimizer.averaged`` puts it to use.
        accumulate: how many calls of ``apply`` make one update, with the mean of their
            gradients; a gradient that is ``None`` counts as zero then.
        loss_scale: for gradients in float16, of a loss that ``BoundOptimizer.scaled`` made
            larger; ``apply_scaled`` takes them.  ``fit`` does both, and under
            ``mixed_float16`` it scales without being asked.

    Raises:
        ConfigError: a hyperparameter is out of range.
    """

    #: Whether an update evaluates the loss again and again: ``BoundOptimizer.minimize`` alone.
    needs_closure: ClassVar[bool] = False

    learning_rate: float | Schedule
    weight_decay: float = dataclasses.field(default=0.0, kw_only=True)
    no_decay: tuple[str, ...] = dataclasses.field(default=(), kw_only=True)
    groups: tuple[Group, ...] = dataclasses.field(default=(), kw_only=True)
    l2: float = dataclasses.field(default=0.0, kw_only=True)
    clipvalue: float | None = dataclasses.field(default=None, kw_only=True)
    clipnorm: float | None = dataclasses.field(default=None, kw_only=True)
    global_clipnorm: float | None = dataclasses.field(default=None, kw_only=True)
    nonfinite: str | None = dataclasses.field(default=None, kw_only=True)
    ema: float | None = dataclasses.field(default=None, kw_only=True)
    accumulate: int = dataclasses.field(default=1, kw_only=True)
    loss_scale: LossScale | None = dataclasses.field(default=None, kw_only=True)

    def check(self) -> None:
        name = type(self).__name__
        if not isinstance(self.learning_rate, Schedule):
            check_nonnegative(name, learning_rate=self.learning_rate)
        check_nonnegative(name, weight_decay=self.weight_decay, l2=self.l2)
        chosen = {k: v for k in CLIPPING if (v := getattr(self, k)) is not None}
        check_positive(name, **chosen)
        if len(chosen) > 1:
            raise ConfigError(f"{name}: {' and '.join(chosen)} exclude each other; choose one")
        if self.ema is not None:
            check_decay(name, ema=self.ema)
        check_integer(name, accumulate=self.accumulate)
        if not isinstance(self.loss_scale, (LossScale, type(None))):
            raise ConfigError(
                f"{name}: loss_scale={self.loss_scale!r}; give optim.LossScale() or None"
            )
        if self.nonfinite not in NONFINITE:
            raise ConfigError(f"{name}: nonfinite={self.nonfinite!r}; choose one of {NONFINITE}")
        if not isinstance(self.no_decay, tuple):
            raise ConfigError(
                f"{name}: no_decay={self.no_decay!r} must be a tuple of patterns, such as "
                "('*.bias',)"
            )
        check_groups(self)

    @property
    def slots(self) -> tuple[str, ...]:
        """Names of the tensors kept for each variable."""
        return ()

    def start(self, slot: str, p: NDArray) -> NDArray | None:
        """The first value of a slot: zeros, in the shape of the variable.

        A rule may start elsewhere, in another shape, or give ``None`` where this variable has
        no such slot.

        Args:
            slot: its name.
            p: the variable's first value.
        """
        return np.zeros(p.shape)

    def coefficients(self, step: Number, lr: Number) -> dict[str, Number]:
        """The scalars of one step, in float64.

        Args:
            step: the number of this step, from 1.
            lr: its learning rate.
        """
        return {"lr": lr}

    def update(
        self, p: Tensor, g: Tensor, slots: dict[str, Tensor], *_: Any, **coefficients: Any
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """New value and new slots of one variable; pure.

        A subclass names the coefficients it takes, as keywords.
        """
        raise NotImplementedError(f"{type(self).__name__} defines no update(self, p, g, slots)")

    @property
    def averages(self) -> bool:
        """Whether an average of the weights is kept, or follows from what is kept."""
        return self.ema is not None

    def average(self, p: Tensor, slots: dict[str, Tensor]) -> Tensor:
        """What one variable has learned: its average, of a rule that averages."""
        return slots[EMA]

    @property
    def kept(self) -> tuple[str, ...]:
        """Names of all that is kept for each variable: the slots, and the average."""
        return self.slots if self.ema is None else (*self.slots, EMA)

    def first(self, name: str, p: NDArray) -> NDArray | None:
        """The first value of what is kept under a name; an average starts at ``p``."""
        return p if name == EMA else self.start(name, p)

    def decay(self, lr: Number) -> dict[str, Number]:
        """``decay`` = ``1 - lr · weight_decay``, where there is weight decay.

        A rule with another place for its decay gives nothing here.
        """
        return {"decay": 1.0 - lr * self.weight_decay} if self.weight_decay else {}

    def step_coefficients(self, step: Number, lr: Number) -> dict[str, Number]:
        """:meth:`coefficients`, and :meth:`decay`."""
        return self.coefficients(step, lr) | self.decay(lr)

    def advance(
        self,
        p: Tensor,
        g: Tensor,
        slots: dict[str, Tensor],
        finite: Tensor | None,
        *,
        decay: Number = None,
        **coefficients: Number,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Points 2 to 4 of a step for one variable.

        Args:
            finite: a boolean tensor, False for a step to be skipped; ``None`` if the step
                is known to be good.
        """
        if self.l2:
            g = g + self.l2 * p
        decayed = p if decay is None else p * decay
        new_p, new_slots = self.update(decayed, g, slots, **coefficients)
        if self.ema is not None:
            new_slots[EMA] = slots[EMA] + (1.0 - self.ema) * (new_p - slots[EMA])
        if finite is None:
            return new_p, new_slots
        kept = {name: ops.where(finite, new_slots[name], slots[name]) for name in new_slots}
        return ops.where(finite, new_p, p), kept

    def bind(self, model: Tree) -> BoundOptimizer:
        """This optimizer at work on a model, or on a list or tree of native variables.

        Raises:
            NotBuiltError: the model has no weights yet.
            ConfigError: there is nothing to train, or a pattern of ``groups`` or ``no_decay``
                matches no variable.
            ForeignTensorError: variables of two frameworks.
        """
        from dualnet.optim.bound import BoundOptimizer  # it stands on this module

        return BoundOptimizer(self, model)
