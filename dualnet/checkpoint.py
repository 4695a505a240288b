"""Saving a model and its training, and going on from the file on either framework.

A checkpoint is one file of :mod:`dualnet.archive`.  It holds the weights and state
(``model/<path>``), the optimizer's slots (``optimizer/<slot>.<path>``), and as JSON the
definition, the model's settings, what it was compiled with, step, epochs and history.
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dualnet.archive import Archive
from dualnet.callbacks import History
from dualnet.config import decode, encode
from dualnet.errors import (
    BackendNotFound,
    CheckpointError,
    ConfigError,
    DeviceNotFound,
    DualnetError,
)
from dualnet.nn.layer import Layer
from dualnet.typing import NDArray

if TYPE_CHECKING:
    from dualnet.model import Model

__all__ = ["check_described", "load", "save"]

CHECKPOINT = Archive("dualnet-checkpoint", 1, "checkpoint")


def save(model: Model, path: str | PathLike[str]) -> None:
    """Writes a model to one file, whole or not at all.

    A crash leaves the old file or the new one.

    Raises:
        NotBuiltError: the model has no weights yet.
        CheckpointError: the file cannot be written, or the definition holds code that has
            no place in a file (``nn.Native``, a function as an activation).
    """
    arrays = {f"model/{name}": value for name, value in model.state().items()}
    if model.optimizer is not None:
        slots = model.optimizer.state()
        arrays.update({f"optimizer/{name}": value for name, value in slots.items()})
    CHECKPOINT.write(Path(path), _describe(model), arrays)


def check_described(model: Model) -> tuple[Any, Any]:
    """The definition and what it was compiled with, as JSON data.

    Raises:
        CheckpointError: they hold code that has no place in a file.
    """
    try:
        return model.definition.to_config(), model.compiled_config()
    except ConfigError as error:
        raise CheckpointError(
            f"the model cannot be written whole: {error}; save model.state() instead"
        ) from error


def _describe(model: Model) -> dict[str, Any]:
    network, compiled = check_described(model)
    return {
        "network": network,
        "input_shape": encode(model.input_shape),
        "dtype": model.dtype,
        "seed": model.seed,
        "random": model.random,
        "input_dtype": model.input_dtype,
        "compiled": compiled,
        "epochs": model.epochs,
        "history": {"epoch": model.history.epoch, "history": model.history.history},
    }


def load(
    path: str | PathLike[str], *, backend: str | None = None, device: str | None = None
) -> Model:
    """The model in a checkpoint, on either framework, ready to go on training.

    The next losses equal those of the uninterrupted run: bit for bit on the same
    framework, within the parity bound on the other.

    Args:
        path: a file written by :meth:`dualnet.Model.save`.
        backend, device: where to put the model; the current ones if not given.

    Raises:
        CheckpointError: the file is missing, damaged, truncated, or no checkpoint of
            dualnet; or it names a layer class that has not been imported.
        BackendNotFound, DeviceNotFound
    """
    from dualnet.model import Model  # the model's class knows how to save itself

    header, arrays = CHECKPOINT.read(Path(path))
    try:
        model = Model(
            _network(header["network"]),
            decode(header["input_shape"]),
            backend=backend,
            device=device,
            dtype=header["dtype"],
            seed=header["seed"],
            random=header["random"],
            input_dtype=header["input_dtype"],
        )
        _restore(model, header, arrays)
    except (KeyError, TypeError, ValueError, DualnetError) as error:
        if isinstance(error, (BackendNotFound, DeviceNotFound)):
            raise
        raise CheckpointError(f"{path} does not describe a model: {error}") from error
    return model


def _network(config: Any) -> Layer:
    network = decode(config, Layer)
    if not isinstance(network, Layer):
        raise CheckpointError(f"the definition in the file is {network!r}, not a layer")
    return network


def _restore(model: Model, header: dict[str, Any], arrays: dict[str, NDArray]) -> None:
    compiled = header["compiled"]
    if compiled is not None and compiled["loss"] is not None:
        model.compile(
            decode(compiled["optimizer"]),
            decode(compiled["loss"]),
            [decode(metric) for metric in compiled["metrics"] if metric is not None],
            jit=compiled["jit"],
            check_finite=compiled["check_finite"],
        )
    model.load_state(_below("model/", arrays))
    history = History()
    history.epoch, history.history = header["history"]["epoch"], header["history"]["history"]
    slots = _below("optimizer/", arrays)
    saved = (decode(compiled["optimizer"]), slots) if compiled is not None and slots else None
    model.resume(saved, header["epochs"], history)
    if model.compiled_config() is not None:
        model.bound_optimizer()  # a slot that does not fit is found now, not at the next step


def _below(prefix: str, arrays: dict[str, NDArray]) -> dict[str, NDArray]:
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
