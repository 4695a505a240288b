"""``dn.parity.check``: one function of tensors on two backends, its value and its gradients."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from dualnet import dtypes, tree
from dualnet.errors import ConfigError, ParityError, TapeError
from dualnet.parity import disagreement
from dualnet.parity.comparison import two_backends
from dualnet.parity.distances import ZERO, distance, distances, worst_index
from dualnet.parity.evaluation import GRADIENT, SECOND, ULPS, VALUE, Evaluation, Outcome
from dualnet.parity.gates import CONTROL_FACTOR, EPSILON, denormal
from dualnet.parity.gradcheck import hold_to_differences
from dualnet.parity.nudge import nudged_inputs
from dualnet.random.layout import checked_integer
from dualnet.report.values import Distance
from dualnet.typing import NDArray, Tree

__all__ = ["Check", "Question", "check"]

#: Draws of the control: each moves every input by one ulp, up or down.
DRAWS = 2


@dataclass(frozen=True)
class Check:
    """What :func:`check` found: every leaf's distance, all of them within bounds.

    Attributes:
        backends: the two that were compared.
        rtol: what a leaf may be off by, as a part of its largest element.
        distances: leaf to distance; ``"value"``, ``"gradient of input 0"``, …
    """

    backends: tuple[str, str]
    rtol: float
    distances: dict[str, Distance]


def check(
    fn: Callable[..., Tree],
    *inputs: Tree,
    dtype: str = "float64",
    rtol: float | None = None,
    gradients: bool = True,
    second_gradients: bool = False,
    gradcheck: bool = False,
    backends: tuple[str, str] | None = None,
    device: str = "cpu",
    seed: int = 0,
) -> Check:
    """Holds a function of tensors to the same value and the same derivatives on both backends.

    The gradients ``g`` are those of ``Σ r · fn(inputs)`` with fixed numbers ``r`` in
    ``[½, 1½)``, which, unlike a plain sum, hide no row that is scaled or swapped; the second
    gradients are those of ``Σ s · g``, with other such numbers.

    A call depends on its arguments alone and keeps nothing, so it may stand in a property of
    `hypothesis <https://hypothesis.readthedocs.io>`_.

    Args:
        fn: a function of native tensors, made of ``dn.ops``, that gives a tensor or a tree.
        inputs: arrays, or trees of them; floating ones are cast to ``dtype``.
        dtype: of the floating inputs.
        rtol: how far elements may be apart, as a part of the leaf's largest element;
            ``8 ε √n`` for ``n`` elements in the largest input or output if not given (of a
            derivative, at least as a part of what it is taken of), or ten times
            as far as one ulp in every input moves the leaf on one backend.
        gradients: whether to compare gradients with respect to the floating inputs.
        second_gradients: whether to compare second gradients.
        gradcheck: whether to hold each backend's gradients, and second gradients if they are
            compared, to central differences along three directions, in float64; where the
            inputs stand on a kink, such as ReLU's zero, this happens a thousandth beside them.
        backends: two names; the first two installed if not given.
        device: where to compute.
        seed: of the numbers ``r`` and ``s`` and the directions.

    Raises:
        ParityError: they do not agree; names the leaf, the index, both values, the ulps, and
            the control: how far one ulp in every input moves the leaf on the first backend.
        TapeError: a framework cannot take a derivative, or there is nothing to differentiate.
        NonFiniteError: ``gradcheck`` where the function is not finite.
        ConfigError: an unknown dtype, or derivatives asked for without ``gradients``.
        BackendNotFound: there are not two backends.

    >>> from dualnet import ops, parity
    >>> x = np.linspace(-1.0, 1.0, 5)
    >>> found = parity.check(lambda x: ops.exp(x), x, second_gradients=True, gradcheck=True)
    >>> sorted(found.distances)
    ['gradient of input', 'second gradient of input', 'value']
    """
    names = two_backends(backends)
    question = Question.of(
        fn,
        inputs,
        dtype=dtype,
        rtol=rtol,
        gradients=gradients,
        second_gradients=second_gradients,
        gradcheck=gradcheck,
        device=device,
        seed=seed,
    )
    first, second = (question.evaluation.on(name) for name in names)
    question.hold(names, first, second)
    question.hold_gradients(names, first)
    found = {
        leaf: distance(a, second.leaves[leaf], dtype=first.dtypes[leaf])
        for leaf, a in first.leaves.items()
    }
    return Check(names, question.tolerance(first), found)


@dataclass(frozen=True)
class Question:
    """A function at its inputs, and how closely its outcomes must agree."""

    evaluation: Evaluation
    rtol: float | None
    gradcheck: bool

    @classmethod
    def of(
        cls,
        fn: Callable[..., Tree],
        inputs: tuple[Tree, ...],
        *,
        dtype: str,
        rtol: float | None,
        gradients: bool,
        second_gradients: bool,
        gradcheck: bool,
        device: str,
        seed: int,
    ) -> Question:
        """The arguments of :func:`check`, looked at.

        Raises:
            ConfigError: an unknown dtype, or derivatives asked for without ``gradients``.
        """
        kind = dtypes.canonical(dtype)
        if kind not in EPSILON:
            raise ConfigError(f"dtype={dtype!r}; choose one of {', '.join(EPSILON)}")
        for option, asked in (("second_gradients", second_gradients), ("gradcheck", gradcheck)):
            if asked and not gradients:
                raise ConfigError(f"{option}=True needs the gradients; leave gradients=False out")
        order = 2 if second_gradients else int(gradients)
        checked_integer("seed", seed, 0, 1 << 64)
        return cls(Evaluation(fn, inputs, kind, device, order, seed), rtol, gradcheck)

    def tolerance(self, outcome: Outcome) -> float:
        """What a leaf may be off by, as a part of its largest element."""
        if self.rtol is not None:
            return self.rtol
        leaves = (*tree.leaves(self.evaluation.inputs), *outcome.leaves.values())
        largest = max((np.size(leaf) for leaf in leaves), default=1)
        return ULPS * EPSILON[self.evaluation.dtype] * math.sqrt(largest)

    @staticmethod
    def _terms(leaf: str, outcome: Outcome) -> float:
        """The size of the terms that a derivative is made of; 0 for a value.

        It is that of what is differentiated: a derivative such as ``x y (1 - y)`` has the
        rounding error of ``x``, however small it is where ``y`` saturates.
        """
        of = {GRADIENT: VALUE, SECOND: GRADIENT}
        name = next((of[kind] for kind in of if leaf.startswith(kind)), None)
        found = {} if name is None else outcome.below(name)
        return max((_scale(each, each) for each in found.values()), default=0.0)

    def hold(
        self, names: tuple[str, str], first: Outcome, second: Outcome, control: str | None = None
    ) -> None:
        """Holds two outcomes to each other.

        Args:
            control: the backend on which to tell conditioning from errors; the first of
                ``names`` if not given.

        Raises:
            ParityError: they differ.
        """
        _same_form(names, first, second)
        rtol = self.tolerance(first)
        for leaf, a in first.leaves.items():
            b = second.leaves[leaf]
            scale = max(_scale(a, b), denormal(self.evaluation.dtype))
            if self.rtol is None:
                scale = max(scale, self._terms(leaf, first))
            apart, allowed = distance(a, b).absolute, rtol * scale
            if apart <= allowed:
                continue
            where = control or names[0]
            moved = self._moved(where, leaf)
            if self.rtol is None and apart <= CONTROL_FACTOR * moved.absolute:
                continue
            raise ParityError(
                f"{disagreement.worst(leaf, names, a, b, first.dtypes[leaf])}, where "
                f"{allowed:.1g} is allowed (rtol={rtol:.1g} of the largest element)\n"
                f"{disagreement.conditioning(where, moved, apart)}"
            )

    def hold_gradients(self, names: tuple[str, ...], outcome: Outcome) -> None:
        """Holds the gradients on each backend to central differences, if that was asked for.

        Raises:
            ParityError: they differ.
            TapeError: there is no gradient, though something was asked of it.
        """
        second = self.evaluation.order == 2
        if not (second or self.gradcheck):
            return
        if not outcome.below(GRADIENT):
            option = "second_gradients" if second else "gradcheck"
            raise TapeError(
                f"{option}=True, but no floating value depends on a floating input by operations "
                "that have a gradient; give floating inputs, or leave the option out"
            )
        exact = replace(self, evaluation=replace(self.evaluation, dtype="float64"))
        for name in dict.fromkeys(names) if self.gradcheck else ():
            control = partial(exact._control, name)
            for of_second in (False, True)[: self.evaluation.order]:
                hold_to_differences(exact.evaluation, name, second=of_second, control=control)

    def _control(self, name: str, leaf: str, apart: float) -> str:
        """What one ulp in every input does to a leaf, in words."""
        return disagreement.conditioning(name, self._moved(name, leaf), apart)

    def _moved(self, name: str, leaf: str) -> Distance:
        """What one ulp in every input does to a leaf on one backend."""
        evaluation, moved = self.evaluation, ZERO
        here = evaluation.on(name).leaves
        arrays = tree.map(np.asarray, evaluation.inputs)
        for draw in range(DRAWS):
            inputs = nudged_inputs(arrays, evaluation.dtype, draw)
            there = evaluation.at(inputs).on(name).leaves
            moved |= _moved(leaf, here, there)
        return moved


def _moved(leaf: str, here: dict[str, NDArray], there: dict[str, NDArray]) -> Distance:
    """How far the element that moves furthest has moved; nowhere, if the leaf is not there."""
    a, b = here.get(leaf), there.get(leaf)
    if a is None or b is None:
        return ZERO
    if a.shape != b.shape:
        return distances({leaf: a}, {leaf: b})[leaf]
    index = worst_index(a, b)
    return distance(a[index], b[index])


def _same_form(names: tuple[str, str], a: Outcome, b: Outcome) -> None:
    """Structure, leaves, shapes and dtypes."""
    if a.structure != b.structure:
        raise ParityError(_differ("value", names, f"has the form {a.structure}", b.structure))
    for leaf in [*a.leaves, *(leaf for leaf in b.leaves if leaf not in a.leaves)]:
        if leaf not in a.leaves or leaf not in b.leaves:
            have, lack = names if leaf in a.leaves else names[::-1]
            raise ParityError(f"there is a {leaf} on {have}, and none on {lack}")
        if a.dtypes[leaf] != b.dtypes[leaf]:
            raise ParityError(_differ(leaf, names, f"is {a.dtypes[leaf]}", b.dtypes[leaf]))
        if a.leaves[leaf].shape != b.leaves[leaf].shape:
            shape = f"has shape {a.leaves[leaf].shape}"
            raise ParityError(_differ(leaf, names, shape, b.leaves[leaf].shape))


def _differ(leaf: str, names: tuple[str, str], left: str, right: object) -> str:
    return f"{leaf} {left} on {names[0]}, {right} on {names[1]}"


def _scale(a: NDArray, b: NDArray) -> float:
    """The largest finite size of an element."""
    everything = np.concatenate((np.abs(a).ravel(), np.abs(b).ravel())).astype(np.float64)
    return float(everything[np.isfinite(everything)].max(initial=0.0))
