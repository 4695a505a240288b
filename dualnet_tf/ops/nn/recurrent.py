"""Recurrent networks on TensorFlow."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from dualnet.ops.nn import recurrent
from dualnet.typing import Shape
from dualnet_tf.ops.nn import _lstm
from dualnet_tf.ops.nn._layout import sizes

States = tuple[tf.Tensor, ...]


def gru(
    x: tf.Tensor,
    h: tf.Tensor,
    kernel: tf.Tensor,
    recurrent_kernel: tf.Tensor,
    bias: tf.Tensor | None,
    recurrent_bias: tf.Tensor | None,
    /,
    *,
    mask: tf.Tensor | None = None,
) -> tuple[tf.Tensor, tf.Tensor]:
    return recurrent.gru(_scan, x, h, kernel, recurrent_kernel, bias, recurrent_bias, mask)


def gru_cell(
    x: tf.Tensor,
    h: tf.Tensor,
    kernel: tf.Tensor,
    recurrent_kernel: tf.Tensor,
    bias: tf.Tensor | None,
    recurrent_bias: tf.Tensor | None,
    /,
) -> tf.Tensor:
    return recurrent.gru_cell(x, h, kernel, recurrent_kernel, bias, recurrent_bias)


def lstm(
    x: tf.Tensor,
    h: tf.Tensor,
    c: tf.Tensor,
    kernel: tf.Tensor,
    recurrent_kernel: tf.Tensor,
    bias: tf.Tensor | None,
    /,
    *,
    mask: tf.Tensor | None = None,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    given = (x, h, c, kernel, recurrent_kernel, bias)
    if mask is None and _lstm.fits(*given):
        return _lstm.lstm(_lstm_by_steps, *given)
    return _lstm_by_steps(*given, mask)


def _lstm_by_steps(
    x: tf.Tensor,
    h: tf.Tensor,
    c: tf.Tensor,
    kernel: tf.Tensor,
    recurrent_kernel: tf.Tensor,
    bias: tf.Tensor | None,
    mask: tf.Tensor | None = None,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    return recurrent.lstm(_scan, x, h, c, kernel, recurrent_kernel, bias, mask)


def recur(
    x: tf.Tensor,
    states: States,
    /,
    *,
    step: Callable[[tf.Tensor, States], States],
    mask: tf.Tensor | None = None,
) -> tuple[tf.Tensor, States]:
    return recurrent.recur(_scan, x, states, step, mask)


def rnn(
    x: tf.Tensor,
    h: tf.Tensor,
    kernel: tf.Tensor,
    recurrent_kernel: tf.Tensor,
    bias: tf.Tensor | None,
    /,
    *,
    mask: tf.Tensor | None = None,
) -> tuple[tf.Tensor, tf.Tensor]:
    return recurrent.rnn(_scan, x, h, kernel, recurrent_kernel, bias, mask)


def zero_state(x: tf.Tensor, /, *, shape: Shape) -> tf.Tensor:
    return tf.zeros((sizes(x)[0], *shape), x.dtype)


def _scan(
    step: Callable[[States, States], States], inputs: States, states: States
) -> tuple[tf.Tensor, States]:
    """Steps over axis 1 of the inputs; gives the first states, stacked, and the last."""
    length, steps = inputs[0].shape[1], sizes(inputs[0])[1]
    arrays = [_time_first(x, steps) for x in inputs]
    outputs = tf.TensorArray(states[0].dtype, steps, element_shape=states[0].shape)

    def body(now: tf.Tensor, outputs: tf.TensorArray, states: States) -> tuple[object, ...]:
        states = step(states, tuple(array.read(now) for array in arrays))
        return now + 1, outputs.write(now, states[0]), states

    _, outputs, states = tf.while_loop(
        lambda now, *_: now < steps, body, (0, outputs, states), maximum_iterations=steps
    )
    return _batch_first(outputs.stack(), length), states


def _time_first(x: tf.Tensor, steps: int | tf.Tensor) -> tf.TensorArray:
    turned = tf.transpose(x, (1, 0, *range(2, x.shape.rank)))
    return tf.TensorArray(x.dtype, steps, element_shape=turned.shape[1:]).unstack(turned)


def _batch_first(x: tf.Tensor, length: int | None) -> tf.Tensor:
    rest = range(2, x.shape.rank)
    turned = tf.transpose(x, (1, 0, *rest))
    return tf.ensure_shape(turned, (None, length, *(None for _ in rest)))
