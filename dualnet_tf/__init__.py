"""dualnet on TensorFlow.  Its twin, file for file, is ``dualnet_torch``."""

from __future__ import annotations

from typing import Final

from dualnet import protocols
from dualnet_tf import device, jit, layers, ops, optim, random, state, tape

__all__ = ["device", "jit", "layers", "name", "ops", "optim", "random", "state", "tape"]

name: Final = "tensorflow"

_checked: tuple[
    protocols.Devices,
    protocols.Jit,
    protocols.Layers,
    protocols.Ops,
    protocols.Optim,
    protocols.Random,
    protocols.State,
    protocols.Tape,
] = (device, jit, layers, ops, optim, random, state, tape)
