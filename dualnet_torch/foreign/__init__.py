"""Hand-written PyTorch models, read and run.  The twin is ``dualnet_tf/foreign``."""

from __future__ import annotations

from dualnet_torch.foreign.models import (
    duplicate,
    exact,
    has_weights,
    is_model,
    run,
    variables,
    watch,
    without_dropout,
)
from dualnet_torch.foreign.optimizers import is_optimizer, loss, rebind
from dualnet_torch.foreign.reading import units

__all__ = [
    "duplicate",
    "exact",
    "has_weights",
    "is_model",
    "is_optimizer",
    "loss",
    "rebind",
    "run",
    "units",
    "variables",
    "watch",
    "without_dropout",
]
