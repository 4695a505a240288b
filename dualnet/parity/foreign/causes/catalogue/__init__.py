"""The catalogue of likely causes: a table, in the order in which they are thought of.

What says most about how two layers differ comes first, what is true of anything last.
"""

from __future__ import annotations

from dualnet.parity.foreign.causes.catalogue import (
    attention,
    between,
    convolution,
    data,
    gradients,
    losses,
    normalization,
    optimizers,
    options,
    pointwise,
    pooling,
    recurrent,
    weights,
)
from dualnet.parity.foreign.causes.entry import Entry

__all__ = ["CATALOGUE"]

CATALOGUE: tuple[Entry, ...] = (
    *convolution.FIRST,
    *options.ENTRIES,
    *normalization.ENTRIES,
    *convolution.ENTRIES,
    *pooling.ENTRIES,
    *recurrent.ENTRIES,
    *attention.ENTRIES,
    *pointwise.ENTRIES,
    *between.ENTRIES,
    *weights.ENTRIES,
    *data.ENTRIES,
    *gradients.ENTRIES,
    *optimizers.ENTRIES,
    *losses.ENTRIES,
    *pointwise.LAST,
    *data.LAST,
    *weights.LAST,
    *options.LAST,
)
