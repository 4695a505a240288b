"""What ``dualnet compare`` can be pointed at: two small real problems, or a file of the user's."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from dualnet import nn, optim, tree
from dualnet.data import load_digits, load_iris
from dualnet.errors import ConfigError, DualnetError, unknown_name
from dualnet.nn.layer import Layer
from dualnet.random import Stream
from dualnet.typing import NDArray, Tree

__all__ = ["Problem", "named"]

#: Options of ``compare`` that a file may set.
OPTIONS = (
    "batch_size",
    "dtype",
    "epochs",
    "input_shape",
    "loss",
    "metrics",
    "optimizer",
    "sample_weight",
    "seed",
    "validation_data",
)
#: What is taken where a file does not say.
DEFAULTS: Mapping[str, Any] = {"loss": "mse", "optimizer": "adam"}
#: Samples of made-up data for a bare network.
SAMPLES = 128


@dataclass(frozen=True)
class Problem:
    """A network, its data, and options of :func:`dualnet.compare`."""

    net: Layer
    x: Tree
    y: Tree
    options: Mapping[str, Any]


def named(what: str, input_shape: tuple[int, ...] | None) -> Problem:
    """The problem that a word or ``FILE.py:NAME`` stands for.

    Raises:
        ConfigError: there is no such problem, or the file holds something else.
    """
    if what in BUILT_IN:
        return BUILT_IN[what]()
    file, colon, name = what.rpartition(":")
    if not colon or not file.endswith(".py"):
        raise ConfigError(f"{unknown_name('problem', what, BUILT_IN)}, or give FILE.py:NAME")
    module = _executed(Path(file))
    if not hasattr(module, name):
        raise ConfigError(f"{file} defines no {name!r}")
    return _understood(what, getattr(module, name), input_shape)


def iris() -> Problem:
    """Fisher's irises, an MLP with dropout."""
    data = load_iris()
    net = nn.Sequential(
        nn.Dense(32, activation="relu"),
        nn.Dropout(0.1),
        nn.Dense(16, activation="relu"),
        nn.Dense(len(data.classes)),
    )
    return _classifier(net, data, epochs=30, batch_size=16, optimizer=optim.Adam(5e-3))


def digits() -> Problem:
    """Handwritten digits, a CNN with batch normalisation and dropout.

    Smooth throughout: at a kink (ReLU, the largest of a window) rounding may choose a side,
    and float32 training then goes two ways, both right.
    """
    data = load_digits()
    net = nn.Sequential(
        nn.Conv2D(16, 3, padding="same", use_bias=False),
        nn.BatchNorm(),
        nn.Activation("silu"),
        nn.AvgPool2D(2),
        nn.Conv2D(32, 3, padding="same", activation="silu"),
        nn.AvgPool2D(2),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Dense(64, activation="silu"),
        nn.Dense(len(data.classes)),
    )
    return _classifier(net, data, epochs=8, batch_size=32, optimizer=optim.Adam(3e-3))


BUILT_IN: dict[str, Callable[[], Problem]] = {"iris": iris, "digits": digits}


def _classifier(net: Layer, data: Any, **options: Any) -> Problem:
    return Problem(
        net,
        data.x_train,
        data.y_train,
        {
            "loss": "cross_entropy",
            "metrics": ("accuracy",),
            "validation_data": (data.x_test, data.y_test),
            **options,
        },
    )


def _executed(path: Path) -> ModuleType:
    """The file as a module; its folder can be imported from, as when Python runs it."""
    if not path.is_file():
        raise ConfigError(f"there is no file {path}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{path} cannot be loaded as a Python module")
    module, loader = importlib.util.module_from_spec(spec), spec.loader
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        _carried_out(str(path), lambda: loader.exec_module(module))
    finally:
        sys.path.pop(0)
    return module


def _carried_out(what: str, code: Callable[[], Any]) -> Any:
    """What the user's code gives; what it raises, as an error that says where it comes from."""
    try:
        return code()
    except DualnetError:
        raise
    except Exception as error:
        raise ConfigError(f"{what} cannot be executed: {type(error).__name__}: {error}") from error


def _understood(what: str, found: Any, input_shape: tuple[int, ...] | None) -> Problem:
    if isinstance(found, Layer):
        return _made_up(what, found, input_shape)
    if callable(found) and not isinstance(found, type):
        found = _carried_out(what, found)
        if isinstance(found, Layer):
            return _made_up(what, found, input_shape)
    if isinstance(found, tuple) and len(found) in (3, 4):
        options = found[3] if len(found) == 4 else {}
        found = {"net": found[0], "x": found[1], "y": found[2], **_mapping(what, options)}
    return _from_dict(what, _mapping(what, found))


def _mapping(what: str, found: Any) -> Mapping[str, Any]:
    if isinstance(found, Mapping):
        return found
    raise ConfigError(
        f"{what} is a {type(found).__name__}; it should be a network, a dict with net, x and y, or "
        "a function that returns such a dict or (net, x, y[, options])"
    )


def _from_dict(what: str, found: Mapping[str, Any]) -> Problem:
    parts = ("net", "x", "y")
    missing = [name for name in parts if name not in found]
    unknown = [name for name in found if name not in (*parts, *OPTIONS)]
    if missing or unknown:
        raise ConfigError(
            f"{what} lacks {', '.join(missing) or 'nothing'} and has {', '.join(unknown) or 'no'} "
            f"unknown entries; it takes net, x, y and {', '.join(OPTIONS)}"
        )
    options = {name: value for name, value in found.items() if name not in parts}
    return Problem(found["net"], found["x"], found["y"], {**DEFAULTS, **options})


def _made_up(what: str, net: Layer, input_shape: tuple[int, ...] | None) -> Problem:
    """A bare network, with normal numbers to go in and normal numbers to come out."""
    from dualnet.model import Model  # materialised once, to learn what it gives

    shapes = input_shape or _declared(net)
    if shapes is None:
        raise ConfigError(
            f"{what} is a network without data; give --input-shape, such as 28,28,1, or data"
        )
    model = Model(net, input_shape, device="cpu", dtype="float32")
    x = _inputs(shapes)
    outputs = model.predict(x)
    y = tree.map(lambda leaf: _normal("y", leaf.shape), outputs)
    return Problem(net, x, y, {**DEFAULTS, "input_shape": input_shape})


def _declared(net: Layer) -> Any:
    """The shape of the one input of a graph."""
    specs: Any = getattr(net, "input_specs", ())
    return specs[0].shape if len(specs) == 1 and None not in specs[0].shape else None


def _inputs(shape: tuple[int, ...]) -> NDArray:
    return _normal("x", (SAMPLES, *shape))


def _normal(name: str, shape: tuple[int, ...]) -> NDArray:
    return Stream(0, "compare", name).normal(shape, dtype="float32")
