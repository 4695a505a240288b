"""Over the seeds of a study: scores, their difference between two backends, times, verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from dualnet.parity.studies.statistics import Spread, spread
from dualnet.report.values import VERDICTS

__all__ = ["Measure", "Summary", "ratio", "summaries"]


class _Outcome(Protocol):
    """What of a cell is summed up."""

    @property
    def net(self) -> str: ...
    @property
    def backends(self) -> tuple[str, str]: ...
    @property
    def seed(self) -> int: ...
    @property
    def dtype(self) -> str: ...
    @property
    def device(self) -> str: ...
    @property
    def verdict(self) -> str | None: ...
    @property
    def horizon(self) -> int | None: ...
    @property
    def scores(self) -> Mapping[str, Mapping[str, float]]: ...
    @property
    def seconds(self) -> Mapping[str, float]: ...


@dataclass(frozen=True)
class Measure:
    """A loss or metric after training.

    Attributes:
        name: as in ``fit``.
        sides: backend to its values over the seeds.
        difference: second less first, seed by seed.  Both start a seed from the same weights
            and see the same batches, so the pairs are what tells: their differences spread far
            less than the values themselves.
    """

    name: str
    sides: Mapping[str, Spread]
    difference: Spread


@dataclass(frozen=True)
class Summary:
    """One network on one pair of backends, in one dtype on one device, over the seeds.

    Attributes:
        net, backends, dtype, device: as in the cells.
        seeds: those whose comparison was made.
        failed: those whose comparison failed.
        verdicts: how many cells have each verdict, from the best to the worst.
        worst: the worst of them; ``None`` if every cell failed.
        horizon: the earliest step from which on training is chaotic; ``None`` if it never is.
        measures: loss and metrics after training.
        seconds: backend to the time of its training steps, where it was taken.
    """

    net: str
    backends: tuple[str, str]
    dtype: str
    device: str
    seeds: tuple[int, ...]
    failed: tuple[int, ...]
    verdicts: Mapping[str, int]
    worst: str | None
    horizon: int | None
    measures: tuple[Measure, ...]
    seconds: Mapping[str, Spread]

    @property
    def ratio(self) -> float | None:
        """Mean time of the second backend by that of the first; ``None`` without times."""
        return ratio({label: spread.mean for label, spread in self.seconds.items()})


def summaries(cells: Iterable[_Outcome]) -> tuple[Summary, ...]:
    """A summary for each network, pair, dtype and device, in their order of appearance."""
    groups: dict[tuple[str, tuple[str, str], str, str], list[_Outcome]] = {}
    for cell in cells:
        groups.setdefault((cell.net, cell.backends, cell.dtype, cell.device), []).append(cell)
    return tuple(_summary(*place, group) for place, group in groups.items())


def _summary(
    net: str, backends: tuple[str, str], dtype: str, device: str, cells: Sequence[_Outcome]
) -> Summary:
    made = [cell for cell in cells if cell.verdict is not None]
    found = [cell.verdict for cell in made]
    verdicts = {verdict: found.count(verdict) for verdict in VERDICTS if verdict in found}
    horizons = [cell.horizon for cell in made if cell.horizon is not None]
    return Summary(
        net,
        backends,
        dtype,
        device,
        tuple(cell.seed for cell in made),
        tuple(cell.seed for cell in cells if cell.verdict is None),
        verdicts,
        list(verdicts)[-1] if verdicts else None,
        min(horizons, default=None),
        _measures(made),
        _seconds(made),
    )


def _measures(made: Sequence[_Outcome]) -> tuple[Measure, ...]:
    if not made:
        return ()
    first, second = made[0].scores  # the labels of the two sides

    def measure(name: str) -> Measure:
        pairs = [(cell.scores[first][name], cell.scores[second][name]) for cell in made]
        sides = {first: spread(a for a, _ in pairs), second: spread(b for _, b in pairs)}
        return Measure(name, sides, spread(b - a for a, b in pairs))

    return tuple(measure(name) for name in made[0].scores[first])


def _seconds(made: Sequence[_Outcome]) -> dict[str, Spread]:
    timed = [cell.seconds for cell in made if cell.seconds]
    return {label: spread(each[label] for each in timed) for label in (timed[0] if timed else ())}


def ratio(seconds: Mapping[str, float]) -> float | None:
    """The second of two times by the first; ``None`` where they were not taken.

    >>> ratio({"torch": 2.0, "tensorflow": 3.0}), ratio({})
    (1.5, None)
    """
    times = list(seconds.values())
    return times[1] / times[0] if len(times) == 2 and times[0] > 0 else None
