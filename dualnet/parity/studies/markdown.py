"""The report of a study as Markdown."""

from __future__ import annotations

from dualnet.parity.studies.tables import facts, headline, tables
from dualnet.parity.studies.values import StudyReport
from dualnet.report.markdown import escaped, listed, titled

__all__ = ["markdown"]


def markdown(report: StudyReport) -> str:
    """Verdict, tables and notes, for a paper's repository or an issue."""
    parts = [
        f"### {escaped(headline(report))}",
        *map(titled, tables(report)),
        *(f"Note: {escaped(note)}" for note in report.notes),
        listed({**facts(report), **report.environment}),
    ]
    return "\n\n".join(parts) + "\n"
