"""Bugs of a derivative: every value is right, and the gradient is not."""

from __future__ import annotations

import numpy as np

import dualnet as dn
from dualnet import nn, ops
from tests.parity.bugs.bug_rows import (
    IMAGES,
    MLP,
    TENSORFLOW,
    TORCH,
    WORDS,
    Bug,
    X,
    changed,
    wrong_upstream,
)
from tests.parity.bugs.layer_bugs import IDS, LOOKED_UP, NORMED, activated, after


class UnitLength(nn.Layer):
    """Every row over its length, a row of zeros as it is."""

    def forward(self, x):
        square = ops.sum(x * x, axis=-1, keepdims=True)
        zero = square == 0
        root = ops.sqrt(ops.where(zero, ops.ones_like(square), square))
        return ops.where(zero, x, x / root)


class Residual(nn.Layer):
    """``x + inner(x)``."""

    inner: nn.Layer

    def forward(self, x):
        return x + self.inner(x)


def root_at_zero(right):
    """The same by a root whose derivative at zero is infinite, and zero times it is NaN."""

    def forward(self, x):
        root = ops.sqrt(ops.sum(x * x, axis=-1, keepdims=True))
        return ops.where(root == 0, x, x / ops.maximum(root, 1e-12))

    return forward


def without_the_branch(right):
    return lambda self, x: x + ops.stop_gradient(self.inner(x))


def without_the_shortcut(right):
    return lambda self, x: ops.stop_gradient(x) + self.inner(x)


def slightly_wrong(size):
    return changed(wrong_upstream(lambda upstream: upstream * (1 + size)))


def one_at_zero(right):
    """ReLU whose derivative at zero is one."""

    def relu(x):
        return right(x), lambda upstream: ops.where(x >= 0, upstream, ops.zeros_like(upstream))

    return dn.custom_gradient(relu)


def to_the_first_of_equals(right):
    """A maximum over time that gives the whole gradient to the first of equal values."""

    def maximum(x, **options):
        index = ops.expand_dims(ops.argmax(x, axis=1), axis=1)
        return ops.squeeze(ops.take_along_axis(x, index, axis=1), axis=1)

    return maximum


def from_the_end(right):
    """A pool that gives the gradient to the last of equal values."""

    def pool(x, **options):
        return ops.flip(right(ops.flip(x, axis=1), **options), axis=1)

    return pool


def averaged_over_equal_ids(right):
    """An embedding whose gradient is divided by how often an id occurs."""

    def embedding(ids, table):
        flat = ops.reshape(ids, (-1, 1))
        same = ops.astype(flat == ops.matrix_transpose(flat), table.dtype)
        often = ops.reshape(ops.sum(same, axis=1), (*ids.shape, 1))
        return wrong_upstream(lambda upstream: upstream / often)(right(ids, table))

    return embedding


def constant_statistics(right):
    """Batch norm whose mean and variance are constants to the gradient."""

    def batch_norm(x, gamma, beta, *moving, epsilon, **options):
        fixed = ops.stop_gradient(x)
        mean, variance = ops.mean(fixed, axis=0), ops.var(fixed, axis=0)
        y = (x - mean) / ops.sqrt(variance + epsilon) * gamma + beta
        return y, *right(x, gamma, beta, *moving, epsilon=epsilon, **options)[1:]

    return batch_norm


def straight_through(right):
    """Dropout that passes gradients where it has dropped."""

    def dropout(x, **options):
        kept = x / (1 - options["rate"])
        return kept + ops.stop_gradient(right(x, **options) - kept)

    return dropout


def unscaled_backward(right):
    """Dropout whose gradient is not rescaled."""

    def dropout(x, **options):
        left = wrong_upstream(lambda upstream: upstream * (1 - options["rate"]))
        return left(right(x, **options))

    return dropout


def none_for(shape):
    """A tape that finds no gradient for the variables of a shape."""

    def make(right):
        def gradient(self, targets, sources, *args, **options):
            found = right(self, targets, sources, *args, **options)
            pairs = zip(sources, found, strict=True)
            return [None if tuple(source.shape) == shape else g for source, g in pairs]

        return gradient

    return make


def first_call_only(right):
    """A sequence's first step alone passes gradients to the recurrent kernel."""

    def rnn(x, h, kernel, recurrent_kernel, bias, **options):
        fixed = ops.stop_gradient(recurrent_kernel)
        return right(x, h, kernel, fixed, bias, **options)

    return rnn


def gradient(where, make, net, layer, **more):
    return Bug(where, make, net, "gradient", layer, **more)


CONSTANT = nn.initializers.Constant(0.5)
EQUAL_ROWS = nn.Embedding(7, 3, embeddings_initializer=CONSTANT)
RESIDUAL = after(Residual(nn.Dense(4, activation="tanh")))
#: Every third sample is zero, and so is what a layer without bias makes of it.
ZERO_ROWS = X * (np.arange(24) % 3 > 0)[:, None]

BUGS = {
    "a bias that starts at zero is missing": gradient(
        "nn.linear",
        lambda right: lambda x, kernel, bias=None: right(x, kernel),
        MLP,
        "dense_1",
        path="dense_1.bias",
    ),
    "ReLU's derivative is off by a millionth": gradient(
        "nn.relu", slightly_wrong(1e-6), activated("relu"), "activation"
    ),
    "ReLU's derivative at zero is one": gradient(
        "nn.relu",
        one_at_zero,
        nn.Sequential(nn.Dense(4, kernel_initializer="zeros"), nn.Activation("relu"), nn.Dense(3)),
        "activation",
    ),
    "a maximum's gradient goes to the first of equals": gradient(
        "max",
        to_the_first_of_equals,
        nn.Sequential(EQUAL_ROWS, nn.GlobalMaxPool1D(), nn.Dense(3)),
        "global_max_pool1d",
        x=IDS,
    ),
    "a pool's gradient goes to the last of equals": gradient(
        "nn.max_pool",
        from_the_end,
        nn.Sequential(EQUAL_ROWS, nn.MaxPool1D(2), nn.Flatten(), nn.Dense(3)),
        "max_pool1d",
        x=IDS[:, :4],
        sides=TENSORFLOW,
    ),
    "the length of zero has no derivative": gradient(
        (UnitLength, "forward"),
        root_at_zero,
        nn.Sequential(nn.Dense(4, use_bias=False), UnitLength(), nn.Dense(3)),
        "unit_length",
        x=ZERO_ROWS,
    ),
    "a branch gets no gradient": gradient(
        (Residual, "forward"), without_the_branch, RESIDUAL, "residual"
    ),
    "a shortcut gets no gradient": gradient(
        (Residual, "forward"), without_the_shortcut, RESIDUAL, "residual", sides=TORCH
    ),
    "one layer's kernel gets no gradient": gradient(
        "tape.Recording.gradient", none_for((5, 3)), MLP, "dense_1", path="dense_1.kernel"
    ),
    "a recurrent kernel gets no gradient": gradient(
        "nn.rnn",
        first_call_only,
        nn.Sequential(nn.SimpleRNN(3), nn.Dense(3)),
        "simple_rnn",
        path="simple_rnn.recurrent_kernel",
        x=WORDS,
        sides=TORCH,
    ),
    "an embedding's gradient is averaged over equal ids": gradient(
        "nn.embedding", averaged_over_equal_ids, LOOKED_UP, "embedding", x=IDS
    ),
    "batch norm's statistics are constants": gradient(
        "nn.batch_norm_training", constant_statistics, NORMED, "batch_norm"
    ),
    "dropout passes gradients where it drops": gradient(
        "nn.dropout", straight_through, after(nn.Dropout(0.5)), "dropout", sides=TENSORFLOW
    ),
    "dropout's gradient is not rescaled": gradient(
        "nn.dropout", unscaled_backward, after(nn.Dropout(0.5)), "dropout", sides=TORCH
    ),
    "a convolution's derivative is off": gradient(
        "nn.conv",
        slightly_wrong(1e-6),
        nn.Sequential(nn.Conv2D(3, 2), nn.Conv2D(2, 2), nn.Flatten(), nn.Dense(3)),
        "conv2d_1",
        x=IMAGES,
        sides=TORCH,
    ),
}
