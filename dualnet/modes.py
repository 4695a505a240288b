"""Switches for the whole process: bit-reproducible operations, precision of products."""

from __future__ import annotations

from types import TracebackType
from typing import Literal, get_args

from dualnet import registry
from dualnet.errors import ConfigError
from dualnet.protocols import Backend

__all__ = ["deterministic", "set_precision"]

Precision = Literal["highest", "tf32"]


class deterministic:  # noqa: N801 - used as a function and as a block, like torch.no_grad
    """Makes every operation bit-reproducible on its own framework, from this call on.

    Loaded backends switch now, others when they load.  An operation that has no such form
    is an error of the framework that says so.  As a block, it goes back at the end:

    >>> import dualnet as dn
    >>> with dn.deterministic():
    ...     pass

    On a GPU call it before the first product: cuBLAS reads its setting once.

    Args:
        on: ``False`` lets operations be nondeterministic again.
    """

    def __init__(self, on: bool = True) -> None:
        self._before = registry.configure("deterministic", _on if on else _off)

    def __enter__(self) -> None:
        """The mode is on already."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        registry.configure("deterministic", self._before or _off)


def _on(backend: Backend) -> None:
    backend.device.deterministic(True)


def _off(backend: Backend) -> None:
    backend.device.deterministic(False)


def set_precision(mode: Precision) -> None:
    """How exactly float32 products are computed on hardware that offers a choice.

    Args:
        mode: ``"highest"``: in float32 throughout; ``"tf32"``: faster, with factors
            rounded to a mantissa of 10 bits.

    Raises:
        ConfigError: another mode.
    """
    if mode not in get_args(Precision):
        raise ConfigError(f"precision {mode!r}; choose one of {', '.join(get_args(Precision))}")
    registry.configure("precision", lambda backend: backend.device.set_precision(mode))
