"""A training in the middle, in a file, for the script that makes the model again.

Unlike a checkpoint it holds no definition, so that any model has one; and it holds the
:class:`~dualnet.training.run.Run`, so that training goes on in the middle of an epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any

import numpy as np

from dualnet.archive import Archive
from dualnet.config import decode, encode
from dualnet.errors import CheckpointError, DualnetError
from dualnet.training.run import Run
from dualnet.typing import NDArray
from dualnet.variables import take_over

if TYPE_CHECKING:
    from dualnet.model import Model

__all__ = ["restore", "write"]

BACKUP = Archive("dualnet-backup", 1, "backup")
#: What a run cannot go on without, as attributes of the model.
SETTINGS = ("seed", "dtype", "random")
#: In place of an array: where it stands in the file.
ARRAY = "__array__"


def write(model: Model, path: Path) -> None:
    """Writes down where ``fit`` is.

    Raises:
        CheckpointError: the file cannot be written, or what a callback remembers has no place
            in it.
    """
    arrays: dict[str, NDArray] = {}
    described = {
        "settings": {name: getattr(model, name) for name in SETTINGS},
        "input_shape": encode(model.input_shape),
        "stop": model.stop_training,
        "model": model.state(),
        "optimizer": model.bound_optimizer().state(),
        "run": _run(model).state(),
    }
    BACKUP.write(path, _parted(described, "", arrays), arrays)


def restore(model: Model, path: Path) -> None:
    """Puts a model, and the run it has begun, where the file says.

    Raises:
        CheckpointError: it is damaged, or of another training; the model stays as it was.
    """
    try:
        described, arrays = BACKUP.read(path)
        _take_up(model, _joined(described, arrays))
    except (KeyError, TypeError, ValueError, DualnetError) as error:
        raise CheckpointError(
            f"training cannot go on from its backup: {error}.  To start from the beginning, "
            f"delete {path}"
        ) from error


def _take_up(model: Model, saved: Mapping[str, Any]) -> None:
    run = _run(model)
    for name, value in saved["settings"].items():
        if getattr(model, name) != value:
            raise CheckpointError(
                f"it was made with {name}={value!r}, the model has {getattr(model, name)!r}"
            )
    if not model.built:
        model.build(decode(saved["input_shape"]))
    optimizer = model.bound_optimizer()
    before = model.state(), optimizer.state()
    try:
        take_over(model.backend, model.named_variables(), saved["model"], owner="the model")
        optimizer.load_state(saved["optimizer"])
        run.load_state(saved["run"])  # last: callbacks may hold weights, and put them back
    except Exception:
        model.load_state(before[0])
        optimizer.load_state(before[1])
        raise
    model.epochs, model.stop_training = run.epoch, saved["stop"]


def _run(model: Model) -> Run:
    assert model.running is not None, "only callbacks in fit come here"
    return model.running


def _parted(value: Any, place: str, arrays: dict[str, NDArray]) -> Any:
    """A tree as JSON data; its arrays go to ``arrays`` by their places.

    Raises:
        CheckpointError: a callback's state holds something else.
    """
    if isinstance(value, np.ndarray):
        arrays[place] = value
        return {ARRAY: place}
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: _parted(each, f"{place}/{key}", arrays) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_parted(each, f"{place}/{i}", arrays) for i, each in enumerate(value)]
    if isinstance(value, (str, int, float, NoneType)):
        return value
    raise CheckpointError(
        f"{place} is {value!r}, which has no place in a backup; the state of a callback is made "
        "of numbers, texts, lists, dicts by text, and NumPy arrays"
    )


def _joined(value: Any, arrays: Mapping[str, NDArray]) -> Any:
    """The inverse of :func:`_parted`."""
    if isinstance(value, dict):
        if set(value) == {ARRAY}:
            return arrays[value[ARRAY]]
        return {key: _joined(each, arrays) for key, each in value.items()}
    if isinstance(value, list):
        return [_joined(each, arrays) for each in value]
    return value
