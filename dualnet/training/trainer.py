"""The high level of a model: ``compile``, ``fit``, ``evaluate``, ``predict``."""

from __future__ import annotations

import signal
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from dualnet import optim, tree
from dualnet.callbacks import Callback, CallbackList, History, ProgressBar
from dualnet.data import Batch
from dualnet.errors import NotCompiledError
from dualnet.random.layout import checked_integer
from dualnet.training.compiled import Compiled
from dualnet.training.feeding import Feed, Walk, feed
from dualnet.training.outputs import joined, unstacked
from dualnet.training.run import Run
from dualnet.training.sources import Sources
from dualnet.training.steps import predict
from dualnet.training.totals import Totals
from dualnet.training.walking import Walker
from dualnet.typing import NDArray, Tree

if TYPE_CHECKING:
    from dualnet.model import Model

__all__ = ["Trainable"]

#: Slots of an optimizer that was saved, and the optimizer they belong to.
SavedSlots = tuple[optim.Optimizer, Mapping[str, NDArray]]


class Trainable:
    """What a :class:`~dualnet.Model` can do once it has an optimizer and a loss."""

    def __init__(self) -> None:
        self.history = History()
        #: Epochs trained so far; the batch order of the next one follows from it.
        self.epochs = 0
        #: Set by a callback to end training after the current step.
        self.stop_training = False
        #: Where ``fit`` is; ``None`` when it is not at work.
        self.running: Run | None = None
        self._compiled: Compiled | None = None
        self._saved_slots: SavedSlots | None = None
        self._predict: Walker | None = None

    @property
    def _model(self) -> Model:
        return cast("Model", self)

    def compile(
        self,
        optimizer: str | optim.Optimizer,
        loss: str | Callable[..., Any],
        metrics: Any = (),
        *,
        jit: bool | str = "auto",
        check_finite: bool = True,
    ) -> None:
        """Chooses how the model is trained.

        Args:
            optimizer: an optimizer or its name.
            loss: a loss, its name, or any function ``(y_true, y_pred[, sample_weight])`` that
                gives one number.
            metrics: metrics or their names, one or a list; those of one name are numbered.
            jit: ``"auto"`` (a graph on TensorFlow, eager on PyTorch), ``True`` (XLA,
                ``torch.compile``) or ``False`` (eager).
            check_finite: whether NaN or infinity in data or loss is an error.

        Raises:
            UnknownName: a name stands for nothing; the message has the nearest one.
        """
        self._compiled = Compiled(optimizer, loss, metrics, jit, check_finite)
        self._predict = None

    @property
    def compiled(self) -> Compiled:
        """What ``compile`` chose.

        Raises:
            NotCompiledError: it has not been called.
        """
        if self._compiled is None:
            raise NotCompiledError(
                "this model has no loss and no optimizer yet; call "
                "model.compile(optimizer='adam', loss='cross_entropy') first"
            )
        return self._compiled

    def compiled_config(self) -> dict[str, Any] | None:
        """What ``compile`` was given, as JSON data; ``None`` before it is called."""
        return self._compiled.to_config() if self._compiled else None

    @property
    def optimizer(self) -> optim.BoundOptimizer | None:
        """The optimizer with its slots; ``None`` before ``compile`` or before there are weights."""
        ready = self._compiled is not None and self._model.built
        return self.bound_optimizer() if ready else None

    def bound_optimizer(self) -> optim.BoundOptimizer:
        """The optimizer with its slots, on the model's backend.

        Raises:
            NotCompiledError: ``compile`` has not been called.
            NotBuiltError: the model has no weights yet.
        """
        compiled, saved = self.compiled, self._saved_slots
        bound = compiled.bind(self._model)
        if saved is not None:
            self._saved_slots = None
            if saved[0] == compiled.optimizer:
                bound.load_state(saved[1])
            else:
                warnings.warn(
                    f"the slots saved with {saved[0]!r} do not fit {compiled.optimizer!r}, which "
                    "starts with its own",
                    stacklevel=2,
                )
        return bound

    def resume(self, saved: SavedSlots | None, epochs: int, history: History) -> None:
        """Takes up a training that was saved; an equal optimizer takes up its slots."""
        self._saved_slots = saved
        self.epochs = epochs
        self.history = history

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
            step, or the steps that are one call (a tenth of a second): the history has what was
            finished and ``history.interrupted`` is true.  A second Ctrl-C does not wait.

        Raises:
            NotCompiledError, DataError, LabelError, ShapeError, NonFiniteError: for data in
                memory before the first step, for batches from elsewhere before their step.
        """
        first, last = self._epoch_range(epochs, initial_epoch)
        sources = self._sources()
        data, validation = sources.parted(
            Batch(x, y, sample_weight),
            batch_size,
            shuffle=shuffle,
            class_weight=class_weight,
            fraction=validation_split,
        )
        if validation_data is not None:
            validation = sources.of(_parts(validation_data), batch_size, shuffle=False)
        self.history = History()
        after = [self.history, ProgressBar(verbose)]
        watchers = CallbackList(callbacks, self._model, then=after)
        finite = self.compiled.check_finite and not watchers.nonfinite
        scope = self._model.backend.device.scope(self._model.device)
        with scope:
            train = feed(self._model, data)
            held = None if validation is None else feed(self._model, validation)
        run = Run((first, last), train.batches, watchers, lambda: self._totals(finite))
        with scope, _interruptible() as interrupted, self._at_work(run):
            try:
                watchers.on_train_begin(last - first, run.batches)
                self._fit_epochs(run, train, held, interrupted)
            except KeyboardInterrupt:
                interrupted.set()
            finally:
                self.history.interrupted = interrupted.is_set()
                watchers.on_train_end()
        return self.history

    @contextmanager
    def _at_work(self, run: Run) -> Iterator[None]:
        self.running, self.stop_training = run, False
        try:
            yield
        finally:
            self.running = None

    def _epoch_range(self, epochs: int, initial_epoch: int | None) -> tuple[int, int]:
        checked_integer("epochs", epochs, 1, 1 << 32)
        if initial_epoch is None:
            return self.epochs, self.epochs + epochs
        return checked_integer("initial_epoch", initial_epoch, 0, epochs), epochs

    def _fit_epochs(
        self, run: Run, data: Feed, validation: Feed | None, interrupted: threading.Event
    ) -> None:
        while run.epoch < run.last and not self.stop_training:
            self._fit_epoch(run, data, validation, interrupted)
            if interrupted.is_set():
                return
        run.finished = True

    def _fit_epoch(
        self, run: Run, data: Feed, validation: Feed | None, interrupted: threading.Event
    ) -> None:
        """One epoch with its validation; one that Ctrl-C cuts short does not count."""
        epoch, watchers = run.epoch, run.watchers
        watchers.on_epoch_begin(epoch)
        walk = Walk(self._training_step, watchers.one_by_one("batch"))
        for portion in data.portions(epoch, run.batch, walk):
            watchers.on_batch_begin(portion.first)
            run.totals.add(portion.samples, *portion.run())
            run.batch = portion.last
            watchers.on_batch_end(portion.last - 1, run.totals)
            if interrupted.is_set():
                return
            if self.stop_training:
                break
        self.bound_optimizer().check_finite()
        logs = dict(run.totals)
        if validation is not None:
            scores = self._evaluate(validation, watchers)
            logs.update({f"val_{name}": value for name, value in scores.items()})
        self.epochs = epoch + 1
        watchers.on_epoch_end(epoch, logs)
        run.next_epoch()
        watchers.on_epoch_closed(epoch)

    def _training_step(self) -> Walker:
        self.bound_optimizer()  # takes up slots that were saved
        return self.compiled.steps(self._model).train

    def evaluate(
        self,
        x: Any,
        y: Tree = None,
        batch_size: int = 256,
        *,
        sample_weight: Tree = None,
        callbacks: Sequence[Callback] = (),
    ) -> dict[str, float]:
        """Loss and metrics on data, in evaluation mode: ``{"loss": …, "accuracy": …}``.

        Args:
            x, y, batch_size, sample_weight: as in :meth:`fit`.
            callbacks: what watches, by the hooks ``on_test_…``.

        Raises:
            NotCompiledError, DataError, LabelError, ShapeError, NonFiniteError
        """
        data = self._sources().of(Batch(x, y, sample_weight), batch_size, shuffle=False)
        with self._model.backend.device.scope(self._model.device):
            return self._evaluate(feed(self._model, data), CallbackList(callbacks, self._model))

    def _evaluate(self, data: Feed, watchers: CallbackList) -> dict[str, float]:
        totals = self._totals(self.compiled.check_finite and not watchers.nonfinite)
        scores: dict[str, float] = {}
        walk = Walk(
            lambda: self.compiled.steps(self._model).evaluate, watchers.one_by_one("test_batch")
        )
        watchers.on_test_begin()
        try:
            for portion in data.portions(0, 0, walk):
                watchers.on_test_batch_begin(portion.first)
                totals.add(portion.samples, *portion.run())
                watchers.on_test_batch_end(portion.last - 1, totals)
            scores = dict(totals)
        finally:
            watchers.on_test_end(scores)
        return scores

    def predict(self, x: Any, batch_size: int = 256, *, callbacks: Sequence[Callback] = ()) -> Any:
        """The network's output as NumPy, in evaluation mode.

        Where the network gives :class:`dualnet.nn.Masked`, these are its values, 0 at the steps
        that are not there; batches of several lengths are filled up to the longest with them.

        Args:
            x, batch_size: as in :meth:`fit`.
            callbacks: what watches, by the hooks ``on_predict_…``.

        Raises:
            DataError, ShapeError, NonFiniteError
        """
        finite = self._compiled is None or self._compiled.check_finite
        data = Sources(self._model, None, finite=finite).of(Batch(x), batch_size, shuffle=False)
        watchers = CallbackList(callbacks, self._model)
        with self._model.backend.device.scope(self._model.device):
            return self._predict_batches(feed(self._model, data), watchers)

    def _predict_batches(self, data: Feed, watchers: CallbackList) -> Any:
        parts = []
        walk = Walk(self._predicting_step, watchers.one_by_one("predict_batch"))
        watchers.on_predict_begin()
        try:
            for portion in data.portions(0, 0, walk):
                watchers.on_predict_batch_begin(portion.first)
                output = tree.map(self._model.backend.state.to_numpy, portion.run())
                parts.append(unstacked(output) if portion.stacked else output)
                watchers.on_predict_batch_end(portion.last - 1, parts[-1])
        finally:
            watchers.on_predict_end()
        return joined(parts)

    def _predicting_step(self) -> Walker:
        if self._predict is None:
            model, jit = self._model, self._compiled.jit if self._compiled else "auto"
            self._predict = Walker(
                model.backend,
                lambda x, y, weight: predict(model, x),
                jit,
                reads=model.definition.only_reads(),
            )
        return self._predict

    def _sources(self) -> Sources:
        return Sources(self._model, self.compiled.loss, finite=self.compiled.check_finite)

    def _totals(self, finite: bool) -> Totals:
        return Totals(self._model.backend, self.compiled.metrics, finite=finite)


def _parts(data: Any) -> Batch:
    """Validation data: ``(x, y)``, ``(x, y, weight)``, or batches."""
    return Batch(*data) if isinstance(data, tuple) and 2 <= len(data) <= 3 else Batch(data)


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
