"""Losses: functions of native tensors, and the same as values with options.

``loss(y_true, y_pred, sample_weight=None)`` is a scalar tensor, to be differentiated:

    loss = dn.losses.cross_entropy(y, model(x, training=True))

Targets may be NumPy; shapes must fit exactly, nothing is broadcast.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dualnet.errors import ConfigError, unknown_name
from dualnet.losses.functions import (
    binary_cross_entropy,
    cross_entropy,
    huber,
    mean_absolute_error,
    mean_squared_error,
)
from dualnet.losses.objects import (
    BinaryCrossEntropy,
    CrossEntropy,
    Huber,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
)
from dualnet.typing import NDArray, Shape, Tensor

__all__ = [
    "BinaryCrossEntropy",
    "CrossEntropy",
    "Huber",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "binary_cross_entropy",
    "check_targets",
    "cross_entropy",
    "get",
    "huber",
    "mae",
    "mean_absolute_error",
    "mean_squared_error",
    "mse",
]

mae = mean_absolute_error
mse = mean_squared_error

#: Our names and Keras's.
NAMES: dict[str, type[Loss]] = {
    "bce": BinaryCrossEntropy,
    "binary_cross_entropy": BinaryCrossEntropy,
    "binary_crossentropy": BinaryCrossEntropy,
    "categorical_crossentropy": CrossEntropy,
    "cross_entropy": CrossEntropy,
    "huber": Huber,
    "mae": MeanAbsoluteError,
    "mean_absolute_error": MeanAbsoluteError,
    "mean_squared_error": MeanSquaredError,
    "mse": MeanSquaredError,
    "sparse_categorical_crossentropy": CrossEntropy,
}


def get(loss: str | Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The loss that a name, or one of the functions above, stands for; another callable as it is.

    >>> get("mse"), get(cross_entropy)
    (MeanSquaredError(), CrossEntropy())

    Raises:
        UnknownName: no loss has this name.
        ConfigError: it is neither a name nor callable.
    """
    if isinstance(loss, str):
        if loss.lower() not in NAMES:
            raise unknown_name("loss", loss, NAMES)
        return NAMES[loss.lower()]()
    if isinstance(loss, type) and issubclass(loss, Loss):
        raise ConfigError(f"a loss is a value: write losses.{loss.__name__}()")
    if not callable(loss):
        raise ConfigError(f"a loss is a name or a function (y_true, y_pred, weight), got {loss!r}")
    found = (cls for cls in NAMES.values() if cls.function is loss)
    return next((cls() for cls in found), loss)


def check_targets(loss: Any, y: NDArray, output_shape: Shape) -> None:
    """Looks at all targets on the host before training, if the loss knows how.

    Args:
        loss: what :func:`get` gave.
        y: targets, with the sample axis.
        output_shape: the shape of the model's output for one sample.

    Raises:
        ShapeError, DtypeError, LabelError: targets that do not fit the loss or the model.
    """
    if isinstance(loss, Loss):
        loss.check_targets(y, output_shape)
