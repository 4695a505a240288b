"""Batches on their way to a step: cut from data that is where the model is, or one by one."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from dualnet import tree
from dualnet.data import Batch, Batches, BatchSource, Prefetched
from dualnet.errors import DataError
from dualnet.training.walking import Walker
from dualnet.typing import Tensor, Tree

if TYPE_CHECKING:
    from dualnet.model import Model

__all__ = ["Feed", "Portion", "Walk", "feed"]

#: Bytes of data up to which all of it is kept where the model is.
RESIDENT = 1 << 30


class Portion(NamedTuple):
    """Batches number ``first`` to ``last - 1``, which a step takes in one call.

    Attributes:
        samples: in each of them.
        stacked: whether ``run`` gives results stacked along a new axis 0; else of one batch.
        run: takes the step.
    """

    first: int
    last: int
    samples: int
    stacked: bool
    run: Callable[[], Tree]


class Walk(NamedTuple):
    """What is done with batches.

    Attributes:
        step: gives the step, once the model has weights.
        one_by_one: whether each batch is a portion of its own.
    """

    step: Callable[[], Walker]
    one_by_one: bool


class Feed(Protocol):
    """What training, evaluation and prediction walk."""

    @property
    def batches(self) -> int | None:
        """Of an epoch, where that is known."""
        ...

    def portions(self, epoch: int, first: int, walk: Walk) -> Iterator[Portion]:
        """The batches of an epoch from number ``first`` on."""
        ...


def feed(model: Model, source: BatchSource) -> Feed:
    """Batches of arrays, held by the framework if they are not too large; others one by one."""
    if not isinstance(source, Batches) or source.ragged:
        return _Streamed(model, source)
    if source.nbytes > RESIDENT:
        return _Streamed(model, Prefetched(source))
    return _Resident(model, source)


class _Resident:
    """Data that is converted once; batches are cut from it by the framework."""

    def __init__(self, model: Model, source: Batches) -> None:
        model.ensure_built(model.to_native(source.first().x))
        self._model = model
        self._source = source
        self._data = model.native_batch(source.data, held=True)

    @property
    def batches(self) -> int:
        return len(self._source)

    def portions(self, epoch: int, first: int, walk: Walk) -> Iterator[Portion]:
        given, size = self._source.order(epoch), self._source.batch_size
        order = None if given is None else self._model.to_native(given, held=True)
        whole, rest = divmod(self._source.samples, size)
        while first < whole:
            steps = 1 if walk.one_by_one else walk.step().steps
            last = min(whole, first + steps)
            run = partial(_many, walk, self._data, order, size, first, last)
            yield Portion(first, last, size, True, run)
            first = last
        if first == whole < len(self._source):
            run = partial(self._rest, walk, order, whole * size, rest)
            yield Portion(first, first + 1, rest, False, run)

    def _rest(self, walk: Walk, order: Tensor | None, start: int, size: int) -> Tree:
        cut = self._model.backend.loops.cut

        def here(leaf: Tensor | None) -> Tensor | None:
            return None if leaf is None else cut(leaf, order, start, size)

        return walk.step()(*tree.map(here, self._data))


def _many(walk: Walk, *batches: Any) -> Tree:
    return walk.step().many(*batches)


class _Streamed:
    """Batches that come one after another, each converted when its turn has come."""

    def __init__(self, model: Model, source: BatchSource) -> None:
        self._model = model
        self._source = source

    @property
    def batches(self) -> int | None:
        hint = operator.length_hint(self._source, -1)
        return None if hint < 0 else hint

    def portions(self, epoch: int, first: int, walk: Walk) -> Iterator[Portion]:
        number = -1
        for number, batch in enumerate(self._source.epoch(epoch)):
            if number >= first:
                run = partial(self._run, walk, batch)
                yield Portion(number, number + 1, batch.samples, False, run)
        if number + 1 < first:
            raise DataError(
                f"training goes on after {first} batches of the epoch, but the data has "
                f"{number + 1}; go on with the same data and batch_size"
            )

    def _run(self, walk: Walk, batch: Batch) -> Tree:
        native = self._model.native_batch(batch)  # builds the model, if need be
        return walk.step()(*native)
