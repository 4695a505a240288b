"""What PyTorch's errors mean, known by their words."""

from __future__ import annotations

import re

import torch

from dualnet.errors import DtypeError, DualnetError, IndexRangeError, NonFiniteError, ShapeError

#: What PyTorch raises where something is wrong with its arguments.
KINDS = (
    IndexError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    torch.linalg.LinAlgError,  # type: ignore[attr-defined]  # public, but not in its stub
)

MEANINGS: tuple[tuple[str, type[DualnetError]], ...] = (
    (r"ZeroDivisionError|singular|not positive-definite|failed to converge", NonFiniteError),
    (r"index out of range|out of bounds for dimension", IndexRangeError),
    (r"not implemented for|does not support|expected .*dtype|must have the same dtype", DtypeError),
    (r"size|shape|[Dd]imension|\bdims?\b|broadcast|subscript|operand", ShapeError),
    (r"k not in range|at least 1D|matrices|should contain \d+ elements", ShapeError),
)


def failure(error: Exception, /) -> DualnetError | None:
    if type(error) not in KINDS:
        return None
    text = str(error)
    if re.search("vmap|Batching rule", text):  # a limit of the transformation
        return None
    return next((ours(text) for words, ours in MEANINGS if re.search(words, text)), None)
