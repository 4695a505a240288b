"""Hand-written TensorFlow models, Keras ones too.  The twin is ``dualnet_torch/foreign``."""

from __future__ import annotations

from dualnet_tf.foreign.models import (
    duplicate,
    exact,
    has_weights,
    is_model,
    run,
    variables,
    watch,
    without_dropout,
)
from dualnet_tf.foreign.optimizers import is_optimizer, loss, rebind
from dualnet_tf.foreign.reading import units

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
