"""Changing dtypes on PyTorch."""

from __future__ import annotations

from typing import Any

from dualnet_torch.ops._common import native


def astype(x: Any, dtype: Any, /, *, copy: bool = True) -> Any:
    return x.to(native(dtype), copy=copy)
