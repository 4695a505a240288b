"""Normalisations on TensorFlow; the fused kernel of batches takes float32 only."""

from __future__ import annotations

import tensorflow as tf

from dualnet.ops import explain
from dualnet_tf import tape
from dualnet_tf.ops.nn._layout import sizes


def batch_norm(
    x: tf.Tensor,
    gamma: tf.Tensor | None,
    beta: tf.Tensor | None,
    mean: tf.Tensor,
    variance: tf.Tensor,
    /,
    *,
    epsilon: float,
) -> tf.Tensor:
    # The kernel has no gradient for the statistics.
    if _fits_kernel(x, gamma, beta, mean, variance) and all(map(tape._is_state, (mean, variance))):
        return _fused(x, gamma, beta, mean, variance, epsilon=epsilon)[0]
    centred = _unspread(_single(x) - _single(mean), x)
    return _scaled(centred, _single(variance), gamma, beta, epsilon, x.dtype)


def batch_norm_training(
    x: tf.Tensor,
    gamma: tf.Tensor | None,
    beta: tf.Tensor | None,
    mean: tf.Tensor,
    variance: tf.Tensor,
    /,
    *,
    momentum: float,
    epsilon: float,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    if x.shape[:-1].num_elements() == 1:
        raise explain.batch_of_one(x)
    if x.shape[:-1].num_elements() is None:  # only the graph, when it runs, will know
        x = _of_several(x)
    if _fits_kernel(x, gamma, beta, mean, variance):
        y, batch_mean, unbiased = _fused(x, gamma, beta, None, None, epsilon=epsilon)
        return y, _moved(mean, batch_mean, momentum), _moved(variance, unbiased, momentum)
    axes = list(range(x.shape.rank - 1))
    batch_mean, batch_variance, centred = _moments(_single(x), axes)
    y = _scaled(centred, batch_variance, gamma, beta, epsilon, x.dtype)
    count = tf.cast(tf.size(x) // x.shape[-1], batch_mean.dtype)
    # XLA drops assertions: there, what has no variance leaves at least no NaN behind.
    unbiased = batch_variance * (count / tf.maximum(count - 1, 1))
    new_mean = _moved(mean, tf.reshape(batch_mean, mean.shape), momentum)
    return y, new_mean, _moved(variance, tf.reshape(unbiased, mean.shape), momentum)


def group_norm(
    x: tf.Tensor, gamma: tf.Tensor | None, beta: tf.Tensor | None, /, *, groups: int, epsilon: float
) -> tf.Tensor:
    shape = tf.shape(x)
    grouped = tf.reshape(_single(x), (shape[0], -1, groups, x.shape[-1] // groups))
    _, variance, centred = _moments(grouped, [1, 3])
    y = tf.reshape(centred * tf.math.rsqrt(variance + epsilon), shape)
    return tf.ensure_shape(_affine(y, gamma, beta, x.dtype), x.shape)


def layer_norm(
    x: tf.Tensor, gamma: tf.Tensor | None, beta: tf.Tensor | None, /, *, axes: int, epsilon: float
) -> tf.Tensor:
    _, variance, centred = _moments(_single(x), list(range(-axes, 0)))
    return _scaled(centred, variance, gamma, beta, epsilon, x.dtype)


def rms_norm(x: tf.Tensor, gamma: tf.Tensor | None, /, *, epsilon: float) -> tf.Tensor:
    wide = _single(x)
    square = tf.reduce_mean(wide * wide, -1, keepdims=True)
    return _scaled(wide, square, gamma, None, epsilon, x.dtype)


def _fits_kernel(x: tf.Tensor, *parameters: tf.Tensor | None) -> bool:
    """Whether the fused kernel takes these: float32, a parameter for each channel."""
    return x.dtype == tf.float32 and all(
        p is None or (p.dtype == x.dtype and p.shape == x.shape[-1:]) for p in parameters
    )


def _fused(
    x: tf.Tensor,
    gamma: tf.Tensor | None,
    beta: tf.Tensor | None,
    mean: tf.Tensor | None,
    variance: tf.Tensor | None,
    *,
    epsilon: float,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """What is normalised, and the mean and unbiased variance of the batch, if none are given."""
    channels = x.shape[-1]
    y, batch_mean, unbiased, *_ = tf.raw_ops.FusedBatchNormV3(
        x=x if x.shape.rank == 4 else tf.reshape(x, (-1, 1, 1, channels)),
        scale=tf.ones(channels) if gamma is None else gamma,
        offset=tf.zeros(channels) if beta is None else beta,
        mean=tf.zeros(0) if mean is None else mean,
        variance=tf.zeros(0) if variance is None else variance,
        epsilon=epsilon,
        is_training=mean is None,
    )
    return y if x.shape.rank == 4 else tf.reshape(y, sizes(x)), batch_mean, unbiased


def _of_several(x: tf.Tensor) -> tf.Tensor:
    """``x``, once it is known that it has more than one value per channel."""
    count = tf.size(x) // x.shape[-1]
    several = tf.debugging.assert_greater(count, 1, str(explain.batch_of_one(x)))
    with tf.control_dependencies([several]):
        return tf.identity(x)


def _single(x: tf.Tensor) -> tf.Tensor:
    """Half precision in float32."""
    return tf.cast(x, tf.float32) if x.dtype.size < 4 else x


def _moments(x: tf.Tensor, axes: list[int]) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Mean, variance about it (in a second pass), and what is left without the mean."""
    mean = tf.reduce_mean(x, axes, keepdims=True)
    centred = x - mean
    return mean, tf.reduce_mean(centred * centred, axes, keepdims=True), centred


def _scaled(
    centred: tf.Tensor,
    variance: tf.Tensor,
    gamma: tf.Tensor | None,
    beta: tf.Tensor | None,
    epsilon: float,
    dtype: tf.DType,
) -> tf.Tensor:
    return _affine(centred * tf.math.rsqrt(variance + epsilon), gamma, beta, dtype)


def _affine(
    x: tf.Tensor, gamma: tf.Tensor | None, beta: tf.Tensor | None, dtype: tf.DType
) -> tf.Tensor:
    y = x if gamma is None else x * _single(gamma)
    y = y if beta is None else y + _single(beta)
    return tf.cast(_unspread(y, x), dtype)


def _unspread(y: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """``y``, of the shape of ``x``: one feature is not spread over the statistics of several."""
    if not y.shape.is_compatible_with(x.shape):
        raise explain.features(x, y)
    return y


def _moved(old: tf.Tensor, new: tf.Tensor, momentum: float) -> tf.Tensor:
    """The running value, closer to the new one."""
    moved = momentum * _single(old) + (1 - momentum) * tf.stop_gradient(new)
    return tf.cast(moved, old.dtype)
