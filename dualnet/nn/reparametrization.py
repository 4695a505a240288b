"""Layers whose kernel is computed from another one: spectral and weight normalisation."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from dualnet import ops
from dualnet.errors import ConfigError
from dualnet.initializers import Initializer
from dualnet.nn import _check
from dualnet.nn.wrappers import Wrapper
from dualnet.random import Stream
from dualnet.typing import NDArray, Shape, Tensor

__all__ = ["SpectralNormalization", "WeightNormalization"]

#: The weights that are normalised, whichever a layer has.
KERNELS = ("kernel", "embeddings")
#: Power iterations before the first call; PyTorch's number.
WARM_UP = 15


class Reparametrized(Wrapper):
    """Base: the layer runs with :meth:`kernel` of its kernel, and its own is what is trained."""

    autocast: ClassVar[bool] = False  # norms of the wide weights; the layer narrows the result

    def build(self, *input_shapes: Shape) -> None:
        builder = self._builder
        builder.declare(self.layer, *input_shapes)
        held = [name for name in KERNELS if name in builder.backend.layers.own(self.layer)]
        if not held:
            raise ConfigError(
                f"{self._definition!r}: the layer has no weight named {' or '.join(KERNELS)}"
            )
        self._weight = held[0]
        self._with_weights = builder.backend.layers.with_weights
        raw = builder.backend.state.to_numpy(getattr(self.layer, self._weight))
        self.build_state(raw.astype(np.float64).reshape(-1, raw.shape[-1]))

    def build_state(self, matrix: NDArray) -> None:
        """Declares what the wrapper itself holds, for a kernel ``(inputs, outputs)``."""

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        weight = self.kernel(getattr(self.layer, self._weight))
        return self._with_weights(self.layer, {self._weight: weight})(*args, **kwargs)

    def kernel(self, raw: Tensor) -> Tensor:
        """The kernel that the layer runs with."""
        raise NotImplementedError(f"{type(self).__name__} defines no kernel(self, raw)")


class SpectralNormalization(Reparametrized):
    """A layer that runs with ``W/σ(W)``, ``σ`` the largest singular value (Miyato et al. 2018).

    ``W`` is the kernel as a matrix, ``(all other axes, outputs)``.  In training, each call first
    moves the singular vectors by power iteration::

        u ← Wᵀv/‖Wᵀv‖,   v ← Wu/‖Wu‖,   σ = vᵀWu

    Gradients flow through ``σ``, not through ``u`` and ``v``, as in the paper and in PyTorch.
    States ``vector_u (outputs,)`` and ``vector_v``, begun with 15 iterations.

    >>> from dualnet import nn
    >>> nn.SpectralNormalization(nn.Conv2D(8, 3))
    SpectralNormalization(layer=Conv2D(filters=8, kernel_size=3))

    Args:
        layer: has a weight named ``kernel`` or ``embeddings``.
        power_iterations: how many in each call in training.

    Raises:
        ConfigError: the layer has no such weight.
    """

    power_iterations: int = 1

    def check(self) -> None:
        super().check()
        _check.positive(self, "power_iterations")

    def build_state(self, matrix: NDArray) -> None:
        u, v = _singular(matrix, Stream(self._builder.seed, "init", f"{self._path}.vector_u"))
        self.add_weight("vector_u", u.shape, Given(u), trainable=False)
        self.add_weight("vector_v", v.shape, Given(v), trainable=False)

    def kernel(self, raw: Tensor) -> Tensor:
        matrix = ops.reshape(raw, (-1, raw.shape[-1]))
        u, v = self._vectors(ops.stop_gradient(matrix))
        return raw / ops.sum(ops.matmul(v, matrix) * u)

    def _vectors(self, matrix: Tensor) -> tuple[Tensor, Tensor]:
        u, v = self.vector_u, self.vector_v
        if not self.training:
            return u, v
        for _ in range(self.power_iterations):
            u = ops.nn.normalize(ops.matmul(v, matrix))
            v = ops.nn.normalize(ops.matmul(matrix, u))
        ops.assign(self.vector_u, u)
        ops.assign(self.vector_v, v)
        return u, v


class WeightNormalization(Reparametrized):
    """A layer that runs with ``g·v/‖v‖`` (Salimans & Kingma 2016).

    ``v`` is the layer's own kernel, its norm taken for each output (the last axis) over all
    other axes.  Weight ``g (outputs,)``, at first ``‖v‖``.

    Args:
        layer: has a weight named ``kernel`` or ``embeddings``.

    Raises:
        ConfigError: the layer has no such weight.
    """

    def build_state(self, matrix: NDArray) -> None:
        self.add_weight("g", matrix.shape[1:], Given(np.linalg.norm(matrix, axis=0)))

    def kernel(self, raw: Tensor) -> Tensor:
        return self.g * ops.nn.normalize(raw, axis=tuple(range(len(raw.shape) - 1)))


class Given(Initializer):
    """These values."""

    values: Any

    def __call__(self, shape: Shape, stream: Stream) -> NDArray:
        return np.asarray(self.values, np.float64)


def _singular(matrix: NDArray, stream: Stream) -> tuple[NDArray, NDArray]:
    """Nearly the right and left singular vectors of the largest singular value."""
    v = matrix @ stream.normal(matrix.shape[1:])
    for _ in range(WARM_UP):
        u = v @ matrix
        u /= max(np.linalg.norm(u), np.finfo(np.float64).tiny)
        v = matrix @ u
        v /= max(np.linalg.norm(v), np.finfo(np.float64).tiny)
    return u, v
