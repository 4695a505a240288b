"""The verdict: what two runs, and a control of one of them, add up to."""

from __future__ import annotations

from dualnet.parity.gates import CONTROL_FACTOR
from dualnet.report.values import JUDGED, Distance, Divergence, FreeRunRow, Mode

__all__ = ["Tolerance", "judge"]


class Tolerance:
    """What a free run may part by: the bound, or a multiple of the control so far."""

    def __init__(self) -> None:
        self._control = dict.fromkeys(JUDGED, 0.0)

    def exceeded(self, row: FreeRunRow) -> bool:
        """Whether the next row of a run is further apart than this; rows come in order."""
        for phase in JUDGED:
            if phase in row.control:
                self._control[phase] = max(self._control[phase], row.control[phase].relative)
        return any(row.cross[phase].relative > self.limit(row, phase) for phase in JUDGED)

    def limit(self, row: FreeRunRow, phase: str) -> float:
        """The largest relative distance that bound and control explain in this row."""
        return max(row.bound, CONTROL_FACTOR * self._control[phase])


def judge(proof: Mode, practice: Mode, divergence: Divergence | None) -> tuple[str, str]:
    """The verdict and its reason in a sentence.

    1. A difference found in lock-step, from one state on the same batch, is real: *diverged*.
    2. Not one bit differs anywhere: *identical*.
    3. Loss and weights of the free run stay within the bound of rounding: *agree*.
    4. They leave it, as one backend leaves itself after a change of one ulp; or further,
       where lock-step from there shows nothing: *noise*.
    """
    if divergence is not None:
        return "diverged", str(divergence)
    if _no_bit_differs(proof, practice):
        return "identical", f"not one bit differs in {practice.steps} steps"
    beyond = [(row, phase) for row in practice.free_run for phase in JUDGED if _beyond(row, phase)]
    if not beyond:
        return "agree", _agreement(practice)
    return "noise", _noise(practice, *beyond[0])


def _beyond(row: FreeRunRow, phase: str) -> bool:
    return row.cross[phase].relative > row.bound


def _no_bit_differs(proof: Mode, practice: Mode) -> bool:
    found = [finding.distance for finding in proof.findings]
    found += [d for row in practice.free_run for d in row.cross.values()]
    return all(d == Distance(0.0, 0.0, 0.0) for d in found)


def _agreement(practice: Mode) -> str:
    worst = max(practice.free_run, key=lambda row: row.cross["weights"].relative)
    return (
        f"weights part by at most {worst.cross['weights'].relative:.1e} in {practice.steps} steps "
        f"of {practice.dtype}, where rounding alone explains {worst.bound:.1e}"
    )


def _noise(practice: Mode, row: FreeRunRow, phase: str) -> str:
    text = (
        f"from step {row.step} on, {phase} is further apart ({row.cross[phase].relative:.1e}) than "
        f"rounding alone explains ({row.bound:.1e})"
    )
    if practice.horizon is not None:
        text += f"; chaotic from step {practice.horizon} on, where one backend leaves itself so too"
    if not practice.excess:
        return (
            f"{text}, and no more than {CONTROL_FACTOR:g} times as far as one ulp in the first "
            f"weights drives {practice.dtype} training from itself"
        )
    at = ", ".join(map(str, practice.excess))
    return f"{text}; from one state, the step at {at} is the same on both within rounding"
