"""Normalisations on PyTorch."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from dualnet.ops import explain
from dualnet_torch.ops.nn._layout import channels_first, channels_last

HALF = (torch.float16, torch.bfloat16)


def batch_norm(
    x: Tensor,
    gamma: Tensor | None,
    beta: Tensor | None,
    mean: Tensor,
    variance: Tensor,
    /,
    *,
    epsilon: float,
) -> Tensor:
    wide = _single(x)
    gamma, beta = _single_or_none(gamma), _single_or_none(beta)
    if mean.requires_grad or variance.requires_grad:  # the kernel takes them for constants
        wide = (wide - _single(mean)) * torch.rsqrt(_single(variance) + epsilon)
        mean, variance, epsilon = torch.zeros_like(mean), torch.ones_like(variance), 0.0
    y = F.batch_norm(
        _image(wide), _single(mean), _single(variance), gamma, beta, False, 0.0, epsilon
    )
    return channels_last(y).reshape(x.shape).to(x.dtype)


def batch_norm_training(
    x: Tensor,
    gamma: Tensor | None,
    beta: Tensor | None,
    mean: Tensor,
    variance: Tensor,
    /,
    *,
    momentum: float,
    epsilon: float,
) -> tuple[Tensor, Tensor, Tensor]:
    if x.shape[:-1].numel() == 1:
        raise explain.batch_of_one(x)
    gamma, beta = _single_or_none(gamma), _single_or_none(beta)
    new_mean, new_variance = _single(mean).clone(), _single(variance).clone()
    y = F.batch_norm(
        _image(_single(x)), new_mean, new_variance, gamma, beta, True, 1 - momentum, epsilon
    )
    y = channels_last(y).reshape(x.shape).to(x.dtype)
    return y, new_mean.to(mean.dtype), new_variance.to(mean.dtype)


def group_norm(
    x: Tensor, gamma: Tensor | None, beta: Tensor | None, /, *, groups: int, epsilon: float
) -> Tensor:
    wide = _single(x).movedim(-1, 1)
    if gamma is None:  # without it the kernel has no second derivative
        gamma = wide.new_ones(x.shape[-1])
    y = F.group_norm(wide, groups, _single(gamma), _single_or_none(beta), epsilon)
    return y.movedim(1, -1).to(x.dtype)


def layer_norm(
    x: Tensor, gamma: Tensor | None, beta: Tensor | None, /, *, axes: int, epsilon: float
) -> Tensor:
    gamma, beta = _single_or_none(gamma), _single_or_none(beta)
    return F.layer_norm(_single(x), x.shape[-axes:], gamma, beta, epsilon).to(x.dtype)


def rms_norm(x: Tensor, gamma: Tensor | None, /, *, epsilon: float) -> Tensor:
    return F.rms_norm(_single(x), x.shape[-1:], _single_or_none(gamma), epsilon).to(x.dtype)


def _image(x: Tensor) -> Tensor:
    """As images in channels-last order, of which the kernel knows the quickest way back."""
    return channels_first(x if x.ndim == 4 else x.reshape(x.shape[0], -1, 1, x.shape[-1]))


def _single(x: Tensor) -> Tensor:
    """Half precision in float32; F.batch_norm wants all of its arguments in one dtype or two."""
    return x.float() if x.dtype in HALF else x


def _single_or_none(x: Tensor | None) -> Tensor | None:
    return None if x is None else _single(x)
