"""The LSTM by TensorFlow's kernel of a whole sequence; float32, of known length, outside XLA.

The gradient is ours: the one that TensorFlow has for this kernel takes the gates in the order of
the kernel's first version, and is wrong.  The second derivative is that of the definition.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
from tensorflow.python.ops.control_flow_util import GraphOrParentsInXlaContext

Tensors = Sequence[tf.Tensor]
#: Longer sequences would be large graphs, since their gradient is written out step by step.
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
        and not (tf.executing_eagerly() and batch == 0)
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
        outputs, _, last = definition(*tensors)
        return tf.transpose(outputs, (1, 0, 2)), last

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def sequence(*tensors: tf.Tensor) -> tuple[Tensors, Callable[..., Any]]:
        steps = _steps(*tensors)

        def backward(*upstream: tf.Tensor) -> Tensors:
            return _pulled(by_steps, tensors, steps, upstream)

        return (steps.h, steps.cs[-1]), backward

    given = (x, h, c, kernel, recurrent_kernel, bias)
    outputs, last = sequence(*map(tf.convert_to_tensor, given))
    return tf.transpose(outputs, (1, 0, 2)), outputs[-1], last


def _steps(
    x: tf.Tensor,
    h: tf.Tensor,
    c: tf.Tensor,
    kernel: tf.Tensor,
    recurrent_kernel: tf.Tensor,
    bias: tf.Tensor,
) -> Any:
    """Gates and states of every step, ``(time, batch, units)``; the kernel's gates are i f g o."""
    nothing = tf.zeros(h.shape[-1])
    return tf.raw_ops.BlockLSTMV2(
        seq_len_max=tf.constant(x.shape[1], tf.int64),
        x=tf.transpose(x, (1, 0, 2)),
        cs_prev=c,
        h_prev=h,
        w=tf.concat((kernel, recurrent_kernel), 0),
        wci=nothing,
        wcf=nothing,
        wco=nothing,
        b=bias,
        cell_clip=0.0,
        use_peephole=False,
    )


def _pulled(
    by_steps: Callable[..., Tensors], tensors: Tensors, steps: Any, upstream: Tensors
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


def _gradients(primals: Tensors, steps: Any, outputs: tf.Tensor, last: tf.Tensor) -> Tensors:
    """Back through time: the factors of all steps at once, then step by step what needs it."""
    x, h, c, kernel, recurrent_kernel, _ = primals
    i, f, g, o, tanh_c = steps.i, steps.f, steps.ci, steps.o, steps.co
    h_before = tf.concat((h[None], steps.h[:-1]), 0)
    c_before = tf.concat((c[None], steps.cs[:-1]), 0)
    by_cell = tf.stack((g * i * (1.0 - i), c_before * f * (1.0 - f), i * (1.0 - g * g)), 2)
    factors = (outputs, o * (1.0 - tanh_c * tanh_c), tanh_c * o * (1.0 - o), by_cell, f)
    units = h.shape[-1]
    dh, dc, found = tf.zeros_like(h), last, []
    steps_of = list(zip(*map(tf.unstack, factors), strict=True))
    for above, of_cell, of_output, of_gates, kept in reversed(steps_of):
        dh = dh + above
        dc = dc + dh * of_cell
        gates = tf.reshape(tf.expand_dims(dc, 1) * of_gates, (-1, 3 * units))
        found.append(tf.concat((gates, dh * of_output), 1))
        dh, dc = tf.matmul(found[-1], recurrent_kernel, transpose_b=True), dc * kept
    sums = tf.reshape(tf.stack(found[::-1]), (-1, 4 * units))
    fed = tf.reshape(tf.transpose(x, (1, 0, 2)), (-1, x.shape[-1]))
    dx = tf.reshape(tf.matmul(sums, kernel, transpose_b=True), (x.shape[1], -1, x.shape[-1]))
    return (
        tf.transpose(dx, (1, 0, 2)),
        dh,
        dc,
        tf.matmul(fed, sums, transpose_a=True),
        tf.matmul(tf.reshape(h_before, (-1, units)), sums, transpose_a=True),
        tf.reduce_sum(sums, 0),
    )
