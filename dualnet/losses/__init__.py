"""Losses: functions of native tensors, and the same as values with options.

``loss(y_true, y_pred, sample_weight=None)`` is a scalar tensor, to be differentiated:

    loss = dn.losses.cross_entropy(y, model(x, training=True))

Targets may be NumPy; shapes must fit exactly, nothing is broadcast.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dualnet.errors import ConfigError, no_attribute, unknown_name
from dualnet.losses.angles import circle, cosine_distance
from dualnet.losses.distributions import kl_divergence, poisson
from dualnet.losses.focal import (
    binary_focal_cross_entropy,
    focal_cross_entropy,
    generalized_cross_entropy,
)
from dualnet.losses.functions import (
    binary_cross_entropy,
    cross_entropy,
    huber,
    mean_absolute_error,
    mean_squared_error,
)
from dualnet.losses.margins import categorical_hinge, hinge, squared_hinge
from dualnet.losses.objects import (
    CTC,
    BinaryCrossEntropy,
    BinaryFocalCrossEntropy,
    CategoricalHinge,
    Circle,
    CosineDistance,
    CrossEntropy,
    Dice,
    FocalCrossEntropy,
    GeneralizedCrossEntropy,
    Hinge,
    Huber,
    KLDivergence,
    LogCosh,
    Loss,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    SquaredHinge,
    Tversky,
)
from dualnet.losses.overlap import dice, tversky
from dualnet.losses.regression import (
    log_cosh,
    mean_absolute_percentage_error,
    mean_squared_logarithmic_error,
)
from dualnet.losses.sequences import ctc
from dualnet.typing import NDArray, Shape, Tensor

__all__ = [
    "BinaryCrossEntropy",
    "BinaryCrossentropy",
    "BinaryFocalCrossEntropy",
    "BinaryFocalCrossentropy",
    "CTC",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "Circle",
    "CosineDistance",
    "CrossEntropy",
    "Dice",
    "FocalCrossEntropy",
    "GeneralizedCrossEntropy",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "Tversky",
    "binary_cross_entropy",
    "binary_focal_cross_entropy",
    "categorical_hinge",
    "check_targets",
    "circle",
    "cosine_distance",
    "cross_entropy",
    "ctc",
    "dice",
    "focal_cross_entropy",
    "generalized_cross_entropy",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mae",
    "mape",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "mse",
    "msle",
    "poisson",
    "squared_hinge",
    "tversky",
]

mae = mean_absolute_error
mape = mean_absolute_percentage_error
mse = mean_squared_error
msle = mean_squared_logarithmic_error

# Keras's other names.
BinaryCrossentropy = BinaryCrossEntropy
BinaryFocalCrossentropy = BinaryFocalCrossEntropy
CategoricalCrossentropy = CrossEntropy
CategoricalFocalCrossentropy = FocalCrossEntropy
CategoricalGeneralizedCrossEntropy = GeneralizedCrossEntropy
SparseCategoricalCrossentropy = CrossEntropy

#: Our names and Keras's.
NAMES: dict[str, type[Loss]] = {
    "bce": BinaryCrossEntropy,
    "binary_cross_entropy": BinaryCrossEntropy,
    "binary_crossentropy": BinaryCrossEntropy,
    "binary_focal_cross_entropy": BinaryFocalCrossEntropy,
    "binary_focal_crossentropy": BinaryFocalCrossEntropy,
    "categorical_crossentropy": CrossEntropy,
    "categorical_focal_crossentropy": FocalCrossEntropy,
    "categorical_generalized_cross_entropy": GeneralizedCrossEntropy,
    "categorical_hinge": CategoricalHinge,
    "circle": Circle,
    "cosine_distance": CosineDistance,
    "cosine_similarity": CosineDistance,
    "cross_entropy": CrossEntropy,
    "ctc": CTC,
    "dice": Dice,
    "focal_cross_entropy": FocalCrossEntropy,
    "generalized_cross_entropy": GeneralizedCrossEntropy,
    "hinge": Hinge,
    "huber": Huber,
    "kl_divergence": KLDivergence,
    "log_cosh": LogCosh,
    "mae": MeanAbsoluteError,
    "mape": MeanAbsolutePercentageError,
    "mean_absolute_error": MeanAbsoluteError,
    "mean_absolute_percentage_error": MeanAbsolutePercentageError,
    "mean_squared_error": MeanSquaredError,
    "mean_squared_logarithmic_error": MeanSquaredLogarithmicError,
    "mse": MeanSquaredError,
    "msle": MeanSquaredLogarithmicError,
    "poisson": Poisson,
    "sparse_categorical_crossentropy": CrossEntropy,
    "squared_hinge": SquaredHinge,
    "tversky": Tversky,
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


if not TYPE_CHECKING:  # which would take every name for one that is there

    def __getattr__(name: str) -> Any:
        """Whoever asks for a name that is not here is told of the nearest."""
        raise no_attribute(__name__, name, __all__)
