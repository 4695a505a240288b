"""Weights by their role (kernel, bias, …): how each starts, is regularised and constrained.

A layer derives from one base below for each role that its weights play, and from
:class:`~dualnet.nn.activity.WithActivity`.  All hyperparameters here are given by keyword, and
are names or values: see :mod:`dualnet.regularizers` and
:mod:`dualnet.constraints`.
"""

from __future__ import annotations

from dataclasses import field

from dualnet.constraints import Constraint
from dualnet.initializers import Initializer
from dualnet.nn.layer import Layer
from dualnet.regularizers import Regularizer
from dualnet.typing import Shape, Tensor

__all__ = [
    "WithAffine",
    "WithAlpha",
    "WithBias",
    "WithDepthwise",
    "WithEmbeddings",
    "WithKernel",
    "WithPointwise",
    "WithRecurrent",
    "WithRoles",
]


class WithRoles(Layer):
    """Base: hyperparameters ``<role>_initializer``, ``…_regularizer`` and ``…_constraint``."""

    def add_in_role(
        self,
        role: str,
        shape: Shape,
        *,
        name: str | None = None,
        initializer: str | Initializer | None = None,
    ) -> Tensor:
        """Declares a weight, as :meth:`add_weight`, with what its role was given.

        Args:
            role: ``"kernel"``, ``"bias"``, …
            shape: canonical layout.
            name: of the weight, if it is not the role's.
            initializer: another one than ``<role>_initializer``.
        """
        return self.add_weight(
            name or role,
            shape,
            initializer or getattr(self, f"{role}_initializer"),
            regularizer=getattr(self, f"{role}_regularizer"),
            constraint=getattr(self, f"{role}_constraint"),
        )


class WithKernel(WithRoles):
    """Base of the layers with a kernel."""

    kernel_regularizer: str | Regularizer | None = field(default=None, kw_only=True)
    kernel_constraint: str | Constraint | None = field(default=None, kw_only=True)


class WithAlpha(WithRoles):
    """Base of the layers with a learned slope ``α``."""

    alpha_regularizer: str | Regularizer | None = field(default=None, kw_only=True)
    alpha_constraint: str | Constraint | None = field(default=None, kw_only=True)


class WithBias(WithRoles):
    """Base of the layers with a bias."""

    bias_regularizer: str | Regularizer | None = field(default=None, kw_only=True)
    bias_constraint: str | Constraint | None = field(default=None, kw_only=True)


class WithDepthwise(WithRoles):
    """Base of the layers with a kernel for each channel."""

    depthwise_regularizer: str | Regularizer | None = field(default=None, kw_only=True)
    depthwise_constraint: str | Constraint | None = field(default=None, kw_only=True)


class WithPointwise(WithRoles):
    """Base of the layers with a kernel over the channels of one place."""

    pointwise_regularizer: str | Regularizer | None = field(default=None, kw_only=True)
    pointwise_constraint: str | Constraint | None = field(default=None, kw_only=True)


class WithEmbeddings(WithRoles):
    """Base of the layers with a table of vectors."""

    embeddings_regularizer: str | Regularizer | None = field(default=None, kw_only=True)
    embeddings_constraint: str | Constraint | None = field(default=None, kw_only=True)


class WithRecurrent(WithRoles):
    """Base of the layers with a kernel from state to state."""

    recurrent_regularizer: str | Regularizer | None = field(default=None, kw_only=True)
    recurrent_constraint: str | Constraint | None = field(default=None, kw_only=True)


class WithAffine(WithRoles):
    """Base of the layers with a scale ``γ`` and a shift ``β``."""

    gamma_regularizer: str | Regularizer | None = field(default=None, kw_only=True)
    gamma_constraint: str | Constraint | None = field(default=None, kw_only=True)
    beta_regularizer: str | Regularizer | None = field(default=None, kw_only=True)
    beta_constraint: str | Constraint | None = field(default=None, kw_only=True)
