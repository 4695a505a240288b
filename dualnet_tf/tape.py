"""Gradients on TensorFlow."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any

import tensorflow as tf

from dualnet.protocols.tape import Flat, Pullback

_open: ContextVar[tuple[Recording, ...]] = ContextVar("dualnet_tf_recordings", default=())


class Recording:
    """TensorFlow records while a ``tf.GradientTape`` is open, which this is one of."""

    def __init__(self, *, persistent: bool) -> None:
        self._tape = tf.GradientTape(persistent=persistent)
        self._watched: dict[int, Any] = {}
        self._over = False

    def __enter__(self) -> Recording:
        self._tape.__enter__()
        _open.set((*_open.get(), self))
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def stop(self) -> None:
        if not self._over:
            self._over = True
            _open.set(_without_stopped(_open.get()))
            self.close()

    def close(self) -> None:
        """Ends what TensorFlow records; where ``no_gradient`` has ended that, it does nothing."""
        self._tape.__exit__(None, None, None)

    def watch(self, tensor: Any, /) -> None:
        self._tape.watch(tensor)
        self._watched[id(tensor)] = tensor

    def is_watched(self, tensor: Any, /) -> bool:
        return id(tensor) in self._watched or bool(getattr(tensor, "trainable", False))

    def gradient(
        self,
        targets: Sequence[Any],
        sources: Sequence[Any],
        output_gradients: Sequence[Any] | None,
        /,
        *,
        retain: bool,
        differentiable: bool,
    ) -> list[Any]:
        found = self._tape.gradient(list(targets), list(sources), output_gradients)
        return [_dense(gradient) for gradient in found]

    def jacobian(
        self, target: Any, sources: Sequence[Any], /, *, retain: bool, differentiable: bool
    ) -> list[Any]:
        return [_dense(rows) for rows in self._tape.jacobian(target, list(sources))]

    def release(self) -> None:
        self._watched.clear()


def _without_stopped(recordings: tuple[Recording, ...]) -> tuple[Recording, ...]:
    return tuple(recording for recording in recordings if not recording._over)


def _dense(gradient: Any) -> Any:
    """A tensor where TensorFlow gives the rows of a gather with their indices."""
    return tf.convert_to_tensor(gradient) if isinstance(gradient, tf.IndexedSlices) else gradient


def record(*, persistent: bool) -> Recording:
    return Recording(persistent=persistent)


@contextlib.contextmanager
def no_gradient() -> Iterator[None]:
    outside = _open.get()
    try:
        with contextlib.ExitStack() as stack:
            for recording in outside:
                stack.enter_context(recording._tape.stop_recording())
            _open.set(())
            yield
    finally:
        _open.set(_without_stopped(outside))
        for recording in outside:
            if recording._over:  # stopped in the block, and taken up by TensorFlow at its end
                recording.close()


def _is_state(tensor: Any, /) -> bool:
    """Whether a tensor is a variable that is not trained, and whose gradient nobody asks for."""
    if not isinstance(tensor, tf.Variable) or tensor.trainable:
        return False
    return not any(recording.is_watched(tensor) for recording in _open.get())


def stop_gradient(x: Any, /) -> Any:
    return tf.stop_gradient(x)


def unit_vectors(like: Any, /) -> Any:
    size = like.shape.num_elements()
    return tf.reshape(tf.eye(size, dtype=like.dtype), (size, *like.shape))


def with_gradient(
    values: Sequence[Any], sources: Sequence[Any], backward: Pullback, /
) -> Sequence[Any]:
    constants = [tf.stop_gradient(value) for value in values]

    def passed(*_: Any) -> Any:
        return [tf.identity(value) for value in constants], backward

    return tf.custom_gradient(passed)(*sources)


def vjp(
    function: Callable[..., tuple[Sequence[Any], Sequence[Any]]], /, *primals: Any
) -> tuple[Sequence[Any], Sequence[Any], Pullback]:
    inputs = _separated(primals)
    with Recording(persistent=True) as recording:
        recording._tape.watch(inputs)
        outputs, aux = function(*inputs)

    def pullback(*upstream: Any) -> Sequence[Any]:
        zeros = tf.UnconnectedGradients.ZERO
        found = recording._tape.gradient(outputs, inputs, upstream, unconnected_gradients=zeros)
        return [_dense(gradient) for gradient in found]

    return outputs, aux, pullback


def _separated(tensors: Sequence[Any]) -> list[Any]:
    """Tensors of their own, since a function may also use the given ones as constants."""
    return [tf.identity(tensor) for tensor in tensors]


def jvp(
    function: Flat, primals: Sequence[Any], tangents: Sequence[Any], /
) -> tuple[Sequence[Any], Sequence[Any]]:
    inputs = _separated(primals)
    with tf.autodiff.ForwardAccumulator(inputs, list(tangents)) as accumulator:
        outputs = function(*inputs)
    zeros = tf.UnconnectedGradients.ZERO
    changes = accumulator.jvp(outputs, unconnected_gradients=zeros)
    return outputs, [_dense(change) for change in changes]


def vmap(function: Flat, tensors: Sequence[Any], axes: Sequence[int], /) -> Sequence[Any]:
    failed: list[Exception] = []

    def one(slices: Sequence[Any]) -> list[Any]:
        try:
            return [tf.identity(output) for output in function(*slices)]
        except Exception as error:
            failed.append(error)
            raise

    mapped = [_first(tensor, axis) for tensor, axis in zip(tensors, axes, strict=True)]
    try:
        # Unconverted, for TensorFlow would rewrite the user's code.
        return tf.vectorized_map(tf.autograph.experimental.do_not_convert(one), mapped)
    except Exception:
        if failed:  # in vectorized_map it has become an error of another type
            raise failed[0] from None
        raise


def _first(tensor: Any, axis: int) -> Any:
    """The tensor with an axis moved to the front."""
    rest = [other for other in range(len(tensor.shape)) if other != axis]
    return tf.transpose(tensor, [axis, *rest]) if axis else tf.convert_to_tensor(tensor)
