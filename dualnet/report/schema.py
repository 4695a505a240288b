"""The JSON Schema of a report, made from the values themselves and what they say of their fields.

``docs/report.schema.json`` is this schema as a file.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Any, get_args, get_origin

from dualnet.report.plain import NOT_FINITE, SCHEMA, fields
from dualnet.report.values import (
    VERDICTS,
    Distance,
    Divergence,
    Finding,
    FreeRunRow,
    LayerRow,
    LockStepRow,
    Mode,
    Report,
    Settings,
)

__all__ = ["TYPES", "json_schema"]

#: Every type of value in a report, from the whole to the smallest part.
TYPES = (
    Report,
    Settings,
    Mode,
    Finding,
    LockStepRow,
    FreeRunRow,
    LayerRow,
    Divergence,
    Distance,
)
NUMBER = {"anyOf": [{"type": "number"}, {"enum": list(NOT_FINITE)}]}
SCALARS: Mapping[type, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"$ref": "#/$defs/number"},
}


def json_schema() -> dict[str, Any]:
    """The schema (JSON Schema, draft 2020-12) that every saved report satisfies."""
    report = _object(Report)
    own = {
        "schema": {"const": SCHEMA, "description": "Name and version of this schema."},
        "ok": {"type": "boolean", "description": "Whether there is no real difference."},
    }
    report["properties"] = own | report["properties"]
    report["properties"]["verdict"]["enum"] = list(VERDICTS)
    report["required"] = [*own, *report["required"]]
    parts = {kind.__name__: _object(kind) for kind in TYPES if kind is not Report}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": SCHEMA,
        **report,
        "$defs": {"number": {"description": "NaN and infinities are strings.", **NUMBER}, **parts},
    }


def _object(kind: type) -> dict[str, Any]:
    told = _descriptions(kind)
    properties = {
        name: _schema(of) | ({"description": told[name]} if name in told else {})
        for name, of in fields(kind).items()
    }
    return {
        "type": "object",
        "description": _words((inspect.getdoc(kind) or "").partition("\n")[0]),
        "properties": properties,
        "required": list(properties),
    }


def _schema(kind: Any) -> dict[str, Any]:
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return {"$ref": f"#/$defs/{kind.__name__}"}
    origin, inner = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return {"anyOf": [_schema(inner[0]), {"type": "null"}]}
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _schema(inner[1])}
    if origin is Sequence or origin is tuple:
        size = {"minItems": len(inner), "maxItems": len(inner)} if _fixed(inner) else {}
        return {"type": "array", "items": _schema(inner[0]), **size}
    return dict(SCALARS[kind])


def _fixed(inner: tuple[Any, ...]) -> bool:
    return len(inner) > 1 and inner[1] is not Ellipsis


def _descriptions(kind: type) -> dict[str, str]:
    """What the docstring says of each field under ``Attributes:``."""
    _, _, text = (inspect.getdoc(kind) or "").partition("Attributes:\n")
    found = re.findall(r"^    (\w+): (.*(?:\n {5,}.*)*)", text, re.MULTILINE)
    return {name: _words(told) for name, told in found}


def _words(text: str) -> str:
    """Text on one line, without markup."""
    return re.sub(r":\w+:`|`", "", " ".join(text.split()))
