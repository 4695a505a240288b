"""A study as plain JSON data, and back."""

from __future__ import annotations

from os import PathLike
from typing import Any

from dualnet.errors import ReportError
from dualnet.parity.studies.values import StudyReport
from dualnet.report.plain import decoded, encoded, json_data, write_data

__all__ = ["SCHEMA", "read_json", "to_plain", "write_json"]

#: Name and version of the schema; a field that moves or changes its meaning changes the version.
SCHEMA = "dualnet.study/1"


def to_plain(report: StudyReport) -> dict[str, Any]:
    """Dicts, lists, strings and numbers; NaN and infinities, which JSON lacks, as strings."""
    head = {"schema": SCHEMA, "ok": report.ok}
    return {**head, **encoded(report), "summary": encoded(report.summary)}


def write_json(report: StudyReport, path: str | PathLike[str]) -> None:
    """Writes the report to a file.

    Raises:
        ReportError: it cannot be written.
    """
    write_data(path, to_plain(report))


def read_json(path: str | PathLike[str]) -> StudyReport:
    """The report in a file; its summary is made from its cells.

    Raises:
        ReportError: it is missing, damaged, foreign, or of another version of the schema.
    """
    data = json_data(path)
    found = data.get("schema") if isinstance(data, dict) else None
    if found != SCHEMA:
        raise ReportError(f"{path} holds {found or 'no study'}; this dualnet reads {SCHEMA}")
    try:
        report: StudyReport = decoded(StudyReport, data)
    except ReportError as error:
        raise ReportError(f"{path} {error}") from error
    if not report.cells:
        raise ReportError(f"{path} is damaged: it has no cells")
    return report
