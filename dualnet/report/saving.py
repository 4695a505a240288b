"""Where a report's files are written."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from dualnet.errors import ReportError
from dualnet.files import write_atomically

__all__ = ["write_text"]


def write_text(path: str | PathLike[str], text: str) -> None:
    """Writes UTF-8 text to a file, whole or not at all.

    Raises:
        ReportError: it cannot be written.
    """
    try:
        write_atomically(Path(path), text.encode())
    except OSError as error:
        raise ReportError(f"cannot write {path}: {error.strerror}; give another file") from error
