"""dualnet on PyTorch.  Its twin, file for file, is ``dualnet_tf``."""

from __future__ import annotations

from typing import Final

from dualnet import protocols
from dualnet_torch import (
    control,
    device,
    foreign,
    jit,
    layers,
    loops,
    ops,
    optim,
    random,
    state,
    tape,
)

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

name: Final = "torch"

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
