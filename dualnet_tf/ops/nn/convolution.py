"""Convolutions on TensorFlow."""

from __future__ import annotations

import tensorflow as tf

from dualnet import windows
from dualnet.ops import explain
from dualnet.windows import Padding, Sizes
from dualnet_tf.ops.nn._layout import FORMATS, pad_spatial


def conv(
    x: tf.Tensor,
    kernel: tf.Tensor,
    bias: tf.Tensor | None = None,
    /,
    *,
    strides: Sizes = 1,
    padding: Padding = "valid",
    dilation: Sizes = 1,
    groups: int = 1,
) -> tf.Tensor:
    rank = kernel.shape.rank - 2
    steps = windows.per_axis(strides, rank, "strides")
    gaps = windows.per_axis(dilation, rank, "dilation")
    window = tuple(kernel.shape[:rank])
    extent = windows.effective(window, gaps)
    same = padding == "same"  # TensorFlow's own, which also knows sizes that a graph does not
    pads = windows.pads("valid" if same else padding, x.shape[1:-1], extent, steps)
    if max(steps) > 1 and max(gaps) > 1:  # tf.nn.convolution refuses the two together
        kernel, gaps = _spread(kernel, gaps), (1,) * rank
    try:
        y = _grouped(pad_spatial(x, pads, 0), kernel, steps, same, gaps, groups)
    except (
        tf.errors.InvalidArgumentError,
        tf.errors.NotFoundError,  # no kernel for the dtype
        TypeError,
        ValueError,
    ) as error:
        shape = (*window, *kernel.shape[rank:])
        raise (
            explain.another_dtype(x, kernel) or windows.explain_conv(x.shape, shape, extent, groups)
        ) from error
    if 0 in y.shape[1:-1]:
        raise windows.explain_window(x.shape, extent)
    return y if bias is None else y + bias


def _grouped(
    x: tf.Tensor,
    kernel: tf.Tensor,
    strides: tuple[int, ...],
    same: bool,
    dilation: tuple[int, ...],
    groups: int,
) -> tf.Tensor:
    """One convolution for each group: on CPUs a grouped kernel has no float64 gradient."""
    parts = zip(tf.split(x, groups, -1), tf.split(kernel, groups, -1), strict=True)
    made = [
        tf.nn.convolution(
            part,
            weight,
            strides,
            "SAME" if same else "VALID",
            data_format=FORMATS[len(strides)],
            dilations=dilation,
        )
        for part, weight in parts
    ]
    return tf.concat(made, -1) if groups > 1 else made[0]


def _spread(kernel: tf.Tensor, dilation: tuple[int, ...]) -> tf.Tensor:
    """The kernel with zeros between its elements: dilated by ``dilation``, it is this one."""
    for axis, gap in enumerate(dilation):
        spread = tf.expand_dims(kernel, axis + 1)
        paddings = [(0, 0)] * spread.shape.rank
        paddings[axis + 1] = (0, gap - 1)
        shape = list(kernel.shape)
        extent = shape[axis] * gap
        spread = tf.reshape(tf.pad(spread, paddings), (*shape[:axis], extent, *shape[axis + 1 :]))
        kernel = tf.gather(spread, tf.range(extent - gap + 1), axis=axis)
    return kernel
