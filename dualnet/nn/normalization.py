"""Normalisations by the statistics of a batch or of each sample."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from dualnet import ops
from dualnet.dtypes import wide
from dualnet.errors import ConfigError, ShapeError
from dualnet.nn import _check
from dualnet.nn.layer import Layer
from dualnet.nn.masks import Masked, over_steps, passed
from dualnet.nn.roles import WithAffine
from dualnet.typing import Shape, Tensor

if TYPE_CHECKING:
    from dualnet.initializers import Initializer

__all__ = [
    "BatchNorm",
    "GroupNorm",
    "InstanceNorm",
    "LayerNorm",
    "RMSNorm",
    "UnitNormalization",
]


class Normalization(WithAffine):
    """Base: ``γ·x̂ + β``, with weights ``gamma`` (if ``scale``) and ``beta`` (if ``center``)."""

    autocast: ClassVar[bool] = False  # half precision is normalised in float32

    if TYPE_CHECKING:
        epsilon: float
        center: bool
        scale: bool
        beta_initializer: str | Initializer
        gamma_initializer: str | Initializer

    def check(self) -> None:
        _check_epsilon(self)
        _check.weights(self)

    def build_affine(self, shape: Shape) -> None:
        """Declares γ and β."""
        if self.scale:
            self.add_in_role("gamma", shape)
        if self.center:
            self.add_in_role("beta", shape)

    def affine(self) -> tuple[Tensor | None, Tensor | None]:
        """γ and β, or ``None`` for what there is not."""
        return self.gamma if self.scale else None, self.beta if self.center else None


class BatchNorm(Normalization):
    """``γ·(x - μ)/√(σ² + ε) + β`` per channel (Ioffe & Szegedy 2015).

    In training, ``μ`` and ``σ²`` are those of the batch, over all axes but ``axis``, and the
    running values move towards them; otherwise they are the running values::

        moving_mean      ← momentum·moving_mean     + (1 - momentum)·μ
        moving_variance  ← momentum·moving_variance + (1 - momentum)·σ²·m/(m - 1)

    where ``m`` is the number of values per channel: ``σ²`` is biased in the output, unbiased
    in the running value, as in the paper.

    Weights ``gamma``, ``beta``, states ``moving_mean``, ``moving_variance``, all
    ``(channels,)``.  ``trainable=False`` freezes the weights, and nothing else.

    Of masked values ``(batch, time, …, channels)`` the steps that are there make ``μ``, ``σ²``
    and ``m``; one alone, or none, has ``σ² = 0``.

    Args:
        axis: the channels' axis.
        momentum: the weight of the old running value.
        epsilon: ``ε``.
        center, scale: whether there are ``β`` and ``γ``.
        beta_initializer, gamma_initializer: see :mod:`dualnet.initializers`.
        beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint: by keyword, as
            for the weights of :class:`~dualnet.nn.Dense`.
        moving_mean_initializer, moving_variance_initializer: same.

    Raises:
        ShapeError: in training, an input with one value per channel.
    """

    axis: int = -1
    momentum: float = 0.9
    epsilon: float = 1e-5
    center: bool = True
    scale: bool = True
    beta_initializer: str | Initializer = "zeros"
    gamma_initializer: str | Initializer = "ones"
    moving_mean_initializer: str | Initializer = "zeros"
    moving_variance_initializer: str | Initializer = "ones"

    mixes_samples: ClassVar[bool] = True

    def check(self) -> None:
        super().check()
        _check.fraction(self, "momentum")

    def build(self, input_shape: Shape) -> None:
        _check.rank(self, input_shape, 2, None, "add an axis with reshape")
        shape = (input_shape[self.axis],)
        self._wide = wide(self._builder.policy.compute)
        self.build_affine(shape)
        mean, variance = self.moving_mean_initializer, self.moving_variance_initializer
        self.add_weight("moving_mean", shape, mean, trainable=False)
        self.add_weight("moving_variance", shape, variance, trainable=False)

    def forward(self, x: Tensor) -> Tensor:
        if self.axis in (-1, len(x.shape) - 1):
            return self._normalized(x)
        return ops.moveaxis(self._normalized(ops.moveaxis(x, self.axis, -1)), -1, self.axis)

    def _normalized(self, x: Tensor) -> Tensor:
        arguments = (x, *self.affine(), self.moving_mean, self.moving_variance)
        if not self.training:
            return ops.nn.batch_norm(*arguments, epsilon=self.epsilon)
        y, mean, variance = ops.nn.batch_norm_training(
            *arguments, momentum=self.momentum, epsilon=self.epsilon
        )
        ops.assign(self.moving_mean, mean)
        ops.assign(self.moving_variance, variance)
        return y

    def forward_masked(self, x: Masked) -> Any:
        if self.axis not in (-1, len(x.values.shape) - 1):
            return super().forward_masked(x)
        if not self.training:
            return passed(self, x)
        mean, variance, count = _moments(x, self._wide)
        y = ops.nn.batch_norm(x.values, *self.affine(), mean, variance, epsilon=self.epsilon)
        unbiased = variance * (count / ops.maximum(count - 1.0, 1.0))
        for moving, now in ((self.moving_mean, mean), (self.moving_variance, unbiased)):
            value = self.momentum * moving + (1.0 - self.momentum) * now
            ops.assign(moving, ops.astype(value, moving.dtype))
        return Masked(y, x.mask)


def _moments(x: Masked, dtype: str) -> tuple[Tensor, Tensor, Tensor]:
    """Mean, variance about it, and number of the values per channel that are there."""
    values = ops.astype(x.values, dtype)
    axes = tuple(range(len(values.shape) - 1))
    nothing = ops.zeros_like(values)
    there = over_steps(x.mask, values)
    count = ops.sum(ops.where(there, ops.ones_like(values), nothing), axis=axes)
    several = ops.maximum(count, 1.0)
    mean = ops.sum(ops.where(there, values, nothing), axis=axes) / several
    centred = ops.where(there, values - mean, nothing)
    return mean, ops.sum(centred * centred, axis=axes) / several, count


class LayerNorm(Normalization):
    """``γ·(x - μ)/√(σ² + ε) + β``, the statistics over the last axes (Ba et al. 2016).

    Weights ``gamma`` and ``beta``, of the shape of the normalised axes.

    Args:
        axis: -1, or the last axes in order, such as ``(-2, -1)``.
        epsilon, center, scale, beta_initializer, gamma_initializer: as for
            :class:`BatchNorm`.
    """

    axis: int | tuple[int, ...] = -1
    epsilon: float = 1e-5
    center: bool = True
    scale: bool = True
    beta_initializer: str | Initializer = "zeros"
    gamma_initializer: str | Initializer = "ones"

    def build(self, input_shape: Shape) -> None:
        axes = self.axis if isinstance(self.axis, tuple) else (self.axis,)
        rank = len(input_shape)
        count = len(axes)
        if [axis % rank for axis in axes] != list(range(rank - count, rank)) or count == rank:
            raise ShapeError(
                f"{self._definition!r}: axis must name the last axes of the input, batch not "
                f"among them, got shape {input_shape}"
            )
        self._axes = count
        self.build_affine(input_shape[rank - count :])

    def forward(self, x: Tensor) -> Tensor:
        return ops.nn.layer_norm(x, *self.affine(), axes=self._axes, epsilon=self.epsilon)

    def forward_masked(self, x: Masked) -> Any:
        if len(x.values.shape) - self._axes < 2:  # time is among the axes
            return super().forward_masked(x)
        return passed(self, x)


class GroupNorm(Normalization):
    """``γ·(x - μ)/√(σ² + ε) + β``, over each sample's positions and a group of channels.

    Weights ``gamma`` and ``beta``, ``(channels,)`` (Wu & He 2018).  ``groups`` equal to the
    number of channels is instance normalisation.

    Args:
        groups: into how many equal runs the channels are cut.
        epsilon, center, scale, beta_initializer, gamma_initializer: as for
            :class:`BatchNorm`.
    """

    groups: int = 32
    epsilon: float = 1e-5
    center: bool = True
    scale: bool = True
    beta_initializer: str | Initializer = "zeros"
    gamma_initializer: str | Initializer = "ones"

    def check(self) -> None:
        super().check()
        _check.positive(self, "groups")

    def build(self, input_shape: Shape) -> None:
        _check.rank(self, input_shape, 2, None, "the layout is (batch, *spatial, channels)")
        if input_shape[-1] % self.groups:
            raise ShapeError(
                f"{self._definition!r}: {input_shape[-1]} channels (the last axis of "
                f"{input_shape}) cannot be divided among {self.groups} groups"
            )
        self.build_affine(input_shape[-1:])

    def forward(self, x: Tensor) -> Tensor:
        return ops.nn.group_norm(x, *self.affine(), groups=self.groups, epsilon=self.epsilon)


class InstanceNorm(Normalization):
    """``γ·(x - μ)/√(σ² + ε) + β``, over each sample's positions, channel by channel.

    Weights ``gamma`` and ``beta``, ``(channels,)`` (Ulyanov et al. 2016).

    Args:
        epsilon, center, scale, beta_initializer, gamma_initializer: as for
            :class:`BatchNorm`.
    """

    epsilon: float = 1e-5
    center: bool = True
    scale: bool = True
    beta_initializer: str | Initializer = "zeros"
    gamma_initializer: str | Initializer = "ones"

    def build(self, input_shape: Shape) -> None:
        _check.rank(self, input_shape, 3, None, "the layout is (batch, *spatial, channels)")
        self.build_affine(input_shape[-1:])

    def forward(self, x: Tensor) -> Tensor:
        return ops.nn.group_norm(x, *self.affine(), groups=x.shape[-1], epsilon=self.epsilon)


class RMSNorm(Layer):
    """``γ·x/√(mean(x²) + ε)`` along the last axis (Zhang & Sennrich 2019).

    Weight ``gamma``, ``(features,)``.
    """

    epsilon: float = 1e-6
    gamma_initializer: str | Initializer = "ones"

    autocast: ClassVar[bool] = False  # half precision is normalised in float32

    def check(self) -> None:
        _check_epsilon(self)
        _check.initializers(self)

    def build(self, input_shape: Shape) -> None:
        _check.rank(self, input_shape, 2, None, "add an axis with reshape")
        self.add_weight("gamma", input_shape[-1:], self.gamma_initializer)

    def forward(self, x: Tensor) -> Tensor:
        return ops.nn.rms_norm(x, self.gamma, epsilon=self.epsilon)

    forward_masked = passed


class UnitNormalization(Layer):
    """``x/max(‖x‖, 10⁻¹²)``, the Euclidean norm along an axis or several.

    Args:
        axis: the last one, or any others but the batch's.
    """

    axis: int | tuple[int, ...] = -1

    autocast: ClassVar[bool] = False  # squares of half precision are summed in float32

    def forward(self, x: Tensor) -> Tensor:
        return ops.nn.normalize(x, axis=self.axis)

    def forward_masked(self, x: Masked) -> Any:
        axes = self.axis if isinstance(self.axis, tuple) else (self.axis,)
        if any(axis % len(x.values.shape) < 2 for axis in axes):  # time is among them
            return super().forward_masked(x)
        return passed(self, x)


def _check_epsilon(layer: Normalization | RMSNorm) -> None:
    if not 0 < layer.epsilon < math.inf:
        raise ConfigError(f"{type(layer).__name__}: epsilon must be positive, got {layer.epsilon}")
