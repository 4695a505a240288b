"""The high level of a model: ``compile``, ``fit``, ``evaluate``, ``predict``."""

from __future__ import annotations

import operator
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from dualnet import losses, metrics, optim, tree
from dualnet.callbacks import Callback, CallbackList, History, ProgressBar
from dualnet.config import Configurable, encode
from dualnet.data import Batch, Batches, BatchSource, as_batches, class_sample_weights, split
from dualnet.errors import ConfigError, DataError, NotCompiledError
from dualnet.random.layout import checked_integer
from dualnet.training.checks import check_finite
from dualnet.training.steps import Steps, predict
from dualnet.training.totals import Totals
from dualnet.typing import NDArray, Tree

if TYPE_CHECKING:
    from dualnet.model import Model

__all__ = ["Trainable"]


class Trainable:
    """What a :class:`~dualnet.Model` can do once it has an optimizer and a loss."""

    def __init__(self) -> None:
        self.optimizer: optim.BoundOptimizer | None = None
        self.history = History()
        #: Epochs trained so far; the batch order of the next one follows from it.
        self.epochs = 0
        #: Set by a callback to end training after the current epoch.
        self.stop_training = False
        self._compiled: _Compiled | None = None
        self._steps: Steps | None = None
        self._predict: Callable[[Tree], Tree] | None = None
        self._loaded_slots: Mapping[str, NDArray] = {}

    @property
    def _model(self) -> Model:
        return cast("Model", self)

    def compile(
        self,
        optimizer: str | optim.Optimizer,
        loss: str | Callable[..., Any],
        metrics: Sequence[Any] = (),
        *,
        jit: bool | str = "auto",
        check_finite: bool = True,
    ) -> None:
        """Chooses how the model is trained.

        Args:
            optimizer: an optimizer or its name.
            loss: a loss, its name, or any function ``(y_true, y_pred, sample_weight)``.
            metrics: metrics or their names.
            jit: ``"auto"`` (a graph on TensorFlow, eager on PyTorch), ``True`` (XLA,
                ``torch.compile``) or ``False`` (eager).
            check_finite: whether NaN or infinity in data or loss is an error.

        Raises:
            UnknownName: a name stands for nothing; the message has the nearest one.
        """
        if jit not in (True, False, "auto"):
            raise ConfigError(f"jit={jit!r}; choose 'auto', True or False")
        self._compiled = _Compiled(optimizer, loss, metrics, jit, check_finite)
        self.optimizer = None
        self._steps = None
        if self._model.built:
            self._bind()

    def _bind(self) -> Steps:
        """The compiled steps; made once the model has weights."""
        if self._compiled is None:
            raise NotCompiledError(
                "this model has no loss and no optimizer yet; call "
                "model.compile(optimizer='adam', loss='cross_entropy') first"
            )
        if self._steps is None:
            chosen = self._compiled
            self.optimizer = chosen.optimizer.bind(self._model)
            if self._loaded_slots:
                self.optimizer.load_state(self._loaded_slots)
                self._loaded_slots = {}
            self._steps = Steps(
                self._model, chosen.loss, chosen.metrics, self.optimizer, chosen.jit
            )
        return self._steps

    def compiled_config(self) -> dict[str, Any] | None:
        """What ``compile`` was given, as JSON data; ``None`` before it is called."""
        return self._compiled.to_config() if self._compiled else None

    def resume(
        self,
        slots: Mapping[str, NDArray],
        epochs: int,
        epoch_numbers: list[int],
        history: dict[str, list[float]],
    ) -> None:
        """Takes up a training that was saved; slots go to the optimizer once there is one."""
        self._loaded_slots = slots
        self.epochs = epochs
        self.history = History()
        self.history.epoch, self.history.history = epoch_numbers, history
        if self._steps is not None:
            self._steps = None
            self._bind()

    def bound_optimizer(self) -> optim.BoundOptimizer:
        """The optimizer with its slots, on the model's backend.

        Raises:
            NotCompiledError: ``compile`` has not been called.
        """
        self._bind()
        assert self.optimizer is not None, "_bind makes it"
        return self.optimizer

    def fit(
        self,
        x: Any,
        y: Tree = None,
        batch_size: int = 32,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Sequence[Callback] = (),
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Tree = None,
        initial_epoch: int | None = None,
    ) -> History:
        """Trains the model.

        Args:
            x: arrays, tensors, or trees of them; or batches: a ``DataLoader``, a
                ``tf.data.Dataset``, any iterable of ``(x, y[, weight])`` that can be walked
                again, or a function that returns one.
            y: targets, with as many samples as ``x``.
            batch_size: samples in a step, where ``x`` is not batches already.
            epochs: how many times to walk the data.  Training goes on where an earlier
                ``fit`` stopped: two calls of one epoch are one call of two.
            verbose: 0 is silent, 1 a progress bar, 2 a line per epoch, ``"auto"`` a bar on a
                terminal and lines elsewhere.
            callbacks: see :mod:`dualnet.callbacks`.
            validation_split: the last part of the data, kept out of training.
            validation_data: ``(x, y)``, ``(x, y, weight)`` or batches.
            shuffle: whether each epoch has its own order, decided by the model's seed.
            class_weight: label to weight.
            sample_weight: a weight for each sample.
            initial_epoch: number of the first epoch, if not the next one; ``epochs`` then is
                the number at which to stop, as in Keras.

        Returns:
            The history; also at ``model.history``.  Ctrl-C ends training after the current
            step: the history has what was finished and ``history.interrupted`` is true.

        Raises:
            NotCompiledError, DataError, LabelError, ShapeError, NonFiniteError: before the
                first step, for data in memory.
        """
        first, last = self._epoch_range(epochs, initial_epoch)
        data, validation = self._sources(
            x, y, sample_weight, class_weight, batch_size, shuffle, validation_split
        )
        if validation_data is not None:
            validation = self._validation_source(validation_data, batch_size)
        self._prepare(data)
        self.history = History()
        watchers = CallbackList([*callbacks, self.history, ProgressBar(verbose)], self._model)
        self.stop_training = False
        with self._model.backend.device.scope(self._model.device), _interruptible() as interrupted:
            watchers.on_train_begin(last - first, _length(data))
            try:
                for epoch in range(first, last):
                    watchers.on_epoch_begin(epoch)
                    logs = self._train_epoch(data, epoch, watchers, interrupted)
                    if interrupted.is_set():
                        break
                    if validation is not None:
                        scores = self._evaluate(validation)
                        logs.update({f"val_{name}": value for name, value in scores.items()})
                    self.epochs = epoch + 1
                    watchers.on_epoch_end(epoch, logs)
                    if self.stop_training or interrupted.is_set():
                        break
            except KeyboardInterrupt:  # raised by a callback
                interrupted.set()
            finally:
                self.history.interrupted = interrupted.is_set()
                watchers.on_train_end()
        return self.history

    def _epoch_range(self, epochs: int, initial_epoch: int | None) -> tuple[int, int]:
        checked_integer("epochs", epochs, 1, 1 << 32)
        if initial_epoch is None:
            return self.epochs, self.epochs + epochs
        return initial_epoch, epochs

    def _train_epoch(
        self,
        data: BatchSource,
        epoch: int,
        watchers: CallbackList,
        interrupted: threading.Event,
    ) -> dict[str, float]:
        totals = self._totals()
        for number, batch in enumerate(data.epoch(epoch)):
            native = self._native_batch(batch)
            totals.add(_samples(batch), *self._bind().train(*native))
            watchers.on_batch_end(number, totals)
            if interrupted.is_set():
                break
        self.bound_optimizer().check_finite()
        return dict(totals)

    def evaluate(
        self, x: Any, y: Tree = None, batch_size: int = 256, *, sample_weight: Tree = None
    ) -> dict[str, float]:
        """Loss and metrics on data, in evaluation mode: ``{"loss": …, "accuracy": …}``.

        Raises:
            NotCompiledError, DataError, LabelError, ShapeError, NonFiniteError
        """
        data = self._source(Batch(x, y, sample_weight), batch_size, shuffle=False)
        self._prepare(data)
        with self._model.backend.device.scope(self._model.device):
            return self._evaluate(data)

    def _evaluate(self, data: BatchSource) -> dict[str, float]:
        totals = self._totals()
        for batch in data.epoch(0):
            native = self._native_batch(batch)
            totals.add(_samples(batch), *self._bind().evaluate(*native))
        return dict(totals)

    def predict(self, x: Any, batch_size: int = 256) -> Any:
        """The network's output as NumPy, in evaluation mode.

        Raises:
            DataError, ShapeError, NonFiniteError
        """
        data = self._source(Batch(x), batch_size, shuffle=False, targets=False)
        parts = []
        with self._model.backend.device.scope(self._model.device):
            for batch in data.epoch(0):
                native = self._model.to_native(batch.x)
                self._model.ensure_built(native)
                output = self._predictor()(native)
                parts.append(tree.map(self._model.backend.state.to_numpy, output))
        return tree.map(lambda *leaves: np.concatenate(leaves), *parts)

    def _predictor(self) -> Callable[[Tree], Tree]:
        if self._predict is None:
            model, jit = self._model, self._compiled.jit if self._compiled else "auto"
            self._predict = model.backend.jit.train_step(lambda x: predict(model, x), jit=jit)
        return self._predict

    # Data

    def _sources(
        self,
        x: Any,
        y: Tree,
        weight: Tree,
        class_weight: Mapping[int, float] | None,
        batch_size: int,
        shuffle: bool,
        fraction: float,
    ) -> tuple[BatchSource, BatchSource | None]:
        """Training data, and what ``validation_split`` parts from it."""
        batch = Batch(x, y, weight)
        if (class_weight is not None or fraction) and not _in_memory(batch):
            raise ConfigError(
                "class_weight and validation_split need arrays; with batches, give weights as "
                "their third part and pass validation_data"
            )
        if class_weight is not None:
            by_class = class_sample_weights(np.asarray(y), class_weight)
            batch = batch._replace(weight=by_class if weight is None else by_class * weight)
        if not fraction:
            return self._source(batch, batch_size, shuffle=shuffle), None
        train, validation = split(*batch, fraction=fraction)
        return (
            self._source(train, batch_size, shuffle=shuffle),
            self._source(validation, batch_size, shuffle=False),
        )

    def _validation_source(self, data: Any, batch_size: int) -> BatchSource:
        parts = data if isinstance(data, tuple) and 2 <= len(data) <= 3 else (data,)
        return self._source(Batch(*parts), batch_size, shuffle=False)

    def _source(
        self, batch: Batch, batch_size: int, *, shuffle: bool, targets: bool = True
    ) -> BatchSource:
        """Batches of data in memory, checked; or batches that come from elsewhere."""
        if not _in_memory(batch, targets=targets):
            return as_batches(batch.x)
        host = Batch(*(tree.map(self._to_host, part) for part in batch))
        if targets and host.y is None:
            raise DataError("there are no targets: y is None; give y, or batches of (x, y)")
        self._check(host)
        return Batches(*host, batch_size=batch_size, shuffle=shuffle, seed=self._model.seed)

    def _to_host(self, leaf: Any) -> NDArray | None:
        if leaf is None:
            return None
        if self._model.backend.state.is_tensor_type(type(leaf)):
            return self._model.backend.state.to_numpy(leaf)
        return np.asarray(leaf)

    def _check(self, batch: Batch) -> None:
        if self._compiled is None or self._compiled.check_finite:
            check_finite("x", batch.x)
            check_finite("y", batch.y)
        self._model.check_inputs(batch.x)

    def _prepare(self, data: BatchSource) -> None:
        """For data in memory: builds the model, and checks every target before any step."""
        if self._compiled is None:
            self._bind()
        if isinstance(data, Batches):
            first = self._native_batch(next(data.epoch(0)))
            self._check_targets(first[0], data)

    def _check_targets(self, x: Tree, data: Batches) -> None:
        """Looks for labels out of range and targets of a wrong shape, in all of the data."""
        assert self._compiled is not None, "targets are checked for a compiled model"
        output = predict(self._model, tree.map(lambda leaf: leaf[:1], x))
        if tree.structure(data.y) == "*" == tree.structure(output):
            shape = self._model.backend.state.shape(output)[1:]
            losses.check_targets(self._compiled.loss, data.y, shape)

    def _native_batch(self, batch: Batch) -> tuple[Tree, Tree, Tree]:
        """A batch as native tensors; the model is built for it if need be."""
        model, wide = self._model, self._model.policy.variable
        x = model.to_native(batch.x)
        model.ensure_built(x)
        return x, model.to_native(batch.y, wide), model.to_native(batch.weight, wide)

    def _totals(self) -> Totals:
        assert self._compiled is not None, "totals are kept for a compiled model"
        names = [metric.name for metric in self._compiled.metrics]
        return Totals(self._model.backend, names, finite=self._compiled.check_finite)


class _Compiled:
    """The choices made in ``compile``, names resolved."""

    def __init__(
        self,
        optimizer: str | optim.Optimizer,
        loss: str | Callable[..., Any],
        chosen: Sequence[Any],
        jit: bool | str,
        check_finite: bool,
    ) -> None:
        self.optimizer = optim.get(optimizer)
        self.loss = losses.get(loss)
        self.metrics = [metrics.get(metric, self.loss) for metric in chosen]
        self.jit = jit
        self.check_finite = check_finite
        self._named = (loss, tuple(chosen))

    def to_config(self) -> dict[str, Any]:
        """As JSON data; ``None`` for a loss or metric that is a function of the user's."""
        loss, chosen = self._named
        return {
            "optimizer": self.optimizer.to_config(),
            "loss": _named_config(loss),
            "metrics": [_named_config(metric) for metric in chosen],
            "jit": self.jit,
            "check_finite": self.check_finite,
        }


def _named_config(choice: Any) -> Any:
    return encode(choice) if isinstance(choice, (str, Configurable)) else None


def _in_memory(batch: Batch, *, targets: bool = True) -> bool:
    """Whether the data are arrays, not batches that come from elsewhere.

    Where targets are needed and are not apart, a list or tuple can only be one of batches.
    """
    if targets:
        return batch.y is not None or hasattr(batch.x, "shape") or isinstance(batch.x, dict)
    return all(hasattr(leaf, "shape") for leaf in tree.leaves(batch.x))


def _samples(batch: Batch) -> int:
    return int(tree.leaves(batch.x)[0].shape[0])


def _length(data: BatchSource) -> int | None:
    hint = operator.length_hint(data, -1)
    return None if hint < 0 else hint


@contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """A block in which the first Ctrl-C sets an event, and the second one interrupts.

    Only the main thread can listen for signals; elsewhere the block changes nothing.
    """
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return

    def on_signal(*_: object) -> None:
        if event.is_set():
            raise KeyboardInterrupt
        event.set()

    before = signal.signal(signal.SIGINT, on_signal)
    try:
        yield event
    finally:
        signal.signal(signal.SIGINT, before)
