"""Arrays by name and a JSON description in one safetensors file.

There is no pickle, so a file cannot run code.  It is written whole or not at all, and a hash of
everything in it tells damage when it is read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dualnet.errors import CheckpointError
from dualnet.files import write_atomically
from dualnet.typing import NDArray

__all__ = ["Archive", "digest"]


@dataclass(frozen=True)
class Archive:
    """One kind of file.

    Attributes:
        format: the word in the file that tells its kind.
        version: of what arrays and description mean; another one is not read.
        what: the kind in words, for errors.
    """

    format: str
    version: int
    what: str

    def write(
        self, path: Path, description: Mapping[str, Any], arrays: Mapping[str, NDArray]
    ) -> None:
        """Writes a file beside its place, flushes it to disk, and renames it into it.

        A crash leaves the old file or the new one.

        Raises:
            CheckpointError: the file cannot be written.
        """
        from safetensors.numpy import save as to_bytes

        contiguous = {name: np.array(value, order="C") for name, value in arrays.items()}
        described = json.dumps(description)
        header = {
            "format": self.format,
            "version": str(self.version),
            "dualnet": described,
            "digest": digest(described, contiguous),
        }
        try:
            write_atomically(path, to_bytes(contiguous, metadata=header))
        except OSError as error:
            raise CheckpointError(f"cannot write {path}: {error}") from error

    def read(self, path: Path) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """The description and the arrays of a file.

        Raises:
            CheckpointError: it is missing, damaged, truncated, or of another kind or version.
        """
        from safetensors import SafetensorError, safe_open

        if not path.is_file():
            raise CheckpointError(f"there is no file {path}")
        try:
            with safe_open(path, framework="numpy") as file:
                metadata = file.metadata() or {}
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
        except (SafetensorError, OSError, ValueError) as error:
            raise CheckpointError(
                f"{path} is damaged, truncated or no safetensors file: {error}"
            ) from error
        self._check(path, metadata, arrays)
        try:
            description: dict[str, Any] = json.loads(metadata["dualnet"])
        except (KeyError, ValueError) as error:
            raise CheckpointError(f"{path} has a damaged description: {error}") from error
        return description, arrays

    def _check(self, path: Path, metadata: dict[str, str], arrays: dict[str, NDArray]) -> None:
        if metadata.get("format") != self.format:
            raise CheckpointError(f"{path} is a safetensors file, but not a {self.what} of dualnet")
        if metadata.get("version") != str(self.version):
            raise CheckpointError(
                f"{path} has format version {metadata.get('version')}, this dualnet reads "
                f"{self.version}"
            )
        if metadata.get("digest") != digest(metadata.get("dualnet", ""), arrays):
            raise CheckpointError(f"{path} is damaged: what it holds is not what was written")


def digest(described: str, arrays: Mapping[str, NDArray]) -> str:
    """A hash of text and arrays; it tells damage, not forgery."""
    hashed = hashlib.blake2b(described.encode(), digest_size=16)
    for name in sorted(arrays):
        value = np.ascontiguousarray(arrays[name])
        hashed.update(f"{name} {value.dtype} {arrays[name].shape}".encode())
        hashed.update(value.tobytes())
    return hashed.hexdigest()
