"""Activation functions."""

from __future__ import annotations

from typing import Protocol

from dualnet.typing import Tensor


class Activations(Protocol):
    """Elementwise unless an ``axis`` is given; floating-point dtypes, kept.

    At a kink the derivative is the one from the left, as in ``relu'(0) = 0``, unless the
    function says otherwise.  NaN gives NaN.
    """

    def celu(self, x: Tensor, /, *, alpha: float = 1.0) -> Tensor:
        """``x`` where positive, else ``α(exp(x/α) - 1)`` (Barron 2017)."""
        ...

    def elu(self, x: Tensor, /, *, alpha: float = 1.0) -> Tensor:
        """``x`` where positive, else ``α(exp(x) - 1)`` (Clevert et al. 2015)."""
        ...

    def gelu(self, x: Tensor, /, *, approximate: str = "none") -> Tensor:
        """``x·Φ(x)``, Φ the normal distribution function (Hendrycks & Gimpel 2016).

        ``approximate="tanh"``: ``x/2·(1 + tanh(√(2/π)·(x + 0.044715x³)))``.

        Raises:
            UnknownName: ``approximate`` is neither ``"none"`` nor ``"tanh"``.
        """
        ...

    def glu(self, x: Tensor, /, *, axis: int = -1) -> Tensor:
        """``a·σ(b)``, where ``a`` and ``b`` are the halves of ``x`` (Dauphin et al. 2016)."""
        ...

    def hard_sigmoid(self, x: Tensor, /) -> Tensor:
        """``relu6(x + 3)/6``."""
        ...

    def hard_silu(self, x: Tensor, /) -> Tensor:
        """``x·relu6(x + 3)/6`` (Howard et al. 2019)."""
        ...

    def hard_tanh(self, x: Tensor, /) -> Tensor:
        """``x`` cut off at -1 and 1; the derivative there is 1, as of any clipping."""
        ...

    def leaky_relu(self, x: Tensor, /, *, negative_slope: float = 0.01) -> Tensor:
        """``x`` where positive, else ``negative_slope·x`` (Maas et al. 2013)."""
        ...

    def log_sigmoid(self, x: Tensor, /) -> Tensor:
        """``-log(1 + exp(-x))``, without overflow."""
        ...

    def log_softmax(self, x: Tensor, /, *, axis: int = -1) -> Tensor:
        """``x - log Σ exp(x)`` along an axis, without overflow."""
        ...

    def mish(self, x: Tensor, /) -> Tensor:
        """``x·tanh(softplus(x))`` (Misra 2019)."""
        ...

    def relu(self, x: Tensor, /) -> Tensor:
        """``max(x, 0)``; the derivative at 0 is 0."""
        ...

    def relu6(self, x: Tensor, /) -> Tensor:
        """``min(max(x, 0), 6)``; the derivative at 0 and at 6 is 0."""
        ...

    def selu(self, x: Tensor, /) -> Tensor:
        """``λ·elu(x, α)`` with the two constants of Klambauer et al. (2017)."""
        ...

    def sigmoid(self, x: Tensor, /) -> Tensor:
        """``1/(1 + exp(-x))``."""
        ...

    def silu(self, x: Tensor, /) -> Tensor:
        """``x·σ(x)``, also called swish (Elfwing et al. 2017)."""
        ...

    def softmax(self, x: Tensor, /, *, axis: int = -1) -> Tensor:
        """``exp(x)/Σ exp(x)`` along an axis, without overflow."""
        ...

    def softplus(self, x: Tensor, /) -> Tensor:
        """``log(1 + exp(x))``, exact for every ``x``; the derivative is ``σ(x)``."""
        ...

    def softsign(self, x: Tensor, /) -> Tensor:
        """``x/(1 + |x|)``."""
        ...
