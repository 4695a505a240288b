"""Timing dualnet beside what else computes the same: ``dualnet bench``.

What is timed, one module each, is in the package ``dualnet_bench``.  The processes that time it
load no more of this package than they need: their memory is measured too.
"""

from __future__ import annotations

__all__: list[str] = []
