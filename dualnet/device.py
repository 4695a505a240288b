"""Device names: ``auto``, ``cpu``, ``gpu[:i]`` (also ``cuda[:i]``), ``tpu[:i]``, ``mps``.

A backend lists what it has in these names and maps them to its own; choosing among them
is done here, once.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from dualnet.errors import DeviceNotFound

if TYPE_CHECKING:
    from dualnet.protocols import Backend

__all__ = ["parse", "select"]

KINDS = ("gpu", "tpu", "mps", "cpu")
_PATTERN = re.compile(r"(auto|cpu|gpu|cuda|tpu|mps)(?::(\d+))?")


def parse(name: str) -> tuple[str, int]:
    """Kind and index of a device name.

    >>> parse("cuda:1"), parse("cpu")
    (('gpu', 1), ('cpu', 0))

    Raises:
        DeviceNotFound: the name is not of the form above.
    """
    match = _PATTERN.fullmatch(str(name).lower())
    if match is None:
        raise DeviceNotFound(
            f"device {name!r} is not a device name; "
            "use auto, cpu, gpu[:i], cuda[:i], tpu[:i] or mps"
        )
    kind, index = match.groups()
    return ("gpu" if kind == "cuda" else kind), int(index or 0)


def select(backend: Backend, name: str) -> str:
    """The device of this backend that ``name`` stands for, as ``kind:index``.

    ``auto`` is the first of GPU, TPU, MPS and CPU that the backend has.

    Raises:
        DeviceNotFound: this machine, or this framework, does not have it.
    """
    kind, index = parse(name)
    have = backend.device.devices()
    if kind == "auto":
        return next(d for k in KINDS for d in have if d.startswith(k))
    wanted = f"{kind}:{index}"
    if wanted not in have:
        error = DeviceNotFound(
            f"{backend.name} has no device {name!r} on this machine; it has: {', '.join(have)}"
        )
        if os.environ.get("DUALNET_DEVICE") == name:
            error.add_note(f"the environment variable DUALNET_DEVICE is {name!r}")
        raise error
    return wanted
