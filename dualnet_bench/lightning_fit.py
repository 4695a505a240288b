"""Lightning: the PyTorch networks under its `Trainer`, all that costs time and is optional off."""

from __future__ import annotations

import logging
import warnings
from typing import Any

import lightning
import torch
from torch.nn import functional as F
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    RandomSampler,
    SequentialSampler,
    TensorDataset,
)

from dualnet.bench.workloads import LEARNING_RATE, Arrays, Workload
from dualnet.typing import NDArray
from dualnet_bench.torch_loop import network, tensors

__all__ = ["Fitted", "Module", "build", "eager"]


class Module(lightning.LightningModule):
    """A network and how it is trained."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network
        self.losses: list[float] = []
        self.total = torch.zeros(())

    def training_step(self, batch: Any, _: int) -> Any:
        *inputs, targets = batch
        loss = F.cross_entropy(self.network(*inputs), targets)
        self.total += loss.detach()
        return loss

    def on_train_epoch_end(self) -> None:
        self.losses.append(float(self.total) / self.trainer.num_training_batches)
        self.total.zero_()

    def predict_step(self, batch: Any, _: int) -> Any:
        return self.network(*batch)

    def configure_optimizers(self) -> Any:
        return torch.optim.Adam(self.network.parameters(), lr=LEARNING_RATE, fused=True)


class Fitted:
    """A module and its trainers."""

    def __init__(self, workload: Workload) -> None:
        logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
        warnings.filterwarnings("ignore", module="lightning")  # of workers for data in memory
        self.module, self.batch = Module(network(workload)), workload.batch

    def parameters(self) -> int:
        return sum(p.numel() for p in self.module.parameters() if p.requires_grad)

    def train(self, x: Arrays, y: NDArray, epochs: int) -> list[float]:
        self.module.losses = []
        self._trainer(epochs).fit(self.module, self._loader(x, y))
        return self.module.losses

    def predict(self, x: Arrays) -> NDArray:
        found: NDArray = torch.cat(self._trainer(1).predict(self.module, self._loader(x))).numpy()
        return found

    def _loader(self, x: Arrays, y: NDArray | None = None) -> Any:
        """Whole batches are cut from the tensors; shuffled if there are targets."""
        targets = () if y is None else (torch.from_numpy(y),)
        data = TensorDataset(*tensors(x), *targets)
        order = SequentialSampler(data) if y is None else RandomSampler(data)
        sampler = BatchSampler(order, self.batch, drop_last=False)
        return DataLoader(data, sampler=sampler, batch_size=None)

    def _trainer(self, epochs: int) -> Any:
        return lightning.Trainer(
            accelerator="cpu",
            max_epochs=epochs,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )


def build(workload: Workload) -> Fitted:
    return Fitted(workload)


def eager() -> dict[str, Any]:
    """Nothing: what runs eagerly is PyTorch."""
    return {}
