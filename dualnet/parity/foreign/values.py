"""What a comparison of two native models found: plain frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any

from dualnet.parity.foreign.causes import Cause
from dualnet.parity.foreign.parting import Parting
from dualnet.report.values import Distance

__all__ = ["FirstParting", "Measure", "ModelReport", "PairRow", "StepOfModels"]


@dataclass(frozen=True)
class Measure:
    """How far one layer's two versions are apart in one phase.

    Attributes:
        own: given the same input; ``None`` where their inputs cannot be exchanged.
        inherited: as the two models ran.
    """

    own: Distance | None
    inherited: Distance | None


@dataclass(frozen=True)
class PairRow:
    """One pair of layers.

    Attributes:
        path_a, path_b: dotted paths.
        kind: dualnet's name of the layer.
        phases: of ``"forward"``, ``"training"``, ``"gradient"`` and ``"state"``, those
            that the pair has.
    """

    path_a: str
    path_b: str
    kind: str
    phases: Mapping[str, Measure]


@dataclass(frozen=True)
class StepOfModels:
    """One training step of both, from one state.

    Attributes:
        step: its number, from 0.
        loss: of each side.
        distances: the largest of ``"loss"``, ``"gradient"``, ``"state"`` and ``"update"``.
    """

    step: int
    loss: tuple[float, float]
    distances: Mapping[str, Distance]


@dataclass(frozen=True)
class FirstParting:
    """The first place where the models part by more than rounding.

    Attributes:
        phase: one of :data:`dualnet.parity.foreign.parting.PHASES`.
        path_a, path_b: the layers; ``"output"`` for the models' own outputs.
        kind: dualnet's name of the layer.
        name: the weight, state or gradient that differs most; ``""`` for outputs.
        training: whether it is in training mode.
        step: the training step; ``None`` before the first.
        after: for ``"between"``: the last layers before, of each side.
        distance, gate: how far apart, and what rounding explains.
    """

    phase: str
    path_a: str
    path_b: str
    kind: str
    name: str
    training: bool
    step: int | None
    after: tuple[str, str] | None
    distance: Distance
    gate: float

    def __str__(self) -> str:
        where = f"{self.phase}, {self.path_a!r} | {self.path_b!r}"
        if self.phase == "between":
            start = "the inputs" if self.after is None else "{!r} | {!r}".format(*self.after)
            where = f"between {start} and {self.path_a!r} | {self.path_b!r}"
        mode = ", in training mode" if self.training else ""
        at = "" if self.step is None else f"step {self.step}, "
        named = f", {self.name}" if self.name else ""
        return (
            f"{at}{where} ({self.kind}{named}){mode}: relative "
            f"{self.distance.relative:.2g}, where rounding explains {self.gate:.1g}"
        )


@dataclass(frozen=True)
class ModelReport:
    """The outcome of :func:`dualnet.parity.compare_models`.

    ``print(report)`` shows every pair of layers, the first parting and its cause;
    :meth:`to_json` and :meth:`to_markdown` give it to others.

    Attributes:
        verdict: ``"identical"``, ``"agree"`` or ``"diverged"``, as of :func:`dualnet.compare`.
        first: the first parting; ``None`` unless diverged.
        cause: what explains it, tried on that layer alone; ``None`` if nothing in the
            catalogue does.
        rows: the pairs of layers, in order of execution.
        steps: the training steps; without any, one pass back and forth without an update.
        output: the distance of the outputs in evaluation mode.
        alone: paths of each side's layers without weights that have no partner.
        transferred: paths of the weights that were written, of each side; empty without transfer.
        notes: what a reader should know.
        dtype: what both computed in.
        models: the two, in words.
        environment: versions and devices.
        parting: the first parting with all its arrays.
    """

    verdict: str
    first: FirstParting | None
    cause: Cause | None
    rows: tuple[PairRow, ...]
    steps: tuple[StepOfModels, ...]
    output: Distance
    alone: tuple[tuple[str, ...], tuple[str, ...]]
    transferred: tuple[str, ...]
    notes: tuple[str, ...]
    dtype: str
    models: tuple[str, str]
    environment: Mapping[str, str]
    parting: Parting | None

    @property
    def ok(self) -> bool:
        """Whether there is no real difference."""
        return self.verdict != "diverged"

    def __str__(self) -> str:
        from dualnet.parity.foreign.writing import render  # rich loads only for what is shown

        return render(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data; the schema is in ``docs/foreign_models.md``."""
        from dualnet.parity.foreign.writing import to_plain  # the writers stand on these values

        return to_plain(self)

    def to_json(self, path: str | PathLike[str]) -> None:
        """Writes :meth:`to_dict` to a file."""
        from dualnet.parity.foreign.writing import write_json  # same

        write_json(self, path)

    def to_markdown(self) -> str:
        """The report as Markdown, for a pull request or an issue."""
        from dualnet.parity.foreign.writing import markdown  # same

        return markdown(self)
