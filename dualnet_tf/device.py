"""Devices on TensorFlow."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from contextlib import AbstractContextManager

import tensorflow as tf
from tensorflow.python.framework import config

#: Canonical kinds and TensorFlow's names for them.
KINDS = {"gpu": "GPU", "tpu": "TPU", "cpu": "CPU"}


def _grow_memory() -> None:
    """Takes GPU memory as it is needed, not all of it at the start."""
    for gpu in tf.config.list_physical_devices("GPU"):
        with contextlib.suppress(RuntimeError):  # the program used the GPU before dualnet
            tf.config.experimental.set_memory_growth(gpu, True)


_grow_memory()


def devices() -> tuple[str, ...]:
    return tuple(
        f"{ours}:{index}"
        for ours, theirs in KINDS.items()
        for index, _ in enumerate(tf.config.list_logical_devices(theirs))
    )


def native(name: str) -> str:
    kind, index = name.split(":")
    return f"/device:{KINDS[kind]}:{index}"


def device_of(tensor: tf.Tensor) -> str:
    _, kind, index = tensor.device.rsplit(":", 2) if tensor.device else ("", "CPU", "0")
    return f"{kind.lower()}:{index}"


def checks_indices(tensor: tf.Tensor) -> bool:
    return device_of(tensor).startswith("cpu")


def scope(name: str) -> AbstractContextManager[None]:
    return tf.device(native(name))


def set_precision(mode: str) -> None:
    tf.config.experimental.enable_tensor_float_32_execution(mode == "tf32")


def precision() -> str:
    return "tf32" if tf.config.experimental.tensor_float_32_execution_enabled() else "highest"


def flush_denormals(on: bool) -> None:
    pass  # TensorFlow's kernels always flush them, and there is no switch


def flushes_denormals() -> bool:
    return True


def deterministic(on: bool) -> None:
    if on:
        tf.config.experimental.enable_op_determinism()
    else:
        config.disable_op_determinism()  # TensorFlow exports only the way in


def is_deterministic() -> bool:
    return bool(config.is_op_determinism_enabled())


def describe() -> Mapping[str, str]:
    return {
        "version": str(tf.__version__),
        "threads": str(tf.config.threading.get_intra_op_parallelism_threads() or "all"),
        "devices": ", ".join(devices()),
    }
