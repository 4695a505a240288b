"""Decompositions, inverses and norms of matrices: the ``linalg`` extension of the standard.

The functions are declared, and explained, in :mod:`dualnet.protocols.ops.linalg`.
"""

from __future__ import annotations

from typing import Any

from dualnet.errors import no_attribute
from dualnet.ops._dispatch import dispatchers
from dualnet.protocols.ops import Linalg, LinearAlgebra

_functions = dispatchers((LinearAlgebra, Linalg), lambda backend: backend.ops.linalg)
globals().update(_functions)

__all__ = sorted(_functions)  # noqa: PLE0605 - the protocols are the list


def __getattr__(name: str) -> Any:
    """Tells the type checker that names exist which it does not see being made."""
    raise no_attribute(__name__, name, __all__)
