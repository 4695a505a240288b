"""A function of tensors held to a reference."""

from __future__ import annotations

from typing import Any

from dualnet.parity.checking import Question
from dualnet.parity.evaluation import Outcome
from dualnet.testing.case import Reference
from dualnet.testing.snapshots import Snapshot, array_digest
from dualnet.typing import NDArray

__all__ = ["hold_function", "write_function"]


def write_function(reference: Reference, question: Question) -> None:
    """Writes the outcome on a backend as the reference.

    Raises:
        SnapshotError: it cannot be written.
    """
    outcome = question.evaluation.on(reference.backend)
    content = {"structure": outcome.structure, "dtypes": outcome.dtypes}
    _snapshot(reference, question).write(content, outcome.leaves)


def hold_function(reference: Reference, question: Question) -> None:
    """Holds the outcome on a backend to the reference.

    Raises:
        ParityError: they differ.
        SnapshotError: there is no valid reference.
    """
    writer, there = _snapshot(reference, question).read(_outcome)
    backend = reference.backend
    here = question.evaluation.on(backend)
    question.hold((f"{writer} (snapshot)", backend), there, here, control=backend)
    question.hold_gradients((backend,), here)


def _outcome(content: dict[str, Any], leaves: dict[str, NDArray]) -> Outcome:
    ordered = {leaf: leaves[leaf] for leaf in content["dtypes"]}  # a file loses the order
    return Outcome(content["structure"], ordered, content["dtypes"])


def _snapshot(reference: Reference, question: Question) -> Snapshot:
    evaluation = question.evaluation
    settings = {
        "dtype": evaluation.dtype,
        "derivatives": evaluation.order,
        "seed": evaluation.seed,
        "inputs": array_digest(evaluation.inputs),
    }
    return Snapshot(reference, "function", settings)
