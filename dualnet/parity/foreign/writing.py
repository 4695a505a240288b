"""A comparison of two models as text, Markdown and JSON."""

from __future__ import annotations

import dataclasses
import io
import json
import math
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dualnet.parity.foreign.values import Measure, ModelReport, PairRow
from dualnet.report.values import VERDICTS, Distance

__all__ = ["SCHEMA", "markdown", "render", "to_plain", "write_json"]

#: Name and version of the JSON schema.
SCHEMA = "dualnet.models/1"
WIDTH = 132
#: Title, columns, rows.
_Table = tuple[str, tuple[str, ...], list[tuple[str, ...]]]
PHASES = ("forward", "training", "gradient", "state")
COLUMNS = ("a", "b", "kind", "inherited", *PHASES)
STEP_COLUMNS = ("step", "loss a", "loss b", "loss", "gradient", "state", "update")


def render(report: ModelReport) -> str:
    """The report as plain text, the verdict last."""
    text = io.StringIO()
    console = Console(file=text, width=WIDTH, no_color=True, highlight=False)
    for line in _facts(report):
        console.print(Text(line))
    for title, columns, rows in _tables(report):
        table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
        for column in columns:
            words = column in COLUMNS[:3]
            table.add_column(column, justify="left" if words else "right", overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        console.print(table)
    for line in _findings(report):
        console.print(Text(line))
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())


def markdown(report: ModelReport) -> str:
    """The verdict, tables and notes."""
    *findings, verdict = _findings(report)
    lines = [f"## {_escaped(verdict)}", ""]
    lines += [f"- {_escaped(line)}" for line in (*_facts(report), *findings)]
    for title, columns, rows in _tables(report):
        lines += ["", f"**{title}**", "", _row(columns), _row(("---",) * len(columns))]
        lines += [_row(tuple(map(_escaped, row))) for row in rows]
    return "\n".join(lines) + "\n"


def to_plain(report: ModelReport) -> dict[str, Any]:
    """Dicts, lists, strings and numbers; NaN and infinities, which JSON lacks, as strings.

    The arrays of :attr:`ModelReport.parting` are left out.
    """
    fields = (f.name for f in dataclasses.fields(report) if f.name != "parting")
    return {
        "schema": SCHEMA,
        "ok": report.ok,
        **{name: _plain(getattr(report, name)) for name in fields},
    }


def write_json(report: ModelReport, path: str | PathLike[str]) -> None:
    """Writes :func:`to_plain` to a file."""
    text = json.dumps(to_plain(report), indent=1, ensure_ascii=False, allow_nan=False)
    Path(path).write_text(text + "\n", encoding="utf-8")


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


# Text


def _facts(report: ModelReport) -> list[str]:
    found = [*report.models, f"computed in {report.dtype}"]
    if report.transferred:
        found.append(f"{len(report.transferred)} weights transferred")
    for label, paths in zip("ab", report.alone, strict=True):
        if paths:
            found.append(f"in {label} only, without weights: {', '.join(paths)}")
    return found


def _findings(report: ModelReport) -> list[str]:
    found = [f"note: {note}" for note in report.notes]
    found.append(f"outputs: relative {_number(report.output)} apart")
    found.append(f"first parting: {'none' if report.first is None else report.first}")
    if report.cause is not None:
        found.append(f"likely cause: {report.cause.text}")
        found.append(
            f"  {report.cause.correction} (tried on this layer: {report.cause.before:.1e} becomes "
            f"{report.cause.after:.1e})"
        )
    return [*found, f"verdict: {report.verdict}, {VERDICTS[report.verdict]}"]


def _tables(report: ModelReport) -> list[_Table]:
    title = "layers, each given the same input on both sides (inherited: as the models ran)"
    found: list[_Table] = [(title, COLUMNS, [_pair(row) for row in report.rows])]
    if report.steps:
        rows = [
            (
                str(step.step),
                *(f"{loss:.6g}" for loss in step.loss),
                *(_number(step.distances.get(name)) for name in STEP_COLUMNS[3:]),
            )
            for step in report.steps
        ]
        found.append(("training, each step from one state", STEP_COLUMNS, rows))
    return found


def _pair(row: PairRow) -> tuple[str, ...]:
    nothing = Measure(None, None)
    inherited = row.phases.get("forward", nothing).inherited
    own = (row.phases.get(phase, nothing).own for phase in PHASES)
    return (row.path_a, row.path_b, row.kind, *map(_number, (inherited, *own)))


def _number(distance: Distance | None) -> str:
    if distance is None:
        return "–"
    return "0" if distance.relative == 0 else f"{distance.relative:.1e}"


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    """Text in which nothing is markup."""
    for mark in ("\\", "|", "*", "_", "`", "<", "#"):
        text = text.replace(mark, f"\\{mark}")
    return text
