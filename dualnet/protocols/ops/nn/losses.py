"""The one loss that both frameworks have a fast kernel for."""

from __future__ import annotations

from typing import Protocol

from dualnet.typing import Tensor


class Losses(Protocol):
    """All other losses are composed of functions, in :mod:`dualnet.losses`."""

    def label_cross_entropy(
        self, logits: Tensor, labels: Tensor, /, *, mean: bool = False
    ) -> Tensor:
        """``-log_softmax(logits)[label]``: ``(…, K)`` and integers ``(…)`` to ``(…)``, or the mean.

        On a CPU a label out of range is an error, of the framework's own kind.
        """
        ...
