"""Data: small real sets to try a network on, and the batches that ``fit`` walks.

Nothing here knows a framework.  The order of the batches is decided once, so that both
backends see the same samples in the same step.
"""

from dualnet.data.batches import Batch, Batches, BatchSource, split
from dualnet.data.datasets import Dataset, load_digits, load_iris
from dualnet.data.iterables import IterableBatches, as_batches
from dualnet.data.mnist import load_mnist, read_idx
from dualnet.data.prefetching import Prefetched
from dualnet.data.ragged import Ragged, pad_sequences
from dualnet.data.weights import class_sample_weights

__all__ = [
    "Batch",
    "BatchSource",
    "Batches",
    "Dataset",
    "IterableBatches",
    "Prefetched",
    "Ragged",
    "as_batches",
    "class_sample_weights",
    "load_digits",
    "load_iris",
    "load_mnist",
    "pad_sequences",
    "read_idx",
    "split",
]
