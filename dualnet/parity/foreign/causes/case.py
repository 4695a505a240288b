"""What one side of a parting computes, as a value that corrections change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dualnet.parity.foreign.causes import definition
from dualnet.parity.foreign.facts import Facts
from dualnet.parity.foreign.parting import UpdateStep
from dualnet.typing import NDArray

__all__ = ["Case", "Values"]

#: Arrays by name: the output under ``""``, states and gradients under their own.
Values = Mapping[str, NDArray]


@dataclass(frozen=True, eq=False)
class Case:
    """One side's computation in one phase.

    Attributes:
        phase: the phase of the parting.
        facts: the layer, the optimizer or the loss.
        inputs: what goes in.
        training: the mode.
        update: the optimizer step, for the phase ``"update"``.
        recorded: values that stand in place of a definition's, where there is none.
        after: what is done to the values in the end.
    """

    phase: str
    facts: Facts
    inputs: tuple[NDArray, ...] = ()
    training: bool = False
    update: UpdateStep | None = None
    recorded: Values | None = None
    after: tuple[Callable[[Values], Values], ...] = ()

    def values(self) -> Values:
        """The result.

        Raises:
            KeyError: nothing here defines what the facts name.
            ValueError: shapes do not fit.
        """
        found = self._defined() if self.recorded is None else self.recorded
        for change in self.after:
            found = change(found)
        return found

    def _defined(self) -> Values:
        if self.phase == "weight":
            return self.facts.weights
        if self.phase == "state":
            return definition.state(self.facts, self.inputs)
        if self.phase == "loss":
            targets, output = self.inputs
            return {"": definition.loss(self.facts.kind, self.facts.options, targets, output)}
        if self.phase == "update" and self.update is not None:
            return {"": definition.updated(self.facts.kind, self.facts.options, self.update)}
        return {"": definition.output(self.facts, self.inputs, training=self.training)}

    def option(self, **options: Any) -> Case:
        """With other options; ``None`` for one to be left to its default."""
        changed = {**self.facts.options, **options}
        kept = {name: value for name, value in changed.items() if value is not None}
        return self.of(replace(self.facts, options=kept))

    def weight(self, **weights: NDArray | None) -> Case:
        """With other weights; ``None`` for one to be left out."""
        changed = {**self.facts.weights, **weights}
        kept = {name: value for name, value in changed.items() if value is not None}
        return self.of(replace(self.facts, weights=kept))

    def of(self, facts: Facts) -> Case:
        """With other facts."""
        return replace(self, facts=facts)

    def fed(self, *inputs: NDArray) -> Case:
        """With other inputs."""
        return replace(self, inputs=inputs)

    def then(self, change: Callable[[NDArray], NDArray]) -> Case:
        """With something done to every array in the end."""

        def changed(values: Values) -> Values:
            return {name: np.asarray(change(value)) for name, value in values.items()}

        return replace(self, after=(*self.after, changed))
