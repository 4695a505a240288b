"""A study as comma-separated values: a line for each cell and backend."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from os import PathLike
from typing import Any

from dualnet.parity.studies.values import Cell, StudyReport
from dualnet.report.saving import write_text

__all__ = ["write_csv"]

#: The columns that every study has; its measures follow.
COLUMNS = (
    "net",
    "pair",
    "backend",
    "seed",
    "dtype",
    "device",
    "verdict",
    "horizon",
    "seconds",
    "error",
)


def write_csv(report: StudyReport, path: str | PathLike[str]) -> None:
    """Writes the lines to a file, the names of the columns first; what there is not is empty.

    Raises:
        ReportError: it cannot be written.
    """
    names = tuple(
        dict.fromkeys(
            name for cell in report.cells for side in cell.scores.values() for name in side
        )
    )
    text = io.StringIO()
    writer = csv.DictWriter(text, (*COLUMNS, *names), lineterminator="\n")
    writer.writeheader()
    for cell in report.cells:
        writer.writerows(_lines(cell))
    write_text(path, text.getvalue())


def _lines(cell: Cell) -> Iterator[dict[str, Any]]:
    """One for each backend; those of a failed cell have no scores."""
    for backend in cell.scores or dict.fromkeys(cell.backends):
        yield {
            "net": cell.net,
            "pair": ":".join(cell.backends),
            "backend": backend,
            "seed": cell.seed,
            "dtype": cell.dtype,
            "device": cell.device,
            "verdict": cell.verdict,
            "horizon": cell.horizon,
            "seconds": cell.seconds.get(backend),
            "error": cell.error,
            **cell.scores.get(backend, {}),
        }
