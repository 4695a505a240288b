"""Normalisations.  Half precision is normalised in float32 and rounded once."""

from __future__ import annotations

from typing import Protocol

from dualnet.typing import Tensor


class Normalization(Protocol):
    """``γ`` and ``β`` may be ``None``, which stands for 1 and 0."""

    def batch_norm(
        self,
        x: Tensor,
        gamma: Tensor | None,
        beta: Tensor | None,
        mean: Tensor,
        variance: Tensor,
        /,
        *,
        epsilon: float,
    ) -> Tensor:
        """``γ·(x - mean)/√(variance + ε) + β`` along the last axis, with given statistics."""
        ...

    def batch_norm_training(
        self,
        x: Tensor,
        gamma: Tensor | None,
        beta: Tensor | None,
        mean: Tensor,
        variance: Tensor,
        /,
        *,
        momentum: float,
        epsilon: float,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Normalises by the batch (Ioffe & Szegedy 2015, alg. 1 and 2).

        With ``m`` values per channel, their mean ``μ`` and variance ``σ² = Σ(x - μ)²/m``::

            y          = γ·(x - μ)/√(σ² + ε) + β
            mean'      = momentum·mean     + (1 - momentum)·μ
            variance'  = momentum·variance + (1 - momentum)·σ²·m/(m - 1)

        Returns ``y``, ``mean'``, ``variance'``; the last two are constants for every gradient.

        Raises:
            ShapeError: ``m`` is known to be 1, for which there is no unbiased variance.
        """
        ...

    def group_norm(
        self,
        x: Tensor,
        gamma: Tensor | None,
        beta: Tensor | None,
        /,
        *,
        groups: int,
        epsilon: float,
    ) -> Tensor:
        """``γ·(x - μ)/√(σ² + ε) + β``, the statistics over each sample and group of channels.

        ``x`` is ``(batch, *spatial, channels)``; ``γ`` and ``β`` have one value per channel
        (Wu & He 2018).
        """
        ...

    def layer_norm(
        self, x: Tensor, gamma: Tensor | None, beta: Tensor | None, /, *, axes: int, epsilon: float
    ) -> Tensor:
        """``γ·(x - μ)/√(σ² + ε) + β``, the statistics over the last ``axes`` axes.

        The variance is taken about the mean, in a second pass (Ba et al. 2016).
        """
        ...

    def rms_norm(self, x: Tensor, gamma: Tensor | None, /, *, epsilon: float) -> Tensor:
        """``γ·x/√(mean(x²) + ε)`` along the last axis (Zhang & Sennrich 2019)."""
        ...
