"""Keras models: recognised without importing Keras, walked, and copied in another dtype."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from dualnet.errors import ConfigError
from dualnet.typing import DtypeName, Tree


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


def keras_copy(model: Any, inputs: Tree, dtype: DtypeName) -> Any:
    """A model from the same configuration under another dtype policy, with the same values."""
    import keras  # as above

    parts = list(model._flatten_layers(recursive=True, include_self=True))
    known = {type(part).__name__: type(part) for part in parts if _is_users(part)}
    with keras_policy(dtype), keras.saving.custom_object_scope(known):
        config = _retyped(model.get_config(), dtype)
        made = type(model).from_config(config)
        if len(made.variables) != len(model.variables):
            made(*inputs)
    pairs = list(zip(model.variables, made.variables, strict=True))
    if any(old.shape != new.shape for old, new in pairs):
        raise ConfigError("from_config(get_config()) makes other weights")
    for old, new in pairs:
        new.assign(tf.cast(old.value, new.value.dtype))
    for old, new in zip(
        parts, made._flatten_layers(recursive=True, include_self=True), strict=True
    ):
        new.trainable = old.trainable
    return made


def _is_users(part: Any) -> bool:
    return not type(part).__module__.startswith("keras.")


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


def _retyped(config: Any, dtype: DtypeName) -> Any:
    """A configuration in which every floating dtype is this one."""
    if isinstance(config, dict):
        if config.get("class_name") == "DTypePolicy":
            return {**config, "config": {**config["config"], "name": dtype}}
        return {
            key: dtype if key == "dtype" and _is_floating(value) else _retyped(value, dtype)
            for key, value in config.items()
        }
    if isinstance(config, (list, tuple)):
        return type(config)(_retyped(item, dtype) for item in config)
    return config


def _is_floating(name: Any) -> bool:
    return isinstance(name, str) and name.startswith(("float", "bfloat"))


def takes_training(layer: Any) -> bool:
    """Whether a layer's call has an argument ``training``."""
    if is_keras(layer):
        return bool(layer._call_has_training_arg)
    code = getattr(type(layer).__call__, "__code__", None)
    return code is not None and "training" in code.co_varnames[: code.co_argcount]
