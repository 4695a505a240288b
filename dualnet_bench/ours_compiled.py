"""dualnet compiled as far as can be: XLA, or `torch.compile`."""

from __future__ import annotations

from dualnet.bench.workloads import Workload
from dualnet_bench.ours import Fitted, eager

__all__ = ["build", "eager"]


def build(workload: Workload) -> Fitted:
    return Fitted(workload, jit=True)
