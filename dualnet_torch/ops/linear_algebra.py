"""Products on PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from dualnet.ops._host import check_vecdot
from dualnet_torch.ops._common import (
    INTEGER,
    NUMERIC,
    binary,
    promote,
    promote_all,
    require,
    signed,
)
from dualnet_torch.ops.elementwise import multiply
from dualnet_torch.ops.reductions import sum


def einsum(equation: str, /, *operands: Any) -> Any:
    return torch.einsum(equation, *promote_all(operands))


matmul = binary(signed(torch.matmul), NUMERIC)


def matrix_transpose(x: Any, /) -> Any:
    return x.mT


def tensordot(x1: Any, x2: Any, /, *, axes: int | tuple[Sequence[int], Sequence[int]] = 2) -> Any:
    x1, x2 = promote(x1, x2)
    require(x1, NUMERIC, "tensordot")
    return signed(torch.tensordot)(x1, x2, axes)


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    x1, x2 = promote(x1, x2)
    require(x1, NUMERIC, "vecdot")
    check_vecdot(x1, x2, axis)
    if x1.dtype in INTEGER:  # PyTorch has none
        return sum(multiply(x1, x2), axis=axis, dtype=x1.dtype)
    return torch.linalg.vecdot(x1, x2, dim=axis)
