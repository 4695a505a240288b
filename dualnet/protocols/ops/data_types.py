"""Changing dtypes, and questions about them."""

from __future__ import annotations

from typing import Any, Protocol

from dualnet.namespace import FloatInfo, IntInfo
from dualnet.typing import Tensor

__all__ = ["DataTypes", "Inspection"]


class DataTypes(Protocol):
    """Dtypes are canonical names, such as ``"float32"``, or the framework's own."""

    def astype(self, x: Tensor, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Tensor:
        """``x`` in another dtype, given by its name or as the framework's own.

        On its own device, or on ``device``.

        Floats lose their fraction on the way to integers; what does not fit is undefined.

        Raises:
            DtypeError: there is no such dtype.
        """
        ...


class Inspection(Protocol):
    """What a backend's namespace says of itself, in the framework's own dtypes.

    ``dualnet.ops`` has the same functions, in names of dtypes.  Beside these, a namespace
    holds the standard's dtypes (``int8``, ``float32``, …) and constants (``e``, ``inf``,
    ``nan``, ``newaxis``, ``pi``), ``__array_api_version__`` and
    ``__array_namespace_info__()`` (:class:`dualnet.namespace.NamespaceInfo`).
    """

    def can_cast(self, from_: Any, to: Any, /) -> bool:
        """Whether a dtype, or that of a tensor, becomes another by the promotion table."""
        ...

    def finfo(self, type: Any, /) -> FloatInfo:
        """The limits of a floating or complex dtype, or of that of a tensor.

        Raises:
            DtypeError: another dtype.
        """
        ...

    def iinfo(self, type: Any, /) -> IntInfo:
        """The limits of an integer dtype, or of that of a tensor.

        Raises:
            DtypeError: another dtype.
        """
        ...

    def isdtype(self, dtype: Any, kind: Any) -> bool:
        """Whether a dtype is of a kind, or one of several: :func:`dualnet.dtypes.isdtype`."""
        ...

    def result_type(self, *arrays_and_dtypes: Any) -> Any:
        """The dtype in which tensors, dtypes and Python scalars meet."""
        ...
