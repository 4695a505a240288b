"""Array functions on native tensors, dispatched by the type of their arguments.

Names, signatures and meaning are the Python array API standard's (2024.12), with its
extensions :mod:`~dualnet.ops.linalg` and :mod:`~dualnet.ops.fft`; what networks need beyond
arrays is in :mod:`dualnet.ops.nn`.  Dtypes are their names: ``ops.float32`` is ``"float32"``.
The functions are declared once, in :mod:`dualnet.protocols.ops`, and made from there; those
beyond the standard that are composed of others are written here, once.
"""

from __future__ import annotations

from typing import Any

from dualnet import dtypes
from dualnet.errors import no_attribute
from dualnet.namespace import CONSTANTS, STANDARD, can_cast, finfo, iinfo
from dualnet.ops import control, counts, missing, quantiles, updates
from dualnet.ops import fft as fft
from dualnet.ops import linalg as linalg
from dualnet.ops import nn as nn
from dualnet.ops._dispatch import composed, creators, dispatcher, dispatchers
from dualnet.protocols.ops import CHAPTERS, Creation
from dualnet.protocols.state import State
from dualnet.protocols.tape import Tape

#: The modules whose functions are composed of others.
COMPOSED = (control, counts, missing, quantiles, updates)

_names = {
    **CONSTANTS,
    **{name: name for name in STANDARD},
    "assign": dispatcher(State.assign, lambda backend: backend.state),
    "can_cast": can_cast,
    "finfo": finfo,
    "iinfo": iinfo,
    "isdtype": dtypes.isdtype,
    "result_type": dtypes.result_type,
    "stop_gradient": dispatcher(Tape.stop_gradient, lambda backend: backend.tape),
    **creators(Creation, lambda backend: backend.ops),
    **dispatchers(CHAPTERS, lambda backend: backend.ops),
    **{name: composed(getattr(module, name)) for module in COMPOSED for name in module.__all__},
}
globals().update(_names)

__all__ = sorted(["fft", "linalg", "nn", *_names])  # noqa: PLE0605 - the protocols are the list


def __getattr__(name: str) -> Any:
    """Tells the type checker that names exist which it does not see being made."""
    raise no_attribute(__name__, name, __all__)
