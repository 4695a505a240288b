"""What targets are: their form, told by dtype and shape, and the errors where they do not fit.

The rules are written on dtype names and shapes, so that whole data sets are judged on the
host by the same code as a batch of tensors.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from dualnet import ops, registry
from dualnet.dtypes import is_floating, is_integer, wide
from dualnet.errors import DtypeError, ForeignTensorError, LabelError, MaskError, ShapeError
from dualnet.masked import Masked
from dualnet.ops._dispatch import backend_of
from dualnet.protocols import Backend
from dualnet.shapes import fits
from dualnet.typing import NDArray, Shape, Tensor

__all__ = [
    "are_labels",
    "backend_of_tensor",
    "cast_like",
    "check_labels",
    "check_same_shape",
    "native",
    "native_like",
    "shape_of",
]


def native(y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """Targets and predictions as tensors of one framework, predictions in float32 or wider.

    Floating targets take the dtype of the predictions; integer and boolean ones keep theirs.

    Raises:
        ForeignTensorError: tensors of two frameworks.
        DtypeError: predictions that are not floating.
        MaskError: masked values.
    """
    if isinstance(y_pred, Masked) or isinstance(y_true, Masked):
        raise MaskError(
            "a function of targets and predictions takes no Masked; give y.values, and y.mask as "
            "mask=, or use the loss as a value (losses.CrossEntropy()), metric.tally for a metric"
        )
    backend = registry.of_type(type(y_pred))
    if backend is None:
        backend = backend_of(y_true, y_pred)
        y_pred = backend.state.from_numpy(np.asarray(y_pred))
    dtype = backend.state.dtype_name(y_pred)
    if not is_floating(dtype):
        raise DtypeError(f"predictions are {dtype}, a loss or metric needs a floating dtype")
    if wide(dtype) != dtype:
        y_pred = ops.astype(y_pred, wide(dtype))
    y_true = native_like(y_true, y_pred)
    if y_true.dtype != y_pred.dtype and is_floating(backend.state.dtype_name(y_true)):
        y_true = cast_like(y_true, y_pred)
    return y_true, y_pred


def backend_of_tensor(tensor: Tensor) -> Backend:
    """The backend of a value that is known to be a tensor."""
    return cast(Backend, registry.of_type(type(tensor)))


def shape_of(tensor: Tensor) -> Shape:
    """The static shape, ``-1`` where a compiled function does not know a size."""
    return backend_of_tensor(tensor).state.shape(tensor)


def cast_like(tensor: Tensor, like: Tensor) -> Tensor:
    """The tensor in the dtype of another one."""
    return tensor if tensor.dtype == like.dtype else ops.astype(tensor, like.dtype)


def native_like(value: Any, tensor: Tensor) -> Tensor:
    """A value as a tensor of the framework and on the device of ``tensor``.

    Raises:
        ForeignTensorError: it is a tensor of another framework.
    """
    backend = backend_of_tensor(tensor)
    found = registry.of_type(type(value))
    if found is backend:
        return value
    if found is not None:
        raise ForeignTensorError(
            f"targets or weights of {found.name} for predictions of {backend.name}; move them "
            f"with dn.transfer(tensor, {backend.name!r})"
        )
    device = backend.device.native(backend.device.device_of(tensor))
    return backend.state.from_numpy(np.asarray(value), device=device)


def check_same_shape(true: Shape, predicted: Shape) -> None:
    """Raises :class:`ShapeError` unless the shapes are equal; nothing is broadcast."""
    if fits(true, predicted):
        return
    hint = ""
    if (*true, 1) == predicted or fits((*true, 1), predicted):
        hint = "; give the targets a last axis: y[..., None]"
    elif fits(true, (*predicted, 1)):
        hint = "; drop the targets' last axis: y[..., 0]"
    raise ShapeError(f"targets of shape {true} for predictions of shape {predicted}{hint}")


def are_labels(dtype: str, true: Shape, predicted: Shape) -> bool:
    """Whether targets are class labels; if not, they are probabilities of every class.

    Labels are integers, without the class axis; probabilities (one-hot or not) have the
    shape of the predictions.

    Raises:
        ShapeError: neither form fits.
        DtypeError: floating targets without the class axis.
    """
    _check_classes(predicted)
    if fits(true, predicted):
        return False
    whole = is_integer(dtype) or dtype == "bool"
    if not fits(true, predicted[:-1]):
        _refuse_shape(whole, true, predicted)
    if not whole:
        raise DtypeError(
            f"targets of shape {true} are {dtype}, class labels must be integers: y.astype('int64')"
        )
    return True


def _check_classes(predicted: Shape) -> None:
    if not predicted or predicted[-1] == 1:
        raise ShapeError(
            f"predictions of shape {predicted} have no class axis of two or more; for one output "
            "per sample use binary_cross_entropy, or a regression loss"
        )


def _refuse_shape(whole: bool, true: Shape, predicted: Shape) -> None:
    hint = ""
    if whole and fits(true, (*predicted[:-1], 1)):
        hint = "; drop the last axis of the labels: y[..., 0]"
    raise ShapeError(
        f"targets of shape {true} for predictions of shape {predicted}: give integer labels of "
        f"shape {predicted[:-1]}, or probabilities of shape {predicted}{hint}"
    )


def check_labels(labels: NDArray, classes: int, ignore_index: int | None = None) -> None:
    """Raises :class:`LabelError` if a label is outside ``[0, classes)`` and not ignored."""
    if labels.size == 0 or (labels.min() >= 0 and labels.max() < classes):
        return
    wrong = (labels < 0) | (labels >= classes)
    if ignore_index is not None:
        wrong &= labels != ignore_index
    if not wrong.any():
        return
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    label, place = int(labels[index]), ", ".join(map(str, index))
    hint = "; labels start at 0" if label == classes else ""
    if label < 0:
        hint = f"; to leave such elements out, pass ignore_index={label}"
    raise LabelError(
        f"label {label} at y[{place}], but the model predicts {classes} classes, "
        f"0 to {classes - 1}{hint}"
    )
