"""The fast kernel of cross entropy on PyTorch."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

NO_LABEL = torch.iinfo(torch.int64).min  # PyTorch would leave out -100


def label_cross_entropy(logits: Tensor, labels: Tensor, /, *, mean: bool = False) -> Tensor:
    labels = labels.to(torch.int64)
    if logits.ndim == 2:
        reduction = "mean" if mean else "none"
        return F.cross_entropy(logits, labels, ignore_index=NO_LABEL, reduction=reduction)
    flat = label_cross_entropy(logits.reshape(-1, logits.shape[-1]), labels.reshape(-1), mean=mean)
    return flat if mean else flat.reshape(labels.shape)
