"""The sizes of rounding: what a difference must exceed before it can mean anything.

The gates were measured on MLPs, CNNs, LSTMs and transformers, 200 steps in lock-step: the
worst that rounding did in float64 lies 2 to 3 orders below them, and the smallest real
difference seen (one constant rounded to float32, 5e-9) 3 orders above.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dualnet import dtypes

__all__ = [
    "CONTROL_FACTOR",
    "DERIVATIVE_ROUNDINGS",
    "EPSILON",
    "Gates",
    "PROOF_FACTOR",
    "denormal",
    "free_run_bound",
    "gates",
]

#: A free run may part by this many times what one ulp in the first weights does to it.
CONTROL_FACTOR = 10.0
#: A step of the proof may part by this many times what one ulp in everything does to it.
PROOF_FACTOR = 100.0

#: Roundings of a derivative, in units of the largest that an activation has, which is 1.
DERIVATIVE_ROUNDINGS = 8.0
#: Distance from 1 to the next number; bfloat16 is unknown to NumPy.
EPSILON: Mapping[str, float] = {
    "float64": float(np.finfo(np.float64).eps),
    "float32": float(np.finfo(np.float32).eps),
    "float16": float(np.finfo(np.float16).eps),
    "bfloat16": 2.0**-7,
}
#: Roundings in a row that a free run makes per step, for each weight tensor on the way.
FREE_RUN_ROUNDINGS = 16.0


@dataclass(frozen=True)
class Gates:
    """The largest relative distance (2-norm) of each phase that rounding explains.

    Attributes:
        floor: a gradient is measured against no less than this part of the largest one.
        dead: a gradient below this part of the largest one, on both sides, is nothing but
            rounding.
    """

    forward: float
    loss: float
    gradient: float
    state: float
    update: float
    floor: float
    dead: float

    def of(self, phase: str) -> float:
        """The gate of a phase by its name."""
        return float(getattr(self, phase))


_GATES = {
    "float64": Gates(1e-12, 1e-12, 1e-11, 1e-12, 1e-12, floor=1e-6, dead=1e-10),
    "float32": Gates(1e-5, 1e-5, 1e-4, 1e-5, 1e-5, floor=1e-3, dead=1e-5),
    "float16": Gates(3e-2, 3e-2, 1e-1, 3e-2, 3e-2, floor=1e-1, dead=1e-2),
    "bfloat16": Gates(2e-1, 2e-1, 5e-1, 2e-1, 2e-1, floor=1e-1, dead=1e-1),
}


def gates(dtype: str) -> Gates:
    """The gates for a model's dtype; mixed precision has those of what it computes in."""
    return _GATES[dtypes.policy(dtype).compute]


def denormal(dtype: str) -> float:
    """The size below which denormal numbers matter, which one backend may flush to zero."""
    kind = np.finfo(np.float64 if dtype == "float64" else np.float32)
    return float(kind.tiny / kind.eps)


def free_run_bound(dtype: str, step: int, depth: int) -> float:
    """``16 · ε · √depth · √(step + 1)``: roundings add up like a random walk.

    Args:
        step: number of the step, from 0.
        depth: how many weight tensors there are.
    """
    epsilon = EPSILON[dtypes.policy(dtype).compute]
    return FREE_RUN_ROUNDINGS * epsilon * math.sqrt(max(depth, 1)) * math.sqrt(step + 1)
