"""A network in training: compared on two backends, or held to a reference."""

from __future__ import annotations

from typing import Any

from dualnet.errors import ParityError
from dualnet.parity import compare
from dualnet.report.values import Divergence
from dualnet.testing.case import Reference
from dualnet.testing.courses import Course, Training
from dualnet.testing.snapshots import Snapshot

__all__ = ["compare_network", "hold_network", "write_network"]

#: Steps that are taken again to show the values that differ; a later one is only named.
SHOWN = 20


def compare_network(
    training: Training, backends: tuple[str, str], *, dtype: str, **options: Any
) -> None:
    """Trains on two backends.

    Raises:
        ParityError: the verdict is ``diverged``.
    """
    report = compare(
        training.network,
        training.x,
        training.y,
        loss=training.loss,
        optimizer=training.optimizer,
        batch_size=training.batch_size,
        seed=training.seed,
        sample_weight=training.sample_weight,
        input_shape=training.input_shape,
        device=training.device,
        dtype=dtype,
        backends=backends,
        **options,
    )
    if report.first is not None:
        evidence = _evidence(training, backends, report.first)
        raise ParityError(f"{report.verdict}: {report.first}\n{evidence}")


def _evidence(training: Training, backends: tuple[str, str], first: Divergence) -> str:
    """The values that differ, found by taking the steps again."""
    if first.step < SHOWN:
        try:
            course = Course.record(training, backends[0], first.step + 1)
            course.hold(training, backends[1], backends[0])
        except ParityError as error:
            return str(error).partition("\n")[2]  # the report has said where it is
    return f"control: rounding there moves it by {first.control:.2g} of its size"


def write_network(reference: Reference, training: Training, steps: int) -> None:
    """Writes the first steps on a backend as the reference.

    Raises:
        SnapshotError: it cannot be written.
    """
    course = Course.record(training, reference.backend, steps)
    snapshot = Snapshot(reference, "network", training.settings(steps))
    snapshot.write({"layers": course.order()}, course.arrays())


def hold_network(reference: Reference, training: Training, steps: int) -> None:
    """Holds the first steps on a backend to the reference.

    Raises:
        ParityError: they differ.
        SnapshotError: there is no valid reference.
    """
    snapshot = Snapshot(reference, "network", training.settings(steps))
    writer, course = snapshot.read(lambda content, arrays: Course.of(arrays, content["layers"]))
    course.hold(training, reference.backend, f"{writer} (snapshot)")
