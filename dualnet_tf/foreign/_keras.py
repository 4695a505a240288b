"""Keras models: recognised without importing Keras, walked, and copied in another dtype."""

from __future__ import annotations

import contextlib
import copy
import copyreg
import types
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from dualnet.errors import ConfigError
from dualnet.typing import DtypeName


def is_keras(candidate: object) -> bool:
    """Whether this is a Keras layer or model.

    Raises:
        ConfigError: it is, but Keras computes on another framework.
    """
    kinds = [(kind.__module__, kind.__name__) for kind in type(candidate).__mro__]
    if ("keras.src.layers.layer", "Layer") not in kinds:
        return False
    import keras  # it is there already: the candidate is one of its objects

    if keras.config.backend() != "tensorflow":
        raise ConfigError(
            f"this Keras model computes on {keras.config.backend()!r}; compare_models takes Keras "
            "on TensorFlow: set KERAS_BACKEND=tensorflow before Keras is imported"
        )
    return True


def keras_word(module: Any) -> str:
    """The name of the Keras layer that this is, or derives from."""
    kinds = (kind for kind in type(module).__mro__ if kind.__module__.startswith("keras."))
    return next((kind.__name__ for kind in kinds), "")


def keras_children(layer: Any) -> Iterator[tuple[str, Any]]:
    """The layers below one, in order of definition.

    They are named as a functional or sequential model names them, else by the attribute that
    holds them: the names that Keras gives by itself depend on what was made before.
    """
    named = not hasattr(layer, "_functional") and not hasattr(layer, "_nodes_by_depth")
    attributes = _attributes(layer) if named else {}
    for child in layer._layers:
        if type(child).__name__ != "InputLayer":
            yield attributes.get(id(child), child.name), child


def _attributes(layer: Any) -> dict[int, str]:
    """The ``id`` of a layer to the attribute, or place in a list, that holds it."""
    found: dict[int, str] = {}
    for name, value in vars(layer).items():
        if name.startswith("_"):
            continue
        if isinstance(value, (list, tuple)):
            found.update({id(item): f"{name}.{i}" for i, item in enumerate(value)})
        elif isinstance(value, dict):
            found.update({id(item): f"{name}.{key}" for key, item in value.items()})
        else:
            found[id(value)] = name
    return found


def keras_variables(model: Any) -> dict[str, tf.Variable]:
    """Native variables by path; numbered where Keras gives one path twice."""
    found: dict[str, tf.Variable] = {}
    for variable in model.variables:
        path = variable.path.replace("/", ".")
        found[path if path not in found else f"{path}#{len(found)}"] = variable.value
    return found


def keras_copy(model: Any, dtype: DtypeName) -> Any:
    """A deep copy with variables, policies and graph inputs in another dtype.

    Configurations would not do: a subclass of ``keras.Model`` that has no ``get_config`` of its
    own says the defaults of its arguments, whatever it was made with.
    """
    import keras  # as above

    parts = list(model._flatten_layers(recursive=True, include_self=True))
    policy = keras.DTypePolicy(dtype)
    held: dict[int, Any] = {id(part.dtype_policy): policy for part in parts}
    held |= {id(variable): _converted(variable, dtype) for variable in model.variables}
    trained = (getattr(part, "optimizer", None) for part in parts)
    held |= {id(optimizer): optimizer for optimizer in trained}
    with _copied_as_plain_objects(), keras_policy(dtype):
        made = copy.deepcopy(model, held)  # which takes what is held for what it finds
    for part in made._flatten_layers(recursive=True, include_self=True):
        for tensor in getattr(part, "_inputs", ()):  # a graph casts its inputs to their dtypes
            if tensor.dtype.startswith("float"):
                tensor._dtype = dtype
    return made


def _converted(variable: Any, dtype: DtypeName) -> Any:
    """A Keras variable like another, in another dtype if it is floating."""
    import keras  # as above

    floating = keras.backend.is_float_dtype(variable.dtype)
    value = tf.cast(variable.value, dtype) if floating else tf.identity(variable.value)
    made = keras.Variable(
        value,
        dtype=dtype if floating else variable.dtype,
        trainable=variable.trainable,
        name=variable.name,
    )
    made._path = variable.path
    return made


@contextlib.contextmanager
def _copied_as_plain_objects() -> Iterator[None]:
    """A block in which Keras objects are copied attribute by attribute, not saved and loaded.

    Built layers refuse new state, which a copy's lists seem to get; modules are no state.
    """
    from keras.src.saving.keras_saveable import KerasSaveable
    from keras.src.utils.tracking import Tracker

    saved, track = KerasSaveable.__reduce__, Tracker.track
    KerasSaveable.__reduce__ = object.__reduce__
    Tracker.track = lambda tracker, attribute: attribute
    copyreg.pickle(types.ModuleType, lambda module: module.__name__)
    try:
        yield
    finally:
        KerasSaveable.__reduce__, Tracker.track = saved, track
        del copyreg.dispatch_table[types.ModuleType]


@contextlib.contextmanager
def keras_policy(dtype: DtypeName) -> Iterator[None]:
    """A block in which layers and constants that name no dtype are of this one."""
    import keras  # as above

    policy, floatx = keras.config.dtype_policy(), keras.config.floatx()
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)  # set_floatx alone is ignored once there is a policy
    try:
        yield
    finally:
        keras.config.set_floatx(floatx)
        keras.config.set_dtype_policy(policy)


def takes_training(layer: Any) -> bool:
    """Whether a layer's call has an argument ``training``."""
    if is_keras(layer):
        return bool(layer._call_has_training_arg)
    code = getattr(type(layer).__call__, "__code__", None)
    return code is not None and "training" in code.co_varnames[: code.co_argcount]
