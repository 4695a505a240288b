"""``dn.parity.check``: one function of tensors on two backends, its value and its gradients."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from dualnet import dtypes, registry, tree
from dualnet.device import select
from dualnet.errors import ConfigError, ParityError
from dualnet.parity.comparison import two_backends
from dualnet.parity.distances import distance, worst_index
from dualnet.parity.gates import EPSILON
from dualnet.parity.lane import named_leaves
from dualnet.parity.recorded import Recorded
from dualnet.parity.tracing import floating_leaves
from dualnet.protocols import Backend
from dualnet.random import Stream
from dualnet.report.values import Distance
from dualnet.typing import DtypeName, NDArray, Tensor, Tree

__all__ = ["Check", "check"]

#: Units in the last place that one elementary function may be off (measured: 7).
ULPS = 8.0


@dataclass(frozen=True)
class Check:
    """What :func:`check` found: every leaf's distance, all of them within ``rtol``.

    Attributes:
        backends: the two that were compared.
        rtol: what a leaf may be off by, as a part of its largest element.
        distances: leaf to distance; ``"value"``, ``"gradient of input 0"``, …
    """

    backends: tuple[str, str]
    rtol: float
    distances: dict[str, Distance]


@dataclass(frozen=True)
class _Outcome:
    """What the function gave on one backend, as NumPy, by leaf."""

    structure: str
    leaves: dict[str, NDArray]
    dtypes: dict[str, str]


def check(
    fn: Callable[..., Tree],
    *inputs: Tree,
    dtype: str = "float64",
    rtol: float | None = None,
    gradients: bool = True,
    backends: tuple[str, str] | None = None,
    device: str = "cpu",
) -> Check:
    """Holds a function of tensors to the same value and the same gradients on both backends.

    The gradients are those of ``Σ r · fn(inputs)`` with fixed numbers ``r`` in ``[½, 1½)``,
    which, unlike a plain sum, hide no row that is scaled or swapped.

    Args:
        fn: a function of native tensors, made of ``dn.ops``, that gives a tensor or a tree.
        inputs: arrays, or trees of them; floating ones are cast to ``dtype``.
        dtype: of the floating inputs.
        rtol: how far elements may be apart, as a part of the leaf's largest element;
            ``8 ε √n`` for ``n`` elements in the largest input or output if not given.
        gradients: whether to compare gradients with respect to the floating inputs.
        backends: two names; the first two installed if not given.
        device: where to compute.

    Raises:
        ParityError: they do not agree; names the leaf, the index, both values and the ulps.
        BackendNotFound: there are not two backends.

    >>> from dualnet import ops, parity
    >>> found = parity.check(lambda x: ops.exp(x), np.linspace(-1.0, 1.0, 5))
    >>> sorted(found.distances)
    ['gradient of input', 'value']
    """
    names = two_backends(backends)
    kind = dtypes.canonical(dtype)
    if kind not in EPSILON:
        raise ConfigError(f"dtype={dtype!r}; choose one of {', '.join(EPSILON)}")
    first, second = (
        _run(registry.load(name), fn, inputs, kind, device, gradients=gradients) for name in names
    )
    _same_form(names, first, second)
    tolerance = _tolerance(kind, inputs, first) if rtol is None else rtol
    for leaf in first.leaves:
        _same_values(leaf, names, first.leaves[leaf], second.leaves[leaf], tolerance)
    found = {leaf: distance(a, second.leaves[leaf]) for leaf, a in first.leaves.items()}
    return Check(names, tolerance, found)


def _run(
    backend: Backend,
    fn: Callable[..., Tree],
    inputs: tuple[Tree, ...],
    dtype: DtypeName,
    device: str,
    *,
    gradients: bool,
) -> _Outcome:
    chosen = select(backend, device)
    place = backend.device.native(chosen)

    def to_native(leaf: Any) -> Tensor:
        array = np.asarray(leaf)
        wanted = dtype if array.dtype.kind == "f" else None
        return backend.state.from_numpy(array, dtype=wanted, device=place)

    with backend.device.scope(chosen):
        tensors = tree.map(to_native, inputs)
        watched = floating_leaves(backend, tensors) if gradients else []
        run = Recorded(backend, lambda: fn(*tensors), watched)
        leaves = named_leaves("value", run.value)
        if gradients:
            leaves |= _gradients(backend, run, leaves, watched)
    return _Outcome(
        tree.structure(run.value),
        {name: backend.state.to_numpy(leaf) for name, leaf in leaves.items()},
        {name: backend.state.dtype_name(leaf) for name, leaf in leaves.items()},
    )


def _gradients(
    backend: Backend, run: Recorded[Tree], values: dict[str, Tensor], watched: list[Tensor]
) -> dict[str, Tensor]:
    """The gradient of every floating input that has one, by name."""
    targets = {name: leaf for name, leaf in values.items() if floating_leaves(backend, leaf)}
    upstream = [
        backend.state.from_numpy(
            Stream(0, "check", name).uniform(backend.state.shape(leaf), 0.5, 1.5),
            dtype=backend.state.dtype_name(leaf),
            device=backend.device.native(backend.device.device_of(leaf)),
        )
        for name, leaf in targets.items()
    ]
    named = named_leaves(
        "gradient of input", run.gradients(list(targets.values()), watched, upstream)
    )
    return {name: gradient for name, gradient in named.items() if gradient is not None}


def _tolerance(dtype: str, inputs: tuple[Tree, ...], outcome: _Outcome) -> float:
    sizes = [np.size(leaf) for leaf in (*tree.leaves(inputs), *outcome.leaves.values())]
    return ULPS * EPSILON[dtype] * math.sqrt(max(sizes, default=1))


def _same_form(names: tuple[str, str], a: _Outcome, b: _Outcome) -> None:
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


def _same_values(leaf: str, names: tuple[str, str], a: NDArray, b: NDArray, rtol: float) -> None:
    if distance(a, b).absolute <= rtol * _scale(a, b):
        return
    index = worst_index(a, b)
    here = distance(a[index], b[index])
    where = f"{leaf}[{', '.join(map(str, index))}]" if index else leaf
    raise ParityError(
        f"{where} is {a[index]!r} on {names[0]}, {b[index]!r} on {names[1]}: {here.ulps:.3g} ulps "
        f"apart, {here.absolute:.2g}, where {rtol * _scale(a, b):.1g} is allowed "
        f"(rtol={rtol:.1g} of the largest element)"
    )


def _scale(a: NDArray, b: NDArray) -> float:
    """The largest finite size of an element."""
    everything = np.concatenate((np.abs(a).ravel(), np.abs(b).ravel())).astype(np.float64)
    return float(everything[np.isfinite(everything)].max(initial=0.0))
