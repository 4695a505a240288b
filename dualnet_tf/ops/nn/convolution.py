"""Convolutions on TensorFlow."""

from __future__ import annotations

import tensorflow as tf

from dualnet import windows
from dualnet.ops import explain
from dualnet.windows import Padding, Pads, Sizes
from dualnet_tf.ops.nn._layout import FORMATS, biased, pad_spatial, sizes

#: What TensorFlow says of arguments that do not fit; NotFoundError is of dtypes without a kernel.
REFUSED = (
    tf.errors.AbortedError,  # by oneDNN
    tf.errors.InvalidArgumentError,
    tf.errors.NotFoundError,
    TypeError,
    ValueError,
)


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
    except REFUSED as error:
        shape = (*window, *kernel.shape[rank:])
        raise (
            explain.another_dtype(x, kernel) or windows.explain_conv(x.shape, shape, extent, groups)
        ) from error
    if 0 in y.shape[1:-1]:
        raise windows.explain_window(x.shape, extent)
    return y if bias is None else biased(y, bias)


def conv_transpose(
    x: tf.Tensor,
    kernel: tf.Tensor,
    bias: tf.Tensor | None = None,
    /,
    *,
    strides: Sizes = 1,
    padding: Padding = "valid",
    output_padding: Sizes | None = None,
    dilation: Sizes = 1,
    groups: int = 1,
) -> tf.Tensor:
    shape = tuple(kernel.shape)
    rank = len(shape) - 2
    steps = windows.per_axis(strides, rank, "strides")
    gaps = windows.per_axis(dilation, rank, "dilation")
    cuts = windows.transposed(padding, windows.effective(shape[:rank], gaps), steps, output_padding)
    try:
        y = _spread_out(x, _spread(kernel, gaps), steps, groups)
    except REFUSED as error:
        raise (
            explain.another_dtype(x, kernel)
            or windows.explain_transposed(x.shape, shape, cuts, groups)
        ) from error
    y = _cut(y, cuts)
    if 0 in y.shape[1:-1]:
        raise windows.explain_transposed(x.shape, shape, cuts, groups)
    return y if bias is None else biased(y, bias)


def depthwise_conv(
    x: tf.Tensor,
    kernel: tf.Tensor,
    bias: tf.Tensor | None = None,
    /,
    *,
    strides: Sizes = 1,
    padding: Padding = "valid",
    dilation: Sizes = 1,
) -> tf.Tensor:
    shape, groups = tuple(kernel.shape), x.shape[-1]
    rank = len(shape) - 2
    steps = windows.per_axis(strides, rank, "strides")
    if rank == 3 or len(set(steps)) > 1:  # there is one kernel, of two axes and one stride
        return conv(
            x, kernel, bias, strides=strides, padding=padding, dilation=dilation, groups=groups
        )
    gaps = windows.per_axis(dilation, rank, "dilation")
    extent = windows.effective(shape[:rank], gaps)
    same = padding == "same"
    pads = windows.pads("valid" if same else padding, x.shape[1:-1], extent, steps)
    try:
        y = _depthwise(pad_spatial(x, pads, 0), _spread(kernel, gaps), steps[0], same)
    except REFUSED as error:
        raise (
            explain.another_dtype(x, kernel) or windows.explain_conv(x.shape, shape, extent, groups)
        ) from error
    if 0 in y.shape[1:-1]:
        raise windows.explain_window(x.shape, extent)
    return y if bias is None else biased(y, bias)


def _grouped(
    x: tf.Tensor,
    kernel: tf.Tensor,
    strides: tuple[int, ...],
    same: bool,
    dilation: tuple[int, ...],
    groups: int,
) -> tf.Tensor:
    """One convolution for each group: on CPUs a grouped kernel has no float64 gradient."""
    made = [
        tf.nn.convolution(
            part,
            weight,
            strides,
            "SAME" if same else "VALID",
            data_format=FORMATS[len(strides)],
            dilations=dilation,
        )
        for part, weight in zip(_parts(x, groups, -1), _parts(kernel, groups, -1), strict=True)
    ]
    return tf.concat(made, -1) if groups > 1 else made[0]


def _parts(x: tf.Tensor, groups: int, axis: int) -> list[tf.Tensor]:
    return tf.split(x, groups, axis) if groups > 1 else [x]


def _spread_out(
    x: tf.Tensor, kernel: tf.Tensor, strides: tuple[int, ...], groups: int
) -> tf.Tensor:
    """The transposed convolution before anything is cut off, each group by itself."""
    *window, _, filters = kernel.shape
    batch, *spatial, _ = sizes(x)
    full = [(n - 1) * s + k for n, s, k in zip(spatial, strides, window, strict=True)]
    parts = zip(_parts(x, groups, -1), _parts(kernel, groups, -2), strict=True)
    made = [
        tf.nn.conv_transpose(
            part,
            tf.linalg.matrix_transpose(weight),
            tf.stack((batch, *full, filters)),
            strides,
            "VALID",
            data_format=FORMATS[len(strides)],
        )
        for part, weight in parts
    ]
    return tf.concat(made, -1) if groups > 1 else made[0]


def _cut(y: tf.Tensor, cuts: Pads) -> tf.Tensor:
    """Without what is cut off from each axis; where that is less than 0, with zeros."""
    if any(before or after > 0 for before, after in cuts):
        inside = (slice(before, -after if after > 0 else None) for before, after in cuts)
        y = y[(slice(None), *inside)]
    return pad_spatial(y, tuple((0, max(-after, 0)) for _, after in cuts), 0)


def _depthwise(x: tf.Tensor, kernel: tf.Tensor, stride: int, same: bool) -> tf.Tensor:
    """Of one axis as of two, the first of size 1; TensorFlow's kernel is ``(h, w, in, m)``."""
    *window, _, filters = kernel.shape
    channels = x.shape[-1]
    kernel = tf.reshape(kernel, (*[1] * (2 - len(window)), *window, channels, filters // channels))
    image = tf.expand_dims(x, 1) if len(window) == 1 else x
    y = tf.nn.depthwise_conv2d(
        image, kernel, (1, stride, stride, 1), "SAME" if same else "VALID", data_format="NHWC"
    )
    return tf.squeeze(y, 1) if len(window) == 1 else y


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
