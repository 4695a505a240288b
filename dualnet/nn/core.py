"""Dense, embedding, and layers that hold one function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from dualnet import ops
from dualnet.nn import _check, activations
from dualnet.nn.activity import WithActivity
from dualnet.nn.layer import Layer
from dualnet.nn.masks import Masked, combined, fitting, parted, passed
from dualnet.nn.roles import WithBias, WithEmbeddings, WithKernel
from dualnet.typing import Shape, Tensor

if TYPE_CHECKING:
    from dualnet.initializers import Initializer

__all__ = ["Activation", "Dense", "Embedding", "Identity"]


class Dense(WithKernel, WithBias, WithActivity):
    """``activation(x @ kernel + bias)`` along the last axis.

    Weights: ``kernel (in, units)``, ``bias (units,)``.  ``(batch, …, in)`` gives
    ``(batch, …, units)``.

    >>> from dualnet import nn
    >>> nn.Dense(10, activation="relu")
    Dense(units=10, activation='relu')

    Args:
        units: the number of outputs.
        activation: a name (:mod:`dualnet.nn.activations`), or a function of ``ops.nn``.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: see :mod:`dualnet.initializers`.
        kernel_regularizer, bias_regularizer, activity_regularizer: by keyword; what the
            weights, and the output of a sample, add to the loss; see
            :mod:`dualnet.regularizers`.
        kernel_constraint, bias_constraint: by keyword; where the weights are put back to after
            an update; see :mod:`dualnet.constraints`.

    Raises:
        ShapeError: an input without a feature axis, or with another number of features
            than the first one had.
    """

    units: int
    activation: activations.Activation = None
    use_bias: bool = True
    kernel_initializer: str | Initializer = "glorot_uniform"
    bias_initializer: str | Initializer = "zeros"

    def check(self) -> None:
        _check.positive(self, "units")
        _check.activation(self)
        _check.weights(self)

    def build(self, input_shape: Shape) -> None:
        _check.rank(self, input_shape, 2, None, "add an axis with reshape")
        self.add_in_role("kernel", (input_shape[-1], self.units))
        if self.use_bias:
            self.add_in_role("bias", (self.units,))

    def forward(self, x: Tensor) -> Tensor:
        y = ops.nn.linear(x, self.kernel, self.bias if self.use_bias else None)
        return self.penalized(activations.get(self.activation)(y))

    forward_masked = passed


class Embedding(WithEmbeddings, WithActivity):
    """``embeddings[ids]``: a learned vector for each of ``input_dim`` ids.

    Weight: ``embeddings (input_dim, output_dim)``.  Ids of any shape give that shape with
    ``output_dim`` appended.

    Args:
        input_dim: the number of ids, which are ``0 … input_dim - 1``.
        output_dim: the length of the vectors.
        embeddings_initializer: see :mod:`dualnet.initializers`.
        mask_zero: whether id 0 is padding: ids ``(batch, time)`` then give
            :class:`dualnet.nn.Masked`, with a mask of the others.
        embeddings_regularizer, embeddings_constraint, activity_regularizer: by keyword, as for
            :class:`Dense`.

    Raises:
        DtypeError: ids that are not integers.
        IndexRangeError: an id out of range; found eagerly, not in compiled code.
    """

    input_dim: int
    output_dim: int
    embeddings_initializer: str | Initializer = "random_uniform"
    mask_zero: bool = False

    input_dtype: ClassVar[str | None] = "int64"

    def check(self) -> None:
        _check.positive(self, "input_dim", "output_dim")
        _check.weights(self)

    def makes_masks(self) -> bool:
        return self.mask_zero

    def build(self, input_shape: Shape) -> None:
        if self.mask_zero:
            _check.rank(self, input_shape, 2, None, "with mask_zero, ids are (batch, time)")
        self.add_in_role("embeddings", (self.input_dim, self.output_dim))

    def forward(self, ids: Tensor) -> Any:
        """Vectors ``(…, output_dim)``, masked with ``mask_zero``."""
        vectors = self.penalized(ops.nn.embedding(ids, self.embeddings))
        return Masked(vectors, ops.not_equal(ids, 0)) if self.mask_zero else vectors

    def forward_masked(self, ids: Masked) -> Any:
        vectors, mask = parted(self.forward(ids.values))
        return fitting(self, vectors, combined(mask, ids.mask))


class Activation(Layer):
    """``activation(x)``: a function by name, such as ``nn.Activation("tanh")``."""

    activation: activations.Activation

    def check(self) -> None:
        _check.activation(self)

    def forward(self, x: Tensor) -> Tensor:
        return activations.get(self.activation)(x)

    forward_masked = passed


class Identity(Layer):
    """``x``, whatever it is: a tensor, or a tree of tensors."""

    def forward(self, x: Tensor) -> Tensor:
        return x

    def forward_masked(self, x: Any) -> Any:
        return x
