"""What is looked at before training starts, so that bad data changes nothing."""

from __future__ import annotations

import numpy as np

from dualnet import tree
from dualnet.errors import NonFiniteError
from dualnet.typing import NDArray, Tree

__all__ = ["check_finite"]


def check_finite(name: str, data: Tree) -> None:
    """Raises :class:`NonFiniteError` if a floating NumPy array holds NaN or infinity."""
    for leaf in tree.leaves(data):
        if isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f":
            _check_array(name, leaf)


def _check_array(name: str, array: NDArray) -> None:
    finite = np.isfinite(array)
    if not finite.all():
        index = ", ".join(str(int(i)) for i in np.argwhere(~finite)[0])
        raise NonFiniteError(
            f"{name} has {int(finite.size - finite.sum())} values that are NaN or infinite, the "
            f"first at {name}[{index}]; clean the data, or allow it with "
            "compile(check_finite=False)"
        )
