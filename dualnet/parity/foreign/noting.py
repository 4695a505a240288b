"""What a reader of a report should know besides the distances."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from dualnet.parity.distances import largest
from dualnet.parity.foreign.pairing import Matched
from dualnet.parity.foreign.phases import Pass, made_up_for
from dualnet.parity.foreign.weights import trained
from dualnet.parity.gates import Gates

__all__ = ["notes_of", "other_weights"]


def notes_of(models: Matched, passes: Sequence[Pass], gates: Gates) -> list[str]:
    """Notes about a comparison.

    Args:
        passes: in evaluation and in training mode.
    """
    found = [*_lacking(models), *_frozen(models), *_not_finite(passes[0])]
    found += dict.fromkeys(note for run in passes for note in _made_up_for(run, gates))
    return found


def _lacking(models: Matched) -> Iterator[str]:
    """Weights that one layer of a pair lacks."""
    for with_, without, names in models.lacking():
        value = "one" if names == ["gamma"] else "zero"
        if "gamma" in names and len(names) > 1:
            value = "one (gamma) and zero"
        yield (
            f"{with_.path!r} has {', '.join(names)}, its partner {without.path!r} has not: taken "
            f"for {value} there"
        )


def _frozen(models: Matched) -> Iterator[str]:
    """Weights that one side trains and the other does not."""
    names = [
        f"{one.path}.{name}"
        for one, other in models.pairs
        for name in sorted(set(trained(one)) ^ set(trained(other)))
    ]
    if names:
        yield f"trained in one model only: {', '.join(names)}"


def _not_finite(run: Pass) -> Iterator[str]:
    """Outputs in which differences cannot be seen."""
    for label, outputs in zip("ab", run.outputs, strict=True):
        if not all(np.isfinite(x).all() for x in outputs.values()):
            yield (
                f"the output of {label} holds NaN or infinity, beside which nothing can be "
                "compared: are the inputs in order?"
            )


def _made_up_for(run: Pass, gates: Gates) -> Iterator[str]:
    for call in run.calls:
        own = call.outputs
        if (own is None or own.relative > gates.forward) and made_up_for(run, call, gates):
            one, other = run.models.pairs[call.place]
            yield (
                f"{one.path!r} and {other.path!r} give different outputs, and what comes next is "
                "equal: what one has inside, the other has behind it"
            )


def other_weights(models: Matched, gates: Gates) -> Iterator[str]:
    """Notes about weights that differ, for models that agree."""
    for place, (one, other) in enumerate(models.pairs):
        name, apart = largest(models.weights_differ(place))
        if apart.relative > gates.forward:
            yield (
                f"{name} of {one.path!r} and {other.path!r} differ (relative "
                f"{apart.relative:.2g}), though nothing that was compared does: with these inputs "
                "they make no difference, or the layer is not used"
            )
