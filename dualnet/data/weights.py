"""Class weights, as one weight for each sample."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from dualnet.errors import ConfigError, DataError
from dualnet.typing import NDArray

__all__ = ["class_sample_weights"]


def class_sample_weights(y: NDArray, class_weight: Mapping[int, float]) -> npt.NDArray[np.float64]:
    """``w[i] = class_weight[label of sample i]``.

    Args:
        y: labels of shape ``(n,)`` or ``(n, 1)``, integers or whole numbers; or one-hot
            rows of shape ``(n, classes)``.
        class_weight: a weight for every label that occurs.

    Returns:
        Weights of shape ``(n,)``.

    Raises:
        DataError: ``y`` is not labels, or has one without a weight.
        ConfigError: a weight is negative or not finite, or a key is not an integer.

    >>> class_sample_weights(np.array([0, 2, 0]), {0: 1.0, 1: 5.0, 2: 3.0})
    array([1., 3., 1.])
    """
    if not isinstance(class_weight, Mapping):
        raise ConfigError(
            f"class_weight is a dict from label to weight, got {class_weight!r}; "
            "for a list write dict(enumerate(weights))"
        )
    table = {_label(key): _weight(key, value) for key, value in class_weight.items()}
    labels, inverse = np.unique(_labels(np.asarray(y)), return_inverse=True)
    missing = [int(label) for label in labels if int(label) not in table]
    if missing:
        raise DataError(
            f"class_weight has no weight for the labels {missing}; it has {sorted(table)}"
        )
    return np.array([table[int(label)] for label in labels], np.float64)[inverse]


def _label(key: object) -> int:
    if isinstance(key, (int, np.integer)):
        return int(key)
    raise ConfigError(f"the keys of class_weight are integer labels, got {key!r}")


def _weight(key: object, value: float) -> float:
    if np.isfinite(value) and value >= 0:
        return float(value)
    raise ConfigError(f"the weight of class {key!r} must be finite and not negative, got {value!r}")


def _labels(y: NDArray) -> npt.NDArray[np.int64]:
    if y.ndim == 2 and y.shape[1] > 1:
        return _one_hot_labels(y)
    if y.ndim not in (1, 2):
        raise DataError(f"class_weight needs one label for each sample, got y of shape {y.shape}")
    if y.dtype.kind not in "biuf" or not np.all(y == np.floor(y)):
        raise DataError(f"class_weight needs whole numbers as labels, got {y.dtype} {_shown(y)}")
    return y.reshape(-1).astype(np.int64)


def _shown(y: NDArray) -> str:
    return np.array2string(y, threshold=5, edgeitems=2)


def _one_hot_labels(y: NDArray) -> npt.NDArray[np.int64]:
    if not (np.all((y == 0) | (y == 1)) and np.all(y.sum(axis=1) == 1)):
        raise DataError(
            f"class_weight needs labels or one-hot rows, but rows of y (shape {y.shape}) are "
            "neither; for soft targets give sample_weight"
        )
    return np.asarray(y.argmax(axis=1), np.int64)
