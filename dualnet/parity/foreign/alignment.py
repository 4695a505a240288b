"""Which layer of one model is which of the other's: by order of execution, kind and shapes."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dualnet.errors import ConfigError
from dualnet.parity.foreign.facts import Facts
from dualnet.typing import Shape

__all__ = ["Alignment", "align", "left_over"]

#: Layers without weights that are compared where both models have them.
COMPARED = ("Activation", "MaxPool", "AvgPool", "GlobalMaxPool", "GlobalAvgPool", "Resize")

#: Kinds that are taken for each other in ports.
FAMILIES = {
    **{
        f"{size}{word}Pool{n}D": f"{size}Pool{n}D"
        for size in ("", "Global")
        for word in ("Max", "Avg")
        for n in (1, 2, 3)
    },
    **dict.fromkeys(("LayerNorm", "RMSNorm", "GroupNorm"), "Norm"),
}
#: Weights without which a layer is still the same layer: one that has no bias adds zero.
OPTIONAL = ("bias", "beta", "gamma")

#: What makes two layers the likelier pair.  Two layers with weights outweigh any number of
#: layers without that a model can have between them, and one pair of layers with the same
#: weights outweighs two of which one layer lacks some.
WEIGHTED, SIMILAR, SAME_VALUES, SAME_NAME, SAME_FUNCTION, PLAIN = (
    1000.0,
    400.0,
    100.0,
    10.0,
    1.0,
    0.25,
)


@dataclass(frozen=True)
class Alignment:
    """Pairs of places, in order of execution of the first model.

    Attributes:
        pairs: places of layers of ``a`` and ``b``.
        alone_a, alone_b: places without partner.
        names: for each pair, the names of ``b``'s weights to those of ``a``'s.
    """

    pairs: tuple[tuple[int, int], ...]
    alone_a: tuple[int, ...]
    alone_b: tuple[int, ...]
    names: tuple[Mapping[str, str], ...]


def align(
    a: Sequence[Facts],
    b: Sequence[Facts],
    order_a: Sequence[int],
    order_b: Sequence[int],
    mapping: Mapping[str, str] | None = None,
) -> Alignment:
    """Pairs up two models' layers.

    What the user maps comes first.  The rest is aligned as two sequences are, with gaps, in
    order of execution; layers with weights that are then left (branches that run in another
    order) pair up by kind and shapes.

    Args:
        order_a, order_b: all places, in order of execution.
        mapping: paths of ``a`` to paths of ``b``.

    Raises:
        ConfigError: a path in ``mapping`` is of no layer, or of a layer that cannot be its
            partner.
    """
    chosen = _mapped(a, b, mapping or {})
    free_a = [i for i in order_a if i not in dict(chosen) and _takes_part(a[i])]
    taken = {j for _, j in chosen}
    free_b = [j for j in order_b if j not in taken and _takes_part(b[j])]
    pairs = chosen + _sequences(a, b, free_a, free_b)
    pairs += _leftovers(a, b, free_a, free_b, pairs)
    place = {i: number for number, i in enumerate(order_a)}
    pairs.sort(key=lambda pair: place[pair[0]])
    alone_a = tuple(i for i in order_a if i not in {pair[0] for pair in pairs})
    alone_b = tuple(j for j in order_b if j not in {pair[1] for pair in pairs})
    names = tuple(_names(a[i], b[j]) or {} for i, j in pairs)
    return Alignment(tuple(pairs), alone_a, alone_b, names)


def _mapped(
    a: Sequence[Facts], b: Sequence[Facts], mapping: Mapping[str, str]
) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for path_a, path_b in mapping.items():
        i, j = _place(a, path_a, "a"), _place(b, path_b, "b")
        if j in [taken for _, taken in found]:
            raise ConfigError(f"mapping: {path_b!r} of b has two partners; it can have one")
        if _names(a[i], b[j]) is None:
            raise ConfigError(
                f"mapping: {_described(a[i])} cannot be {_described(b[j])}: the shapes of their "
                "weights differ"
            )
        found.append((i, j))
    return found


def _place(layers: Sequence[Facts], path: str, label: str) -> int:
    places = [i for i, layer in enumerate(layers) if layer.path == path]
    if not places:
        paths = [layer.path for layer in layers]
        near = difflib.get_close_matches(path, paths, 1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        known = ", ".join(map(repr, paths))
        raise ConfigError(f"mapping: {label} has no layer {path!r}{hint}; it has {known}")
    return places[0]


def _takes_part(layer: Facts) -> bool:
    return bool(layer.weights) or layer.kind.startswith(COMPARED)


# Sequences


def _sequences(
    a: Sequence[Facts], b: Sequence[Facts], places_a: Sequence[int], places_b: Sequence[int]
) -> list[tuple[int, int]]:
    """The best alignment in order, gaps free (Needleman & Wunsch 1970)."""
    rows, columns = len(places_a), len(places_b)
    best = np.zeros((rows + 1, columns + 1))
    gains = np.zeros((rows, columns))
    for r in range(rows):
        for c in range(columns):
            gains[r, c] = _gain(a[places_a[r]], b[places_b[c]])
            diagonal = best[r, c] + gains[r, c] if gains[r, c] else -np.inf
            best[r + 1, c + 1] = max(diagonal, best[r, c + 1], best[r + 1, c])
    found: list[tuple[int, int]] = []
    r, c = rows, columns
    while r and c:
        if gains[r - 1, c - 1] and best[r, c] == best[r - 1, c - 1] + gains[r - 1, c - 1]:
            r, c = r - 1, c - 1
            found.append((places_a[r], places_b[c]))
        elif best[r, c] == best[r - 1, c]:
            r -= 1
        else:
            c -= 1
    return found[::-1]


def _leftovers(
    a: Sequence[Facts],
    b: Sequence[Facts],
    places_a: Iterable[int],
    places_b: Iterable[int],
    pairs: Sequence[tuple[int, int]],
) -> list[tuple[int, int]]:
    """Layers with weights that only stand in another order, each with its likeliest partner."""
    left_a = [i for i in places_a if a[i].weights and i not in {i for i, _ in pairs}]
    left_b = [j for j in places_b if b[j].weights and j not in {j for _, j in pairs}]
    found = []
    for i in left_a:
        gain, j = max(((_gain(a[i], b[j]), -j) for j in left_b), default=(0.0, 0))
        if gain:
            found.append((i, -j))
            left_b.remove(-j)
    return found


def _gain(a: Facts, b: Facts) -> float:
    """What a pair adds to an alignment; zero for two that cannot be one."""
    if bool(a.weights) != bool(b.weights):
        return 0.0
    names = _names(a, b)
    if names is None:
        return 0.0
    last_a, last_b = (layer.path.rpartition(".")[2] for layer in (a, b))
    gain = SAME_NAME if last_a == last_b else 0.0
    if a.weights:
        if (a.kind != b.kind and a.known and b.known) or len(a.weights) != len(b.weights):
            return gain + SIMILAR
        same = all(np.array_equal(a.weights[names[n]], b.weights[n]) for n in b.weights)
        return gain + WEIGHTED + SAME_VALUES * float(same)
    same_function = a.kind == b.kind and bool(_function(a) == _function(b))
    return PLAIN + SAME_FUNCTION * same_function + gain / WEIGHTED


def _function(layer: Facts) -> Any:
    return layer.options.get("activation")


def _names(a: Facts, b: Facts) -> dict[str, str] | None:
    """``b``'s names of weights to ``a``'s; ``None`` if they cannot be the same layer.

    Two layers that dualnet knows have one vocabulary; of others, only the shapes are known.
    A weight that one of them lacks must be one that a layer may lack.
    """
    of_a, of_b = _shapes(a), _shapes(b)
    if a.known and b.known:
        names = {name: name for name in of_b} if _family(a) == _family(b) else None
    else:
        names = _by_shape(of_a, of_b) if of_a and of_b else None
    if names is None or any(of_a.get(names[n], shape) != shape for n, shape in of_b.items()):
        return None
    lacking = set(of_a) ^ set(names.values())
    return names if all(name.startswith(OPTIONAL) or "_bias" in name for name in lacking) else None


def _family(layer: Facts) -> str:
    return FAMILIES.get(layer.kind, layer.kind)


def _by_shape(a: Mapping[str, Shape], b: Mapping[str, Shape]) -> dict[str, str]:
    """``b``'s names to those of ``a``'s weights of the same shapes; its own for what is left."""
    left, found = dict(a), dict[str, str]()
    for name, shape in b.items():
        free = [n for n, s in left.items() if s == shape]
        found[name] = name if name in free or not free else free[0]
        left.pop(found[name] if free else "", None)
    return found


def _shapes(layer: Facts) -> dict[str, Shape]:
    return {name: array.shape for name, array in layer.weights.items()}


# Errors


def left_over(alone_a: Sequence[Facts], alone_b: Sequence[Facts]) -> str:
    """What is wrong if any layer without partner has weights; ``""`` if none has."""
    left = [[layer for layer in side if layer.weights] for side in (alone_a, alone_b)]
    if not any(left):
        return ""
    text = "; ".join(
        f"of {label}: {', '.join(map(_described, layers)) or 'none'}"
        for label, layers in zip("ab", left, strict=True)
    )
    return f"layers with weights are left without partner, {text}. {_advice(*left)}"


def _advice(left_a: Sequence[Facts], left_b: Sequence[Facts]) -> str:
    """What to do about layers that have no partner."""
    kinds = [{layer.kind for layer in side} for side in (left_a, left_b)]
    if "MultiHeadAttention" in kinds[0] ^ kinds[1]:
        return (
            "No mapping joins projections of your own to one attention layer: write the attention "
            "alike on both sides, either with torch.nn.MultiheadAttention, keras.layers."
            "MultiHeadAttention or dualnet.nn.MultiHeadAttention, or with a Dense or Linear layer "
            "each for query, key, value and output"
        )
    if "GRU" in kinds[0] & kinds[1] and len({_bias_rank(g) for g in (*left_a, *left_b)} - {0}) > 1:
        return (
            "A GRU with one bias (reset_after=False) cannot have the weights of one with two, "
            "which is the only one of PyTorch: make Keras's with reset_after=True"
        )
    if left_a and left_b:
        return "If two of them are the same, name them: mapping={path_in_a: path_in_b}"
    return "The other model has no such layer: add it there, or leave it out here"


def _bias_rank(layer: Facts) -> int:
    return layer.weights["bias"].ndim if layer.kind == "GRU" and "bias" in layer.weights else 0


def _described(layer: Facts) -> str:
    weights = ", ".join(f"{name} {shape}" for name, shape in _shapes(layer).items())
    return f"{layer.path!r} ({layer.kind}: {weights or 'no weights'})"
