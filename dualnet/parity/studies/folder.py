"""The folder of a study: its finished cells, and what study it is that they belong to."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path
from typing import Any

from dualnet.errors import ConfigError, ReportError
from dualnet.parity.studies.identity import differences
from dualnet.parity.studies.values import Point
from dualnet.report.saving import write_text
from dualnet.report.values import Report

__all__ = ["Folder"]

#: The file that says what study it is.
DESCRIPTION = "study.json"
SCHEMA = "dualnet.study-folder/1"


class Folder:
    """Where a study keeps the report of every finished cell, one file each.

    A file is written whole or not at all, so a process may die at any moment.  The grid may
    grow: further seeds, dtypes, devices, backends or networks are further files.  What an
    existing cell depends on may not change.

    Args:
        path: made if it is not there.
        identity: name to JSON data: what the study's cells depend on.

    Raises:
        ConfigError: the folder holds another study.
        ReportError: it cannot be read or written.
    """

    def __init__(self, path: Path, identity: Mapping[str, Any]) -> None:
        self.path = path
        before = self._description()
        found = differences(before, identity)
        if found:
            raise ConfigError(
                f"{path} holds another study: {'; '.join(found)}; give another folder, or delete "
                "this one if its cells are no longer wanted"
            )
        content = {"schema": SCHEMA, "identity": {**before, **identity}}
        if content["identity"] != before:
            write_text(path / DESCRIPTION, json.dumps(content, indent=1) + "\n")

    def _description(self) -> Mapping[str, Any]:
        """What the folder says it is; nothing if it is new."""
        file = self.path / DESCRIPTION
        try:
            content = json.loads(file.read_bytes())
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise ReportError(
                f"cannot read {file}: {error.strerror}; give another folder"
            ) from error
        except ValueError:
            content = None
        if not isinstance(content, dict) or not isinstance(content.get("identity"), dict):
            raise ReportError(f"{file} is damaged; give another folder, or delete this one")
        if content.get("schema") != SCHEMA:
            raise ReportError(
                f"{file} has schema {content.get('schema')}, this dualnet reads {SCHEMA}; give "
                "another folder"
            )
        identity: dict[str, Any] = content["identity"]
        return identity

    def name(self, point: Point) -> str:
        """The file of a point: words to read, and a hash that no other point has.

        Two names may differ in letters that a file cannot have, or in capitals only.
        """
        words = (point.net, *point.backends, point.dtype, point.device, f"seed{point.seed}")
        plain = "-".join(re.sub(r"[^A-Za-z0-9_.]+", "", word) for word in words)
        key = json.dumps(asdict(point), sort_keys=True)
        return f"{plain[:100]}-{blake2b(key.encode(), digest_size=4).hexdigest()}.json"

    def load(self, point: Point) -> Report | None:
        """The report of a finished cell; ``None`` if it is not finished.

        Raises:
            ReportError: its file is damaged, or holds another cell.
        """
        file = self.path / self.name(point)
        if not file.exists():
            return None
        report = Report.load(file)
        settings = report.settings
        if (settings.backends, settings.seed, settings.dtype) != (
            point.backends,
            point.seed,
            point.dtype,
        ):
            raise ReportError(f"{file} holds another comparison")
        return report

    def save(self, point: Point, report: Report) -> None:
        """Keeps the report of a cell.

        Raises:
            ReportError: it cannot be written.
        """
        report.save(self.path / self.name(point))
