"""References on disk: what a test gave on one backend, for another machine to be held to.

A reference is one safetensors file (:mod:`dualnet.archive`): arrays by name, and in its header
which test, dualnet and framework wrote it, and the settings under which it is valid.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, TypeVar

import numpy as np

from dualnet import registry, tree
from dualnet.archive import Archive, digest
from dualnet.config import encode
from dualnet.errors import CheckpointError, ConfigError, SnapshotError
from dualnet.testing.case import Reference
from dualnet.typing import NDArray, Tree

__all__ = ["LIMIT", "Snapshot", "array_digest", "definition_digest"]

SNAPSHOT = Archive("dualnet-snapshot", 1, "snapshot")
#: The most bytes that one reference may hold; a repository keeps every version of it.
LIMIT = 1 << 24

T = TypeVar("T")
Settings = Mapping[str, Any]
Arrays = dict[str, NDArray]


@dataclass(frozen=True)
class Snapshot:
    """A reference, with what it must be a reference of.

    Attributes:
        kind: what was recorded, ``"function"`` or ``"network"``.
        settings: JSON data that must be the same when it is read.
    """

    reference: Reference
    kind: str
    settings: Settings

    def write(self, content: Mapping[str, Any], arrays: Arrays) -> None:
        """Writes what the backend gave, whole or not at all.

        Raises:
            SnapshotError: it is too large, or the file cannot be written.
        """
        size = sum(array.nbytes for array in arrays.values())
        if size > LIMIT:
            raise SnapshotError(
                f"the snapshot of this test would take {size / 2**20:.0f} MiB, more than "
                f"{LIMIT >> 20}; test a smaller input, or a network with fewer weights, a smaller "
                "batch_size or fewer snapshot_steps"
            )
        backend = self.reference.backend
        described = {
            "dualnet": version("dualnet"),
            "test": self.reference.test,
            "kind": self.kind,
            "backend": backend,
            "framework": dict(registry.load(backend).device.describe()),
            "settings": self.settings,
            "content": content,
        }
        try:
            SNAPSHOT.write(self.reference.path, described, arrays)
        except CheckpointError as error:
            raise SnapshotError(str(error)) from error

    def read(self, parse: Callable[[dict[str, Any], Arrays], T]) -> tuple[str, T]:
        """The backend that wrote it, and what ``parse`` makes of content and arrays.

        Raises:
            SnapshotError: it is missing, damaged, no reference, or of another test.
        """
        path, writing = self.reference.path, self.reference.writing
        if not path.is_file():
            raise SnapshotError(
                f"there is no snapshot {path} to hold this test to; where the frameworks that it "
                f"should agree with are installed, write it with\n{writing}"
            )
        try:
            described, arrays = SNAPSHOT.read(path)
            self._still_valid({"kind": described["kind"], **described["settings"]})
            return str(described["backend"]), parse(described["content"], arrays)
        except (CheckpointError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise SnapshotError(
                f"this snapshot cannot be used: {error}; restore {path}, or write it again "
                f"with\n{writing}"
            ) from error

    def _still_valid(self, then: Settings) -> None:
        now = {"kind": self.kind, **json.loads(json.dumps(self.settings))}
        keys = [*now, *(key for key in then if key not in now)]
        changed = [
            f"{key} was {then.get(key)}, is now {now.get(key)}"
            for key in keys
            if then.get(key) != now.get(key)
        ]
        if changed:
            raise SnapshotError(
                f"stale snapshot {self.reference.path}: the test has changed since it was written "
                f"({'; '.join(changed)}), so the backends were not compared; if the change is "
                f"meant, write it again with\n{self.reference.writing}"
            )


def array_digest(values: Tree) -> str:
    """A short hash of the arrays of a tree and of its form."""
    leaves = enumerate(tree.leaves(values))
    arrays = {str(i): np.asarray(leaf) for i, leaf in leaves if leaf is not None}
    return digest(tree.structure(values), arrays)[:16]


def definition_digest(value: Any) -> str:
    """A short hash of a definition; of code in it, of its name."""
    try:
        text = json.dumps(encode(value), sort_keys=True)
    except ConfigError:
        text = re.sub(r" at 0x[0-9a-f]+", "", repr(value))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
