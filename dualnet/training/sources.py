"""From what the user gives ``fit`` to batches that have been looked at before a step sees them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from dualnet import losses, registry, tree
from dualnet.data import (
    Batch,
    Batches,
    BatchSource,
    Ragged,
    as_batches,
    class_sample_weights,
    split,
)
from dualnet.data.arrays import host_array
from dualnet.errors import ConfigError, DataError
from dualnet.masked import check_masked, parted
from dualnet.training.checks import check_finite
from dualnet.training.steps import predict
from dualnet.typing import NDArray, Shape, Tree

if TYPE_CHECKING:
    from dualnet.model import Model

__all__ = ["Sources"]


#: The parts of a batch, as ``fit`` names them.
PARTS = ("x", "y", "sample_weight")
BATCHES = (
    "sample_weight, class_weight and validation_split need arrays; with batches, give weights "
    "as their third part and pass validation_data"
)


class Sources:
    """Makes batches for one model: arrays all checked beforehand, other batches one by one.

    Args:
        model: built, if need be, for the first sample that is checked.
        loss: what targets are checked against; ``None`` where there are none.
        finite: whether NaN and infinity are refused.
    """

    def __init__(self, model: Model, loss: Callable[..., Any] | None, *, finite: bool) -> None:
        self._model = model
        self._loss = loss
        self._finite = finite

    def of(self, batch: Batch, batch_size: int, *, shuffle: bool) -> BatchSource:
        """Batches of arrays in memory, or those that come from elsewhere.

        Raises:
            DataError, LabelError, ShapeError, NonFiniteError: for arrays at once, for other
                batches when one is reached.
        """
        if not self._in_memory(batch):
            if batch.weight is not None:
                raise ConfigError(BATCHES)
            return _Checked(as_batches(batch.x), self._accepted)
        for name, part in zip(PARTS, batch, strict=True):
            _refuse_lists(name, part)
        host = Batch(*(tree.map(self._to_host, part) for part in batch))
        batches = Batches(*host, batch_size=batch_size, shuffle=shuffle, seed=self._model.seed)
        self.check(host)
        return batches

    def parted(
        self,
        batch: Batch,
        batch_size: int,
        *,
        shuffle: bool,
        class_weight: Mapping[int, float] | None,
        fraction: float,
    ) -> tuple[BatchSource, BatchSource | None]:
        """Batches to train on, with class weights, and those that ``fraction`` keeps apart."""
        if (class_weight is not None or fraction) and not self._in_memory(batch):
            raise ConfigError(BATCHES)
        if class_weight is not None:
            by_class = class_sample_weights(self._to_host(parted(batch.y)[0]), class_weight)
            batch = batch._replace(weight=_product(by_class, batch.weight))
        if not fraction:
            return self.of(batch, batch_size, shuffle=shuffle), None
        train, validation = split(*batch, fraction=fraction)
        return (
            self.of(train, batch_size, shuffle=shuffle),
            self.of(validation, batch_size, shuffle=False),
        )

    def _in_memory(self, batch: Batch) -> bool:
        """Whether the data are arrays, not batches that come from elsewhere.

        Where targets are needed and are not apart, a list or tuple can only be one of batches.
        """
        if self._loss is not None:
            return batch.y is not None or hasattr(batch.x, "shape") or isinstance(batch.x, dict)
        return all(hasattr(leaf, "shape") for leaf in tree.leaves(batch.x))

    def _accepted(self, batch: Batch) -> Batch:
        """A batch from elsewhere, checked; tensors of another framework come as NumPy."""
        mine = Batch(*(tree.map(self._own, part) for part in batch))
        self.check(mine)
        return mine

    def _own(self, leaf: Any) -> Any:
        backend = registry.of_type(type(leaf))
        foreign = backend is not None and backend is not self._model.backend
        return self._to_host(leaf) if foreign else leaf

    def _to_host(self, leaf: Any) -> Any:
        if isinstance(leaf, Ragged):
            return leaf
        backend = registry.of_type(type(leaf))
        return host_array(leaf) if backend is None else backend.state.to_numpy(leaf)

    def check(self, batch: Batch) -> None:
        """Refuses data that a step could not use, or that would spoil the weights."""
        if self._finite:
            for name, part in zip(PARTS, batch, strict=True):
                check_finite(name, part)
        for part in batch:
            check_masked(part)
        self._model.check_inputs(tree.map(_first, batch.x))
        if self._loss is not None:
            if batch.y is None:
                raise DataError("there are no targets: y is None; give y, or batches of (x, y)")
            self._check_targets(self._loss, batch)

    def _check_targets(self, loss: Callable[..., Any], batch: Batch) -> None:
        """Looks for labels out of range and targets of a wrong shape."""
        shape = self._output_shape(tree.map(_first, batch.x))
        y, mask = parted(batch.y)
        if shape is None or tree.structure(y) != "*":
            return
        if isinstance(y, Ragged):
            for targets, sizes in _samples(y, batch.x, shape):
                losses.check_targets(loss, targets, sizes)
            return
        y = self._to_host(y)
        losses.check_targets(loss, y if mask is None else _there(y, self._to_host(mask)), shape)

    def _output_shape(self, x: Tree) -> Shape | None:
        """The shape of the network's output for one sample; ``None`` if it has several."""
        sizes = tuple(tuple(leaf.shape[1:]) for leaf in tree.leaves(x))
        if sizes not in self._model.output_shapes:
            one = self._model.to_native(tree.map(lambda leaf: leaf[:1], x))
            self._model.ensure_built(one)  # which may have told the shape
            if sizes not in self._model.output_shapes:
                self._model.keep_output_shape(one, predict(self._model, one))
        return self._model.output_shapes[sizes]


class _Checked:
    """Batches from elsewhere, each checked before it is handed on."""

    def __init__(self, source: BatchSource, accept: Callable[[Batch], Batch]) -> None:
        self._source = source
        self._accept = accept

    def __length_hint__(self) -> int:
        hint = operator.length_hint(self._source, -1)
        return NotImplemented if hint < 0 else hint

    def epoch(self, epoch: int, /) -> Iterator[Batch]:
        return (self._accept(batch) for batch in self._source.epoch(epoch))


def _refuse_lists(name: str, part: Tree) -> None:
    if any(isinstance(leaf, (int, float, str)) for leaf in tree.leaves(part)):
        raise DataError(
            f"{name} is a {type(part).__name__} of Python numbers; make it an array with "
            f"np.asarray({name})"
        )


def _first(leaf: Any) -> Any:
    """The first of ragged sequences as a batch of one; any other leaf as it is."""
    return leaf[:1].padded() if isinstance(leaf, Ragged) else leaf


def _samples(y: Ragged, x: Tree, shape: Shape) -> Iterator[tuple[NDArray, Shape]]:
    """Targets of sequences that stand for all, each with the shape of the output that it meets.

    All steps as one sample; and a sequence of other length than its input's, if there is one and
    the network gives an output for each step, which ``shape``, that of the first, tells.
    """
    yield y.steps[None], (len(y.steps), *shape[1:])
    inputs = [leaf for leaf in tree.leaves(x) if isinstance(leaf, Ragged)]
    if len(inputs) != 1 or shape[:1] != _first(inputs[0]).values.shape[1:2]:
        return
    lengths = inputs[0].lengths
    one_length = isinstance(y.pad_to, int) and y.pad_to == inputs[0].pad_to
    for place in [] if one_length else np.flatnonzero(lengths != y.lengths)[:1]:
        yield y.take(np.array([place])).padded().values, (int(lengths[place]), *shape[1:])


def _there(y: NDArray, mask: NDArray) -> NDArray:
    """Targets, with one of those that are there in the places of those that are not."""
    found = y[mask]
    mask = np.reshape(mask, (*np.shape(mask), *(1,) * (y.ndim - 2)))
    return np.where(mask, y, found[0]) if len(found) else np.zeros_like(y)


def _product(by_class: NDArray, weight: Tree) -> NDArray:
    """Class weights times sample weights of shape ``(n, …)``."""
    if weight is None:
        return by_class
    given: NDArray = np.asarray(weight)
    product: NDArray = by_class.reshape(-1, *(1,) * (given.ndim - 1)) * given
    return product
