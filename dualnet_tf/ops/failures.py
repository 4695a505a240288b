"""What TensorFlow's errors mean, known by their words."""

from __future__ import annotations

import re

import tensorflow as tf

from dualnet.errors import DtypeError, DualnetError, IndexRangeError, NonFiniteError, ShapeError

#: What TensorFlow raises where something is wrong with its arguments.
KINDS = (tf.errors.InvalidArgumentError, tf.errors.NotFoundError, ValueError)

MEANINGS: tuple[tuple[str, type[DualnetError]], ...] = (
    (r"division by zero|not invertible|decomposition was not successful", NonFiniteError),
    (r"negative integer powers|Could not find device|allowed values|same type|NodeDef", DtypeError),
    (r"indices.* not in \[|out of bounds|out of range \[0", IndexRangeError),
    (
        r"[Ss]ize|[Ss]hape|[Dd]imension|\bdims?\b|[Rr]ank|[Bb]roadcast|axis|split|ndims|columns|missing",
        ShapeError,
    ),
    (r"must be square|incompatible", ShapeError),
)


def failure(error: Exception, /) -> DualnetError | None:
    if not isinstance(error, KINDS):
        return None
    if isinstance(error, DualnetError):
        return None
    text = re.sub(r"\{\{.*?\}\} | \[Op:.*", "", str(error))  # which kernel it was
    return next((ours(text) for words, ours in MEANINGS if re.search(words, text)), None)


def _graph_failure(error: tf.errors.InvalidArgumentError) -> DualnetError | None:
    """What a compiled function's error means: its text tells mainly where the graph was made."""
    text = str(error)
    if found := re.search(r"batch normalisation in training .*? or LayerNorm", text, re.DOTALL):
        return ShapeError(found[0])
    if found := re.search(r"= (-?\d+) is not in \[0, (\d+)\)", text):
        index, size = map(int, found.groups())
        return IndexRangeError(
            f"index {index} is outside its axis of {size} entries; valid ones are 0 to {size - 1}"
        )
    return None
