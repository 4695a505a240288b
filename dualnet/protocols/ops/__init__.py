"""Array functions: the array API standard's names, chapter by chapter, and ``nn``.

Extensions of the standard (``linalg``, ``fft``) are chapters of their own, beside ``nn``.
"""

from __future__ import annotations

from typing import Protocol

from dualnet.errors import DualnetError
from dualnet.protocols.ops.creation import Creation, CreationFrom
from dualnet.protocols.ops.data_types import DataTypes, Inspection
from dualnet.protocols.ops.elementwise import Elementwise
from dualnet.protocols.ops.fft import FFT, Frequencies
from dualnet.protocols.ops.indexing import Indexing
from dualnet.protocols.ops.linalg import Linalg
from dualnet.protocols.ops.linear_algebra import Einsum, LinearAlgebra
from dualnet.protocols.ops.manipulation import Manipulation
from dualnet.protocols.ops.nn import NN
from dualnet.protocols.ops.reductions import Reductions

__all__ = [
    "CHAPTERS",
    "Creation",
    "CreationFrom",
    "DataTypes",
    "Einsum",
    "Elementwise",
    "FFT",
    "Fourier",
    "Frequencies",
    "Indexing",
    "Inspection",
    "Linalg",
    "LinearAlgebra",
    "Manipulation",
    "NN",
    "Ops",
    "Reductions",
]

#: The chapters whose functions run where their arguments are.
CHAPTERS: tuple[type, ...] = (
    CreationFrom,
    DataTypes,
    Einsum,
    Elementwise,
    Indexing,
    LinearAlgebra,
    Manipulation,
    Reductions,
)


class Fourier(FFT, Frequencies, Protocol):
    """The ``fft`` extension: transforms, and the frequencies they give."""


class Ops(
    Creation,
    CreationFrom,
    DataTypes,
    Einsum,
    Elementwise,
    Indexing,
    Inspection,
    LinearAlgebra,
    Manipulation,
    Reductions,
    Protocol,
):
    """Every array function; ``nn`` holds what networks need beyond arrays."""

    @property
    def fft(self) -> Fourier: ...

    @property
    def linalg(self) -> Linalg: ...

    @property
    def nn(self) -> NN: ...

    def failure(self, error: Exception, /) -> DualnetError | None:
        """Our error, with its text, for one of the framework's; None if it is not of ours."""
        ...
