"""Native optimizers, taken from a user's model to a copy of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from dualnet.errors import ConfigError
from dualnet_tf.foreign._keras import is_keras, keras_policy

#: What every optimizer of Keras calls as dualnet does.
SHARED = (
    "learning_rate",
    "momentum",
    "nesterov",
    "beta_1",
    "beta_2",
    "epsilon",
    "rho",
    "centered",
    "amsgrad",
    "weight_decay",
    "clipnorm",
    "clipvalue",
    "global_clipnorm",
)


def loss(function: Callable[..., Any], /) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    return function


def is_optimizer(candidate: object, /) -> bool:
    kinds = [(kind.__module__, kind.__name__) for kind in type(candidate).__mro__]
    return ("keras.src.optimizers.base_optimizer", "BaseOptimizer") in kinds


def rebind(optimizer: Any, model: Any, copy: Any, /) -> Rebound:
    return Rebound(optimizer, model, copy)


class Rebound:
    """A new optimizer of the same class, hyperparameters and slots."""

    #: Keras makes float32 tensors of its constants (β, ε, momentum) before it casts them.
    rounding = 2.0**-23

    def __init__(self, optimizer: Any, model: Any, copy: Any) -> None:
        if not is_keras(model):
            raise ConfigError(
                f"a Keras optimizer changes Keras models, this is a {type(model).__name__}; give "
                "a definition of dualnet.optim"
            )
        given = optimizer.get_config()
        self.kind = type(optimizer).__name__
        self.options: Mapping[str, Any] = {
            name: given[name] for name in SHARED if given.get(name) is not None
        }
        self._variables = copy.trainable_variables
        dtype = self._variables[0].dtype
        with keras_policy(dtype):  # the learning rate is a variable of the default dtype
            self._native = type(optimizer).from_config(given)
            self._native.build(self._variables)
        if optimizer.built:
            for new, old in zip(self._native.variables, optimizer.variables, strict=True):
                new.assign(tf.cast(old.value, new.value.dtype))

    def apply(self, gradients: Mapping[int, tf.Tensor], /) -> None:
        zeros = (tf.zeros_like(v.value) for v in self._variables)
        found = [
            gradients.get(id(v.value), zero) for v, zero in zip(self._variables, zeros, strict=True)
        ]
        self._native.apply(found, self._variables)
