"""Many steps over data in memory on TensorFlow; the twin is ``dualnet_torch/loops.py``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from dualnet import tree
from dualnet.protocols.loops import Walk
from dualnet.typing import NDArray, Tree
from dualnet_tf import jit as compilation
from dualnet_tf.state import from_numpy


def hold(array: NDArray, /, *, device: str | None = None) -> tf.Tensor:
    return from_numpy(array, device=device)  # TensorFlow always copies


def cut(tensor: tf.Tensor, order: tf.Tensor | None, start: Any, size: int, /) -> tf.Tensor:
    start = tf.cast(start, tf.int64)
    if order is not None:
        return tf.gather(tensor, tf.slice(order, [start], [size]))
    rest = tensor.shape.rank - 1
    return tf.slice(tensor, tf.stack([start, *[0] * rest]), [size, *[-1] * rest])


def walk(step: Callable[..., Tree], /, *, jit: bool | str, reads: bool = False) -> Walk:
    if jit != "auto":
        return _one_by_one(compilation.train_step(step, jit=jit))
    # Steps are a loop in a graph: a call from Python costs as much as a step of a small network.
    loops: dict[Any, Callable[..., list[tf.Tensor]]] = {}
    outputs: dict[Any, Tree] = {}

    def walked(data: Tree, order: tf.Tensor | None, size: int, first: int, last: int, /) -> Tree:
        leaves = [leaf for leaf in tree.leaves(data) if leaf is not None]
        kind = (_kind(data), size, order is None)
        if kind not in loops:
            loops[kind], outputs[kind] = _loop(step, data, order, size)
        call = compilation._explained(loops[kind])
        ends = (tf.constant(first, tf.int64), tf.constant(last, tf.int64))
        found = call(*leaves, *([] if order is None else [order]), *ends)
        return tree.unflatten(outputs[kind], found)

    return walked


def _one_by_one(run: Callable[..., Tree]) -> Walk:
    def walked(data: Tree, order: tf.Tensor | None, size: int, first: int, last: int, /) -> Tree:
        found = [run(*_batch(data, order, number * size, size)) for number in range(first, last)]
        return tree.map(lambda *parts: tf.stack(parts), *found)

    return walked


def _batch(data: Tree, order: tf.Tensor | None, start: Any, size: int) -> Tree:
    return tree.map(lambda leaf: None if leaf is None else cut(leaf, order, start, size), data)


def _kind(data: Tree) -> Any:
    """All that a loop over data is compiled for: a tree's form, dtypes, and sizes but the first."""
    leaves = [t if t is None else (t.dtype, tuple(t.shape[1:])) for t in tree.leaves(data)]
    return tree.structure(data), tuple(leaves)


def _loop(
    step: Callable[..., Tree], data: Tree, order: tf.Tensor | None, size: int
) -> tuple[Callable[..., list[tf.Tensor]], Tree]:
    """The loop for one kind of data, of any number of samples; and the form of an output."""
    form = tree.map(lambda leaf: leaf is not None, data)  # not the data, which a loop outlives
    outputs: list[Tree] = []

    def flat(*leaves: tf.Tensor) -> list[tf.Tensor]:
        stream = iter(leaves)
        found = step(*tree.map(lambda given: next(stream) if given else None, form))
        outputs[:] = [tree.map(lambda _: None, found)]
        return tree.leaves(found)

    inner = [
        tf.TensorSpec((size, *t.shape[1:]), t.dtype) for t in tree.leaves(data) if t is not None
    ]
    one = _traced(flat, inner)

    def loop(*given: tf.Tensor) -> list[tf.Tensor]:
        *leaves, first, last = given
        order = leaves.pop() if len(leaves) > len(inner) else None

        def body(number: tf.Tensor, *results: tf.TensorArray) -> tuple[Any, ...]:
            found = one(*[cut(leaf, order, number * size, size) for leaf in leaves])
            place = tf.cast(number - first, tf.int32)
            written = (row.write(place, t) for row, t in zip(results, found, strict=True))
            return number + 1, *written

        count = tf.cast(last - first, tf.int32)
        results = [
            tf.TensorArray(t.dtype, size=count, element_shape=t.shape)
            for t in one.structured_outputs
        ]
        _, *results = tf.while_loop(
            lambda number, *_: number < last, body, (first, *results), parallel_iterations=1
        )
        return [result.stack() for result in results]

    outer = [tf.TensorSpec((None, *spec.shape[1:]), spec.dtype) for spec in inner]
    rows = [] if order is None else [tf.TensorSpec((None,), tf.int64)]
    ends = [tf.TensorSpec((), tf.int64)] * 2
    compiled = _traced(loop, [*outer, *rows, *ends])
    return compiled, outputs[0]


def _traced(function: Callable[..., Any], specs: list[tf.TensorSpec]) -> Any:
    own = functools.partial(function)  # as in train_step
    return tf.function(own, autograph=False).get_concrete_function(*specs)
