"""Loss and metrics over an epoch, gathered on the device and read seldom."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from dualnet.errors import NonFiniteError
from dualnet.metrics import Tally
from dualnet.protocols import Backend
from dualnet.typing import Tensor

__all__ = ["Totals"]

#: Steps whose results wait on the device before they are read together.
PENDING = 64


class Totals(Mapping[str, float]):
    """Running means by name, computed when they are looked at.

    A step's results stay native scalars until a mean is asked for or enough have gathered,
    so a step does not wait for the host.  Sums are kept in float64.
    """

    def __init__(self, backend: Backend, metrics: Sequence[str], *, finite: bool) -> None:
        self._backend = backend
        self._names = ("loss", *metrics)
        self._finite = finite
        self._sums = [0.0] * len(self._names)
        self._counts = [0.0] * len(self._names)
        self._pending: list[tuple[Tensor, ...]] = []
        self._sizes: list[int] = []
        self._steps = 0

    def add(self, samples: int, loss: Tensor, tallies: Sequence[Tally]) -> None:
        """Takes the results of one step over ``samples`` samples."""
        self._pending.append((loss, *(scalar for tally in tallies for scalar in tally)))
        self._sizes.append(samples)
        if len(self._pending) >= PENDING:
            self._read()

    def _read(self) -> None:
        """Moves what is pending into the sums.

        Raises:
            NonFiniteError: the loss of a step is NaN or infinite.
        """
        pending, sizes = self._pending, self._sizes
        self._pending, self._sizes = [], []
        for scalars, samples in zip(pending, sizes, strict=True):
            loss, *tallies = (float(self._backend.state.to_numpy(s)) for s in scalars)
            self._steps += 1
            if self._finite and not math.isfinite(loss):
                raise NonFiniteError(
                    f"the loss is {loss} at step {self._steps} of the epoch; lower the learning "
                    "rate, clip gradients, or look for NaN in the data "
                    "(compile(check_finite=False) lets training go on)"
                )
            self._add(0, loss * samples, samples)
            for place in range(1, len(self._names)):
                self._add(place, *tallies[2 * place - 2 : 2 * place])

    def _add(self, place: int, total: float, count: float) -> None:
        self._sums[place] += total
        self._counts[place] += count

    def __getitem__(self, name: str) -> float:
        self._read()
        place = self._names.index(name)
        return self._sums[place] / self._counts[place] if self._counts[place] else math.nan

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
