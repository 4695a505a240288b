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
    "FreeRunRow",
    "JUDGED",
    "LayerRow",
    "LockStepRow",
    "Mode",
    "Report",
    "Settings",
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
    """The worst of one phase in lock-step.

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
        distance: how far the backends are apart at ``path``; of a layer's output, where both
            sides got the same input.
        gate: the relative distance that rounding explains.
        control: a hundred times as far as one backend parts from itself there when its weights
            and inputs are moved by one unit in the last place, which explains as much.
        dtype: the dtype in which it was found.
        index: where in the array at ``path`` they are furthest apart; of a layer's output,
            where both sides got the same input.
        values: backend to the number there.
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
    index: tuple[int, ...]
    values: Mapping[str, float]

    def __str__(self) -> str:
        where = f"{self.path!r}" + (f" (layer {self.layer!r})" if self._names_layer() else "")
        return (
            f"step {self.step}, {self.phase}, {where}: relative {self.distance.relative:.2g}, "
            f"absolute {self.distance.absolute:.2g} in {self.dtype}, "
            f"where rounding explains {max(self.gate, self.control):.1g}{self._worst()}"
        )

    def _worst(self) -> str:
        """Both numbers where they are furthest apart."""
        at = f"[{', '.join(map(str, self.index))}]" if self.index else "there"
        said = ", ".join(f"{value:.17g} on {name}" for name, value in self.values.items())
        return f"; {at}: {said}" if said else ""

    def _names_layer(self) -> bool:
        return bool(self.layer) and self.layer != self.path


@dataclass(frozen=True)
class LockStepRow:
    """One step that both backends made from one state, on one batch.

    Attributes:
        step: its number, from 0.
        cross: between the backends, by phase: ``"forward"``, ``"loss"``, ``"gradient"``,
            ``"state"``, ``"update"``.
        control: between the first backend and itself, every weight and input moved by one
            unit in the last place.  An update has none: both sides get the same gradients.
        truth: backend to phase to distance from its own float64 step; empty in the proof,
            which is float64 itself.
        paths: phase to path to relative distance, of every variable and slot.
    """

    step: int
    cross: Mapping[str, Distance]
    control: Mapping[str, Distance]
    truth: Mapping[str, Mapping[str, Distance]]
    paths: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class FreeRunRow:
    """One measured step of a free run, in which errors are handed on from step to step.

    Attributes:
        step: its number, from 0.
        loss: the loss on each backend.
        cross: between the backends, by phase: ``"loss"``, ``"gradient"``, ``"weights"``,
            ``"state"``, ``"slots"``, ``"metrics"``.
        control: between the first backend and itself started one unit in the last place
            away; empty in the proof.
        truth: backend to phase to distance from its own float64 run, while the proof lasts;
            empty in the proof.
        bound: the relative distance that rounding explains by this step.
    """

    step: int
    loss: Mapping[str, float]
    cross: Mapping[str, Distance]
    control: Mapping[str, Distance]
    truth: Mapping[str, Mapping[str, Distance]]
    bound: float


#: What of a free run is judged.  Gradients that vanish and moving means that follow a dead
#: bias part by themselves; they are judged in lock-step, and listed here.
JUDGED = ("loss", "weights")


@dataclass(frozen=True)
class Mode:
    """What was found in one dtype: in lock-step, and trained freely.

    A comparison has two: the *proof*, in float64, and *practice*, in the dtype asked for.

    Attributes:
        dtype: its dtype.
        lock_step: the steps that both made from one state.
        findings: the worst of each phase in lock-step.
        dead: parameters whose gradient is nothing but rounding (a bias before batch
            normalisation); listed, never a divergence.
        flips: units that a rounding error put on different sides of a kink (ReLU at zero);
            listed, never a divergence.
        steps: how many steps were trained freely.
        free_run: the free steps that were measured.
        excess: free steps where the backends were further apart than bound and control
            explain.
    """

    dtype: str
    lock_step: tuple[LockStepRow, ...]
    findings: tuple[Finding, ...]
    dead: tuple[str, ...]
    flips: tuple[str, ...]
    steps: int
    free_run: tuple[FreeRunRow, ...]
    excess: tuple[int, ...]

    @property
    def horizon(self) -> int | None:
        """The first measured step by which the control itself has left the bound of rounding.

        Training is chaotic from there on: what it gives depends on the last bits of where
        it started, on any one backend.  ``None`` if the control stays within the bound.
        """
        return next((row.step for row in self.free_run if _left(row)), None)


def _left(row: FreeRunRow) -> bool:
    return any(row.control[phase].relative > row.bound for phase in JUDGED if phase in row.control)


@dataclass(frozen=True)
class LayerRow:
    """One layer in the step that diverged, looked at by itself.

    Attributes:
        path: the layer's path, with ``#1`` … for later calls of a shared layer.
        kind: name of the layer's class.
        output: how far its output is apart, errors of earlier layers included.
        own_output: how far, when both sides get the same input: what the layer itself adds.
        gradient: how far the loss's gradient with respect to its output is apart.
        own_gradient: how far the gradients of its inputs and variables are apart, when both
            sides get the same input and the same gradient from above.
    """

    path: str
    kind: str
    output: Distance
    own_output: Distance
    gradient: Distance
    own_gradient: Distance


@dataclass(frozen=True)
class Settings:
    """What was compared, as text and numbers.

    Attributes:
        backends: the two, by name; twice the same where one is compared with itself.
        network: the definition.
        optimizer: its hyperparameters.
        loss: the loss.
        dtype: of practice; the proof is in float64.
        device: where both trained.
        epochs: as asked for; ``steps`` may have ended the training earlier.
        batch_size: samples in a step.
        seed: of weights, batch order and masks.
        parameters: how many numbers are trained.
    """

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


@dataclass(frozen=True, repr=False)
class Report:
    """The outcome of :func:`dualnet.compare`.

    ``print(report)`` shows verdict, distances per phase and the first divergence;
    :meth:`to_html`, :meth:`to_json` and :meth:`to_markdown` give it to others, and
    :meth:`load` reads what :meth:`save` has written.

    Attributes:
        verdict: ``"identical"``, ``"agree"``, ``"noise"`` or ``"diverged"``.
        reason: why, in a sentence.
        first: the first real difference; ``None`` unless diverged.
        settings: what was compared.
        proof: what was found in float64.
        practice: what was found in the dtype asked for.
        layers: every layer by itself, in the step that diverged; else none.
        history: backend to measure to one value per epoch.
        scores: backend to measure, after training, on the validation data or else a part of
            the training data.
        seconds: backend to the time that its training steps took, the first one left out,
            which compiles.
        environment: versions, devices and threads.
    """

    verdict: str
    reason: str
    first: Divergence | None
    settings: Settings
    proof: Mode
    practice: Mode
    layers: tuple[LayerRow, ...]
    history: Mapping[str, Mapping[str, Sequence[float]]]
    scores: Mapping[str, Mapping[str, float]]
    seconds: Mapping[str, float]
    environment: Mapping[str, str]

    @property
    def ok(self) -> bool:
        """Whether there is no real difference."""
        return self.verdict != "diverged"

    def __repr__(self) -> str:
        names = " and ".join(self.settings.backends)
        run = f"{self.practice.steps} steps in {self.settings.dtype}"
        return f"<Report {self.verdict}: {names}, {run}>"

    def __str__(self) -> str:
        from dualnet.report.text import render  # rich loads only when something is shown

        return render(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data; ``docs/report_schema.md`` has every field."""
        from dualnet.report.plain import to_plain  # the writers stand on these values

        return to_plain(self)

    def to_json(self, path: str | PathLike[str]) -> None:
        """Writes :meth:`to_dict` to a file, whole or not at all.

        Raises:
            ReportError: the file cannot be written.
        """
        from dualnet.report.plain import write_json  # same

        write_json(self, path)

    def save(self, path: str | PathLike[str]) -> None:
        """Writes what :meth:`load` reads: the file of :meth:`to_json`.

        Raises:
            ReportError: the file cannot be written.
        """
        self.to_json(path)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Report:
        """The report in a file, as it was saved, NaN and infinities included.

        Nothing in the file is executed.

        Raises:
            ReportError: it is missing, damaged, no report of dualnet, or of another version
                of the schema.
        """
        from dualnet.report.plain import read_json  # same

        return read_json(path)

    def to_html(self, path: str | PathLike[str]) -> None:
        """Writes one self-contained page, plots included, that needs no network or script.

        Raises:
            ReportError: the file cannot be written.
        """
        from dualnet.report.html import write_html  # same

        write_html(self, path)

    def to_markdown(self) -> str:
        """The report as Markdown, for a pull request or an issue; long tables are folded."""
        from dualnet.report.markdown import markdown  # same

        return markdown(self)
