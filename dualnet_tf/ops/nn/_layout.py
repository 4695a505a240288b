"""What TensorFlow's spatial kernels take: channels last, as we do."""

from __future__ import annotations

import tensorflow as tf

from dualnet.windows import Pads

#: Said aloud to each kernel: without it the second derivative fails.
FORMATS = {1: "NWC", 2: "NHWC", 3: "NDHWC"}


def sizes(x: tf.Tensor) -> list[int | tf.Tensor]:
    """The shape: numbers, or tensors where a graph does not know them."""
    return [tf.shape(x)[axis] if n is None else n for axis, n in enumerate(x.shape)]


def biased(y: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
    """``y + bias`` along the last axis: an op that TensorFlow fuses with what is around it."""
    usual = y.shape.rank > 1 and bias.shape == y.shape[-1:] and bias.dtype == y.dtype
    return tf.nn.bias_add(y, bias) if usual else y + bias


def pad_spatial(x: tf.Tensor, pads: Pads, value: float) -> tf.Tensor:
    """Pads the axes between batch and channels."""
    if not any(map(any, pads)):
        return x
    return tf.pad(x, ((0, 0), *pads, (0, 0)), constant_values=tf.constant(value, x.dtype))
