"""What a backend must provide, one file per concern.

A backend is a *module* whose sub-modules satisfy these protocols:

=============  =====================================================================
``ops``        array functions, and ``ops.nn``, ``ops.linalg``, ``ops.fft``
``state``      tensors and variables: making, reading, assigning, moving
``layers``     the native module class, and the tree of modules and variables
``loops``      many steps over data in memory
``tape``       gradients
``optim``      applying an update rule to many variables at once
``random``     the shared counter-based numbers, natively
``jit``        compilation
``control``    choices and loops in compiled functions
``device``     which devices there are and how work is put on them
``foreign``    models that were written by hand in the framework
=============  =====================================================================

``tests/test_protocols.py`` compares the names and signatures of every backend with
these, and the backends with each other.
"""

from __future__ import annotations

from typing import Protocol

from dualnet.protocols.control import Control
from dualnet.protocols.device import Devices
from dualnet.protocols.foreign import Foreign
from dualnet.protocols.jit import Jit
from dualnet.protocols.layers import Layers
from dualnet.protocols.loops import Loops
from dualnet.protocols.ops import Ops
from dualnet.protocols.optim import Optim
from dualnet.protocols.random import Random
from dualnet.protocols.state import State
from dualnet.protocols.tape import Tape

__all__ = [
    "Backend",
    "Control",
    "Devices",
    "Foreign",
    "Jit",
    "Layers",
    "Loops",
    "Ops",
    "Optim",
    "Random",
    "State",
    "Tape",
]


class Backend(Protocol):
    """A framework, seen through the protocols.  ``name`` is its import name."""

    @property
    def name(self) -> str: ...
    @property
    def ops(self) -> Ops: ...
    @property
    def state(self) -> State: ...
    @property
    def layers(self) -> Layers: ...
    @property
    def loops(self) -> Loops: ...
    @property
    def tape(self) -> Tape: ...
    @property
    def optim(self) -> Optim: ...
    @property
    def random(self) -> Random: ...
    @property
    def jit(self) -> Jit: ...
    @property
    def control(self) -> Control: ...
    @property
    def device(self) -> Devices: ...
    @property
    def foreign(self) -> Foreign: ...
