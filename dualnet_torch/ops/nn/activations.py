"""Activation functions on PyTorch."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from dualnet.errors import unknown_name

relu = torch.relu
sigmoid = torch.sigmoid


def celu(x: Tensor, /, *, alpha: float = 1.0) -> Tensor:
    return F.celu(x, alpha)


def elu(x: Tensor, /, *, alpha: float = 1.0) -> Tensor:
    return F.elu(x, alpha)


def gelu(x: Tensor, /, *, approximate: str = "none") -> Tensor:
    if approximate not in ("none", "tanh"):
        raise unknown_name("GELU approximation", approximate, ("none", "tanh"))
    return F.gelu(x, approximate=approximate)


def glu(x: Tensor, /, *, axis: int = -1) -> Tensor:
    return F.glu(x, axis)


def hard_sigmoid(x: Tensor, /) -> Tensor:
    return F.relu6(x + 3) / 6  # F.hardsigmoid has no second derivative


def hard_silu(x: Tensor, /) -> Tensor:
    return x * hard_sigmoid(x)


def hard_tanh(x: Tensor, /) -> Tensor:
    return torch.clamp(x, -1, 1)  # the derivative of F.hardtanh at its bounds is 0


def leaky_relu(x: Tensor, /, *, negative_slope: float = 0.01) -> Tensor:
    return F.leaky_relu(x, negative_slope)


def log_sigmoid(x: Tensor, /) -> Tensor:
    return F.logsigmoid(x)


def log_softmax(x: Tensor, /, *, axis: int = -1) -> Tensor:
    return torch.log_softmax(x, axis)


def mish(x: Tensor, /) -> Tensor:
    return F.mish(x)


def relu6(x: Tensor, /) -> Tensor:
    return F.relu6(x)


def selu(x: Tensor, /) -> Tensor:
    return F.selu(x)


def silu(x: Tensor, /) -> Tensor:
    return F.silu(x)


def softmax(x: Tensor, /, *, axis: int = -1) -> Tensor:
    return torch.softmax(x, axis)


def softplus(x: Tensor, /) -> Tensor:
    return -F.logsigmoid(-x)  # F.softplus is the identity above a threshold


def softsign(x: Tensor, /) -> Tensor:
    return F.softsign(x)
