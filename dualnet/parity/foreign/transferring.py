"""One model's weights for the other: within the copies first, in the user's model at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dualnet.parity.foreign.pairing import Matched
from dualnet.parity.foreign.sides import Side
from dualnet.parity.foreign.weights import assign, neutral, values
from dualnet.protocols.foreign import Unit
from dualnet.typing import NDArray

__all__ = ["transferred", "written"]


def transferred(models: Matched, source: int, target: int) -> list[dict[str, NDArray]]:
    """Gives both copies the source's weights, as the target's own dtype holds them.

    A weight that the source lacks is made what makes no difference: a scale one, a bias zero.
    """
    sides = (models.a, models.b)
    originals = sides[target].backend.foreign.units(sides[target].original)
    found = []
    for pair, places in zip(models.pairs, models.alignment.pairs, strict=True):
        given = neutral(values(sides[target].backend, pair[target]))
        given |= values(sides[source].backend, pair[source])
        held = _rounded(sides[target], originals[places[target]], given)
        for place in (source, target):
            assign(sides[place].backend, pair[place], held)
        found.append(held)
    return found


def _rounded(side: Side, original: Unit, given: dict[str, NDArray]) -> dict[str, NDArray]:
    state = side.backend.state
    dtypes = [state.dtype_name(v) for v in original.variables.values()]
    floating = next((name for name in dtypes if "float" in name), None)
    return {
        name: state.to_numpy(state.from_numpy(array, dtype=floating)).astype(array.dtype)
        for name, array in given.items()
    }


def written(models: Matched, target: int, given: Sequence[dict[str, NDArray]]) -> None:
    """Writes weights into the user's model."""
    side = (models.a, models.b)[target]
    originals = side.backend.foreign.units(side.original)
    for pair, places, weights in zip(models.pairs, models.alignment.pairs, given, strict=True):
        unit = replace(pair[target], variables=originals[places[target]].variables)
        assign(side.backend, unit, weights)
