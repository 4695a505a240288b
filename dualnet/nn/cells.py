"""Cells: one step of a recurrent network."""

from __future__ import annotations

from typing import Any

from dualnet import ops
from dualnet.errors import ConfigError, ShapeError
from dualnet.nn import _check
from dualnet.nn.layer import Layer
from dualnet.nn.recurrence import GRUBase, LSTMBase, Recurrence, SimpleRNNBase, times
from dualnet.ops.nn.recurrent import States
from dualnet.typing import Shape, Tensor

__all__ = [
    "Cell",
    "GRUCell",
    "LSTMCell",
    "SimpleRNNCell",
    "StackedRNNCells",
    "as_states",
    "check_cell",
    "fits",
    "step_of",
]


class Cell(Layer):
    """Base of the cells, and of a user's own, which :class:`~dualnet.nn.RNN` runs over time.

    A cell of one's own computes a step in ``forward(self, x, states)``, from the step's input
    ``(batch, …)`` and a tuple of the states; it gives the output and a tuple of the new states.
    It says in :meth:`state_shapes` how large they are, unless there is one, of ``self.units``.
    Weights are declared in ``build(self, input_shape, state_shapes)``, with batch axes.

    >>> from dualnet import nn, ops
    >>> class LeakyMean(nn.Cell):  # a moving average of the inputs
    ...     units: int
    ...     keep: float = 0.9
    ...     def forward(self, x, states):
    ...         mean = self.keep * states[0] + (1 - self.keep) * x
    ...         return x - mean, (mean,)
    >>> nn.RNN(LeakyMean(4), return_sequences=True)
    RNN(cell=LeakyMean(units=4), return_sequences=True)
    """

    def state_shapes(self) -> tuple[Shape, ...]:
        """The shape of each state, without the batch axis."""
        return ((self.units,),)

    def initial_states(self, x: Tensor) -> States:
        """The states before the first step, whose input is ``x``: zeros."""
        return tuple(ops.nn.zero_state(x, shape=shape) for shape in self.state_shapes())

    def initial_output(self, x: Tensor, states: States) -> Tensor:
        """What stands for the output before the first step: the first state.

        It has the shape of all outputs, and is seen where the first steps are masked.
        """
        return states[0]

    def constants(self, x: Tensor, states: States) -> Any:
        """What is drawn once for a whole sequence, and given to each step; ``None`` if nothing."""
        return None


class StepCell(Recurrence, Cell):
    """Base of the cells whose layer over time has a name of its own.

    ``cell(x, states)`` takes ``x (batch, features)`` and the states ``(batch, units)``, as a
    tuple or, if there is one, by itself; it gives the output and a tuple of the new states.
    """

    def build(self, input_shape: Shape, states: Any) -> None:
        _check.rank(self, input_shape, 2, 2, "a cell takes one step, (batch, features)")
        self.declare(input_shape[-1])

    def forward(
        self, x: Tensor, states: Any, constants: tuple[Tensor | None, Tensor | None] | None = None
    ) -> tuple[Tensor, States]:
        """The output and the states of a step.

        Args:
            x: ``(batch, features)``.
            states: the states before, each ``(batch, units)``.
            constants: the masks of the dropout; drawn for this step if not given.

        Raises:
            ShapeError: states of another number or size.
        """
        states = as_states(self, states, self.state_shapes())
        inputs, fed = constants or self._masks(x, states)
        if inputs is None and fed is None:
            new = self.plain_step(x, states)
        else:
            new = self.step(self.project(times(x, inputs)), states, times(states[0], fed))
        return new[0], new

    def constants(self, x: Tensor, states: States) -> Any:
        """The masks of the dropout, of the input and of the state."""
        dropping = self.training and (self.dropout or self.recurrent_dropout)
        return self._masks(x, states) if dropping else None

    def _masks(self, x: Tensor, states: States) -> tuple[Tensor | None, Tensor | None]:
        return self.input_mask(x), self.state_mask(states[0])


class SimpleRNNCell(StepCell, SimpleRNNBase):
    """One step of :class:`~dualnet.nn.SimpleRNN`, whose weights it has.

    ``cell(x, h)`` gives ``h', (h',)`` with ``h' = activation(x W + h U + b)``.

    Args: those of :class:`~dualnet.nn.SimpleRNN` that are not about time.
    """


class GRUCell(StepCell, GRUBase):
    """One step of :class:`~dualnet.nn.GRU`, whose weights and equations it has.

    ``cell(x, h)`` gives ``h', (h',)``.

    Args: those of :class:`~dualnet.nn.GRU` that are not about time.
    """


class LSTMCell(StepCell, LSTMBase):
    """One step of :class:`~dualnet.nn.LSTM`, whose weights and equations it has.

    ``cell(x, (h, c))`` gives ``h', (h', c')``.

    >>> from dualnet import nn
    >>> nn.RNN([nn.LSTMCell(8), nn.LSTMCell(4)])
    RNN(cell=StackedRNNCells(cells=(LSTMCell(units=8), LSTMCell(units=4))))

    Args: those of :class:`~dualnet.nn.LSTM` that are not about time.
    """


class StackedRNNCells(Cell):
    """Cells one after another, as one cell: the output of each is the input of the next.

    States are those of all cells, in their order, in one flat tuple; the output is that of the
    last.

    Args:
        cells: cells, in a list.
    """

    cells: tuple[Cell, ...]

    def check(self) -> None:
        if not self.cells:
            raise ConfigError("StackedRNNCells takes a list of cells, got none")
        for cell in self.cells:
            check_cell(self, cell)

    def state_shapes(self) -> tuple[Shape, ...]:
        """The shapes of all states, those of the first cell first."""
        return tuple(shape for cell in self.cells for shape in cell.state_shapes())

    def forward(
        self, x: Tensor, states: Any, constants: tuple[Any, ...] | None = None
    ) -> tuple[Tensor, States]:
        """The output of the last cell, and the states of all.

        Raises:
            ShapeError: states of another number or size.
        """
        given = self._split(as_states(self, states, self.state_shapes()))
        drawn = constants or (None,) * len(given)
        new: list[Tensor] = []
        for cell, own, constant in zip(self.cells, given, drawn, strict=True):
            x, after = step_of(cell, x, own, constant)
            new.extend(after)
        return x, tuple(new)

    def initial_states(self, x: Tensor) -> States:
        """Those of each cell, whose inputs before the first step are :meth:`initial_output`."""
        made: list[Tensor] = []
        for cell in self.cells:
            own = cell.initial_states(x)
            made.extend(own)
            x = cell.initial_output(x, own)
        return tuple(made)

    def initial_output(self, x: Tensor, states: States) -> Tensor:
        """That of the last cell."""
        for cell, own in zip(self.cells, self._split(states), strict=True):
            x = cell.initial_output(x, own)
        return x

    def constants(self, x: Tensor, states: States) -> Any:
        """Those of each cell."""
        drawn: list[Any] = []
        for cell, own in zip(self.cells, self._split(states), strict=True):
            drawn.append(cell.constants(x, own))
            x = cell.initial_output(x, own)
        return None if all(one is None for one in drawn) else tuple(drawn)

    def _split(self, states: States) -> list[States]:
        """The states of each cell."""
        parts: list[States] = []
        for cell in self.cells:
            count = len(cell.state_shapes())
            parts.append(states[:count])
            states = states[count:]
        return parts


def step_of(cell: Cell, x: Tensor, states: States, constants: Any) -> tuple[Tensor, States]:
    """The output and the new states of a cell, a user's own too.

    Raises:
        ShapeError: it gives another number of states than it takes.
    """
    found = cell(x, states) if constants is None else cell(x, states, constants=constants)
    pair = isinstance(found, (tuple, list)) and len(found) == 2
    output, new = found if pair else (None, None)
    if not isinstance(new, (tuple, list)) or len(new) != len(states):
        raise ShapeError(
            f"forward of {cell._definition!r} must give its output and a tuple of "
            f"{len(states)} new state(s), got {_told(new) if pair else f'{_told(found)} alone'}"
        )
    return output, tuple(new)


def check_cell(taker: Layer, cell: Any) -> None:
    """Raises :class:`ConfigError` if this is no cell, or one that does not tell its states."""
    if not isinstance(cell, Cell):
        raise ConfigError(
            f"{type(taker).__name__} takes cells (nn.LSTMCell, nn.StackedRNNCells, a class of "
            f"yours below nn.Cell), got {cell!r}"
        )
    if type(cell).state_shapes is Cell.state_shapes and not hasattr(cell, "units"):
        raise ConfigError(
            f"{cell!r} does not tell how large its states are; give it a hyperparameter units, "
            "the size of a single one, or define state_shapes(self)"
        )


def as_states(layer: Layer, given: Any, shapes: tuple[Shape, ...]) -> States:
    """Given states as a tuple.

    Raises:
        ShapeError: they are not as many, or not as large, as the layer's.
    """
    states = tuple(given) if isinstance(given, (tuple, list)) else (given,)
    if len(states) != len(shapes):
        raise ShapeError(
            f"{layer._definition!r} has {len(shapes)} state(s), got {len(states)}; give a tuple "
            f"of tensors {', '.join(_batched(shape) for shape in shapes)}"
        )
    for state, shape in zip(states, shapes, strict=True):
        if not fits(state, shape):
            raise ShapeError(
                f"{layer._definition!r} needs a state {_batched(shape)}, got shape "
                f"{tuple(state.shape)}"
            )
    return states


def fits(x: Tensor, shape: tuple[int | None, ...]) -> bool:
    """Whether a tensor has these sizes after the batch axis, as far as they are known."""
    sizes = tuple(x.shape)[1:]
    return len(sizes) == len(shape) and all(
        n is None or wanted is None or n == wanted for n, wanted in zip(sizes, shape, strict=True)
    )


def _batched(shape: Shape) -> str:
    return f"({', '.join(['batch', *map(str, shape)])})"


def _told(new: Any) -> str:
    return f"{len(new)}" if isinstance(new, (tuple, list)) else f"{type(new).__name__}"
