"""Likely causes of a parting, each tried on the layer alone before it is named."""

from __future__ import annotations

from dualnet.parity.foreign.causes.catalogue import CATALOGUE
from dualnet.parity.foreign.causes.cause import Cause
from dualnet.parity.foreign.causes.explanation import explain

__all__ = ["CATALOGUE", "Cause", "explain"]
