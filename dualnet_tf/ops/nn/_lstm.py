"""The LSTM written out step by step in a graph; float32, of known length, outside XLA.

It takes half the time of a loop.  Its gradient is ours, with one product of matrices for the
gradient of each kernel in place of one for each step.  The second derivative is that of the
definition.

TensorFlow's kernel of a whole sequence (``BlockLSTMV2``) is slower on two cores, and its own
gradient takes the gates in the order of the kernel's first version.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import tensorflow as tf
from tensorflow.python.ops.control_flow_util import GraphOrParentsInXlaContext

Tensors = Sequence[tf.Tensor]
#: Longer sequences would be large graphs.
LONGEST = 256


def fits(
    x: tf.Tensor,
    h: tf.Tensor,
    c: tf.Tensor,
    kernel: tf.Tensor,
    recurrent_kernel: tf.Tensor,
    bias: tf.Tensor | None,
) -> bool:
    """Whether the kernel takes these; what is of wrong shapes is explained elsewhere."""
    given = (x, h, c, kernel, recurrent_kernel, *(() if bias is None else (bias,)))
    if any(tensor.dtype != tf.float32 for tensor in given) or x.shape.rank != 3:
        return False
    batch, length, features = x.shape
    units = h.shape[-1]
    return (
        0 < (length or 0) <= LONGEST
        and [*h.shape] == [*c.shape] == [batch, units]
        and [*kernel.shape] == [features, 4 * units]
        and [*recurrent_kernel.shape] == [units, 4 * units]
        and (bias is None or [*bias.shape] == [4 * units])
        and not tf.executing_eagerly()
        and not GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph())
    )


def lstm(
    definition: Callable[..., tuple[tf.Tensor, tf.Tensor, tf.Tensor]],
    x: tf.Tensor,
    h: tf.Tensor,
    c: tf.Tensor,
    kernel: tf.Tensor,
    recurrent_kernel: tf.Tensor,
    bias: tf.Tensor | None,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """All outputs, and the last states.

    Args:
        definition: the same of the six tensors, by other means.
    """
    if bias is None:
        bias = tf.zeros(kernel.shape[1])

    def by_steps(*tensors: tf.Tensor) -> Tensors:
        outputs, h, c = definition(*tensors)
        return tf.transpose(outputs, (1, 0, 2)), h, c

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def sequence(*tensors: tf.Tensor) -> tuple[Tensors, Callable[..., Any]]:
        steps = _steps(*tensors)

        def backward(*upstream: tf.Tensor) -> Tensors:
            return _pulled(by_steps, tensors, steps, upstream)

        outputs = tf.stack([step.h for step in steps])
        return (outputs, steps[-1].h, steps[-1].c), backward

    given = (x, h, c, kernel, recurrent_kernel, bias)
    outputs, h, c = sequence(*map(tf.convert_to_tensor, given))
    return tf.transpose(outputs, (1, 0, 2)), h, c


class _Step(NamedTuple):
    """A step's gates (input and forget gate as one), and its states, ``(batch, units)``."""

    i_f: tf.Tensor
    g: tf.Tensor
    o: tf.Tensor
    c: tf.Tensor
    tanh_c: tf.Tensor
    h: tf.Tensor


def _steps(
    x: tf.Tensor,
    h: tf.Tensor,
    c: tf.Tensor,
    kernel: tf.Tensor,
    recurrent_kernel: tf.Tensor,
    bias: tf.Tensor,
) -> list[_Step]:
    units = h.shape[-1]
    fed = tf.nn.bias_add(tf.matmul(_rows(x), kernel), bias)
    found = []
    for now in tf.unstack(tf.reshape(fed, (x.shape[1], -1, 4 * units))):
        z = now + tf.matmul(h, recurrent_kernel)
        first, third, last = tf.split(z, (2 * units, units, units), 1)
        i_f, g, o = tf.sigmoid(first), tf.tanh(third), tf.sigmoid(last)
        i, f = tf.split(i_f, 2, 1)
        c = f * c + i * g
        tanh_c = tf.tanh(c)
        h = o * tanh_c
        found.append(_Step(i_f, g, o, c, tanh_c, h))
    return found


def _rows(x: tf.Tensor) -> tf.Tensor:
    """``(batch, time, features)`` as a matrix, one step after another."""
    return tf.reshape(tf.transpose(x, (1, 0, 2)), (-1, x.shape[-1]))


def _pulled(
    by_steps: Callable[..., Tensors], tensors: Tensors, steps: list[_Step], upstream: Tensors
) -> Tensors:
    """The gradients for the tensors, with those of the definition's gradients as their own."""

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def gradients(*given: tf.Tensor) -> tuple[Tensors, Callable[..., Any]]:
        primals, above = given[: len(tensors)], given[len(tensors) :]

        def backward(*upstream: tf.Tensor) -> Tensors:
            with tf.GradientTape() as outer:
                outer.watch(given)
                with tf.GradientTape() as inner:
                    inner.watch(primals)
                    values = by_steps(*primals)
                found = inner.gradient(values, primals, above)
            zeros = tf.UnconnectedGradients.ZERO
            return outer.gradient(found, given, upstream, unconnected_gradients=zeros)

        return _gradients(primals, steps, *above), backward

    return gradients(*tensors, *upstream)


def _gradients(
    primals: Tensors, steps: list[_Step], outputs: tf.Tensor, dh: tf.Tensor, dc: tf.Tensor
) -> Tensors:
    """Back through time."""
    x, h, c, kernel, recurrent_kernel, _ = primals
    before = [h, *(step.h for step in steps[:-1])], [c, *(step.c for step in steps[:-1])]
    found = []
    for step, c_before, above in reversed(
        list(zip(steps, before[1], tf.unstack(outputs), strict=True))
    ):
        dh = dh + above
        dc = dc + tf.raw_ops.TanhGrad(y=step.tanh_c, dy=dh * step.o)
        i, f = tf.split(step.i_f, 2, 1)
        d_i_f = tf.raw_ops.SigmoidGrad(y=step.i_f, dy=tf.concat((dc * step.g, dc * c_before), 1))
        dg = tf.raw_ops.TanhGrad(y=step.g, dy=dc * i)
        do = tf.raw_ops.SigmoidGrad(y=step.o, dy=dh * step.tanh_c)
        found.append(tf.concat((d_i_f, dg, do), 1))
        dh, dc = tf.matmul(found[-1], recurrent_kernel, transpose_b=True), dc * f
    sums = tf.concat(found[::-1], 0)
    dx = tf.reshape(tf.matmul(sums, kernel, transpose_b=True), (x.shape[1], -1, x.shape[-1]))
    return (
        tf.transpose(dx, (1, 0, 2)),
        dh,
        dc,
        tf.matmul(_rows(x), sums, transpose_a=True),
        tf.matmul(tf.concat(before[0], 0), sums, transpose_a=True),
        tf.reduce_sum(sums, 0),
    )
