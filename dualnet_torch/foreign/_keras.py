"""Keras on top of PyTorch: recognised, so that it is not taken for hand-written PyTorch."""

from __future__ import annotations


def is_keras(candidate: object) -> bool:
    """Whether this is a Keras layer or model."""
    return any(kind.__module__.startswith("keras.") for kind in type(candidate).__mro__)
