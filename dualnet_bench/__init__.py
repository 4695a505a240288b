"""What ``dualnet bench`` times, each written as its own users write it at their best.

A module imports its own framework and nothing of dualnet but the workload's type; what it defines
is :class:`dualnet.bench.contestants.Contender`.
"""

from __future__ import annotations

__all__: list[str] = []
