"""The words for a difference between two arrays: where, both values, how far, why."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from dualnet.parity.distances import distance, worst_index
from dualnet.parity.gates import CONTROL_FACTOR
from dualnet.report.values import Distance
from dualnet.typing import NDArray

__all__ = ["at_index", "conditioning", "sizes", "worst"]


def at_index(leaf: str, index: tuple[int, ...]) -> str:
    """A leaf and an index in it as one writes it.

    >>> at_index("value", (0, 2)), at_index("value", ())
    ('value[0, 2]', 'value')
    """
    return f"{leaf}[{', '.join(map(str, index))}]" if index else leaf


def sizes(a: ArrayLike, b: ArrayLike, dtype: str | None = None) -> str:
    """How far two numbers are apart, in ulps and absolutely.

    >>> sizes(np.float64(1.0), np.float64(1.5))
    '2.25e+15 ulps apart, 0.5'
    """
    here = distance(np.asarray(a), np.asarray(b), dtype=dtype)
    return f"{here.ulps:.3g} ulps apart, {here.absolute:.2g}"


def worst(
    leaf: str, names: tuple[str, str], a: NDArray, b: NDArray, dtype: str | None = None
) -> str:
    """Where two arrays of one shape are furthest apart, both values there, and how far.

    >>> worst("value", ("torch", "tensorflow"), np.array([1.0, 4.0]), np.array([1.0, 5.0]))
    'value[1] is np.float64(4.0) on torch, np.float64(5.0) on tensorflow: 1.13e+15 ulps apart, 1'
    """
    index = worst_index(a, b)
    x, y = a[index], b[index]
    return (
        f"{at_index(leaf, index)} is {x!r} on {names[0]}, {y!r} on {names[1]}: {sizes(x, y, dtype)}"
    )


def conditioning(where: str, moved: Distance, apart: float) -> str:
    """What the control says: how far one ulp in what goes in moves what comes out.

    Args:
        where: the backend it was measured on.
        moved: that distance.
        apart: the absolute difference that is to be explained.
    """
    verdict = (
        "rounding, which is magnified here, may explain the difference"
        if apart <= CONTROL_FACTOR * moved.absolute
        else "rounding does not explain the difference"
    )
    return (
        f"control: one ulp in every input moves it by {moved.absolute:.2g}, {moved.ulps:.3g} ulps, "
        f"on {where}: {verdict}"
    )
