"""What a study found: plain frozen values, a few numbers for each of its cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any

from dualnet.parity.studies.summary import Summary, ratio, summaries
from dualnet.report.values import Divergence

__all__ = ["Cell", "Point", "StudyReport"]


@dataclass(frozen=True)
class Point:
    """Where in the grid of a study a comparison lies.

    Attributes:
        net: the network's name.
        backends: the pair that is compared.
        seed: of weights, batch order and masks.
        dtype: of the free run.
        device: as it was asked for.
    """

    net: str
    backends: tuple[str, str]
    seed: int
    dtype: str
    device: str

    def __str__(self) -> str:
        first, second = self.backends
        return f"{self.net}, {first} and {second}, seed {self.seed}, {self.dtype} on {self.device}"


@dataclass(frozen=True)
class Cell(Point):
    """One comparison of a study and its outcome.

    Attributes:
        verdict: as in :class:`dualnet.report.Report`; ``None`` if the comparison failed.
        reason: why, in a sentence.
        first: the first real difference; ``None`` unless diverged.
        horizon: the step from which on training is chaotic; ``None`` if it is not.
        scores: backend to measure, after training.
        seconds: backend to the time that its training steps took.
        error: what was raised instead; ``""`` if nothing was.
        file: name of the whole report in the study's folder; ``""`` without a folder.
    """

    verdict: str | None
    reason: str
    first: Divergence | None
    horizon: int | None
    scores: Mapping[str, Mapping[str, float]]
    seconds: Mapping[str, float]
    error: str
    file: str

    @property
    def ratio(self) -> float | None:
        """Time of the second backend by that of the first; ``None`` without times."""
        return ratio(self.seconds)


@dataclass(frozen=True)
class StudyReport:
    """The outcome of :func:`dualnet.study`.

    ``print(report)`` shows a table of the summary and one of the cells; ``to_html``,
    ``to_markdown``, ``to_csv`` and ``to_json`` give it to others.

    Attributes:
        cells: every comparison, in the order of the grid.
        settings: what was studied, by name, as text.
        environment: versions, devices and threads; where cells were computed in different
            ones, all of them.
        notes: what a reader should know beside the tables.
    """

    cells: tuple[Cell, ...]
    settings: Mapping[str, str]
    environment: Mapping[str, str]
    notes: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether every cell was computed and none diverged."""
        return all(cell.verdict not in (None, "diverged") for cell in self.cells)

    @property
    def summary(self) -> tuple[Summary, ...]:
        """Over the seeds: one entry for each network, pair of backends, dtype and device."""
        return summaries(self.cells)

    def __str__(self) -> str:
        from dualnet.parity.studies.text import render  # rich loads only when something is shown

        return render(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data; the schema is in ``docs/studies.md``."""
        from dualnet.parity.studies.plain import to_plain  # the writers stand on these values

        return to_plain(self)

    def to_json(self, path: str | PathLike[str]) -> None:
        """Writes :meth:`to_dict` to a file, whole or not at all.

        Raises:
            ReportError: it cannot be written.
        """
        from dualnet.parity.studies.plain import write_json  # same

        write_json(self, path)

    def to_csv(self, path: str | PathLike[str]) -> None:
        """Writes one line for each cell and backend, for a spreadsheet or a data frame.

        Raises:
            ReportError: it cannot be written.
        """
        from dualnet.parity.studies.sheet import write_csv  # same

        write_csv(self, path)

    def to_html(self, path: str | PathLike[str]) -> None:
        """Writes one self-contained page, plots included, that needs no network.

        Raises:
            ReportError: it cannot be written.
        """
        from dualnet.parity.studies.html import write_html  # same

        write_html(self, path)

    def to_markdown(self) -> str:
        """The report as Markdown, for a paper's repository or an issue."""
        from dualnet.parity.studies.markdown import markdown  # same

        return markdown(self)

    def save(self, path: str | PathLike[str]) -> None:
        """Writes the report so that :meth:`load` reads it: the file of :meth:`to_json`.

        Raises:
            ReportError: it cannot be written.
        """
        self.to_json(path)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> StudyReport:
        """The report that :meth:`save` or :meth:`to_json` wrote.

        Raises:
            ReportError: the file is missing, damaged, or of another kind.
        """
        from dualnet.parity.studies.plain import read_json  # same

        return read_json(path)
