"""PyTorch, the training loop written by hand: data in memory, a fused optimizer, eager."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dualnet.bench.workloads import LEARNING_RATE, Arrays, Training, Workload
from dualnet.typing import NDArray
from dualnet_bench.torch_networks import NETWORKS, take_weights

__all__ = ["Loop", "build", "eager", "network", "tensors"]


def tensors(x: Arrays) -> tuple[Tensor, ...]:
    """The inputs; images as channels-last views, which is PyTorch's fastest layout on CPUs."""
    found = map(torch.from_numpy, x)
    return tuple(each.permute(0, 3, 1, 2) if each.ndim == 4 else each for each in found)


def network(workload: Workload) -> nn.Module:
    """The network, with the weights of convolutions in the layout of the images."""
    made: Any = NETWORKS[type(workload)](workload)  # of this overload there is no type
    found: nn.Module = made.to(memory_format=torch.channels_last)
    return found


class Loop:
    """A network, its optimizer, and the loops over batches."""

    def __init__(self, workload: Workload) -> None:
        self.batch = workload.batch
        self.network = network(workload)
        if isinstance(workload, Training):  # an optimizer loads and holds much
            self.optimizer = torch.optim.Adam(
                self.network.parameters(), lr=LEARNING_RATE, fused=True
            )

    def parameters(self) -> int:
        return sum(p.numel() for p in self.network.parameters() if p.requires_grad)

    def take_weights(self, weights: Sequence[NDArray]) -> None:
        take_weights(self.network, weights)

    def train(self, x: Arrays, y: NDArray, epochs: int) -> list[float]:
        inputs, targets = tensors(x), torch.from_numpy(y)
        self.network.train()
        return [self._epoch(inputs, targets) for _ in range(epochs)]

    def _epoch(self, inputs: tuple[Tensor, ...], targets: Tensor) -> float:
        network, optimizer = self.network, self.optimizer
        chosen = torch.randperm(len(targets)).split(self.batch)
        total = torch.zeros(())
        for ids in chosen:
            loss = F.cross_entropy(network(*(x[ids] for x in inputs)), targets[ids])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.detach()
        return float(total) / len(chosen)

    def predict(self, x: Arrays) -> NDArray:
        self.network.eval()
        batches = zip(*(each.split(self.batch) for each in tensors(x)), strict=True)
        with torch.inference_mode():
            return torch.cat([self.network(*batch) for batch in batches]).numpy()


def build(workload: Workload) -> Loop:
    return Loop(workload)


def eager() -> dict[str, Callable[[], Any]]:
    x, other = torch.ones(8), torch.ones(8)
    row, layer = torch.ones(1, 8), nn.Linear(8, 8)
    optimizer = torch.optim.Adam(layer.parameters(), lr=LEARNING_RATE, fused=True)

    def step() -> Tensor:
        loss = F.mse_loss(F.relu(layer(row)), row)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return {"op": lambda: torch.add(x, other), "call": lambda: F.relu(layer(row)), "step": step}
