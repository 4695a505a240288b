"""``compile``, ``fit``, ``evaluate``, ``predict``: one loop for both frameworks."""

from dualnet.training.trainer import Trainable

__all__ = ["Trainable"]
