"""Array functions on native tensors, dispatched by the type of their arguments.

Names, signatures and meaning are the Python array API standard's (2024.12); what
networks need beyond arrays is in :mod:`dualnet.ops.nn`.  The functions are declared once,
in :mod:`dualnet.protocols.ops`, and made from there.
"""

from __future__ import annotations

from typing import Any

from dualnet import dtypes
from dualnet.errors import no_attribute
from dualnet.ops import nn as nn
from dualnet.ops._dispatch import creators, dispatcher, dispatchers
from dualnet.protocols.ops import CHAPTERS, Creation
from dualnet.protocols.state import State
from dualnet.protocols.tape import Tape

_functions = {
    "assign": dispatcher(State.assign, lambda backend: backend.state),
    "isdtype": dtypes.isdtype,
    "result_type": dtypes.result_type,
    "stop_gradient": dispatcher(Tape.stop_gradient, lambda backend: backend.tape),
    **creators(Creation),
    **dispatchers(CHAPTERS, lambda backend: backend.ops),
}
globals().update(_functions)

__all__ = sorted(["nn", *_functions])  # noqa: PLE0605 - the protocols are the list


def __getattr__(name: str) -> Any:
    """Tells the type checker that names exist which it does not see being made."""
    raise no_attribute(__name__, name, __all__)
