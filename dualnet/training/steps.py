"""One step of training, evaluation or prediction, as functions of native tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dualnet import losses
from dualnet.metrics import Metric, Tally
from dualnet.training.walking import Walker
from dualnet.typing import Tensor, Tree

if TYPE_CHECKING:
    from dualnet.model import Model
    from dualnet.optim import BoundOptimizer

__all__ = ["Gradients", "Steps", "gradients", "predict", "whole_loss"]

Loss = Callable[..., Tensor]


@dataclass(frozen=True)
class Gradients:
    """What one forward and backward pass gives."""

    prediction: Tree
    loss: Tensor
    gradients: list[Tensor | None]


def gradients(
    model: Model,
    variables: Sequence[Tensor],
    loss: Loss,
    x: Tree,
    y: Tree,
    weight: Tree,
    *,
    scaled: Callable[[Tensor], Tensor] = lambda loss: loss,
) -> Gradients:
    """``∂ scaled(loss(y, model(x))) / ∂ variables``, in training mode, and the loss itself."""
    backend = model.backend
    backend.layers.set_training(model.native, True)
    with backend.tape.record(persistent=False) as recording:
        prediction = model.run(x)
        value = whole_loss(model, loss, y, prediction, weight)
        target = scaled(value)
    found = recording.gradient([target], variables, None, retain=False, differentiable=False)
    return Gradients(prediction, value, found)


def whole_loss(model: Model, loss: Loss, y: Tree, prediction: Tree, weight: Tree) -> Tensor:
    """The loss of the model's latest prediction, and the penalties of that call."""
    return model.penalties.added_to(loss(y, prediction, weight))


def predict(model: Model, x: Tree) -> Tree:
    """The network's output in evaluation mode, with no gradient."""
    model.backend.layers.set_training(model.native, False)
    with model.backend.tape.no_gradient():
        prediction = model.run(x)
    model.penalties.forget()
    return prediction


class Steps:
    """The steps of a compiled model, in the form its backend runs them."""

    def __init__(
        self,
        model: Model,
        loss: Loss,
        metrics: Sequence[Metric],
        optimizer: BoundOptimizer,
        jit: bool | str,
    ) -> None:
        self._model = model
        self._loss = loss
        self._metrics = tuple(metrics)
        self._optimizer = optimizer
        backend = model.backend
        self._pass = backend.jit.train_step(self._passed, jit=jit)
        searching = optimizer.rule.needs_closure
        train = self._train_by_passes if searching else self._train
        self.train = Walker(backend, train, jit, whole=not searching)
        self.evaluate = Walker(backend, self._evaluate, jit)

    def _train(self, x: Tree, y: Tree, weight: Tree) -> tuple[Tensor, tuple[Tally, ...]]:
        optimizer = self._optimizer
        step = gradients(
            self._model, optimizer.variables, self._loss, x, y, weight, scaled=optimizer.scaled
        )
        optimizer.apply_scaled(step.gradients)
        loss = self._model.backend.tape.stop_gradient(step.loss)
        return loss, self._tallies(step.prediction, y, weight)

    def _train_by_passes(self, x: Tree, y: Tree, weight: Tree) -> tuple[Tensor, tuple[Tally, ...]]:
        """A step of an optimizer that evaluates the loss again and again; passes are compiled.

        The metrics are those of the first pass, from which the step starts.
        """
        found: list[tuple[Tally, ...]] = []

        def closure() -> tuple[Tensor, list[Tensor | None]]:
            loss, gradients, tallies = self._pass(x, y, weight)
            found.append(tallies)
            return loss, gradients

        return self._optimizer.minimize(closure), found[0]

    def _passed(
        self, x: Tree, y: Tree, weight: Tree
    ) -> tuple[Tensor, list[Tensor | None], tuple[Tally, ...]]:
        """Loss, gradients and metrics, with nothing updated."""
        step = gradients(self._model, self._optimizer.variables, self._loss, x, y, weight)
        loss = self._model.backend.tape.stop_gradient(step.loss)
        return loss, step.gradients, self._tallies(step.prediction, y, weight)

    def _evaluate(self, x: Tree, y: Tree, weight: Tree) -> tuple[Tensor, tuple[Tally, ...]]:
        model = self._model
        model.backend.layers.set_training(model.native, False)
        with model.backend.tape.no_gradient():
            prediction = model.run(x)
            loss = whole_loss(model, self._loss, y, prediction, weight)
        return loss, self._tallies(prediction, y, weight)

    def _tallies(self, prediction: Tree, y: Tree, weight: Tree) -> tuple[Tally, ...]:
        """Those of the metrics; and with a mask one more, of the steps the loss is a mean of."""
        found: tuple[Tally, ...] = ()
        if self._metrics:
            with self._model.backend.tape.no_gradient():
                found = tuple(metric.tally(y, prediction, weight) for metric in self._metrics)
        loss = self._loss
        steps = loss.counted(y, prediction) if isinstance(loss, losses.Loss) else None
        return found if steps is None else (*found, (steps,))
