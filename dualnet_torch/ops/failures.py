"""What PyTorch's errors mean, known by their words."""

from __future__ import annotations

import re

from dualnet.errors import DtypeError, DualnetError, IndexRangeError, NonFiniteError, ShapeError

MEANINGS: tuple[tuple[str, type[DualnetError]], ...] = (
    (r"ZeroDivisionError", NonFiniteError),
    (r"index out of range|out of bounds for dimension", IndexRangeError),
    (r"not implemented for|does not support|expected .*dtype|must have the same dtype", DtypeError),
    (r"size|shape|[Dd]imension|\bdims?\b|broadcast|subscript|operand", ShapeError),
    (r"k not in range|at least 1D|matrices", ShapeError),
)


def failure(error: Exception, /) -> DualnetError | None:
    if type(error) not in (RuntimeError, IndexError, ValueError, NotImplementedError):
        return None
    text = str(error)
    if re.search("vmap|Batching rule", text):  # a limit of the transformation
        return None
    return next((ours(text) for words, ours in MEANINGS if re.search(words, text)), None)
