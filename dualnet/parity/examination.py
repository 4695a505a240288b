"""A step beyond a gate, looked at closely: is it rounding, a kink, or a fault, and whose."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from dualnet.data import Batch
from dualnet.parity import replay
from dualnet.parity.distances import distance, distances, larger, largest, worst_index
from dualnet.parity.gates import PROOF_FACTOR
from dualnet.parity.gradients import attenuated, gradient_distances, gradients_part
from dualnet.parity.tracing import Trace
from dualnet.report.values import Distance, Divergence, LayerRow
from dualnet.typing import NDArray

if TYPE_CHECKING:
    from dualnet.parity.lockstep import LockStep, Side

__all__ = ["Examination"]

#: Draws of the control: each moves every weight and input by one ulp, up or down.
DRAWS = 2
#: The name of the network itself, whose path is empty.
NETWORK = "(network)"

Replayed = list[replay.Contribution]


@dataclass(frozen=True)
class Examination:
    """One step that both lanes of ``owner`` made from one state, as ``a`` and ``b``."""

    owner: LockStep
    number: int
    batch: Batch
    a: Side
    b: Side
    _replays: dict[bool, tuple[Replayed, Replayed]] = field(default_factory=dict)

    def divergence(self, phase: str, found: dict[str, Distance]) -> Divergence | None:
        """The real difference in a phase beyond its gate; ``None`` if something explains it."""
        paths = self._unexplained(phase, found)
        if not paths:
            if phase == "gradient" and not self.owner.flips:
                self.owner.flips |= self._flips
            return None
        layer = self._fault(phase, paths)
        if phase == "gradient" and layer is None and self._flips:
            self.owner.flips |= self._flips
            return None
        path = _named(layer, paths, found)
        a, b = self._arrays(phase, path, layer)
        index, values = self._worst(a, b)
        return Divergence(
            self.number,
            phase,
            path,
            NETWORK if layer == "" else layer or "",
            paths,
            found.get(path) or _apart(a, b) or largest(found)[1],
            self.owner.gates.of(phase),
            max(self._control(phase, each) for each in ([path] if path in found else paths)),
            self.owner.first.dtype,
            index,
            values,
        )

    def _worst(
        self, a: NDArray | None, b: NDArray | None
    ) -> tuple[tuple[int, ...], dict[str, float]]:
        """Where two arrays are furthest apart, and both numbers there."""
        if a is None or b is None or a.shape != b.shape or a.dtype.kind == "c":
            return (), {}
        index = worst_index(a, b)
        return index, dict(zip(self.owner.labels, (float(a[index]), float(b[index])), strict=True))

    def _arrays(
        self, phase: str, path: str, layer: str | None
    ) -> tuple[NDArray | None, NDArray | None]:
        """What both have at a path: a variable, the loss, or what a layer gives by itself."""
        here, there = self.a.arrays(phase), self.b.arrays(phase)
        if layer is not None and path not in here:
            for one, other in zip(*self._replayed(self._latest), strict=True):
                if one.call.path == layer:
                    here, there = one.of(phase), other.of(phase)
                    apart = distances(here, there)
                    if phase == "gradient":  # small ones are measured by the largest
                        apart = gradient_distances(here, there, self.owner.gates) or apart
                    path = largest(apart)[0]
        return here.get(path), there.get(path)

    def layers(self) -> tuple[LayerRow, ...]:
        """Every layer by itself, in order of execution."""
        replayed = self._replayed(self._latest)
        return replay.layer_rows(*self._traces, *replayed, self.owner.gates)

    @property
    def _latest(self) -> bool:
        """Whether the fault was looked for in compiled layers, for want of one in eager ones."""
        return max(self._replays, default=False)

    def _unexplained(self, phase: str, found: dict[str, Distance]) -> tuple[str, ...]:
        """The paths beyond the gate and beyond what one ulp in everything does."""
        gate = self.owner.gates.of(phase)
        paths = tuple(
            path for path, d in found.items() if d.relative > max(gate, self._control(phase, path))
        )
        if phase != "gradient":
            return paths
        return tuple(path for path in paths if self._gradient_parts(path))

    def _gradient_parts(self, path: str) -> bool:
        """Whether a parameter's gradients differ, measured by what its layer can compute."""
        gates, dtype = self.owner.gates, self.owner.first.dtype
        calls = [call for call in self._traces[0].calls if replay.inside(path, call.path)]
        inner = max((call.path for call in calls), key=len, default="")
        least = max((attenuated(c, dtype, gates) for c in calls if c.path == inner), default=0.0)
        a, b = ({path: side.passed.gradients[path]} for side in (self.a, self.b))
        return largest(distances(a, b, floor=least))[1].relative > gates.gradient

    def _control(self, phase: str, path: str) -> float:
        """What one ulp in every weight and input does there, times a factor.

        An update gets the same numbers on both sides, so nothing excuses it.
        """
        if phase == "update":
            return 0.0
        moved = self._moved[phase].get(path)
        return PROOF_FACTOR * moved.relative if moved is not None else 0.0

    @cached_property
    def _moved(self) -> dict[str, dict[str, Distance]]:
        total = dict[str, dict[str, Distance]]()
        for draw in range(DRAWS):
            moved = self.owner.moved(self.a.start, self.batch, draw)
            found = self.owner.measured(self.a, moved)
            one, other = (side.passed.gradients for side in (self.a, moved))
            found["gradient"] = gradient_distances(one, other, self.owner.gates, dead=True)
            for phase, by_path in found.items():
                total[phase] = larger(total.get(phase, {}), by_path)
        return total

    def _fault(self, phase: str, paths: tuple[str, ...]) -> str | None:
        """The path of the layer to blame; ``None`` if it is no layer's own doing."""
        if phase == "state":
            return paths[0].rpartition(".")[0]
        if phase in ("forward", "gradient"):
            fault = self._forward_fault if phase == "forward" else self._gradient_fault
            found = fault(compiled=False)
            return fault(compiled=True) if found is None else found
        return "loss" if phase == "loss" else None

    def _forward_fault(self, *, compiled: bool) -> str | None:
        return replay.forward_fault(*self._replayed(compiled), self.owner.gates)

    def _gradient_fault(self, *, compiled: bool) -> str | None:
        if self._loss_differs(compiled):
            return "loss"
        owner, replayed = self.owner, self._replayed(compiled)
        return replay.backward_fault(*replayed, owner.gates, owner.first.dtype, self._flips)

    @cached_property
    def _flips(self) -> dict[str, str]:
        """The calls that stand on a kink, each with where."""
        first, second = self._traces
        return replay.find_flips(self.owner.first, self.a.start, first, second, self.owner.gates)

    def _loss_differs(self, compiled: bool) -> bool:
        """Whether the gradients of the loss differ at the same prediction."""
        prediction = self.a.passed.prediction
        a, b = (
            lane.loss_gradients(prediction, self.batch, compiled=compiled)
            for lane in (self.owner.first, self.owner.second)
        )
        return gradients_part(a, b, self.owner.gates)

    @cached_property
    def _traces(self) -> tuple[Trace, Trace]:
        first, second = (
            replay.traced(lane, self.a.start, lane.model.native_batch(self.batch))
            for lane in (self.owner.first, self.owner.second)
        )
        return first, second

    def _replayed(self, compiled: bool) -> tuple[Replayed, Replayed]:
        """Every layer by itself; compiled as the steps are, which takes longer, or eagerly."""
        if compiled not in self._replays:
            calls = self._traces[0].calls
            first, second = (
                replay.replayed(lane, self.a.start, calls, compiled=compiled)
                for lane in (self.owner.first, self.owner.second)
            )
            self._replays[compiled] = (first, second)
        return self._replays[compiled]


def _apart(a: NDArray | None, b: NDArray | None) -> Distance | None:
    """How far two arrays are apart, where there are two."""
    return None if a is None or b is None else distance(a, b)


def _named(layer: str | None, paths: tuple[str, ...], found: dict[str, Distance]) -> str:
    """The worst variable of the layer to blame; the layer, where no variable of it differs."""
    own = [path for path in paths if path.startswith(f"{layer}.")] if layer else list(paths)
    return max(own, key=lambda path: found[path].relative) if own else layer or NETWORK
