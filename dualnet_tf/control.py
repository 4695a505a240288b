"""Control flow on TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from dualnet import tree
from dualnet.ops._trees import alike, chosen, repeated, stepwise


def branch(
    pred: tf.Tensor,
    true_fn: Callable[..., Any],
    false_fn: Callable[..., Any],
    operands: tuple[Any, ...],
    /,
) -> Any:
    if tf.executing_eagerly():
        return chosen(pred, true_fn, false_fn, operands)
    results: list[Any] = []

    def traced(function: Callable[..., Any], name: str) -> Any:
        result = function(*operands)
        results.append(alike(result, results[0], name) if results else result)
        return result

    # TensorFlow's own comparison fails at sizes, and at trees of another depth.
    return tf.cond(pred, lambda: traced(true_fn, ""), lambda: traced(false_fn, "cond's false_fn"))


def loop(
    cond_fn: Callable[..., tf.Tensor],
    body_fn: Callable[..., tuple[Any, ...]],
    state: tuple[Any, ...],
    /,
    *,
    maximum: int | None,
) -> tuple[Any, ...]:
    if tf.executing_eagerly():
        return repeated(cond_fn, body_fn, state, maximum=maximum)

    def body(*state: Any) -> tuple[Any, ...]:
        return _as_known(body_fn(*state), state)

    return tuple(tf.while_loop(cond_fn, body, state, maximum_iterations=maximum))


def scan(
    step: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any,
    length: int | tf.Tensor,
    /,
    *,
    reverse: bool,
) -> tuple[Any, Any]:
    if tf.executing_eagerly():
        return stepwise(step, init, xs, length, reverse=reverse)
    count = tf.cast(length, tf.int32)
    rows = [_rows(x, count) for x in tree.leaves(xs)]

    def at(now: tf.Tensor) -> Any:
        return tree.unflatten(xs, [row.read(now) for row in rows])

    # A trace of one step, which never runs, tells what outputs there will be.
    like = tf.function(lambda now, carry: step(carry, at(now))[1], autograph=False)
    like = like.get_concrete_function(tf.constant(0), init).structured_outputs
    outputs = [_output(y, count) for y in tree.leaves(like)]

    def body(done: tf.Tensor, carry: Any, outputs: list[tf.TensorArray]) -> tuple[Any, ...]:
        now = count - 1 - done if reverse else done
        new, y = step(carry, at(now))
        pairs = zip(outputs, tree.leaves(y), strict=True)
        return done + 1, _as_known(new, carry), [array.write(now, part) for array, part in pairs]

    _, carry, outputs = tf.while_loop(
        lambda done, *_: done < count,
        body,
        (tf.constant(0), init, outputs),
        maximum_iterations=count,
    )
    stacked = [tf.ensure_shape(a.stack(), (_known(length), *a.element_shape)) for a in outputs]
    return carry, tree.unflatten(like, stacked)


def _known(length: int | tf.Tensor) -> int | None:
    return length if isinstance(length, int) else None


def _rows(x: tf.Tensor, count: tf.Tensor) -> tf.TensorArray:
    return tf.TensorArray(x.dtype, count, element_shape=x.shape[1:]).unstack(x)


def _output(like: tf.TensorSpec, count: tf.Tensor) -> tf.TensorArray:
    return tf.TensorArray(like.dtype, count, element_shape=like.shape)


def _as_known(new: Any, old: Any) -> Any:
    """A tree of tensors with the sizes that are known of another one."""
    return tree.map(lambda n, o: tf.ensure_shape(n, o.shape), new, old)
