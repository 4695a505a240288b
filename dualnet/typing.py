"""Names for the types that appear in signatures.

A tensor is native: a ``torch.Tensor`` or a ``tf.Tensor``.  The core imports neither,
so for the type checker both are ``Tensor``, which stands for "whatever the backend
calls a tensor".
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy.typing as npt

__all__ = ["Axis", "Device", "DtypeName", "NDArray", "Scalar", "Shape", "Tensor", "Tree"]

Tensor: TypeAlias = Any
Device: TypeAlias = Any
Scalar: TypeAlias = bool | int | float | complex
Shape: TypeAlias = tuple[int, ...]
Axis: TypeAlias = int | tuple[int, ...] | None
NDArray: TypeAlias = npt.NDArray[Any]
DtypeName: TypeAlias = Literal[
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "bfloat16",
    "float32",
    "float64",
    "complex64",
    "complex128",
]  # fmt: skip - one row per family reads better
#: A tensor, or a tuple, list or dict of trees.
Tree: TypeAlias = Any
