"""dualnet one operation after another, with no graph."""

from __future__ import annotations

from dualnet.bench.workloads import Workload
from dualnet_bench.ours import Fitted, eager

__all__ = ["build", "eager"]


def build(workload: Workload) -> Fitted:
    return Fitted(workload, jit=False)
