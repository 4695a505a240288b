"""Masks carried from layer to layer: where they begin, how they pass, and where they end.

Masks travel beside their values as :class:`Masked`.  ``forward`` never sees one: a layer called
with masked values runs ``forward_masked`` in its place, which unwraps them, says what the mask
means to this layer, and wraps the result again.
"""

from __future__ import annotations

import math
from functools import reduce
from typing import Any

from dualnet import ops
from dualnet.errors import ConfigError, MaskError
from dualnet.masked import Masked, any_masked, parted, unwrapped, wrapped
from dualnet.nn import _check
from dualnet.nn.layer import Layer
from dualnet.typing import Shape, Tensor

__all__ = [
    "Masked",
    "Masking",
    "Unmask",
    "any_masked",
    "combined",
    "every_step",
    "fitting",
    "over_steps",
    "parted",
    "passed",
    "unwrapped",
    "wrapped",
]


def combined(*masks: Tensor | None) -> Tensor | None:
    """The steps that all of some masks have; ``None`` stands for a mask of all steps."""
    given = [mask for mask in masks if mask is not None]
    return reduce(ops.logical_and, given) if given else None


def every_step(values: Tensor) -> Tensor:
    """The mask ``(batch, time)`` of values that have all their steps."""
    while len(values.shape) > 2:
        values = values[..., 0]
    return ops.equal(ops.zeros_like(values), 0)


def over_steps(mask: Tensor, values: Tensor) -> Tensor:
    """A mask ``(batch, time)`` with axes added, so that it meets values ``(batch, time, …)``."""
    for _ in range(len(values.shape) - 2):
        mask = ops.expand_dims(mask, axis=-1)
    return mask


def fitting(layer: Layer, values: Tensor, mask: Tensor | None) -> Any:
    """What a layer gave, with its mask.

    Raises:
        MaskError: the values have other steps than the mask, as far as sizes are known.
    """
    if mask is not None:
        pairs = zip(tuple(mask.shape), (*values.shape, None, None), strict=False)
        if any(None not in pair and pair[0] != pair[1] for pair in pairs):
            raise MaskError(
                f"{layer._definition!r} gave values of shape {tuple(values.shape)}, which a mask "
                f"of shape {tuple(mask.shape)} does not fit; end the mask with nn.Unmask() before"
            )
    return wrapped(values, mask)


def passed(layer: Layer, x: Any, *args: Any, **kwargs: Any) -> Masked:
    """The ``forward_masked`` of a layer that acts on each step alone: the mask stays as it is.

    ``forward`` works on the values; a layer's class says ``forward_masked = passed``.  Masks of
    further arguments are and-ed with the first one's.

    Raises:
        MaskError: the values have no axis of features, so that the layer would act along time.
    """
    values, mask = parted(x)
    if len(values.shape) < 3:
        raise MaskError(
            f"{layer._definition!r} acts on the features of a step, but masked values of shape "
            f"{tuple(values.shape)} have none; give (batch, time, features)"
        )
    y = layer.forward(values, *unwrapped(args), **unwrapped(kwargs))
    others = [parted(part)[1] for part in (*args, *kwargs.values())]
    carried: Masked = fitting(layer, y, combined(mask, *others))
    return carried


class Masking(Layer):
    """Begins a mask: a step of ``(batch, time, …)`` is there if any feature is not ``mask_value``.

    Gives :class:`Masked`, whose values are 0 at the steps that are not there.  Of masked values
    only steps that were there before can be.

    >>> import dualnet as dn, numpy as np
    >>> model = dn.Model(dn.nn.Masking(), (3, 2), backend="torch")
    >>> model(np.array([[[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]]])).mask
    tensor([[ True,  True, False]])

    Args:
        mask_value: what every feature of padding is.
    """

    mask_value: float = 0.0

    def check(self) -> None:
        _check.finite(self, "mask_value")

    def makes_masks(self) -> bool:
        return True

    def build(self, input_shape: Shape) -> None:
        _check.rank(self, input_shape, 3, None, "the layout is (batch, time, features)")

    def forward(self, x: Tensor) -> Masked:
        features = tuple(range(2, len(x.shape)))
        mask = ops.any(ops.not_equal(x, self.mask_value), axis=features)
        return Masked(ops.where(over_steps(mask, x), x, ops.zeros_like(x)), mask)

    def forward_masked(self, x: Masked) -> Masked:
        found: Masked = self.forward(x.values)
        mask = ops.logical_and(found.mask, x.mask)
        values = ops.where(over_steps(mask, x.values), x.values, ops.zeros_like(x.values))
        return Masked(values, mask)


class Unmask(Layer):
    """Ends a mask: the values, as any layer takes them; a plain tensor stays as it is.

    >>> from dualnet import nn
    >>> nn.Sequential(nn.Masking(), nn.LSTM(8, return_sequences=True), nn.Unmask(), nn.Flatten())
    Sequential(Masking(), LSTM(units=8, return_sequences=True), Unmask(), Flatten())

    Args:
        value: what the steps that are not there become; left as they are if not given.
    """

    value: float | None = None

    def check(self) -> None:
        if self.value is not None and not math.isfinite(self.value):
            raise ConfigError(f"Unmask: value must be a finite number or None, got {self.value!r}")

    def forward(self, x: Tensor) -> Tensor:
        return x

    def forward_masked(self, x: Masked) -> Tensor:
        if self.value is None:
            return x.values
        return ops.where(over_steps(x.mask, x.values), x.values, self.value)
