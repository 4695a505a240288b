"""Models written by hand in a framework: their layers, weights, runs and optimizers.

What :func:`dualnet.parity.compare_models` stands on.  Layers are told in dualnet's words (as
:class:`~dualnet.parity.foreign.facts.Facts` lists them) and weights in its layouts; tensors
stay native, in the layout of the model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from dualnet.typing import DtypeName, NDArray, Tensor

__all__ = ["Foreign", "ForeignOptimizer", "Rule", "Unit"]

#: The axes of a native tensor of some rank, each as an axis of the channels-last layout;
#: ``None`` where a layer takes any layout.
Layout = Callable[[int], "tuple[int, ...] | None"]


@dataclass(frozen=True, eq=False)
class Rule:
    """How some native variables of a layer hold some of its weights.

    Attributes:
        ours: names of the weights, as dualnet calls them.
        native: names of the variables.
        read: the variables' arrays to the weights' arrays, in these orders.
        write: the way back.
        summed: whether the one weight is the sum of the variables.  Then each of them has the
            weight's own gradient, and ``read`` and ``write`` are not for gradients.
    """

    ours: tuple[str, ...]
    native: tuple[str, ...]
    read: Callable[..., Sequence[NDArray]]
    write: Callable[..., Sequence[NDArray]]
    summed: bool = False


@dataclass(frozen=True, eq=False)
class Unit:
    """What is compared as one layer: a native layer, or a part of one.

    A stacked LSTM is one unit per layer of the stack, and ``Dense(activation="relu")`` is two;
    they have one ``owner``, and each takes the main output of the one before.

    Attributes:
        path: dotted path in the model.
        kind: the name of dualnet's layer that does the same, or the native class's own.
        native: the native class's name.
        owner: the native layer whose calls are watched.
        call: ``call(training, *args, **kwargs)`` runs the unit by itself and gives its outputs
            by name, the main one first.
        options: hyperparameters by dualnet's names.
        variables: native variables by name.
        trainable: names of the native variables that training changes by gradients.
        rules: what the variables mean.
        states: names of the weights that ``call`` itself changes in training.
        signature: names of the arguments that are inputs; others are handed on as they are.
        layout: of inputs and outputs, by rank.
        known: whether ``kind`` is one of dualnet's words.
        features: the order in which the features of a flattened image are seen; ``None`` as
            they come.
    """

    path: str
    kind: str
    native: str
    owner: Any
    call: Callable[..., Mapping[str, Tensor]]
    options: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Tensor] = field(default_factory=dict)
    trainable: frozenset[str] = frozenset()
    rules: tuple[Rule, ...] = ()
    states: frozenset[str] = frozenset()
    signature: tuple[str, ...] = ("input",)
    layout: Layout = lambda rank: None
    known: bool = True
    features: NDArray | None = None


class ForeignOptimizer(Protocol):
    """A native optimizer at work on the variables of a copy of its model.

    Attributes:
        kind, options: its formula and hyperparameters in dualnet's words.
        rounding: the relative error of its constants, where it rounds them.
    """

    kind: str
    options: Mapping[str, Any]
    rounding: float

    def apply(self, gradients: Mapping[int, Tensor], /) -> None:
        """One step; gradients by the ``id`` of their variable."""
        ...


class Foreign(Protocol):
    """Native models of one framework."""

    def is_model(self, candidate: object, /) -> bool:
        """Whether this is a model, or a layer, of this framework."""
        ...

    def has_weights(self, model: Any, /) -> bool:
        """Whether all weights are there; some layers make them at their first call."""
        ...

    def variables(self, model: Any, /) -> dict[str, Tensor]:
        """Every native variable of a model by path, state included."""
        ...

    def duplicate(self, model: Any, /, *, dtype: DtypeName) -> Any:
        """A copy of a model, with the same values, that computes in ``dtype``.

        Raises:
            ConfigError: the model cannot be copied.
        """
        ...

    def units(self, model: Any, /) -> list[Unit]:
        """What is compared as one layer each, in order of definition."""
        ...

    def run(self, model: Any, inputs: Sequence[Tensor], /, *, training: bool) -> Any:
        """The model's output."""
        ...

    def watch(
        self, owners: Sequence[Any], callback: Callable[[Any, Any, Any, Any, bool | None], None], /
    ) -> AbstractContextManager[None]:
        """A block in which ``callback(owner, args, kwargs, output, training)`` sees every call.

        ``training`` is the mode in which the layer ran, ``None`` where it was told none.
        """
        ...

    def without_dropout(self, model: Any, /) -> AbstractContextManager[None]:
        """A block in which no layer of the model drops anything in training.

        Afterwards every layer has its rate, and the mode that it was in.
        """
        ...

    def loss(self, function: Callable[..., Any], /) -> Callable[[Tensor, Tensor], Tensor]:
        """``(targets, output) -> loss`` from a function or a native loss object."""
        ...

    def exact(self) -> AbstractContextManager[None]:
        """A block in which functions that round their constants to float32 use float64 ones.

        What a model computes in float64 then is what it means, not what the framework
        makes of it.  The functions are the process's: others that call them meanwhile get
        the exact ones too.
        """
        ...

    def is_optimizer(self, candidate: object, /) -> bool:
        """Whether this is a native optimizer of this framework."""
        ...

    def rebind(self, optimizer: Any, model: Any, copy: Any, /) -> ForeignOptimizer:
        """An optimizer like a user's, for the variables of a copy of the model."""
        ...
