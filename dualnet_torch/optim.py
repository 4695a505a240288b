"""Applying update rules on PyTorch; the twin is ``dualnet_tf/optim.py``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from dualnet.optim.base import Optimizer


def counter(value: int, /) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.int64, device="cpu")


def scalar(value: float, /) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64, device="cpu")


def read(scalar: torch.Tensor, /) -> Any:
    if not torch.compiler.is_compiling():
        return scalar.item()
    return scalar if scalar.dtype == torch.bool else scalar.to(torch.float64)


def apply(
    rule: Optimizer,
    variables: Sequence[torch.Tensor],
    gradients: Sequence[torch.Tensor],
    slots: Mapping[str, Sequence[torch.Tensor]],
    coefficients: Mapping[str, Any],
    finite: torch.Tensor | None,
    /,
) -> None:
    with torch.no_grad():
        for place, (variable, g) in enumerate(zip(variables, gradients, strict=True)):
            held = {name: tensors[place] for name, tensors in slots.items()}
            scalars = {name: _narrowed(value, g.dtype) for name, value in coefficients.items()}
            value, new = rule.advance(variable.to(g.dtype), g, held, finite, **scalars)
            variable.copy_(value)
            for name, slot in held.items():
                slot.copy_(new[name])


def _narrowed(value: Any, dtype: torch.dtype) -> Any:
    """A coefficient as a tensor of this dtype; a Python number is weak already."""
    return value.to(dtype) if isinstance(value, torch.Tensor) else value
