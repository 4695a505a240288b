"""What ``compare_models`` is given, looked at before anything runs."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dualnet import registry
from dualnet.errors import ConfigError
from dualnet.typing import NDArray

__all__ = ["DTYPES", "PerModel", "TRANSFERS", "arrays", "check_options"]

#: Which model's weights go to which.
TRANSFERS = {"a->b": (0, 1), "b->a": (1, 0)}
#: What a comparison can compute in.
DTYPES = ("float64", "float32")


@dataclass(frozen=True, eq=False)
class PerModel:
    """Inputs for each model by itself, in the layout that it takes.

    Attributes:
        a, b: an array, or a tuple of arrays for a model of several inputs.
    """

    a: Any
    b: Any


def check_options(
    mapping: Any, transfer: Any, train_steps: Any, optimizers: Any, dtype: str
) -> None:
    """Options that have no sense.

    Raises:
        ConfigError: one of them.
    """
    if mapping is not None and not (
        isinstance(mapping, Mapping)
        and all(isinstance(path, str) for pair in mapping.items() for path in pair)
    ):
        raise ConfigError(
            f"mapping={mapping!r} must be a dict of paths, such as {{'encoder.0': 'dense_3'}}; "
            "print(report) shows the paths of all layers"
        )
    if transfer is not None and transfer not in TRANSFERS:
        raise ConfigError(f"transfer={transfer!r}; choose one of {', '.join(TRANSFERS)}, or None")
    if not isinstance(train_steps, int) or train_steps < 0:
        raise ConfigError(f"train_steps={train_steps!r} must be an integer, 0 or more")
    if train_steps and optimizers is None:
        raise ConfigError("train_steps need optimizers, such as optimizers=optim.SGD(0.1)")
    if isinstance(optimizers, (tuple, list)) and len(optimizers) != 2:
        raise ConfigError(f"optimizers={optimizers!r}; give one, or a pair (of_a, of_b)")
    if dtype not in DTYPES:
        raise ConfigError(f"dtype={dtype!r}; models are compared in {' or '.join(DTYPES)}")


def arrays(given: Any) -> tuple[NDArray, ...]:
    """Inputs as NumPy arrays, one for each input of a model.

    Raises:
        ConfigError: they are no numbers, or there are none.
    """
    several = given if isinstance(given, (tuple, list)) else (given,)
    if any(np.isscalar(part) or isinstance(part, list) for part in several):
        several = (given,)  # numbers in lists: one array
    found = tuple(map(_array, several))
    for array in found:
        if array.dtype.kind not in "biuf" or not array.size or not array.ndim:
            what = "an empty array" if array.dtype.kind in "biuf" else type(given).__name__
            raise ConfigError(
                f"inputs are {what} (shape {array.shape}); give an array of numbers with the "
                "batch axis, or a tuple of arrays for models of several inputs"
            )
    return found


def _array(given: Any) -> NDArray:
    """NumPy's form of an array, or of a tensor of any framework that is loaded."""
    for name in registry.installed():
        if name in sys.modules:
            state = registry.load(name).state
            if state.is_tensor_type(type(given)):
                return state.to_numpy(given)
    return np.asarray(given)
