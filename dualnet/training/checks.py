"""What is looked at before training starts, so that bad data changes nothing."""

from __future__ import annotations

import numpy as np

from dualnet import tree
from dualnet.data import Ragged
from dualnet.errors import NonFiniteError
from dualnet.typing import NDArray, Tree

__all__ = ["check_finite"]


def check_finite(
    name: str, data: Tree, advice: str = ", or allow it with compile(check_finite=False)"
) -> None:
    """Raises :class:`NonFiniteError` if a floating NumPy array holds NaN or infinity.

    Args:
        advice: what else can be done than to clean the data.
    """
    for leaf in tree.leaves(data):
        array = leaf.steps if isinstance(leaf, Ragged) else leaf
        if isinstance(array, np.ndarray) and array.dtype.kind == "f":
            _check_array(name, array, advice)


def _check_array(name: str, array: NDArray, advice: str) -> None:
    finite = np.isfinite(array)
    if not finite.all():
        count = int(finite.size - finite.sum())
        index = ", ".join(str(int(i)) for i in np.argwhere(~finite)[0])
        raise NonFiniteError(
            f"{name} has {count} value{'' if count == 1 else 's'} NaN or infinite, the first at "
            f"{name}[{index}]; clean the data{advice}"
        )
