"""Single native layers, run in float64 on arrays in dualnet's layout, and read as facts."""

from __future__ import annotations

import numpy as np

from dualnet import registry
from dualnet.parity.distances import distance
from dualnet.parity.foreign.parting import Parting
from dualnet.parity.foreign.weights import facts
from dualnet.report.values import Distance


class Native:
    """A layer of one framework, built for its input."""

    def __init__(self, backend, layer, *inputs, training=False):
        self.backend, self.inputs, self.training = registry.load(backend), inputs, training
        if backend == "tensorflow":
            layer(*map(self._tensor, inputs))  # makes the weights
        self.unit = next(iter(self.backend.foreign.units(layer)))
        self.output, self.state = self._run()

    def _tensor(self, x):
        dtype = "float64" if x.dtype.kind == "f" else None
        return self.backend.state.from_numpy(np.ascontiguousarray(x), dtype=dtype)

    def _run(self):
        self.facts = facts(self.backend, self.unit)
        given = [self._tensor(np.transpose(x, self._axes(x.ndim))) for x in self.inputs]
        found = self.unit.call(self.training, *given)
        name = "sequences" if "sequences" in found else next(iter(found))
        y = self.backend.state.to_numpy(found[name])
        after = facts(self.backend, self.unit).weights
        return np.transpose(y, np.argsort(self._axes(y.ndim))), after

    def _axes(self, rank):
        return self.unit.layout(rank) or tuple(range(rank))


def parted(a, b, phase="forward", **options):
    """Two native layers that were given the same input, as a parting."""
    given = {
        "inputs": a.inputs,
        "training": a.training,
        "output_a": a.output,
        "output_b": b.output,
        **options,
    }
    return parting(phase, a.facts, b.facts, **given)


def parting(phase, a, b, *, gate=1e-12, **options):
    """A parting at the distance that its outputs have; infinite where they have none."""
    found = options.get("output_a"), options.get("output_b")
    size = Distance(np.inf, np.inf, np.inf)
    if found[0] is not None and found[0].shape == found[1].shape:
        size = distance(*found)
    return Parting(phase, a, b, size, gate, **options)
