"""Array functions on native tensors, dispatched by the type of their arguments.

Names, signatures and meaning are the Python array API standard's (2024.12); what
networks need beyond arrays is in :mod:`dualnet.ops.nn`.  The functions are declared once,
in :mod:`dualnet.protocols.ops`, and made from there.
"""

from __future__ import annotations

from typing import Any

from dualnet.ops import nn
from dualnet.ops._dispatch import creators, dispatchers
from dualnet.protocols.ops import CHAPTERS, Creation

_functions = creators(Creation) | dispatchers(CHAPTERS, lambda backend: backend.ops)
globals().update(_functions)

__all__ = ["nn", *sorted(_functions)]  # noqa: PLE0605 - the protocols are the list


def __getattr__(name: str) -> Any:
    """Tells the type checker that names exist which it does not see being made."""
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
