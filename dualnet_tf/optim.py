"""Applying update rules on TensorFlow; the twin is ``dualnet_torch/optim.py``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from dualnet.optim.base import Optimizer
from dualnet.typing import DtypeName, NDArray
from dualnet_tf import state


def counter(value: int, /) -> tf.Variable:
    with tf.device("CPU:0"):
        return tf.Variable(value, trainable=False, dtype=tf.int64)


def scalar(value: float, /) -> tf.Variable:
    with tf.device("CPU:0"):
        return tf.Variable(value, trainable=False, dtype=tf.float64)


def beside(variable: tf.Variable, value: NDArray, /, *, dtype: DtypeName) -> tf.Variable:
    return state.variable(value, dtype=dtype, device=variable.device, trainable=False)


def count(counter: tf.Variable, /) -> None:
    counter.assign_add(1, read_value=False)


def read(scalar: tf.Tensor, /) -> Any:
    if tf.executing_eagerly():
        return scalar.numpy().item()
    return scalar if scalar.dtype == tf.bool else tf.cast(scalar, tf.float64)


def apply(
    rule: Optimizer,
    variables: list[tf.Variable],
    gradients: list[tf.Tensor],
    slots: Mapping[str, list[tf.Variable | None]],
    step: Any,
    lr: Any,
    finite: tf.Tensor | None,
    /,
) -> None:
    coefficients = rule.step_coefficients(step, lr)
    for place, (variable, g) in enumerate(zip(variables, gradients, strict=True)):
        held = {name: t for name, of in slots.items() for t in [of[place]] if t is not None}
        scalars = {name: _narrowed(value, g.dtype) for name, value in coefficients.items()}
        value, new = rule.advance(tf.cast(variable, g.dtype), g, held, finite, **scalars)
        variable.assign(tf.cast(value, variable.dtype))
        for name, slot in held.items():
            slot.assign(new[name])


def _narrowed(value: Any, dtype: tf.DType) -> Any:
    """A coefficient as a tensor of this dtype; a Python number is weak already."""
    return tf.cast(value, dtype) if tf.is_tensor(value) else value
