"""Gradients held to central differences, in float64.

Along a direction ``v`` the slope of ``φ(x) = Σ r · fn(x)`` is ``∇φ · v`` by the gradient, and
``(φ(x + hv) - φ(x - hv)) / 2h`` by differences, with ``h = ε^⅓``, which balances an error of
``h² φ‴ / 6`` from the step and of ``ε φ / h`` from rounding (Press et al., *Numerical Recipes*,
section 5.7).  Both errors are measured: the first by a second step of twice the size, the second
by the fourth difference of the five values, which of a smooth function is rounding alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from dualnet import tree
from dualnet.errors import NonFiniteError, ParityError
from dualnet.parity.disagreement import at_index, sizes
from dualnet.parity.evaluation import (
    GRADIENT,
    SECOND,
    ULPS,
    VALUE,
    Evaluation,
    Outcome,
    contraction,
    input_leaves,
)
from dualnet.parity.gates import EPSILON
from dualnet.random import Stream
from dualnet.typing import NDArray, Tree

__all__ = ["hold_to_differences"]

#: Directions that are tried, each through all inputs at once.
DIRECTIONS = 3
#: The step ``ε^⅓``, relative to each element.
STEP = EPSILON["float64"] ** (1.0 / 3.0)
#: How far the input moves, relative to each element, where it stands on a kink.
ASIDE = 2.0**-10
#: One-sided slopes part in proportion to the step where a function is smooth, ½ for half the
#: step, and stay apart at a kink.
KINK = 0.6
#: Slopes of two steps that part by more than this part of them do not resolve the function.
COARSE = 0.1

Vector = npt.NDArray[np.float64]
#: Gives the line about conditioning, from a leaf and the absolute difference in it.
Control = Callable[[str, float], str]


@dataclass(frozen=True)
class _Slope:
    """The slope along a direction by differences, within ``error``.

    Attributes:
        kink: whether the slopes on both sides, or of both steps, are not one.
    """

    value: float
    error: float
    kink: bool

    def agrees(self, slope: float) -> bool:
        return abs(slope - self.value) <= self.error


def hold_to_differences(
    evaluation: Evaluation, backend: str, *, second: bool, control: Control
) -> None:
    """Holds the gradients on one backend to central differences.

    Args:
        evaluation: the function at its inputs.
        second: whether to look at the second gradients, as slopes of the first.
        control: gives the line about conditioning.

    Raises:
        ParityError: they differ; names the leaf and the index.
        NonFiniteError: the function is not finite in any neighbourhood.
    """
    exact = replace(evaluation, dtype="float64", order=1 if second else 0)
    point = _Point(exact, backend, 0.0)
    if point.singular:
        point = _Point(exact, backend, ASIDE)
    if point.slopes is None:
        raise NonFiniteError(
            f"gradcheck needs finite values around the inputs, and on {backend} the function "
            "gives NaN or infinity there; move the inputs away from the edge of its domain, or "
            "pass gradcheck=False"
        )
    for direction, slope in zip(point.directions, point.slopes, strict=True):
        if not slope.agrees(float(point.gradient @ direction)):
            raise ParityError(point.complaint(direction, control))


class _Point:
    """A function around one point, its floating inputs as one vector.

    Args:
        aside: how far to move away from the inputs, relative to each element.
    """

    def __init__(self, evaluation: Evaluation, backend: str, aside: float) -> None:
        self._evaluation, self._backend = evaluation, backend
        floating = [leaf for leaf in tree.leaves(evaluation.inputs) if _is_floating(leaf)]
        self._shapes = [np.shape(leaf) for leaf in floating]
        given = [np.ravel(np.asarray(leaf, np.float64)) for leaf in floating]
        self._scale = np.concatenate([_scale(leaf) for leaf in given])
        moved = aside * self._scale * self._direction(DIRECTIONS)
        self._x: Vector = np.concatenate(given) + moved
        self.directions = [self._scale * self._direction(k) for k in range(DIRECTIONS)]

    def _direction(self, number: int) -> Vector:
        stream = Stream(self._evaluation.seed, "check", "direction", number)
        return stream.normal(self._scale.shape)

    @property
    def _name(self) -> str:
        return SECOND if self._evaluation.order else GRADIENT

    @cached_property
    def slopes(self) -> list[_Slope] | None:
        """Along each direction; ``None`` where a value is not finite."""
        found = [self._slope(direction) for direction in self.directions]
        return None if None in found else [slope for slope in found if slope is not None]

    @property
    def singular(self) -> bool:
        """Whether the point is no place for differences: on a kink, or at the edge."""
        return self.slopes is None or any(slope.kink for slope in self.slopes)

    @cached_property
    def gradient(self) -> Vector:
        """The gradient by the tape; zero where there is none."""
        found = self._at(self._x, self._evaluation.order + 1).leaves
        names = input_leaves(self._name, len(self._shapes))
        pairs = zip(names, self._shapes, strict=True)
        return np.concatenate([np.ravel(found.get(n, np.zeros(shape))) for n, shape in pairs])

    def complaint(self, direction: Vector, control: Control) -> str:
        """What differs, narrowed down to one element where the difference has one home."""
        low, high = 0, direction.size
        while high - low > 1:
            middle = (low + high) // 2
            halves = ((low, middle), (middle, high))
            wrong = [half for half in halves if self._differs(_part(direction, *half))]
            if not wrong:
                break
            low, high = wrong[0]
        part = _part(direction, low, high)
        single = high - low == 1
        length = float(part[low]) if single else 1.0
        slope = self._slope(part)
        assert slope is not None  # as along the whole direction
        leaf, index = self._place(low)
        where = at_index(leaf, index) if single else f"{leaf}, along one direction,"
        tape = np.float64(self.gradient @ part) / length
        differences = np.float64(slope.value) / length
        return (
            f"{where} is {tape!r} on {self._backend}, but {differences!r} by central differences: "
            f"{sizes(tape, differences)}, where {slope.error / abs(length):.1g} is allowed (step "
            f"{STEP:.1g}, relative)\n{control(leaf, abs(float(tape - differences)))}"
        )

    def _differs(self, direction: Vector) -> bool:
        slope = self._slope(direction)
        return slope is not None and not slope.agrees(float(self.gradient @ direction))

    def _place(self, flat: int) -> tuple[str, tuple[int, ...]]:
        """Leaf and index in it of an element of the vector."""
        ends = np.cumsum([math.prod(shape) for shape in self._shapes])
        number = int(np.searchsorted(ends, flat, side="right"))
        shape = self._shapes[number]
        index = np.unravel_index(flat - int(ends[number]) + math.prod(shape), shape)
        name = input_leaves(self._name, len(self._shapes))[number]
        return name, tuple(int(i) for i in index)

    def _at(self, x: Vector, order: int) -> Outcome:
        """The function at another vector."""
        pieces = iter(np.split(x, np.cumsum([math.prod(s) for s in self._shapes])[:-1]))
        shapes = iter(self._shapes)

        def taken(leaf: Tree) -> Tree:
            return next(pieces).reshape(next(shapes)) if _is_floating(leaf) else leaf

        inputs = tree.map(taken, self._evaluation.inputs)
        return replace(self._evaluation.at(inputs), order=order).on(self._backend)

    def _terms(self, x: Vector) -> Vector:
        """What ``φ`` sums: every element of the value (or gradients) times its number."""
        found = self._at(x, self._evaluation.order)
        wanted = found.below(GRADIENT if self._name == SECOND else VALUE)
        seed, floating = self._evaluation.seed, _floating(wanted)
        terms = [np.ravel(contraction(seed, leaf, a.shape) * a) for leaf, a in floating.items()]
        return np.concatenate(terms) if terms else np.zeros(1)

    @cached_property
    def _size(self) -> float:
        """``Σ |φ|``, to which roundings are relative.

        A gradient is also the difference of terms of the size of the value over the input's.
        """
        size = float(np.abs(self._here).sum())
        if self._name == SECOND:
            values = _floating(self._at(self._x, 0).leaves).values()
            length = float(np.sqrt(np.mean(self._scale**2)))
            size += sum(float(np.abs(value).sum()) for value in values) / length
        return size

    @cached_property
    def _here(self) -> Vector:
        return self._terms(self._x)

    def _slope(self, direction: Vector) -> _Slope | None:
        here = self._here
        with np.errstate(all="ignore"):
            far_below, below, above, far_above = (
                self._terms(self._x + k * STEP * direction) for k in (-2, -1, 1, 2)
            )
            near = float((above - below).sum()) / (2 * STEP)
            far = float((far_above - far_below).sum()) / (4 * STEP)
            jump = abs(float((above - 2 * here + below).sum())) / STEP
            far_jump = abs(float((far_above - 2 * here + far_below).sum())) / (2 * STEP)
            fourth = float((far_below - 4 * below + 6 * here - 4 * above + far_above).sum())
            roundings = ULPS * EPSILON["float64"] * math.sqrt(here.size) * self._size
        error = 2 * abs(near - far) + (roundings + abs(fourth)) / STEP
        if not math.isfinite(near + error):
            return None
        noise, apart = roundings / STEP, abs(near - far)
        kink = jump > max(KINK * far_jump, 2 * noise)
        coarse = apart > max(COARSE * max(abs(near), abs(far)), noise)
        return _Slope(near, error, kink or coarse)


def _part(direction: Vector, low: int, high: int) -> Vector:
    """A direction along a range of elements only."""
    part = np.zeros_like(direction)
    part[low:high] = direction[low:high]
    return part


def _is_floating(leaf: Tree) -> bool:
    return np.asarray(leaf).dtype.kind == "f"


def _floating(leaves: dict[str, NDArray]) -> dict[str, NDArray]:
    return {name: array for name, array in leaves.items() if array.dtype.kind == "f"}


def _scale(leaf: NDArray) -> Vector:
    """The size of each element; of a zero, the typical size of its array, or 1."""
    size = np.abs(leaf)
    typical = float(np.sqrt(np.mean(size**2))) if size.size else 0.0
    return np.where(size > 0, size, typical or 1.0)
