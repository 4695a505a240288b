"""Two models' layers side by side: which calls belong together, and what is compared of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dualnet.errors import ParityError
from dualnet.parity.distances import ZERO, distances, largest
from dualnet.parity.foreign.alignment import Alignment, align, left_over
from dualnet.parity.foreign.recording import Executed
from dualnet.parity.foreign.sides import Side
from dualnet.parity.foreign.weights import facts, renamed, values
from dualnet.protocols.foreign import Rule, Unit
from dualnet.report.values import Distance
from dualnet.typing import NDArray

__all__ = [
    "Matched",
    "PairCall",
    "between",
    "flattened_otherwise",
    "matched",
    "pair_calls",
    "with_rows",
]

Named = Mapping[str, NDArray]


@dataclass(frozen=True, eq=False)
class Matched:
    """Two sides whose layers are aligned; ``b``'s weights have ``a``'s names."""

    a: Side
    b: Side
    alignment: Alignment

    @property
    def pairs(self) -> list[tuple[Unit, Unit]]:
        """The layers that belong together, in order of execution."""
        return [(self.a.units[i], self.b.units[j]) for i, j in self.alignment.pairs]

    def weights_differ(self, place: int) -> dict[str, Distance]:
        """How far apart the weights are that both layers of a pair have."""
        one, other = self.pairs[place]
        a, b = values(self.a.backend, one), values(self.b.backend, other)
        return distances({n: a[n] for n in a if n in b}, {n: b[n] for n in b if n in a})

    def lacking(self) -> list[tuple[Unit, Unit, list[str]]]:
        """Of each pair of which one layer lacks weights: that with, that without, and which."""
        found = []
        for one, other in self.pairs:
            a, b = ([name for rule in unit.rules for name in rule.ours] for unit in (one, other))
            for with_, without, names in (
                (one, other, [name for name in a if name not in b]),
                (other, one, [name for name in b if name not in a]),
            ):
                if names:
                    found.append((with_, without, names))
        return found


@dataclass(frozen=True, eq=False)
class PairCall:
    """One call of one pair, in one mode."""

    place: int
    a: Executed
    b: Executed

    @property
    def inputs(self) -> Distance | None:
        """How far apart their inputs are; ``None`` if they cannot be exchanged."""
        return between(self.a.inputs, self.b.inputs)

    @property
    def outputs(self) -> Distance | None:
        """How far apart their outputs are, as the models ran."""
        return between(self.a.outputs, self.b.outputs)


def between(a: Named, b: Named) -> Distance | None:
    """The largest distance at the names that both have; ``None`` if shapes or names differ."""
    shared = [name for name in a if name in b]
    if not shared or any(a[name].shape != b[name].shape for name in shared):
        return None
    found = distances({n: a[n] for n in shared}, {n: b[n] for n in shared})
    return largest(found)[1] if found else ZERO


def matched(
    a: Side,
    b: Side,
    calls_a: Sequence[Executed],
    calls_b: Sequence[Executed],
    mapping: Mapping[str, str] | None,
) -> Matched:
    """Aligns the layers of two models that have been run.

    Raises:
        ConfigError: as of :func:`~dualnet.parity.foreign.alignment.align`.
        ParityError: layers with weights are left without partner.
    """
    facts_a = [facts(a.backend, unit) for unit in a.units]
    facts_b = [facts(b.backend, unit) for unit in b.units]
    found = align(
        facts_a,
        facts_b,
        _order(calls_a, len(a.units)),
        _order(calls_b, len(b.units)),
        mapping,
    )
    units = list(b.units)
    for (_, j), names in zip(found.pairs, found.names, strict=True):
        units[j] = renamed(units[j], names)
    models = Matched(a, b.with_units(units), found)
    wrong = left_over([facts_a[i] for i in found.alone_a], [facts_b[j] for j in found.alone_b])
    if wrong:
        raise ParityError(wrong + _first_other_shape(pair_calls(models, calls_a, calls_b), models))
    return models


def _first_other_shape(calls: Sequence[PairCall], models: Matched) -> str:
    """Where outputs begin to have other shapes, which is often why weights do not fit."""
    for call in calls:
        for name, x in call.a.outputs.items():
            y = call.b.outputs.get(name, x)
            if x.shape != y.shape:
                one, other = models.pairs[call.place]
                return (
                    f". Before them, the outputs of {one.path!r} and {other.path!r} have different "
                    f"shapes: {x.shape} and {y.shape}"
                )
    return ""


def _order(calls: Sequence[Executed], count: int) -> list[int]:
    """Places in order of their first call; those never called at the end."""
    called = dict.fromkeys(call.unit for call in calls)
    return [*called, *(place for place in range(count) if place not in called)]


def pair_calls(
    models: Matched, calls_a: Sequence[Executed], calls_b: Sequence[Executed]
) -> list[PairCall]:
    """The calls of every pair, the first with the first, in ``a``'s order of execution."""
    partner = {i: (place, j) for place, (i, j) in enumerate(models.alignment.pairs)}
    by_place = {(call.unit, call.number): call for call in calls_b}
    found = []
    for call in calls_a:
        place, j = partner.get(call.unit, (-1, -1))
        other = by_place.get((j, call.number))
        if other is not None:
            found.append(PairCall(place, call, other))
    return found


# Flatten


def flattened_otherwise(call: PairCall, earlier: Sequence[PairCall], gate: float) -> NDArray | None:
    """The order in which ``b`` sees the features of ``a``'s input, if that is all that differs.

    Channels first and channels last, an image becomes a row of features in two orders:
    ``(channels, positions)`` and ``(positions, channels)``.  The place of each of ``b``'s
    features among ``a``'s is given.
    """
    a, b = (each.inputs.get("input") for each in (call.a, call.b))
    if a is None or b is None or a.ndim != 2 or a.shape != b.shape:
        return None
    shapes = {x.shape[-1] for c in earlier for x in c.a.outputs.values() if x.ndim > 2}
    features = a.shape[1]
    for channels in sorted(shapes):
        if features % channels or channels in (1, features):
            continue
        order = np.arange(features).reshape(channels, -1).T.ravel()
        for each in (order, np.argsort(order)):
            found = between({"input": a[:, each]}, {"input": b})
            if found is not None and found.relative <= gate:
                return each
    return None


def with_rows(unit: Unit, order: NDArray) -> Unit:
    """A dense layer whose features are seen in another order: its input and its kernel's rows."""
    back = np.argsort(order)

    def moved(rule: Rule) -> Rule:
        if rule.ours != ("kernel",):
            return rule
        return replace(
            rule,
            read=lambda x: (rule.read(x)[0][order],),
            write=lambda x: rule.write(x[back]),
        )

    return replace(unit, rules=tuple(map(moved, unit.rules)), features=order)
