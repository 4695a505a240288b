"""Gradients side by side: small ones measured by the largest, dead ones left out."""

from __future__ import annotations

import numpy as np

from dualnet import dtypes, tree
from dualnet.parity.distances import distances, largest, norm
from dualnet.parity.gates import DERIVATIVE_ROUNDINGS, EPSILON, Gates
from dualnet.parity.tracing import Call
from dualnet.report.values import Distance
from dualnet.typing import NDArray, Tree

__all__ = ["attenuated", "gradient_distances", "gradients_part"]

Named = dict[str, NDArray]


def gradient_distances(
    a: Named, b: Named, gates: Gates, *, dead: bool = False
) -> dict[str, Distance]:
    """The distance at every path whose gradient is more than rounding on either side.

    A bias before batch normalisation has a true gradient of zero: what is computed for it
    is rounding alone, and of any size relative to itself.

    Args:
        dead: whether such gradients are measured as well.
    """
    most = norm([*a.values(), *b.values()])

    def live(path: str) -> bool:
        arrays = [side[path] for side in (a, b) if path in side]
        finite = all(bool(np.isfinite(array).all()) for array in arrays)
        return not finite or norm(arrays) > gates.dead * most

    found = distances(a, b, floor=gates.floor * most)
    return found if dead else {path: d for path, d in found.items() if live(path)}


def gradients_part(a: Named, b: Named, gates: Gates, *, least: float = 0.0) -> bool:
    """Whether gradients differ by more than rounding.

    Args:
        least: a norm to measure them against if they are smaller.
    """
    found = gradient_distances(a, b, gates)
    if largest(found)[1].relative <= gates.gradient:
        return False
    measured = distances(a, b, floor=max(least, gates.floor * norm([*a.values(), *b.values()])))
    return any(measured[path].relative > gates.gradient for path in found)


def attenuated(call: Call, dtype: str, gates: Gates) -> float:
    """The norm below which a layer's gradients are too small to be compared.

    A saturated unit has a derivative such as ``1 - y²``, whose rounding error is that of 1:
    ``ε · ‖x‖ · ‖g‖`` in the gradients, for inputs ``x`` and a gradient ``g`` from above,
    however small they are themselves.  No change of inputs and weights, which is what the
    control makes, shows it, for ``y`` does not move.
    """
    inputs, upstream = (norm(_arrays(part)) for part in ((call.args, call.kwargs), call.gradient))
    epsilon = EPSILON[dtypes.policy(dtype).compute]
    return DERIVATIVE_ROUNDINGS * epsilon * (1.0 + inputs) * upstream / gates.gradient


def _arrays(values: Tree) -> list[NDArray]:
    leaves = tree.leaves(values)
    return [leaf for leaf in leaves if isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f"]
