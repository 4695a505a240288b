"""Native models as a whole: copies of them, runs of them, and what happens inside."""

from __future__ import annotations

import contextlib
import copy
import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import tensorflow as tf

from dualnet.errors import ConfigError
from dualnet.typing import DtypeName
from dualnet_tf import layers
from dualnet_tf.foreign._keras import is_keras, keras_copy, keras_variables, takes_training
from dualnet_tf.state import DTYPES

#: The attributes by which layers drop values in training.
RATES = ("rate", "dropout", "_dropout", "recurrent_dropout")


def is_model(candidate: object, /) -> bool:
    return isinstance(candidate, tf.Module) or is_keras(candidate)


def has_weights(model: Any, /) -> bool:
    return all(part.built for part in _parts(model) if is_keras(part))


def variables(model: Any, /) -> dict[str, tf.Variable]:
    if is_keras(model):
        return keras_variables(model)
    pairs = model._flatten(predicate=lambda leaf: isinstance(leaf, tf.Variable), with_path=True)
    return {".".join(map(str, path)): variable for path, variable in pairs}


def duplicate(model: Any, /, *, dtype: DtypeName) -> Any:
    try:
        if is_keras(model):
            return keras_copy(model, dtype)
        held = {id(v): _converted(v, dtype) for v in variables(model).values()}
        return copy.deepcopy(model, held)  # which takes these for the variables
    except Exception as error:  # whatever a layer's own making raises
        text = f"{type(model).__name__} cannot be copied in {dtype}: {error!r}"
        raise ConfigError(text) from error


def _converted(variable: tf.Variable, dtype: DtypeName) -> tf.Variable:
    value = tf.cast(variable, DTYPES[dtype]) if variable.dtype.is_floating else variable
    return tf.Variable(value, trainable=variable.trainable, name=variable.name.split(":")[0])


def run(model: Any, inputs: Sequence[tf.Tensor], /, *, training: bool) -> Any:
    if isinstance(model, layers.Module):
        layers.set_training(model, training)
        return model(*inputs)
    mode = {"training": training} if takes_training(model) else {}
    one = hasattr(model, "inputs") and len(inputs) > 1  # a functional Keras model takes a list
    return model(list(inputs), **mode) if one else model(*inputs, **mode)


@contextlib.contextmanager
def watch(
    owners: Sequence[Any], callback: Callable[[Any, Any, Any, Any, bool | None], None], /
) -> Iterator[None]:
    plain = [o for o in owners if not isinstance(o, layers.Module) and not is_keras(o)]
    with contextlib.ExitStack() as stack:
        for owner in owners:
            if isinstance(owner, layers.Module):
                stack.enter_context(_watched(owner, callback))
            elif is_keras(owner):
                stack.enter_context(_wrapped(owner, callback))
        for kind in {type(owner) for owner in plain}:
            stack.enter_context(_patched(kind, {id(owner) for owner in plain}, callback))
        yield


@contextlib.contextmanager
def _watched(owner: Any, callback: Callable[..., None]) -> Iterator[None]:
    """One of dualnet's own modules."""
    owner._watchers.append(lambda *call: callback(owner, *call, None))
    try:
        yield
    finally:
        owner._watchers.pop()


@contextlib.contextmanager
def _wrapped(owner: Any, callback: Callable[..., None]) -> Iterator[None]:
    """A Keras layer, which asks itself for ``call``."""
    original = owner.call

    def call(*args: Any, **kwargs: Any) -> Any:
        output = original(*args, **kwargs)
        given = {k: v for k, v in kwargs.items() if k != "training"}
        callback(owner, args, given, output, kwargs.get("training"))
        return output

    owner.__dict__["call"] = call
    try:
        yield
    finally:
        del owner.__dict__["call"]


@contextlib.contextmanager
def _patched(kind: Any, owners: set[int], callback: Callable[..., None]) -> Iterator[None]:
    """A plain ``tf.Module``: Python looks for ``__call__`` on its class only."""
    original = kind.__call__

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        output = original(self, *args, **kwargs)
        if id(self) in owners:
            callback(self, args, kwargs, output, None)
        return output

    own = "__call__" in vars(kind)
    kind.__call__ = call
    try:
        yield
    finally:
        if own:
            kind.__call__ = original
        else:
            del kind.__call__


@contextlib.contextmanager
def without_dropout(model: Any, /) -> Iterator[None]:
    before = [(part, name, getattr(part, name)) for part in _parts(model) for name in _rates(part)]
    try:
        for part, name, rate in before:
            setattr(part, name, type(rate)(0))
        yield
    finally:
        for part, name, rate in before:
            setattr(part, name, rate)


def _parts(model: Any) -> Iterator[Any]:
    """Every layer below a model, and itself."""
    if is_keras(model):
        yield from model._flatten_layers(recursive=True, include_self=True)
        return
    yield model
    yield from model.submodules


def _rates(part: Any) -> list[str]:
    """The attributes of a layer that hold a rate of dropout."""
    if not is_keras(part) and not isinstance(part, layers.Module):
        return []
    return [name for name in RATES if isinstance(vars(part).get(name), float)]


@contextlib.contextmanager
def exact() -> Iterator[None]:
    math_ops = sys.modules[tf.nn.gelu.__module__].math_ops  # where tf.nn.gelu finds its cast
    cast, leaky_relu = math_ops.cast, tf.nn.leaky_relu
    math_ops.cast, tf.nn.leaky_relu = functools.partial(_exact_cast, cast), _exact_leaky_relu
    try:
        yield
    finally:
        math_ops.cast, tf.nn.leaky_relu = cast, leaky_relu


def _exact_cast(cast: Callable[..., Any], x: Any, dtype: Any, name: str | None = None) -> Any:
    """A cast of a Python number without float32 on the way."""
    floating = isinstance(x, float) and tf.as_dtype(dtype).is_floating
    return tf.constant(x, dtype) if floating else cast(x, dtype, name)


def _exact_leaky_relu(features: Any, alpha: float = 0.2, name: str | None = None) -> Any:
    x = tf.convert_to_tensor(features)
    return tf.where(x > 0, x, alpha * x)
