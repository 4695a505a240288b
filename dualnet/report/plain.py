"""A report as plain JSON data, and back; every field is in ``docs/report_schema.md``."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from dualnet.errors import ReportError
from dualnet.report.saving import write_text
from dualnet.report.values import VERDICTS, Report

__all__ = [
    "NOT_FINITE",
    "SCHEMA",
    "decoded",
    "encoded",
    "fields",
    "from_plain",
    "json_data",
    "read_json",
    "to_plain",
    "write_data",
    "write_json",
]

#: Name and version of the schema; a field that moves or changes its meaning changes the version.
SCHEMA = "dualnet.report/2"
#: How JSON, which lacks them, gives the numbers that are not finite.
NOT_FINITE = ("nan", "inf", "-inf")
#: What JSON calls the types that are looked for.
WORDS = {
    dict: "an object",
    list: "an array",
    str: "a string",
    int: "an integer",
    Real: "a number",
}


def to_plain(report: Report) -> dict[str, Any]:
    """Dicts, lists, strings and numbers; NaN and infinities, which JSON lacks, as strings."""
    return {"schema": SCHEMA, "ok": report.ok, **encoded(report)}


def encoded(value: Any) -> Any:
    """A value as JSON data."""
    if dataclasses.is_dataclass(value):
        return {f.name: encoded(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): encoded(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [encoded(item) for item in value]
    if isinstance(value, (bool, str)) or value is None:
        return value
    if isinstance(value, Integral):
        return int(value)
    number = float(value)
    return number if math.isfinite(number) else str(number)


def write_json(report: Report, path: str | PathLike[str]) -> None:
    """Writes the report to a file.

    Raises:
        ReportError: it cannot be written.
    """
    write_data(path, to_plain(report))


def write_data(path: str | PathLike[str], data: dict[str, Any]) -> None:
    """Writes plain data to a file.

    Raises:
        ReportError: it cannot be written.
    """
    text = json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


def read_json(path: str | PathLike[str]) -> Report:
    """The report in a file.

    Raises:
        ReportError: it is missing, damaged, foreign, or of another version of the schema.
    """
    data = json_data(path)
    try:
        return from_plain(data)
    except ReportError as error:
        raise ReportError(f"{path} {error}") from error


def json_data(path: str | PathLike[str]) -> Any:
    """What a JSON file holds.

    Raises:
        ReportError: it is missing, or no JSON.
    """
    try:
        return json.loads(Path(path).read_bytes())
    except OSError as error:
        raise ReportError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ReportError(f"{path} is damaged or no JSON: {error}") from error


def from_plain(data: Any) -> Report:
    """The report that :func:`to_plain` was given; fields that it does not know are left out.

    Raises:
        ReportError: the data is no report, or of another version of the schema.
    """
    found = data.get("schema") if isinstance(data, dict) else None
    if not isinstance(found, str) or not found.startswith("dualnet.report/"):
        raise ReportError("holds no report of dualnet")
    if found != SCHEMA:
        raise ReportError(
            f"holds a report of schema {found}, and this dualnet reads {SCHEMA}; compare again, "
            "or show it with the dualnet that wrote it"
        )
    report: Report = decoded(Report, data)
    if report.verdict not in VERDICTS:
        known = ", ".join(VERDICTS)
        raise ReportError(f"is damaged: its verdict is {report.verdict!r}, none of {known}")
    return report


@cache
def fields(kind: type) -> Mapping[str, Any]:
    """The fields of a value type, with their types."""
    return get_type_hints(kind)


def decoded(kind: Any, data: Any, where: str = "") -> Any:
    """JSON data as a value of a type, the inverse of :func:`encoded`.

    Args:
        kind: a dataclass, ``str``, ``int``, ``float``, or a mapping, sequence or tuple of these,
            or one of them or ``None``.
        where: the place of the data, for errors.

    Raises:
        ReportError: the data does not fit.
    """
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = fields(kind)
        held = _expect(dict, data, where)
        return kind(
            **{
                name: decoded(hints[name], _field(held, name, where), f"{where}.{name}")
                for name in hints
            }
        )
    origin = get_origin(kind)
    if origin is UnionType:  # a value or null
        return None if data is None else decoded(get_args(kind)[0], data, where)
    if origin is Mapping:
        inner = get_args(kind)[1]
        items = _expect(dict, data, where).items()
        return {key: decoded(inner, item, f"{where}.{key}") for key, item in items}
    if origin is Sequence or origin is tuple:
        return _series(kind, data, where)
    return _scalar(kind, data, where)


def _field(held: dict[str, Any], name: str, where: str) -> Any:
    if name not in held:
        raise ReportError(f"is damaged: {_named(where)} lacks {name!r}")
    return held[name]


def _series(kind: Any, data: Any, where: str) -> Any:
    items, kinds = _expect(list, data, where), get_args(kind)
    if len(kinds) > 1 and kinds[1] is not Ellipsis and len(items) != len(kinds):
        raise ReportError(f"is damaged: {_named(where)} has {len(items)} items, not {len(kinds)}")
    found = [decoded(kinds[0], item, f"{where}[{at}]") for at, item in enumerate(items)]
    return found if get_origin(kind) is Sequence else tuple(found)


def _scalar(kind: type, data: Any, where: str) -> Any:
    if kind is not float:
        return _expect(kind, data, where)
    if isinstance(data, str) and data in NOT_FINITE:
        return float(data)
    try:
        return float(_expect(Real, data, where))
    except OverflowError as error:
        raise ReportError(f"is damaged: {_named(where)} is too large a number") from error


def _expect(kind: type, data: Any, where: str) -> Any:
    if not isinstance(data, kind) or (isinstance(data, bool) and kind is not bool):
        raise ReportError(
            f"is damaged: {_named(where)} is {data!r:.40}, where {WORDS[kind]} should be"
        )
    return data


def _named(where: str) -> str:
    return where.removeprefix(".") or "the report"
