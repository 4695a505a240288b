"""How a cause is found: corrections are tried on one layer alone, and one must do.

1. A side is *known* if its definition reproduces what it gave, within the gate of rounding.
   Where no definition does, what it gave stands for itself, and only corrections that act on
   data can be tried.
2. Each entry of the catalogue proposes corrections of the known side.  A correction is
   accepted if the corrected definition gives, within the gate, what the *other* side gave.
3. One correction is better than two, two are better than all options that differ, less those
   that make no difference.  Among single ones that leave the same rounding, the first of the
   catalogue is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from dualnet.errors import DualnetError
from dualnet.parity.distances import distances, largest
from dualnet.parity.foreign.causes.case import Case, Values
from dualnet.parity.foreign.causes.catalogue import CATALOGUE
from dualnet.parity.foreign.causes.catalogue.options import COPIED
from dualnet.parity.foreign.causes.cause import Cause
from dualnet.parity.foreign.causes.entry import Change, Entry, Trial, title
from dualnet.parity.foreign.causes.readings import CODE, readings
from dualnet.parity.foreign.facts import Facts
from dualnet.parity.foreign.parting import Parting

__all__ = ["explain"]

#: A correction must take the distance down to this part of what it was.
DROP = 1e-2
#: Distances within this factor of the least are rounding all the same.
SAME = 10.0
#: Pairs of corrections begin with this many of those that came nearest.
FIRSTS = 6
#: Inputs of so many numbers at most are given to pairs of corrections, of which there are hundreds.
SMALL = 2**17
#: What a correction that makes no sense for a layer may raise; it is then not the cause.
MEANINGLESS = (ArithmeticError, LookupError, TypeError, ValueError, DualnetError)


@dataclass(frozen=True, eq=False)
class _Attempt:
    """A correction, and how near it came."""

    entry: Entry
    change: Change
    trial: Trial
    after: float


def explain(parting: Parting) -> Cause | None:
    """The cause whose correction makes the two sides agree; ``None`` if none does."""
    found = _explained(parting)
    if found is None and parting.phase == "between":
        return next(filter(None, map(_explained, _inner(parting))), None)
    return found


def _inner(parting: Parting) -> Iterator[Parting]:
    """What stands between two layers as if it were a layer, on the output before it."""
    a, b = _stand_in(parting.alone_a, parting.a), _stand_in(parting.alone_b, parting.b)
    for x in parting.inputs:
        if a is not None and b is not None:
            yield replace(parting, phase="forward", a=a, b=b, inputs=(x,))


def _stand_in(alone: tuple[Facts, ...], after: Facts) -> Facts | None:
    """The one layer without partner in between, or code of which nothing is known."""
    if len(alone) > 1:
        return None
    return alone[0] if alone else Facts(after.path, CODE, "the code before", known=False)


def _explained(parting: Parting) -> Cause | None:
    before = parting.distance.relative
    if before <= parting.gate:
        return None
    limit = min(parting.gate, DROP * before)
    found: list[list[_Attempt]] = []
    with np.errstate(all="ignore"):
        for trial in _trials(parting):
            found.append(list(_attempts(trial)))
            accepted = _best(found[-1], limit)
            if accepted is not None:
                return _single(accepted, before)
        small = sum(x.size for x in parting.inputs) <= SMALL
        for attempts in found if small else ():
            pair = _pair(attempts, limit)
            if pair is not None:
                return _joined(pair, before)
        for attempts in found:
            several = _several(attempts, limit)
            if several:
                return _joined(several, before)
    return None


def _trials(parting: Parting) -> Iterator[Trial]:
    """Both directions, the one from a known side first."""
    a = _side(parting, "a", parting.a, parting.alone_a)
    b = _side(parting, "b", parting.b, parting.alone_b)
    for this, that in sorted(((a, b), (b, a)), key=lambda way: way[0].case.recorded is not None):
        yield Trial(this.case, that.case.facts, that.values, this.title, that.title, that.alone)


@dataclass(frozen=True, eq=False)
class _Side:
    """What is known of one side."""

    case: Case
    values: Values
    title: str
    alone: tuple[Facts, ...]


def _side(parting: Parting, name: str, facts: Facts, alone: tuple[Facts, ...]) -> _Side:
    values = _recorded(parting, name)
    called = title(facts, name)
    if parting.phase == "between":
        called = f"the code before {called}" if facts.kind != "Output" else f"the end of {name}"
    return _Side(_case(parting, facts, values), values, called, alone)


def _case(parting: Parting, facts: Facts, own: Values) -> Case:
    """A side's computation, in the first reading that reproduces it, or what was recorded."""
    case = Case(parting.phase, facts, parting.inputs, parting.training, parting.update)
    if parting.phase not in ("between", "gradient"):
        for reading in readings(case, own):
            if _distance(reading, own) <= parting.gate:
                return reading
    return replace(case, recorded=own)


def _recorded(parting: Parting, side: str) -> Values:
    """What one side gave."""
    if parting.phase == "gradient":
        return dict(getattr(parting, f"gradients_{side}"))
    if parting.phase == "weight":
        return dict(getattr(parting, side).weights)
    if parting.phase == "state":
        return dict(getattr(parting, f"state_{side}"))
    if parting.update is not None:
        return {"": getattr(parting.update, f"result_{side}")}
    return {"": np.asarray(getattr(parting, f"output_{side}"))}


def _distance(case: Case, target: Values) -> float:
    """How far a computation is from what a side gave; infinite if it makes no sense."""
    try:
        return largest(distances(case.values(), target))[1].relative
    except MEANINGLESS:
        return float("inf")


def _attempts(trial: Trial) -> Iterator[_Attempt]:
    for entry in CATALOGUE:
        if entry.applies(trial):
            for change in _proposed(entry, trial):
                yield _Attempt(entry, change, trial, _distance(change.case, trial.target))


def _proposed(entry: Entry, trial: Trial) -> Iterator[Change]:
    """The corrections that an entry has for a layer, as far as they can be made."""
    try:
        yield from entry.propose(trial)
    except MEANINGLESS:
        return


def _best(attempts: list[_Attempt], limit: float) -> _Attempt | None:
    accepted = [attempt for attempt in attempts if attempt.after <= limit]
    if not accepted:
        return None
    least = min(attempt.after for attempt in accepted)
    level = max(SAME * least, float(np.finfo(np.float64).eps) * SAME)
    return next(attempt for attempt in accepted if attempt.after <= level)


def _pair(attempts: list[_Attempt], limit: float) -> list[_Attempt] | None:
    """Two corrections together, the first among those that came nearest."""
    nearest = sorted(attempts, key=lambda attempt: attempt.after)[:FIRSTS]
    for first in nearest:
        trial = replace(first.trial, case=first.change.case)
        others = [each for each in _attempts(trial) if each.entry.name != first.entry.name]
        second = _best(others, limit)
        if second is not None:
            return [first, second]
    return None


def _several(attempts: list[_Attempt], limit: float) -> list[_Attempt]:
    """All options that differ, copied together, less those that make no difference."""
    needed = [attempt for attempt in attempts if attempt.entry in COPIED]
    if _after(needed) > limit:
        return []
    for attempt in list(needed):
        rest = [each for each in needed if each is not attempt]
        if _after(rest) <= limit:
            needed = rest
    needed.sort(key=lambda attempt: -_after([each for each in needed if each is not attempt]))
    return [*needed[:-1], replace(needed[-1], after=_after(needed))]


def _after(attempts: list[_Attempt]) -> float:
    """The distance that remains with the options of several attempts."""
    if not attempts:
        return float("inf")
    trial = attempts[0].trial
    mine = trial.facts.options
    options = dict(mine)
    for attempt in attempts:
        theirs = attempt.change.case.facts.options
        changed = [name for name in {**mine, **theirs} if mine.get(name) is not theirs.get(name)]
        options.update({name: theirs.get(name) for name in changed})  # None: left out
    return _distance(trial.case.option(**options), trial.target)


def _single(attempt: _Attempt, before: float) -> Cause:
    change = attempt.change
    text = f"{change.finding}; corrected, {_sizes(before, attempt.after)}"
    return Cause(attempt.entry.name, text, change.advice, before, attempt.after)


def _joined(attempts: list[_Attempt], before: float) -> Cause:
    """Several corrections as one, whose distance is that of the last."""
    changes = [attempt.change for attempt in attempts]
    names = [attempt.entry.name for attempt in attempts]
    after = attempts[-1].after
    finding = "; ".join(change.finding for change in changes)
    return Cause(
        f"{', '.join(names[:-1])} and {names[-1]}",
        f"{finding}; with all corrected, {_sizes(before, after)}",
        "; ".join(change.advice for change in changes),
        before,
        after,
    )


def _sizes(before: float, after: float) -> str:
    return f"the two differ by {after:.1e} instead of {before:.1e}"
