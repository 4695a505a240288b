"""dualnet on TensorFlow.  Its twin, file for file, is ``dualnet_torch``."""

from __future__ import annotations

import os
from typing import Final

# Read once, when TensorFlow loads.  Its native log is chatter, some of it at level "error"
# (which kernels oneDNN lacks); what is wrong is raised as an exception besides.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "0" if os.environ.get("DUALNET_VERBOSE") else "3")

from dualnet import protocols
from dualnet_tf import control, device, foreign, jit, layers, loops, ops, optim, random, state, tape

__all__ = [
    "control",
    "device",
    "foreign",
    "jit",
    "layers",
    "loops",
    "name",
    "ops",
    "optim",
    "random",
    "state",
    "tape",
]

name: Final = "tensorflow"

_checked: tuple[
    protocols.Control,
    protocols.Devices,
    protocols.Foreign,
    protocols.Jit,
    protocols.Layers,
    protocols.Loops,
    protocols.Ops,
    protocols.Optim,
    protocols.Random,
    protocols.State,
    protocols.Tape,
] = (control, device, foreign, jit, layers, loops, ops, optim, random, state, tape)
