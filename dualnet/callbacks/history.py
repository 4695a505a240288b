"""What every epoch measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dualnet.callbacks.base import Callback

__all__ = ["History"]


class History(Callback):
    """What every epoch measured: ``history["loss"]`` is a list, one entry per epoch.

    Attributes:
        epoch: the numbers of the finished epochs.
        history: name to values.
        interrupted: whether Ctrl-C ended the run.
    """

    def __init__(self) -> None:
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}
        self.interrupted = False

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        self.epoch.append(epoch)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(float(value))

    def state(self) -> dict[str, Any]:
        return {"epoch": self.epoch, "history": self.history}

    def load_state(self, state: Mapping[str, Any]) -> None:
        self.epoch = list(state["epoch"])
        self.history = {name: list(values) for name, values in state["history"].items()}

    def __getitem__(self, name: str) -> list[float]:
        return self.history[name]

    def __repr__(self) -> str:
        last = ", ".join(f"{name}={values[-1]:.4g}" for name, values in self.history.items())
        return f"History({len(self.epoch)} epochs; last: {last})"
