"""What a comparison found: plain frozen values, none larger than a number per step and phase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any

__all__ = [
    "Distance",
    "Divergence",
    "Finding",
    "Practice",
    "Proof",
    "Report",
    "Settings",
    "StepRow",
    "VERDICTS",
]

#: Every verdict, from the best to the worst, with what it says in words.
VERDICTS = {
    "identical": "the same bits on both",
    "agree": "equal up to rounding",
    "noise": "the same computation, whose rounding this training magnifies",
    "diverged": "a real difference between the backends",
}


@dataclass(frozen=True)
class Distance:
    """How far two arrays are apart.

    Attributes:
        absolute: ``max |a - b|``.
        relative: ``‖a - b‖ / max(‖a‖, ‖b‖, floor)``, in the 2-norm.
        ulps: the largest number of representable values between two elements.
    """

    absolute: float
    relative: float
    ulps: float

    def __or__(self, other: Distance) -> Distance:
        """The larger of two distances, each measure by itself."""
        return Distance(
            max(self.absolute, other.absolute),
            max(self.relative, other.relative),
            max(self.ulps, other.ulps),
        )


@dataclass(frozen=True)
class Finding:
    """The worst of one phase of the proof.

    Attributes:
        phase: ``"forward"``, ``"loss"``, ``"gradient"``, ``"state"`` or ``"update"``.
        step: the step where it is worst.
        path: the variable, slot or output that is worst there.
        distance: how far the backends are apart there.
        gate: the relative distance that rounding explains.
    """

    phase: str
    step: int
    path: str
    distance: Distance
    gate: float


@dataclass(frozen=True)
class Divergence:
    """A real difference, and where it first appears.

    Attributes:
        step: number of the training step, from 0.
        phase: ``"forward"``, ``"loss"``, ``"gradient"``, ``"state"`` or ``"update"``.
        path: the layer, variable or optimizer slot.
        layer: path of the layer whose own contribution differs; ``""`` if none is to blame.
        paths: everything that differs in this phase of this step.
        distance: how far the backends are apart at ``path``.
        gate: the relative distance that rounding explains.
        control: how far one backend parts from itself there when its weights and inputs are
            moved by one unit in the last place.
        dtype: the dtype in which it was found.
    """

    step: int
    phase: str
    path: str
    layer: str
    paths: tuple[str, ...]
    distance: Distance
    gate: float
    control: float
    dtype: str

    def __str__(self) -> str:
        where = f"{self.path!r}" + (f" (layer {self.layer!r})" if self._names_layer() else "")
        return (
            f"step {self.step}, {self.phase}, {where}: relative {self.distance.relative:.2g}, "
            f"absolute {self.distance.absolute:.2g} in {self.dtype}, "
            f"where rounding explains {max(self.gate, self.control):.1g}"
        )

    def _names_layer(self) -> bool:
        return bool(self.layer) and self.layer != self.path


@dataclass(frozen=True)
class StepRow:
    """One measured step of the free run.

    Attributes:
        step: its number, from 0.
        loss: the loss on each backend.
        cross: between the backends, by phase: ``"loss"``, ``"gradient"``, ``"weights"``,
            ``"state"``.
        control: between the first backend and itself started one unit in the last place away.
        truth: between the first backend and its own float64 run, while the proof lasts.
        bound: the relative distance that rounding explains by this step.
    """

    step: int
    loss: Mapping[str, float]
    cross: Mapping[str, Distance]
    control: Mapping[str, Distance]
    truth: Mapping[str, Distance]
    bound: float


@dataclass(frozen=True)
class Proof:
    """The lock-step run: both backends start every step from one state.

    Attributes:
        dtype: ``"float64"``.
        steps: the steps taken.
        findings: the worst of each phase.
        dead: parameters whose gradient is nothing but rounding (a bias before batch
            normalisation); listed, never a divergence.
        flips: units that a rounding error put on different sides of a kink (ReLU at zero);
            listed, never a divergence.
    """

    dtype: str
    steps: tuple[int, ...]
    findings: tuple[Finding, ...]
    dead: tuple[str, ...]
    flips: tuple[str, ...]


@dataclass(frozen=True)
class Practice:
    """The free run, in the dtype asked for.

    Attributes:
        dtype: its dtype.
        steps: how many steps were trained.
        rows: the steps that were measured.
        excess: steps where the backends were further apart than bound and control explain.
    """

    dtype: str
    steps: int
    rows: tuple[StepRow, ...]
    excess: tuple[int, ...]


@dataclass(frozen=True)
class Settings:
    """What was compared, as text and numbers."""

    backends: tuple[str, str]
    network: str
    optimizer: str
    loss: str
    dtype: str
    device: str
    epochs: int
    batch_size: int
    seed: int
    parameters: int


@dataclass(frozen=True)
class Report:
    """The outcome of :func:`dualnet.compare`.

    ``print(report)`` shows verdict, distances per phase and the first divergence;
    :meth:`to_html`, :meth:`to_json` and :meth:`to_markdown` give it to others.

    Attributes:
        verdict: ``"identical"``, ``"agree"``, ``"noise"`` or ``"diverged"``.
        reason: why, in a sentence.
        first: the first real difference; ``None`` unless diverged.
        settings: what was compared.
        proof: the lock-step run in float64.
        practice: the free run in the dtype asked for.
        history: backend to measure to one value per epoch.
        scores: backend to measure, after training, on the validation data or else the
            training data.
        environment: versions, devices and threads.
    """

    verdict: str
    reason: str
    first: Divergence | None
    settings: Settings
    proof: Proof
    practice: Practice
    history: Mapping[str, Mapping[str, Sequence[float]]]
    scores: Mapping[str, Mapping[str, float]]
    environment: Mapping[str, str]

    @property
    def ok(self) -> bool:
        """Whether there is no real difference."""
        return self.verdict != "diverged"

    @property
    def rows(self) -> tuple[StepRow, ...]:
        """The measured steps of the free run."""
        return self.practice.rows

    def __str__(self) -> str:
        from dualnet.report.text import render  # rich loads only when something is shown

        return render(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data; the schema is in ``docs/parity.md``."""
        from dualnet.report.plain import to_plain  # the writers stand on these values

        return to_plain(self)

    def to_json(self, path: str | PathLike[str]) -> None:
        """Writes :meth:`to_dict` to a file."""
        from dualnet.report.plain import write_json  # same

        write_json(self, path)

    def to_html(self, path: str | PathLike[str]) -> None:
        """Writes one self-contained page, plots included, that needs no network."""
        from dualnet.report.html import write_html  # same

        write_html(self, path)

    def to_markdown(self) -> str:
        """The report as Markdown, for a pull request or an issue."""
        from dualnet.report.markdown import markdown  # same

        return markdown(self)
