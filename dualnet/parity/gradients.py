"""Gradients side by side: small ones measured by the largest, dead ones left out."""

from __future__ import annotations

import numpy as np

from dualnet.parity.distances import distances, largest, norm
from dualnet.parity.gates import Gates
from dualnet.report.values import Distance
from dualnet.typing import NDArray

__all__ = ["gradient_distances", "gradients_part"]

Named = dict[str, NDArray]


def gradient_distances(a: Named, b: Named, gates: Gates) -> dict[str, Distance]:
    """The distance at every path whose gradient is more than rounding on either side.

    A bias before batch normalisation has a true gradient of zero: what is computed for it
    is rounding alone, and of any size relative to itself.
    """
    most = norm([*a.values(), *b.values()])

    def live(path: str) -> bool:
        arrays = [side[path] for side in (a, b) if path in side]
        finite = all(bool(np.isfinite(array).all()) for array in arrays)
        return not finite or norm(arrays) > gates.dead * most

    found = distances(a, b, floor=gates.floor * most)
    return {path: d for path, d in found.items() if live(path)}


def gradients_part(a: Named, b: Named, gates: Gates) -> bool:
    """Whether gradients differ by more than rounding."""
    return largest(gradient_distances(a, b, gates))[1].relative > gates.gradient
