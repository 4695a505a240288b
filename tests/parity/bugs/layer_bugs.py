"""Bugs of a layer's output: found in the forward phase, at the layer that makes them."""

from __future__ import annotations

import numpy as np

from dualnet import nn, ops
from tests.parity.bugs.bug_rows import (
    IMAGES,
    TENSORFLOW,
    TORCH,
    WORDS,
    Bug,
    X,
    changed,
    given,
    in_float32,
    option,
    reversed_in_space,
)
from tests.parity.conftest import numbers


class Roll(nn.Layer):
    """The sequence, turned by one step."""

    def forward(self, x):
        return ops.roll(x, 1, axis=1)


class Median(nn.Layer):
    """The median over time; of an even number of steps, the mean of the middle two."""

    def forward(self, x):
        ordered, half = ops.sort(x, axis=1), x.shape[1] // 2
        return (ordered[:, half - 1] + ordered[:, half]) / 2


class Distances(nn.Layer):
    """Euclidean distances to learned points."""

    points: int

    def build(self, input_shape):
        self.add_weight("points_", (self.points, input_shape[-1]))

    def forward(self, x):
        apart = ops.expand_dims(x, axis=1) - self.points_
        return ops.sqrt(ops.sum(apart * apart, axis=-1) + 1e-6)


def after(first, *rest):
    """A net of dense layers around the layer in question."""
    return nn.Sequential(nn.Dense(4), first, *rest, nn.Dense(3))


def activated(name):
    return after(nn.Activation(name))


def dense(start="zeros"):
    layer = nn.Dense(4, activation="tanh", bias_initializer=start)
    return nn.Sequential(layer, nn.Dense(3, use_bias=False))


def sequence(layer, x=None):
    return nn.Sequential(layer, nn.Dense(3))


def pooled(layer):
    return nn.Sequential(layer, nn.Flatten(), nn.Dense(3))


def parts(x, count):
    return ops.split(x, count, axis=-1)


def gates(*order, states):
    """A recurrent function whose weights have their gates in another order."""

    def swapped(weight):
        blocks = parts(weight, len(order))
        return ops.concat([blocks[i] for i in order], axis=-1)

    def make(right):
        def recurrent(x, *rest, mask=None):
            return right(x, *rest[:states], *map(swapped, rest[states:]), mask=mask)

        return recurrent

    return make


def lstm_with_two_biases(right):
    def lstm(x, h, c, kernel, recurrent_kernel, bias, **options):
        return right(x, h, c, kernel, recurrent_kernel, bias + bias, **options)

    return lstm


def reset_before(right):
    """GRU whose reset gate acts before the product, as in Cho et al. and old Keras."""

    def gru(x, h, kernel, recurrent_kernel, bias, recurrent_bias, *, mask=None):
        outputs = []
        u_r, u_z, u_n = parts(recurrent_kernel, 3)
        for now in ops.unstack(ops.matmul(x, kernel) + bias, axis=1):
            (xr, xz, xn), (br, bz, bn) = parts(now, 3), parts(recurrent_bias, 3)
            r = ops.nn.sigmoid(xr + ops.matmul(h, u_r) + br)
            z = ops.nn.sigmoid(xz + ops.matmul(h, u_z) + bz)
            n = ops.tanh(xn + ops.matmul(r * h, u_n) + bn)
            h = n + z * (h - n)
            outputs.append(h)
        return ops.stack(outputs, axis=1), h

    return gru


def unbiased_output(right):
    """Batch norm that divides by the unbiased variance."""

    def batch_norm(x, *rest, **options):
        y, mean, variance = right(x, *rest, **options)
        n = int(np.prod(x.shape[:-1]))
        return y * ((n - 1) / n) ** 0.5, mean, variance

    return batch_norm


def over_the_wrong_axis(right):
    """Layer norm along time, where features were meant."""

    def layer_norm(x, gamma, beta, **options):
        turned = right(ops.moveaxis(x, 1, -1), None, None, **options)
        return ops.moveaxis(turned, -1, 1) * gamma + beta

    return layer_norm


def padded_at_the_start(right):
    """``same`` padding with the odd pixel first."""

    def conv(x, kernel, bias=None, **options):
        y = right(reversed_in_space(x), ops.flip(kernel, axis=(0, 1)), bias, **options)
        return reversed_in_space(y)

    return conv


def pooled_from_the_end(right):
    return lambda x, **options: reversed_in_space(right(reversed_in_space(x), **options))


def padded_with_zeros(right):
    """A pool that takes zeros at the end for pixels, in place of leaving them out."""

    def pool(x, **options):
        wide = ops.concat((x, ops.zeros_like(x[:, :1])), axis=1)
        wide = ops.concat((wide, ops.zeros_like(wide[:, :, :1])), axis=2)
        return right(wide, **options | {"padding": "valid"})

    return pool


def turned_when_square(right):
    """A dense layer that reads a square kernel by columns."""

    def linear(x, kernel, *bias):
        square = kernel.shape[0] == kernel.shape[1]
        return right(x, ops.matrix_transpose(kernel) if square else kernel, *bias)

    return linear


def twice_the_bias(right):
    return lambda x, kernel, bias: right(x, kernel, bias + bias)


def without_bias(right):
    return lambda x, kernel, bias=None: right(x, kernel)


def another_step(right):
    return lambda x, *, step, **options: right(x, step=step + 1, **options)


def another_site(right):
    return lambda shape, *, site, **options: right(shape, site=site ^ 1, **options)


def linear_above(limit):
    """Softplus that gives up early, as PyTorch's own does."""

    def make(right):
        return lambda x: ops.where(x > limit, x, right(x))

    return make


def seeing_the_next(right):
    """A causal mask whose diagonal is off by one."""
    return lambda x, **options: right(x, **options | {"k": 1})


def channels_first(right):
    """Flattens with the channels in front, as a network of PyTorch's layout does."""
    return lambda x, shape, **options: right(ops.moveaxis(x, -1, 1), shape, **options)


def lower_median(right):
    return lambda self, x: ops.sort(x, axis=1)[:, x.shape[1] // 2 - 1]


CONV = nn.Conv2D(3, 2, strides=2, padding="same")
STRIDED = nn.Conv2D(3, 3, strides=2, padding="same")
DILATED = nn.Conv2D(4, 3, dilation_rate=2, padding="same", groups=2)
NORMED = after(nn.BatchNorm())


def attending(**options):
    x = nn.Input((6, 4))
    attended = nn.MultiHeadAttention(2, 3)(x, x, **options)
    return nn.Graph(x, nn.Dense(3)(nn.Flatten()(attended)))


def masked_attention():
    x, mask = nn.Input((6, 4)), nn.Input((6, 6), "bool")
    attended = nn.MultiHeadAttention(2, 3)(x, x, attention_mask=mask)
    return nn.Graph((x, mask), nn.Dense(3)(nn.Flatten()(attended)))


def masked_gru():
    x, mask = nn.Input((6, 4)), nn.Input((6,), "bool")
    return nn.Graph((x, mask), nn.Dense(3)(nn.GRU(3)(x, mask=mask)))


def concatenated():
    x = nn.Input((4,))
    return nn.Graph(x, nn.Dense(3)(nn.Concatenate()(nn.Dense(3)(x), nn.Dense(2)(x))))


LENGTHS = np.arange(6) < np.arange(24)[:, None] % 6 + 1
IDS = np.random.default_rng(3).integers(0, 7, (24, 5))
LOOKED_UP = nn.Sequential(nn.Embedding(7, 3), nn.Flatten(), nn.Dense(3))


def forward(where, make, net, layer, **more):
    return Bug(where, make, net, "forward", layer, layer, **more)


BUGS = {
    # Normalisation
    "batch norm's epsilon": forward(
        "nn.batch_norm_training", option(epsilon=1e-3), NORMED, "batch_norm"
    ),
    "layer norm's epsilon": forward(
        "nn.layer_norm", option(epsilon=1e-3), after(nn.LayerNorm()), "layer_norm", sides=TORCH
    ),
    "group norm's epsilon": forward(
        "nn.group_norm", option(epsilon=1e-3), after(nn.GroupNorm(2)), "group_norm", sides=TORCH
    ),
    "RMS norm's epsilon is the dtype's": forward(
        "nn.rms_norm",
        option(epsilon=float(np.finfo(np.float64).eps)),
        after(nn.RMSNorm()),
        "rms_norm",
        sides=TORCH,
    ),
    "RMS norm takes away the mean": forward(
        "nn.rms_norm",
        given(lambda x: x - ops.mean(x, axis=-1, keepdims=True)),
        after(nn.RMSNorm()),
        "rms_norm",
        sides=TENSORFLOW,
    ),
    "batch norm divides by the unbiased variance": forward(
        "nn.batch_norm_training", unbiased_output, NORMED, "batch_norm", sides=TENSORFLOW
    ),
    "layer norm over the wrong axis": forward(
        "nn.layer_norm",
        over_the_wrong_axis,
        nn.Sequential(nn.LayerNorm(), nn.Flatten(), nn.Dense(3)),
        "layer_norm",
        x=WORDS,
        sides=TORCH,
    ),
    "group norm has one group": forward(
        "nn.group_norm", option(groups=1), after(nn.GroupNorm(2)), "group_norm", sides=TENSORFLOW
    ),
    # Recurrent
    "LSTM's gates are i g f o": forward(
        "nn.lstm", gates(0, 2, 1, 3, states=2), sequence(nn.LSTM(3)), "lstm", x=WORDS
    ),
    "LSTM adds its bias twice": forward(
        "nn.lstm", lstm_with_two_biases, sequence(nn.LSTM(3)), "lstm", x=WORDS, sides=TENSORFLOW
    ),
    "GRU's gates are z r n": forward(
        "nn.gru",
        gates(1, 0, 2, states=1),
        masked_gru(),
        "gru",
        x=(WORDS, LENGTHS),
        sides=TENSORFLOW,
    ),
    "GRU resets before the product": forward(
        "nn.gru", reset_before, sequence(nn.GRU(3)), "gru", x=WORDS, sides=TORCH
    ),
    "a sequence's mask is not applied": forward(
        "nn.gru", option(mask=None), masked_gru(), "gru", x=(WORDS, LENGTHS), sides=TENSORFLOW
    ),
    "go_backwards goes forwards": forward(
        "flip",
        lambda right: lambda x, **_: x,
        sequence(nn.SimpleRNN(3, go_backwards=True)),
        "simple_rnn",
        x=WORDS,
        sides=TENSORFLOW,
    ),
    # Convolution and pools
    "same padding on the wrong side": forward(
        "nn.conv", padded_at_the_start, pooled(CONV), "conv2d", x=IMAGES
    ),
    "symmetric padding where there are strides": forward(
        "nn.conv", option(padding=1), pooled(STRIDED), "conv2d", x=numbers(24, 8, 8, 2), sides=TORCH
    ),
    "a grouped convolution loses its dilation": forward(
        "nn.conv", option(dilation=1), pooled(DILATED), "conv2d", x=IMAGES, sides=TENSORFLOW
    ),
    "a kernel's height and width are swapped": forward(
        "nn.conv",
        lambda right: lambda x, k, *b, **o: right(x, ops.permute_dims(k, (1, 0, 2, 3)), *b, **o),
        pooled(CONV),
        "conv2d",
        x=IMAGES,
        sides=TORCH,
    ),
    "a convolution flips its kernel": forward(
        "nn.conv",
        lambda right: lambda x, k, *b, **o: right(x, ops.flip(k, axis=(0, 1)), *b, **o),
        pooled(CONV),
        "conv2d",
        x=IMAGES,
        sides=TENSORFLOW,
    ),
    "a mean pool counts its padding": forward(
        "nn.avg_pool",
        padded_with_zeros,
        pooled(nn.AvgPool2D(2, padding="same")),
        "avg_pool2d",
        x=IMAGES,
    ),
    "a mean pool pads at the start": forward(
        "nn.avg_pool",
        pooled_from_the_end,
        pooled(nn.AvgPool2D(2, padding="same")),
        "avg_pool2d",
        x=IMAGES,
        sides=TORCH,
    ),
    "a maximum pool pads with zeros": forward(
        "nn.max_pool",
        padded_with_zeros,
        pooled(nn.MaxPool2D(2, padding="same")),
        "max_pool2d",
        x=-np.abs(IMAGES),
        sides=TENSORFLOW,
    ),
    "a pool's window is one too small": forward(
        "nn.max_pool",
        option(pool_size=2),
        pooled(nn.MaxPool2D(3, strides=1, padding="same")),
        "max_pool2d",
        x=IMAGES,
        sides=TENSORFLOW,
    ),
    "a mean divides by n - 1": forward(
        "mean",
        lambda right: lambda x, **o: right(x, **o) * (6 / 5 if o.get("axis") == (1,) else 1),
        nn.Sequential(nn.GlobalAvgPool1D(), nn.Dense(3)),
        "global_avg_pool1d",
        x=WORDS,
        sides=TORCH,
    ),
    # Dense, embedding, reshaping
    "a square kernel is transposed": forward("nn.linear", turned_when_square, dense(), "dense"),
    "a bias is missing": forward(
        "nn.linear", without_bias, dense("ones"), "dense", sides=TENSORFLOW
    ),
    "a bias is added twice": forward(
        "nn.linear",
        lambda right: lambda x, k, b=None: right(x, k, b if b is None else b + b),
        dense("ones"),
        "dense",
        sides=TORCH,
    ),
    "an embedding is one row off": forward(
        "nn.embedding", given(lambda ids: (ids + 1) % 7), LOOKED_UP, "embedding", x=IDS
    ),
    "flattening takes channels first": forward(
        "reshape", channels_first, pooled(nn.Conv2D(3, 2)), "flatten", x=IMAGES, sides=TORCH
    ),
    "concatenation in the other order": forward(
        "concat",
        given(lambda xs: tuple(reversed(xs))),
        concatenated(),
        "concatenate",
        sides=TENSORFLOW,
    ),
    "a roll goes the other way": forward(
        "roll",
        lambda right: lambda x, shift, **options: right(x, -shift, **options),
        nn.Sequential(Roll(), nn.Flatten(), nn.Dense(3)),
        "roll",
        x=WORDS,
        sides=TORCH,
    ),
    "the median of an even number is the lower": forward(
        (Median, "forward"),
        lower_median,
        nn.Sequential(Median(), nn.Dense(3)),
        "median",
        x=WORDS,
        sides=TENSORFLOW,
    ),
    "distances are computed in float32": forward(
        (Distances, "forward"),
        changed(in_float32),
        nn.Sequential(Distances(4), nn.Dense(3)),
        "distances",
        sides=TORCH,
    ),
    # Attention
    "attention is not scaled": forward(
        (ops.nn, "dot_product_attention"),
        option(scale=1.0),
        attending(),
        "multi_head_attention",
        x=WORDS,
    ),
    "attention's mask is not applied": forward(
        "nn.masked_softmax",
        lambda right: lambda x, mask: ops.nn.softmax(x),
        masked_attention(),
        "multi_head_attention",
        x=(WORDS, np.broadcast_to(LENGTHS[:, None], (24, 6, 6))),
    ),
    "attention sees the next step": forward(
        "tril",
        seeing_the_next,
        attending(use_causal_mask=True),
        "multi_head_attention",
        x=WORDS,
        sides=TENSORFLOW,  # where PyTorch has a kernel
    ),
    "heads are cut from the wrong features": forward(
        "nn.split_heads",
        lambda right: lambda x, *, heads: right(ops.roll(x, 1, axis=-1), heads=heads),
        attending(),
        "multi_head_attention",
        x=WORDS,
        sides=TENSORFLOW,
    ),
    "softmax along the wrong axis": forward(
        "nn.softmax",
        option(axis=1),
        nn.Sequential(nn.Dense(5), nn.Activation("softmax"), nn.Flatten(), nn.Dense(3)),
        "activation",
        x=WORDS,
        sides=TORCH,
    ),
    # Dropout
    "dropout is not rescaled": forward(
        "nn.dropout",
        lambda right: lambda x, **o: right(x, **o) * (1 - o["rate"]),
        after(nn.Dropout(0.5)),
        "dropout",
    ),
    "dropout's mask is that of the next call": forward(
        "nn.dropout", another_step, after(nn.Dropout(0.5)), "dropout"
    ),
    "dropout's mask is that of another layer": forward(
        "random.keep", another_site, after(nn.Dropout(0.5)), "dropout", sides=TENSORFLOW
    ),
    "dropout believes it is not training": forward(
        "layers.set_training",
        lambda right: lambda module, training: right(module, False),
        after(nn.Dropout(0.5)),
        "dropout",
        sides=TORCH,
    ),
    # Activations
    "GELU is the tanh form": forward(
        "nn.gelu", option(approximate="tanh"), activated("gelu"), "activation"
    ),
    "leaky ReLU's slope is TensorFlow's": forward(
        "nn.leaky_relu",
        option(negative_slope=0.2),
        activated("leaky_relu"),
        "activation",
        sides=TORCH,
    ),
    "leaky ReLU's slope is rounded to float32": forward(
        "nn.leaky_relu",
        option(negative_slope=float(np.float32(0.01))),
        activated("leaky_relu"),
        "activation",
        sides=TENSORFLOW,
    ),
    "ELU's alpha": forward(
        "nn.elu", option(alpha=0.5), activated("elu"), "activation", sides=TENSORFLOW
    ),
    "hard sigmoid is Keras 2's": forward(
        "nn.hard_sigmoid",
        lambda right: lambda x: ops.clip(0.2 * x + 0.5, 0, 1),
        activated("hard_sigmoid"),
        "activation",
        sides=TENSORFLOW,
    ),
    "softplus is linear above 20": forward(
        "nn.softplus",
        linear_above(20),
        nn.Sequential(nn.Activation("softplus"), nn.Dense(3)),
        "activation",
        x=np.abs(X) + 20,
        sides=TORCH,
    ),
    "a sigmoid is computed in float32": forward(
        "nn.sigmoid",
        changed(in_float32),
        nn.Sequential(nn.Dense(5), nn.Dense(5, activation="sigmoid"), nn.Dense(3)),
        "dense_1",
    ),
}
