"""The data of a study, in the forms a user may have it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dualnet import tree
from dualnet.archive import digest
from dualnet.data.arrays import host_array
from dualnet.errors import ConfigError
from dualnet.typing import Tree

__all__ = ["Data", "Source", "as_source"]

#: What a data set such as :func:`dualnet.data.load_digits` gives has.
PARTS = ("x_train", "y_train", "x_test", "y_test")


@dataclass(frozen=True, eq=False)
class Data:
    """What one comparison trains on, and what it is scored on afterwards."""

    x: Tree
    y: Tree
    weight: Tree
    validation: tuple[Tree, Tree] | None

    def digest(self) -> str:
        """A hash of every array, with its place, dtype and shape."""
        parts = (self.x, self.y, self.weight, self.validation)
        leaves = [host_array(leaf) for leaf in tree.leaves(parts)]
        arrays = {str(place): leaf for place, leaf in enumerate(leaves) if leaf is not None}
        return digest(tree.structure(parts), arrays)


@dataclass(frozen=True, eq=False)
class Source:
    """Data by seed: the same for all, or made anew for each by a function of the user's."""

    make: Callable[[int], Data]
    constant: bool


def as_source(given: Any, y: Tree, weight: Tree, validation: tuple[Tree, Tree] | None) -> Source:
    """The data that a user gave, understood.

    Args:
        given: ``(x, y)`` or ``(x, y, sample_weight)``; a data set with ``x_train``,
            ``y_train``, ``x_test``, ``y_test``, whose test data are for validation; a function
            of the seed that returns either; or, with ``y``, the inputs.
        y: targets, if ``given`` is the inputs.
        weight, validation: sample weights and validation data, if they are not in ``given``.

    Raises:
        ConfigError: it is none of these, or something is given twice.
    """
    if y is not None:
        data = Data(given, y, weight, validation)
        return Source(lambda seed: data, constant=True)
    if callable(given):
        return Source(
            lambda seed: _completed(_read(given(seed)), weight, validation), constant=False
        )
    data = _completed(_read(given), weight, validation)
    return Source(lambda seed: data, constant=True)


def _read(given: Any) -> Data:
    if all(hasattr(given, part) for part in PARTS):
        return Data(given.x_train, given.y_train, None, (given.x_test, given.y_test))
    if isinstance(given, tuple) and len(given) in (2, 3):
        return Data(given[0], given[1], given[2] if len(given) == 3 else None, None)
    raise ConfigError(
        f"a {type(given).__name__} is no data to train on; give (x, y), a data set with "
        f"{', '.join(PARTS)}, or a function of the seed that returns either"
    )


def _completed(data: Data, weight: Tree, validation: tuple[Tree, Tree] | None) -> Data:
    if data.weight is not None and weight is not None:
        raise ConfigError("sample weights are given twice: in the data and as sample_weight")
    if data.validation is not None and validation is not None:
        raise ConfigError(
            "validation data are given twice: the data set has test data, so leave "
            "validation_data out or give (x, y)"
        )
    return Data(
        data.x,
        data.y,
        data.weight if weight is None else weight,
        data.validation if validation is None else validation,
    )
