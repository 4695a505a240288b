"""Native modules on TensorFlow."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

from dualnet.nn.layer import Thawed
from dualnet.typing import DtypeName, NDArray
from dualnet_tf.state import DTYPES, from_numpy


class Module(tf.Module, Thawed):
    """Base of every materialised layer; ``forward`` comes from the definition.

    ``tf.Module`` has no registries of its own, so children and variables are kept here
    in order of definition, beside the attributes that TensorFlow tracks.
    """

    _path: str = ""
    _TF_MODULE_IGNORED_PROPERTIES = frozenset(
        (*tf.Module._TF_MODULE_IGNORED_PROPERTIES, "_children", "_own", "_states", "_watchers")
    )

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self.__dict__.update(_children={}, _own={}, _states=set(), _watchers=[], training=True)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        output = self.forward(*args, **kwargs)
        for watcher in self._watchers:
            watcher(args, kwargs, output)
        return output


class ModuleList(Module):
    """Modules in order; iterates, indexes and counts like a list."""

    def __iter__(self) -> Iterator[Any]:
        return iter(self._children.values())

    def __getitem__(self, index: int) -> Any:
        return list(self._children.values())[index]

    def __len__(self) -> int:
        return len(self._children)


class ModuleDict(Module):
    """Modules by name; iterates and indexes like a dict."""

    def __iter__(self) -> Iterator[str]:
        return iter(self._children)

    def __getitem__(self, key: str) -> Any:
        return self._children[key]

    def __len__(self) -> int:
        return len(self._children)

    def items(self) -> Any:
        """Names and modules, in order."""
        return self._children.items()

    def keys(self) -> Any:
        """Names, in order."""
        return self._children.keys()

    def values(self) -> Any:
        """Modules, in order."""
        return self._children.values()


def attach(parent: Any, name: str, child: Any, /) -> None:
    parent._children[name] = child
    setattr(parent, name, child)


def container(children: dict[str, Any], /, *, ordered: bool) -> Any:
    made = ModuleList() if ordered else ModuleDict()
    for name, child in children.items():
        attach(made, name, child)
    return made


def add_variable(
    module: Any,
    name: str,
    value: NDArray,
    /,
    *,
    path: str,
    dtype: DtypeName,
    device: str,
    trainable: bool,
    state: bool,
) -> tf.Variable:
    initial = from_numpy(value, dtype=dtype, device=device)
    with tf.device(device):
        variable = tf.Variable(initial, trainable=trainable, name=path)
    module._own[name] = variable
    if state:
        module._states.add(name)
    setattr(module, name, variable)
    return variable


def own(module: Any, /) -> dict[str, tf.Variable]:
    return module._own


def with_weights(module: Any, weights: dict[str, tf.Tensor], /) -> Any:
    copy = object.__new__(type(module))
    held = {**module._own, **weights}
    copy.__dict__.update({**module.__dict__, **weights, "_own": held})
    return copy


def reading_as(module: Any, dtype: DtypeName, /) -> Any:
    wide = {name: v for name, v in module._own.items() if name not in module._states}
    return with_weights(module, {name: tf.cast(v, DTYPES[dtype]) for name, v in wide.items()})


class Adopted(Module):
    """A user's own module: a ``tf.Module``, or a Keras layer, which is none."""

    def __init__(self, native: Any) -> None:
        super().__init__()
        self.native = native

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        if isinstance(self.native, tf.Module):
            return self.native(*args, **kwargs)
        return self.native(*args, training=self.training, **kwargs)

    @property
    def _own(self) -> dict[str, tf.Variable]:
        if isinstance(self.native, tf.Module):
            pairs = self.native._flatten(
                predicate=lambda leaf: isinstance(leaf, tf.Variable), with_path=True
            )
            return {".".join(map(str, path)): variable for path, variable in pairs}
        return {v.path.replace("/", "."): v.value for v in self.native.variables}

    @property
    def _states(self) -> set[str]:
        return {name for name, variable in self._own.items() if not variable.trainable}


def adopt(native: Any, /, *, device: str) -> Any:
    made = hasattr(native, "variables") and not isinstance(native, type)
    with tf.device(device):
        return Adopted(native if made else native())


def modules(module: Any, /) -> Iterator[tuple[str, Any]]:
    return _modules(module, "", set())


def _modules(module: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    if id(module) in seen:
        return
    seen.add(id(module))
    yield path, module
    for name, child in module._children.items():
        yield from _modules(child, f"{path}.{name}" if path else name, seen)


def variables(module: Any, /) -> dict[str, tf.Variable]:
    found: dict[str, tf.Variable] = {}
    for path, part in modules(module):
        own = part._own.items()
        found.update({f"{path}.{name}" if path else name: variable for name, variable in own})
    return found


def states(module: Any, /) -> set[str]:
    return {
        f"{path}.{name}" if path else name
        for path, part in modules(module)
        for name in part._states
    }


def is_trainable(variable: tf.Variable, /) -> bool:
    return bool(variable.trainable)


def set_training(module: Any, training: bool, /) -> None:
    if module.training is not training:
        for _, part in modules(module):
            part.__dict__["training"] = training


@contextlib.contextmanager
def watch_outputs(module: Any, callback: Callable[[str, Any, Any, Any], None], /) -> Iterator[None]:
    watched = [(path, part) for path, part in modules(module) if isinstance(part, Module)]
    for path, part in watched:
        part._watchers.append(lambda *call, path=path: callback(path, *call))
    try:
        yield
    finally:
        for _, part in watched:
            part._watchers.pop()
