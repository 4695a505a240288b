"""Devices: which there are, and how work is put on one."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from dualnet.typing import Device, Tensor


class Devices(Protocol):
    """Canonical names are ``cpu:0``, ``gpu:0``, ``tpu:0``, ``mps:0``."""

    def devices(self) -> tuple[str, ...]:
        """The devices this framework sees on this machine; ``cpu:0`` is always one."""
        ...

    def native(self, name: str) -> Device:
        """The framework's own handle for a canonical device name."""
        ...

    def device_of(self, tensor: Tensor) -> str:
        """The canonical name of the device a tensor lives on."""
        ...

    def checks_indices(self, tensor: Tensor) -> bool:
        """Whether eager kernels on the tensor's device refuse an index that is out of range.

        Elsewhere they give anything, and the host has to look.
        """
        ...

    def scope(self, name: str) -> AbstractContextManager[None]:
        """A block in which work goes to this device where nothing else is said."""
        ...

    def set_precision(self, mode: str) -> None:
        """``"highest"``: float32 products in float32; ``"tf32"``: faster, 10-bit mantissa."""
        ...

    def precision(self) -> str:
        """What :meth:`set_precision` set, or the program by itself.

        A framework with a state between the two modes has more words, which only its own
        :meth:`set_precision` knows.
        """
        ...

    def flush_denormals(self, on: bool) -> None:
        """Whether numbers too small for a full mantissa become zero on the CPU.

        A framework that always does has nothing to switch.
        """
        ...

    def flushes_denormals(self) -> bool:
        """Whether it does so now, in this thread."""
        ...

    def deterministic(self, on: bool) -> None:
        """Makes every op bit-reproducible, or an error where the framework has no such form."""
        ...

    def is_deterministic(self) -> bool:
        """Whether :meth:`deterministic`, or the program by itself, has switched it on."""
        ...

    def describe(self) -> Mapping[str, str]:
        """Version, build and device facts for ``dualnet doctor`` and reports."""
        ...
