"""Array functions: the array API standard's names, chapter by chapter, and ``nn``."""

from __future__ import annotations

from typing import Protocol

from dualnet.protocols.ops.creation import Creation
from dualnet.protocols.ops.elementwise import Elementwise
from dualnet.protocols.ops.indexing import Indexing
from dualnet.protocols.ops.linear_algebra import LinearAlgebra
from dualnet.protocols.ops.manipulation import Manipulation
from dualnet.protocols.ops.nn import NN
from dualnet.protocols.ops.reductions import Reductions

__all__ = ["NN", "CHAPTERS", "Creation", "Elementwise", "Indexing", "LinearAlgebra", "Manipulation", "Ops", "Reductions"]

CHAPTERS: tuple[type, ...] = (Elementwise, Reductions, Manipulation, Indexing, LinearAlgebra)


class Ops(Creation, Elementwise, Reductions, Manipulation, Indexing, LinearAlgebra, Protocol):
    """Every array function; ``nn`` holds what networks need beyond arrays."""

    @property
    def nn(self) -> NN: ...
