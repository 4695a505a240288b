"""What the rounds have found."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from os import PathLike
from typing import Any

from dualnet.bench.contestants import CONTESTANTS, FAMILIES, NATIVE
from dualnet.bench.figures import Figure, Spread, beside, spread
from dualnet.report.saving import write_text

__all__ = [
    "Measurement",
    "Results",
    "SCHEMA",
]

#: Name and version of the schema; a field that moves or changes its meaning changes the version.
SCHEMA = "dualnet.bench/1"


@dataclass(frozen=True)
class Measurement:
    """One process.

    Attributes:
        workload, contestant, turn: the names of what was measured, and of which round.
        figures: values by name, see :data:`dualnet.bench.figures.FIGURES`.
        parameters: how many numbers were trained.
        loss: of the first step.
        error: the last line that a failed process has said.
    """

    workload: str
    contestant: str
    turn: int
    figures: Mapping[str, float]
    parameters: int | None = None
    loss: float | None = None
    error: str | None = None


@dataclass(frozen=True)
class Results:
    """All measurements.

    Attributes:
        measurements: in the order in which they were made.
        workloads: name to sizes.
        rounds: how often each was measured.
        missing: contestants that were left out, and the packages they need.
        environment: versions, and what else the figures depend on.
        unfinished: how many measurements were not made, since the race was interrupted.
    """

    measurements: tuple[Measurement, ...]
    workloads: Mapping[str, Mapping[str, Any]]
    rounds: int
    missing: Mapping[str, tuple[str, ...]]
    environment: Mapping[str, str]
    unfinished: int = 0

    @property
    def ok(self) -> bool:
        """Whether every process has run and given its figures, and all trained as many numbers."""
        return not (self.failures() or self.unequal() or self.unfinished)

    def failures(self) -> dict[tuple[str, str], str]:
        """What the processes that failed have said, by workload and contestant."""
        return {(m.workload, m.contestant): m.error for m in self.measurements if m.error}

    def unequal(self) -> dict[str, dict[str, int]]:
        """The workloads at which contestants have not the same number of parameters."""
        counts: dict[str, dict[str, int]] = {}
        for m in self.measurements:
            if m.parameters is not None:
                counts.setdefault(m.workload, {})[m.contestant] = m.parameters
        return {name: found for name, found in counts.items() if len(set(found.values())) > 1}

    def backends(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Every backend with contestants, and their families in order."""
        present = [CONTESTANTS[name] for name in self._contestants()]
        for backend in dict.fromkeys(each.backend for each in CONTESTANTS.values()):
            families = {each.family for each in present if each.backend == backend}
            if families:
                yield backend, tuple(name for name in FAMILIES if name in families)

    def _contestants(self) -> Iterator[str]:
        yield from dict.fromkeys(m.contestant for m in self.measurements)

    def spread(self, figure: Figure, workload: str, backend: str, family: str) -> Spread | None:
        """A contestant's figure over the rounds; ``None`` if it has none."""
        values = self._values(figure, workload, backend, family)
        return spread(values.values()) if values else None

    def beside_native(
        self, figure: Figure, workload: str, backend: str, family: str
    ) -> Spread | None:
        """The same, compared with the native loop's of the same rounds."""
        ours = self._values(figure, workload, backend, family)
        native = self._values(figure, workload, backend, NATIVE)
        both = [turn for turn in ours if turn in native]
        if family == NATIVE or not both:
            return None
        return beside(figure, [ours[turn] for turn in both], [native[turn] for turn in both])

    def _values(self, figure: Figure, workload: str, backend: str, family: str) -> dict[int, float]:
        """By round."""
        return {
            m.turn: m.figures[figure.name]
            for m in self.measurements
            if m.workload == workload
            and figure.name in m.figures
            and (CONTESTANTS[m.contestant].backend, CONTESTANTS[m.contestant].family)
            == (backend, family)
        }

    def to_json(self, path: str | PathLike[str]) -> None:
        """Writes every figure to a file.

        Raises:
            ReportError: it cannot be written.
        """
        write_text(path, json.dumps({"schema": SCHEMA, **asdict(self)}, indent=1) + "\n")
