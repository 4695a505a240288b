"""Measures of every epoch in a file, or sent to a server."""

from __future__ import annotations

import csv
import json
import math
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from dualnet.callbacks.base import Callback
from dualnet.errors import ConfigError
from dualnet.optim.check import check_positive

__all__ = ["CSVLogger", "RemoteMonitor"]


class CSVLogger(Callback):
    """Writes one row per epoch to a file, readable while training runs.

    A run that goes on (:class:`BackupAndRestore`) goes on with the file, from the row of the
    epoch it had reached.

    Args:
        path: the file; its folder is made.
        separator: between columns, one character.
        append: whether to go on with an existing file.
    """

    def __init__(self, path: str | Path, separator: str = ",", *, append: bool = False) -> None:
        given: Any = separator
        if not isinstance(given, str) or len(given) != 1:
            raise ConfigError(f"separator={separator!r}; give one character")
        self.path = Path(path)
        self.separator = separator
        self.append = append
        self._file: IO[str] | None = None
        self._columns: list[str] | None = None

    def on_train_begin(self, epochs: int, batches: int | None) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("a", newline="", encoding="utf-8")
        #: What of the file is kept, once the first epoch starts.
        self._kept: int | None = self._file.tell() if self.append else 0

    def on_epoch_begin(self, epoch: int) -> None:
        if self._kept is not None:
            self._open_file().truncate(self._kept)
            self._columns = self._existing_columns() if self._kept else None
            self._kept = None

    def _existing_columns(self) -> list[str]:
        with self.path.open(newline="", encoding="utf-8") as file:
            return next(csv.reader(file, delimiter=self.separator))

    def _open_file(self) -> IO[str]:
        assert self._file is not None, "on_train_begin opens the file"
        return self._file

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        file = self._open_file()
        row: dict[str, Any] = {
            "epoch": epoch,
            **{name: repr(value) for name, value in logs.items()},
        }
        fresh = self._columns is None
        self._columns = self._columns or list(row)
        writer = csv.DictWriter(
            file, self._columns, delimiter=self.separator, extrasaction="ignore"
        )
        if fresh:
            writer.writeheader()
        writer.writerow(row)
        file.flush()

    def on_train_end(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def state(self) -> dict[str, Any]:
        return {"bytes": self._open_file().tell()}

    def load_state(self, state: Mapping[str, Any]) -> None:
        self._kept = min(state["bytes"], self._open_file().tell())


class RemoteMonitor(Callback):
    """Sends the measures of every epoch to a server: a POST of ``{"epoch": 3, "loss": 0.1}``.

    A server that cannot be reached or refuses is a warning, and training goes on.  NaN and
    infinity, which JSON lacks, are sent as ``null``.

    Args:
        root: the server.
        path: the place there.
        headers: more of the request's, such as ``{"Authorization": "Bearer …"}``.
        timeout: seconds to wait for an answer.
    """

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = 10.0,
    ) -> None:
        if not str(root).startswith(("http://", "https://")):
            raise ConfigError(
                f"root={root!r}; give an address that starts with http:// or https://"
            )
        check_positive(type(self).__name__, timeout=timeout)
        self.address = root + path
        self.headers = {"Content-Type": "application/json", **(headers or {})}
        self.timeout = timeout

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        from http.client import HTTPException  # slow to import, seldom needed
        from urllib.request import Request, urlopen

        finite = {name: value if math.isfinite(value) else None for name, value in logs.items()}
        body = json.dumps({"epoch": epoch, **finite}).encode()
        request = Request(self.address, data=body, headers=self.headers, method="POST")
        try:
            with urlopen(request, timeout=self.timeout):
                pass
        except (OSError, HTTPException) as error:
            warnings.warn(
                f"the measures of epoch {epoch} did not reach {self.address}: {error}",
                stacklevel=2,
            )
