"""Changing dtypes.  Questions about dtypes need no backend: :mod:`dualnet.dtypes`."""

from __future__ import annotations

from typing import Any, Protocol

from dualnet.typing import Tensor

__all__ = ["DataTypes"]


class DataTypes(Protocol):
    """Dtypes are canonical names, such as ``"float32"``, or the framework's own."""

    def astype(self, x: Tensor, dtype: Any, /, *, copy: bool = True) -> Tensor:
        """``x`` in another dtype, given by its name or as the framework's own.

        Floats lose their fraction on the way to integers; what does not fit is undefined.

        Raises:
            DtypeError: there is no such dtype.
        """
        ...
