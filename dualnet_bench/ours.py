"""dualnet as it is: `fit` and `predict` of the current backend, with their defaults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dualnet as dn
from dualnet import nn, ops, optim
from dualnet.bench.workloads import LEARNING_RATE, Arrays, Workload
from dualnet.typing import NDArray
from dualnet_bench.ours_networks import NETWORKS

__all__ = ["Fitted", "build", "eager"]


class Fitted:
    """A model and what it is called with."""

    def __init__(self, workload: Workload, jit: bool | str = "auto") -> None:
        self.batch = workload.batch
        self.model = dn.Model(NETWORKS[type(workload)](workload))
        if not self.model.built:  # a graph tells its shapes itself
            inputs, _ = workload.data()
            self.model.build(_tree(tuple(each.shape[1:] for each in inputs)))
        self.model.compile(optim.Adam(LEARNING_RATE), loss="cross_entropy", jit=jit)

    def parameters(self) -> int:
        return self.model.count_params()

    def weights(self) -> list[NDArray]:
        """The weights in order of definition, in the canonical layout."""
        to_numpy = self.model.backend.state.to_numpy
        return [to_numpy(weight) for weight in self.model.named_weights().values()]

    def train(self, x: Arrays, y: NDArray, epochs: int) -> list[float]:
        history = self.model.fit(_tree(x), y, batch_size=self.batch, epochs=epochs, verbose=0)
        return list(history["loss"])

    def predict(self, x: Arrays) -> NDArray:
        found: NDArray = self.model.predict(_tree(x), batch_size=self.batch)
        return found


def _tree(x: tuple[Any, ...]) -> Any:
    """One input by itself, several as the tuple that they are."""
    return x[0] if len(x) == 1 else x


def build(workload: Workload) -> Fitted:
    return Fitted(workload)


def eager() -> dict[str, Callable[[], Any]]:
    x, other, row = ops.ones(8), ops.ones(8), ops.ones((1, 8))
    model = dn.Model(nn.Dense(8, activation="relu"), (8,))
    step = _step(model)
    if model.backend.name == "tensorflow":  # where native users compile it
        step = dn.jit(step)
    return {
        "op": lambda: ops.add(x, other),
        "call": lambda: model(row),
        "step": lambda: step(row, row),
    }


def _step(model: dn.Model) -> Callable[..., Any]:
    optimizer = optim.Adam(LEARNING_RATE).bind(model)
    weights = model.trainable_variables

    def step(x: Any, y: Any) -> Any:
        with dn.GradientTape() as tape:
            loss = dn.losses.mse(y, model(x, training=True))
        optimizer.apply(tape.gradient(loss, weights))
        return loss

    return step
