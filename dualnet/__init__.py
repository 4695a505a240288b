"""dualnet: write a network once, train it on PyTorch or TensorFlow, prove that they agree.

>>> import dualnet as dn
>>> net = dn.nn.Sequential(dn.nn.Dense(16, activation="relu"), dn.nn.Dense(3))
>>> model = dn.Model(net, input_shape=(4,), backend="torch", seed=0)
>>> model.compile(optimizer="adam", loss="cross_entropy", metrics=["accuracy"])

Importing this package loads neither framework; the first model, tensor or ``set_backend``
does.
"""

from __future__ import annotations

from typing import Any

from dualnet import callbacks, data, errors, initializers, losses, metrics, nn, ops, optim, random
from dualnet.autodiff import (
    GradientTape,
    custom_gradient,
    grad,
    hessian,
    jacobian,
    jvp,
    stop_gradient,
    value_and_grad,
    vjp,
    vmap,
)
from dualnet.checkpoint import load
from dualnet.compilation import jit
from dualnet.context import set_backend, using
from dualnet.errors import (
    BackendNotFound,
    CheckpointError,
    ConfigError,
    DataError,
    DeviceNotFound,
    DtypeError,
    DualnetError,
    ForeignTensorError,
    IndexRangeError,
    LabelError,
    MissingPackage,
    NonFiniteError,
    NotBuiltError,
    NotCompiledError,
    NotWatchedError,
    ParityError,
    ShapeError,
    StateError,
    TapeError,
    UnknownName,
    UsedTapeError,
)
from dualnet.model import Model
from dualnet.modes import deterministic, set_precision
from dualnet.tensors import Variable, asarray, assign, backend_of, device_of, to_numpy, transfer

__all__ = [
    "BackendNotFound",
    "CheckpointError",
    "ConfigError",
    "DataError",
    "DeviceNotFound",
    "DtypeError",
    "DualnetError",
    "ForeignTensorError",
    "GradientTape",
    "IndexRangeError",
    "LabelError",
    "MissingPackage",
    "Model",
    "NonFiniteError",
    "NotBuiltError",
    "NotCompiledError",
    "NotWatchedError",
    "ParityError",
    "ShapeError",
    "StateError",
    "TapeError",
    "UnknownName",
    "UsedTapeError",
    "Variable",
    "__version__",
    "asarray",
    "assign",
    "backend_of",
    "callbacks",
    "custom_gradient",
    "data",
    "deterministic",
    "device_of",
    "dualnet as dn",
    "errors",
    "grad",
    "hessian",
    "initializers",
    "jacobian",
    "jit",
    "jvp",
    "load",
    "losses",
    "metrics",
    "nn",
    "ops",
    "optim",
    "random",
    "set_backend",
    "set_precision",
    "stop_gradient",
    "to_numpy",
    "transfer",
    "using",
    "value_and_grad",
    "vjp",
    "vmap",
]


def __getattr__(name: str) -> Any:
    """``dn.__version__``, read from the installed distribution when it is asked for."""
    if name == "__version__":
        from importlib.metadata import version  # slow to import, seldom needed

        return version("dualnet")
    raise AttributeError(f"module 'dualnet' has no attribute {name!r}")
