"""What networks need beyond arrays: one meaning on both backends (``docs/conventions.md``)."""

from __future__ import annotations

from typing import Any

from dualnet.ops._dispatch import dispatchers
from dualnet.protocols.ops.nn import NN

_functions = dispatchers((NN,), lambda backend: backend.ops.nn)
globals().update(_functions)

__all__ = sorted(_functions)  # noqa: PLE0605 - the protocol is the list


def __getattr__(name: str) -> Any:
    """Tells the type checker that names exist which it does not see being made."""
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
