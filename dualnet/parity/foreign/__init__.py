"""Models written by hand in two frameworks: aligned, given the same weights, held together."""

from dualnet.parity.foreign.arguments import PerModel
from dualnet.parity.foreign.comparing import compare_models
from dualnet.parity.foreign.values import (
    FirstParting,
    Measure,
    ModelReport,
    PairRow,
    StepOfModels,
)

__all__ = [
    "FirstParting",
    "Measure",
    "ModelReport",
    "PairRow",
    "PerModel",
    "StepOfModels",
    "compare_models",
]
