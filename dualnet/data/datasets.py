"""Small real data sets: Fisher's irises and handwritten digits, as scikit-learn ships them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dualnet.errors import ConfigError, MissingPackage
from dualnet.random import Stream
from dualnet.typing import NDArray

__all__ = ["Dataset", "load_digits", "load_iris", "unit_images"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Inputs (float32) and integer labels (int64), parted into training and test data."""

    x_train: npt.NDArray[np.float32]
    y_train: npt.NDArray[np.int64]
    x_test: npt.NDArray[np.float32]
    y_test: npt.NDArray[np.int64]
    classes: tuple[str, ...]


def load_iris(*, test_fraction: float = 0.2, seed: int = 0) -> Dataset:
    """150 irises: 4 lengths in, 3 species out (Fisher, 1936).

    Each feature has the mean of the training data taken off and is divided by its
    standard deviation.

    Raises:
        MissingPackage: scikit-learn is not installed.
        ConfigError: ``test_fraction`` leaves a class without training or test samples.
    """
    raw = _sklearn_set("load_iris")
    train, test = _stratified(raw.target, test_fraction, seed)
    x = raw.data.astype(np.float64)
    scaled = (x - x[train].mean(axis=0)) / x[train].std(axis=0)
    return _parted(scaled, raw, train, test)


def load_digits(*, test_fraction: float = 0.2, seed: int = 0, flat: bool = False) -> Dataset:
    """1797 handwritten digits of 8 × 8 pixels, 10 classes (Alpaydin & Kaynak, 1998).

    Pixels are scaled to ``[0, 1]``.  Inputs have the shape ``(n, 8, 8, 1)``, or
    ``(n, 64)`` where ``flat``.

    Raises:
        MissingPackage: scikit-learn is not installed.
        ConfigError: ``test_fraction`` leaves a class without training or test samples.
    """
    raw = _sklearn_set("load_digits")
    train, test = _stratified(raw.target, test_fraction, seed)
    return _parted(unit_images(raw.images, 16, flat=flat), raw, train, test)


def unit_images(images: NDArray, maximum: int, *, flat: bool) -> npt.NDArray[np.float32]:
    """Images ``(n, rows, columns)`` scaled to ``[0, 1]``, with a channel axis or flat."""
    scaled = images.astype(np.float32) / np.float32(maximum)
    return scaled.reshape(len(images), -1) if flat else scaled[..., np.newaxis]


def _sklearn_set(loader: str) -> Any:
    try:
        from sklearn import datasets
    except ImportError as error:
        raise MissingPackage(
            f"{loader} reads its data from scikit-learn, which is not installed; "
            "pip install 'dualnet[data]'"
        ) from error
    return getattr(datasets, loader)()


def _stratified(labels: NDArray, fraction: float, seed: int) -> tuple[NDArray, NDArray]:
    """Row numbers of training and test data, both in the order of the shared permutation.

    Of each class the first ``round(fraction * its size)`` in that order are test data.
    """
    order = Stream(seed, "split").permutation(len(labels))
    shuffled = labels[order]
    in_test = np.zeros(len(labels), np.bool_)
    for label in np.unique(labels):
        places = np.flatnonzero(shuffled == label)
        count = round(fraction * len(places))
        if not 0 < count < len(places):
            raise ConfigError(
                f"test_fraction={fraction!r} makes {count} of the {len(places)} samples of class "
                f"{label} test data; choose one that leaves some on either side"
            )
        in_test[places[:count]] = True
    return order[~in_test], order[in_test]


def _parted(x: NDArray, raw: Any, train: NDArray, test: NDArray) -> Dataset:
    x, y = x.astype(np.float32), raw.target.astype(np.int64)
    classes = tuple(str(name) for name in raw.target_names)
    return Dataset(x[train], y[train], x[test], y[test], classes)
