"""Compilation on TensorFlow."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from dualnet_tf.ops.failures import _graph_failure


def jit(function: Callable[..., Any], /, **options: Any) -> Callable[..., Any]:
    return tf.function(function, **{"autograph": False, **options})


def train_step(function: Callable[..., Any], /, *, jit: bool | str) -> Callable[..., Any]:
    if jit is False:
        return function
    # TensorFlow counts traces by code object, and would take the first traces of several
    # models for retraces of one; a partial has no code object.
    own = functools.partial(function)
    compiled = tf.function(own, autograph=False, jit_compile=jit is True, reduce_retracing=True)

    return functools.wraps(function)(_explained(compiled))


def _explained(compiled: Callable[..., Any]) -> Callable[..., Any]:
    """A compiled function whose failures are told as those of the functions in it."""

    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return compiled(*args, **kwargs)
        except tf.errors.InvalidArgumentError as error:
            raise _graph_failure(error) or error from error

    return call


def tracing() -> bool:
    return not tf.executing_eagerly()
