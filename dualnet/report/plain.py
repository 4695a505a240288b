"""A report as plain JSON data, for other programs; the schema is in ``docs/parity.md``."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from dualnet.report.values import Report

__all__ = ["SCHEMA", "to_plain", "write_json"]

#: Name and version of the schema; a field that changes its meaning changes the version.
SCHEMA = "dualnet.report/1"


def to_plain(report: Report) -> dict[str, Any]:
    """Dicts, lists, strings and numbers; NaN and infinities, which JSON lacks, as strings."""
    found = {field.name: getattr(report, field.name) for field in dataclasses.fields(report)}
    return {"schema": SCHEMA, "ok": report.ok, **_plain(found)}


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def write_json(report: Report, path: str | PathLike[str]) -> None:
    """Writes the report to a file."""
    text = json.dumps(to_plain(report), indent=2, ensure_ascii=False, allow_nan=False)
    Path(path).write_text(text + "\n", encoding="utf-8")
