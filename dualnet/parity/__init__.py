"""Proof that two backends compute the same: of a training run, a function, a model's layers.

==================  =================================================================
``compare``         one network trained on both; verdict, first difference, report
``compare_models``  two models written by hand, layer by layer: where they part, and why
``check``           one function of tensors on both: its value and its gradients
``study``           comparisons over networks, seeds, dtypes and devices, in one report
``trace``           what every layer of a model gives, and what the loss asks of it
==================  =================================================================

``docs/parity.md`` explains how a verdict is reached.
"""

from dualnet.parity.checking import Check, check
from dualnet.parity.comparison import compare
from dualnet.parity.distances import distance
from dualnet.parity.foreign import ModelReport, PerModel, compare_models
from dualnet.parity.studies import StudyReport, study
from dualnet.parity.tracing import Call, Trace, trace
from dualnet.report.values import (
    Distance,
    Divergence,
    Finding,
    FreeRunRow,
    LayerRow,
    LockStepRow,
    Mode,
    Report,
    Settings,
)

__all__ = [
    "Call",
    "Check",
    "Distance",
    "Divergence",
    "Finding",
    "FreeRunRow",
    "LayerRow",
    "LockStepRow",
    "Mode",
    "ModelReport",
    "PerModel",
    "Report",
    "Settings",
    "StudyReport",
    "Trace",
    "check",
    "compare",
    "compare_models",
    "distance",
    "study",
    "trace",
]
