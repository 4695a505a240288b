"""What a callback is, and several of them as one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, ClassVar

from dualnet.config import class_name
from dualnet.errors import CheckpointError, ConfigError, unknown_name
from dualnet.typing import Tree

if TYPE_CHECKING:
    from dualnet.model import Model

__all__ = ["Callback", "CallbackList", "LambdaCallback", "Logs"]

#: Measures by name.
Logs = Mapping[str, float]

#: Hooks of Keras and Lightning that have another name here.
ELSEWHERE = {
    "on_fit_end": "on_train_end",
    "on_fit_start": "on_train_begin",
    "on_train_batch_begin": "on_batch_begin",
    "on_train_batch_end": "on_batch_end",
    "on_train_batch_start": "on_batch_begin",
    "on_train_epoch_end": "on_epoch_end",
    "on_train_epoch_start": "on_epoch_begin",
    "on_validation_batch_end": "on_test_batch_end",
    "on_validation_end": "on_test_end",
    "on_validation_start": "on_test_begin",
}


class Callback:
    """Base of every callback; override what you need.

    ``self.model`` is the model at work, ``self.model.running`` its :class:`Run
    <dualnet.training.run.Run>` in ``fit``.  Setting ``self.model.stop_training`` ends training
    after the current step; the epoch cut short then ends as others do, validation included.

    No hook makes training wait for the device: ``logs`` of a batch are a mapping that reads
    the running means when it is looked at, and a batch's hook that is not overridden is not
    called.  With data in memory ``fit`` makes several steps in one call, a tenth of a second of
    them, while no callback wants to be called for each (:attr:`every_batch`).
    """

    #: Called after all others: it writes down what they have become.
    comes_last: ClassVar[bool] = False
    #: Whether a loss of NaN or infinity is this callback's to deal with, and not an error.
    takes_nonfinite: ClassVar[bool] = False

    @property
    def every_batch(self) -> bool:
        """Whether hooks of a batch are called for each one, if they are overridden.

        If not, they may be called once for several batches: ``on_…_begin`` with the number of
        the first, ``on_…_end`` with that of the last.
        """
        return True

    model: Model

    def on_train_begin(self, epochs: int, batches: int | None) -> None:
        """Training starts: how many epochs, and batches in each where that is known."""

    def on_epoch_begin(self, epoch: int) -> None:
        """Epoch number ``epoch`` (from 0) starts."""

    def on_batch_begin(self, batch: int) -> None:
        """The step of batch number ``batch`` (from 0, in its epoch) starts."""

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        """A step is done.  ``logs`` are running means; looking at one waits for the device."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """An epoch is done, validation included.  What is added to ``logs`` is kept."""

    def on_epoch_closed(self, epoch: int) -> None:
        """Every callback has seen the end of the epoch, and the history has it."""

    def on_train_end(self) -> None:
        """Training is over, also after an error or Ctrl-C."""

    def on_test_begin(self) -> None:
        """``evaluate``, or validation in ``fit``, starts."""

    def on_test_batch_begin(self, batch: int) -> None:
        """The evaluation of a batch starts."""

    def on_test_batch_end(self, batch: int, logs: Logs) -> None:
        """A batch is evaluated; ``logs`` as in :meth:`on_batch_end`."""

    def on_test_end(self, logs: Logs) -> None:
        """An evaluation is over; these are its measures, none after an error."""

    def on_predict_begin(self) -> None:
        """``predict`` starts."""

    def on_predict_batch_begin(self, batch: int) -> None:
        """The prediction of a batch starts."""

    def on_predict_batch_end(self, batch: int, outputs: Tree) -> None:
        """A batch is predicted; ``outputs`` are NumPy arrays."""

    def on_predict_end(self) -> None:
        """``predict`` is over, also after an error."""

    def state(self) -> dict[str, Any]:
        """What a run that goes on after a crash must know: JSON data and NumPy arrays."""
        return {}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Takes over what :meth:`state` gave, after ``on_train_begin``."""


HOOKS = tuple(name for name in vars(Callback) if name.startswith("on_"))


class CallbackList(Callback):
    """Several callbacks as one, called in order.

    Args:
        callbacks: the user's.
        model: what they watch.
        then: those that come after them.

    Raises:
        ConfigError: one of them is no callback, has a hook that nobody calls, or a hook that
            does not take what it is given.
    """

    def __init__(
        self, callbacks: Sequence[Callback], model: Model, *, then: Sequence[Callback] = ()
    ) -> None:
        if isinstance(callbacks, Callback):
            name = class_name(type(callbacks))
            raise ConfigError(f"callbacks are a list; write callbacks=[{name}(…)]")
        for callback in callbacks:
            _check(callback)
        self.callbacks = sorted([*callbacks, *then], key=lambda callback: callback.comes_last)
        for callback in self.callbacks:
            callback.model = model
        self._called = {hook: self._overriding(hook) for hook in HOOKS}
        self._begun: list[Callback] = []
        self.nonfinite = any(callback.takes_nonfinite for callback in self.callbacks)

    def _overriding(self, hook: str) -> list[Callable[..., None]]:
        """The callbacks' own hooks of one name, so that a step calls no empty ones."""
        return [getattr(each, hook) for each in self.callbacks if _overrides(each, hook)]

    def one_by_one(self, kind: str) -> bool:
        """Whether a callback wants to be called for each batch (``kind`` as in the hooks' names).

        >>> CallbackList([LambdaCallback(on_test_batch_end=print)], None).one_by_one("test_batch")
        True
        """
        hooks = f"on_{kind}_begin", f"on_{kind}_end"
        return any(
            callback.every_batch and any(_overrides(callback, hook) for hook in hooks)
            for callback in self.callbacks
        )

    def _call(self, hook: str, *args: Any) -> None:
        for method in self._called[hook]:
            method(*args)

    def on_train_begin(self, epochs: int, batches: int | None) -> None:
        for callback in self.callbacks:
            callback.on_train_begin(epochs, batches)
            self._begun.append(callback)

    def on_epoch_begin(self, epoch: int) -> None:
        self._call("on_epoch_begin", epoch)

    def on_batch_begin(self, batch: int) -> None:
        self._call("on_batch_begin", batch)

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        self._call("on_batch_end", batch, logs)

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        self._call("on_epoch_end", epoch, logs)

    def on_epoch_closed(self, epoch: int) -> None:
        self._call("on_epoch_closed", epoch)

    def on_train_end(self) -> None:
        """Ends every callback that has begun, also after one that raises."""
        with ExitStack() as stack:
            while self._begun:
                stack.callback(self._begun.pop().on_train_end)

    def on_test_begin(self) -> None:
        self._call("on_test_begin")

    def on_test_batch_begin(self, batch: int) -> None:
        self._call("on_test_batch_begin", batch)

    def on_test_batch_end(self, batch: int, logs: Logs) -> None:
        self._call("on_test_batch_end", batch, logs)

    def on_test_end(self, logs: Logs) -> None:
        self._call("on_test_end", logs)

    def on_predict_begin(self) -> None:
        self._call("on_predict_begin")

    def on_predict_batch_begin(self, batch: int) -> None:
        self._call("on_predict_batch_begin", batch)

    def on_predict_batch_end(self, batch: int, outputs: Tree) -> None:
        self._call("on_predict_batch_end", batch, outputs)

    def on_predict_end(self) -> None:
        self._call("on_predict_end")

    def state(self) -> dict[str, Any]:
        """Of every callback, with its kind."""
        return {
            str(place): {"kind": class_name(type(callback)), "state": callback.state()}
            for place, callback in enumerate(self.callbacks)
        }

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Gives every callback its own.

        Raises:
            CheckpointError: they are of other callbacks.
        """
        saved = [state[str(place)] for place in range(len(state))]
        there, here = (
            [each["kind"] for each in saved],
            [class_name(type(callback)) for callback in self.callbacks],
        )
        if there != here:
            raise CheckpointError(
                f"the state is one of the callbacks {', '.join(there)}; there are "
                f"{', '.join(here)}; give fit the same ones in the same order"
            )
        for callback, each in zip(self.callbacks, saved, strict=True):
            callback.load_state(each["state"])


class LambdaCallback(Callback):
    """A callback made of functions, each under the name of its hook.

    Args:
        hooks: functions, which take what the hook of that name in :class:`Callback` takes.

    Raises:
        UnknownName: there is no hook of this name.
        ConfigError: a hook of another library's name, or no function.

    >>> seen = []
    >>> callback = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))
    >>> callback.on_epoch_end(3, {})
    >>> seen
    [3]
    """

    def __init__(self, **hooks: Callable[..., None]) -> None:
        for name, function in hooks.items():
            if name in ELSEWHERE:
                raise ConfigError(f"{name} is called by nobody; name it {ELSEWHERE[name]}")
            if name not in HOOKS:
                raise unknown_name("hook", name, HOOKS)
            if not callable(function):
                raise ConfigError(f"{name}={function!r} is no function")
            setattr(self, name, function)


def _overrides(callback: Callback, hook: str) -> bool:
    return getattr(getattr(callback, hook), "__func__", None) is not getattr(Callback, hook)


def _check(callback: Any) -> None:
    """Finds what would never be called, or fail in the middle of training."""
    if not isinstance(callback, Callback):
        raise ConfigError(f"callbacks are dualnet.callbacks.Callback objects, got {callback!r}")
    name = type(callback).__name__
    for foreign, ours in ELSEWHERE.items():
        if hasattr(callback, foreign):
            raise ConfigError(f"{name}.{foreign} is called by nobody; name it {ours}")
    for hook in (hook for hook in HOOKS if _overrides(callback, hook)):
        wanted = list(inspect.signature(getattr(Callback, hook)).parameters)[1:]
        try:
            inspect.signature(getattr(callback, hook)).bind(*wanted)
        except TypeError as error:
            raise ConfigError(
                f"{name}.{hook} is called with ({', '.join(wanted)}): {error}"
            ) from None
