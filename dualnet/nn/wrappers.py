"""Layers around other layers: their base, at each time step, and in both directions of time."""

from __future__ import annotations

import copy
from typing import Any

from dualnet import ops
from dualnet.errors import ConfigError, MaskError, ShapeError, unknown_name
from dualnet.nn import _check
from dualnet.nn.layer import Layer
from dualnet.nn.masks import Masked, parted, unwrapped, wrapped
from dualnet.nn.recurrent import Recurrent
from dualnet.nn.steps import as_one_batch
from dualnet.typing import Shape, Tensor

__all__ = ["Bidirectional", "TimeDistributed", "Wrapper"]

MERGES = ("ave", "concat", "mul", "sum")


class Wrapper(Layer):
    """Base of the layers around another one, which is found at ``self.layer``.

    By itself it does what the other does:

    >>> from dualnet import nn
    >>> class Residual(nn.Wrapper):
    ...     def forward(self, x):
    ...         return x + self.layer(x)
    >>> Residual(nn.Dense(3))
    Residual(layer=Dense(units=3))

    Args:
        layer: any layer.
    """

    layer: Layer

    def check(self) -> None:
        _check_layer(self, self.layer, Layer)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.layer(*args, **kwargs)


class TimeDistributed(Wrapper):
    """A layer at each time step: ``(batch, time, …)`` to ``(batch, time, …')``.

    All steps go through the layer at once, as one batch of ``batch·time`` samples: batch
    statistics and dropout masks are those of that batch.

    Args:
        layer: takes and gives one tensor, batch first.
    """

    def build(self, input_shape: Shape) -> None:
        _check.rank(self, input_shape, 3, None, "the layout is (batch, time, …)")
        below = (self._definition.layer, *self._definition.layer.layers_below())
        self._mixing = ", ".join(repr(layer) for layer in below if layer.mixes_samples)

    def forward(self, x: Tensor) -> Tensor:
        return as_one_batch(self, x, self.layer)

    def forward_masked(self, x: Masked) -> Masked:
        """Each step by itself, those that are not there as well; their results are masked.

        Raises:
            MaskError: a layer inside mixes samples, which these steps would be.
        """
        if self._mixing:
            raise MaskError(
                f"{self._definition!r} would count masked steps among the samples of "
                f"{self._mixing}; apply that layer to (batch, time, …) without TimeDistributed"
            )
        return Masked(self.forward(x.values), x.mask)


class Bidirectional(Wrapper):
    """A recurrent layer forwards, another one backwards, and their outputs together.

    ``(batch, time, features)`` to ``(batch, 2·units)``, or to ``(batch, time, 2·units)`` if the
    layer returns sequences; both outputs of a step stand at its place (Schuster & Paliwal 1997).

    >>> from dualnet import nn
    >>> nn.Bidirectional(nn.LSTM(8)).backward_layer
    LSTM(units=8, go_backwards=True)

    Args:
        layer: an LSTM, GRU, SimpleRNN, RNN or ConvLSTM.
        merge_mode: ``"concat"``, ``"sum"``, ``"mul"``, ``"ave"``, or None for a pair.
        backward_layer: ``layer`` with its direction turned, and weights of its own, if not
            given.
    """

    merge_mode: str | None = "concat"
    backward_layer: Layer | None = None

    def check(self) -> None:
        layer = _check_layer(self, self.layer, Recurrent)
        if self.merge_mode is not None and self.merge_mode not in MERGES:
            raise unknown_name("merge mode", self.merge_mode, MERGES)
        if self.backward_layer is None:
            turned = layer.replace(go_backwards=not layer.go_backwards)
            # A copy, for one cell in both layers would be one module in both directions.
            object.__setattr__(self, "backward_layer", copy.deepcopy(turned))
        other = _check_layer(self, self.backward_layer, Recurrent)
        if other.go_backwards == layer.go_backwards:
            raise ConfigError("Bidirectional: one of the two layers must have go_backwards=True")
        for name in ("return_sequences", "return_state"):
            if getattr(layer, name) != getattr(other, name):
                raise ConfigError(f"Bidirectional: {name} differs between the two layers")

    def forward(self, x: Tensor, initial_state: Any = None, mask: Tensor | None = None) -> Any:
        """The outputs together; with ``return_state``, then the states of both layers.

        Args:
            x: ``(batch, time, …)``.
            initial_state: the states of ``layer``, then those of ``backward_layer``; zeros if
                not given.
            mask: boolean ``(batch, time)``; where it is False states pass unchanged.

        Raises:
            ShapeError: states that are not as many for one layer as for the other.
        """
        halves: tuple[Any, Any] = (None, None)
        if initial_state is not None:
            several = isinstance(initial_state, (tuple, list))
            if not several or len(initial_state) % 2:
                raise ShapeError(
                    f"{self._definition!r} takes initial_state as a tuple, the states of layer and "
                    "then those of backward_layer, got "
                    f"{len(initial_state) if several else type(initial_state).__name__}"
                )
            count = len(initial_state) // 2
            halves = (initial_state[:count], initial_state[count:])
        layers: Any = (self.layer, self.backward_layer)
        outputs: list[Tensor] = []
        states: list[Tensor] = []
        for layer, first in zip(layers, halves, strict=True):
            found = layer(x, initial_state=first, mask=mask)
            y, *last = found if layer.return_state else (found,)
            turn = layer.go_backwards and layer.return_sequences
            outputs.append(ops.flip(y, axis=1) if turn else y)
            states.extend(last)
        merged = self._merged(*outputs)
        return (merged, *states) if states else merged

    def forward_masked(self, x: Any, initial_state: Any = None, mask: Any = None) -> Any:
        """The mask goes to both layers; sequences of outputs carry it on."""
        if mask is not None:
            raise MaskError(
                f"{self._definition!r} was given mask= and masked values; give one of them"
            )
        values, mask = parted(x)
        found = self.forward(values, unwrapped(initial_state), mask)
        if not self.layer.return_sequences:
            return found
        merged, *states = found if self.layer.return_state else (found,)
        if self.merge_mode is None:
            carried: Any = tuple(wrapped(each, mask) for each in merged)
        else:
            carried = wrapped(merged, mask)
        return (carried, *states) if states else carried

    def _merged(self, one: Tensor, other: Tensor) -> Any:
        if self.merge_mode is None:
            return one, other
        if self.merge_mode == "concat":
            return ops.concat((one, other), axis=-1)
        if self.merge_mode == "mul":
            return one * other
        return (one + other) * (0.5 if self.merge_mode == "ave" else 1.0)


def _check_layer(wrapper: Layer, layer: Any, kind: type[Layer]) -> Any:
    """The layer, if it is of this kind."""
    if not isinstance(layer, kind):
        wanted = "a layer" if kind is Layer else "a recurrent layer (LSTM, GRU, RNN, …)"
        raise ConfigError(f"{type(wrapper).__name__} takes {wanted}, got {layer!r}")
    return layer
