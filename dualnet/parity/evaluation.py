"""A function of tensors evaluated on one backend: value and derivatives, as NumPy by leaf."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from dualnet import registry, tree
from dualnet.device import select
from dualnet.errors import DualnetError, TapeError
from dualnet.parity.lane import named_leaves
from dualnet.parity.recorded import Recorded, floating_leaves
from dualnet.protocols import Backend
from dualnet.random import Stream
from dualnet.typing import DtypeName, NDArray, Tensor, Tree

__all__ = [
    "Evaluation",
    "GRADIENT",
    "Outcome",
    "SECOND",
    "ULPS",
    "VALUE",
    "contraction",
    "input_leaves",
]

#: Units in the last place that one elementary function may be off (measured: 7).
ULPS = 8.0
#: The kinds of leaves.
VALUE, GRADIENT, SECOND = "value", "gradient of input", "second gradient of input"


@dataclass(frozen=True)
class Outcome:
    """What a function gave on one backend, by leaf.

    Attributes:
        structure: the form of its value.
        leaves: ``"value"``, ``"gradient of input 0"``, … as NumPy.
        dtypes: the dtypes that they had.
    """

    structure: str
    leaves: dict[str, NDArray]
    dtypes: dict[str, str]

    def below(self, name: str) -> dict[str, NDArray]:
        """The leaves of one kind."""
        return {leaf: array for leaf, array in self.leaves.items() if leaf.startswith(name)}


@dataclass(frozen=True)
class Evaluation:
    """A function at its inputs, and what is asked of it there.

    Attributes:
        fn: a function of native tensors.
        inputs: arrays, or trees of them; floating ones are cast to ``dtype``.
        dtype: of the floating inputs.
        device: where to compute.
        order: 0 for the value, 1 for its gradients ``g = ∇ Σ r · fn(inputs)`` as well, 2 for
            ``∇ Σ s · g`` as well.
        seed: of the numbers ``r`` and ``s`` in ``[½, 1½)``, see :func:`contraction`.
    """

    fn: Callable[..., Tree]
    inputs: tuple[Tree, ...]
    dtype: DtypeName
    device: str
    order: int
    seed: int

    def at(self, inputs: tuple[Tree, ...]) -> Self:
        """The same at other inputs."""
        return replace(self, inputs=inputs)

    def on(self, name: str) -> Outcome:
        """The outcome on the backend of this name.

        Raises:
            TapeError: it has no derivative of the order asked for.
        """
        backend = registry.load(name)
        chosen = select(backend, self.device)
        place = backend.device.native(chosen)

        def to_native(leaf: Any) -> Tensor:
            array = np.asarray(leaf)
            wanted = self.dtype if array.dtype.kind == "f" else None
            return backend.state.from_numpy(array, dtype=wanted, device=place)

        with backend.device.scope(chosen):
            run = _Run(backend, self.fn, tree.map(to_native, self.inputs), self.order, self.seed)
            leaves = run.leaves()
        return Outcome(
            tree.structure(run.value),
            {leaf: backend.state.to_numpy(tensor) for leaf, tensor in leaves.items()},
            {leaf: backend.state.dtype_name(tensor) for leaf, tensor in leaves.items()},
        )


def contraction(seed: int, leaf: str, shape: tuple[int, ...]) -> NDArray:
    """The numbers a leaf is multiplied with before its elements are summed.

    Unlike a plain sum, they hide no row that is scaled or swapped.
    """
    return Stream(seed, "check", leaf).uniform(shape, 0.5, 1.5)


def input_leaves(name: str, count: int) -> list[str]:
    """What the gradients of ``count`` floating inputs are called."""
    return list(named_leaves(name, list(range(count))))


class _Run:
    """A function of tensors that has been run, and whose derivatives have been taken."""

    def __init__(
        self,
        backend: Backend,
        fn: Callable[..., Tree],
        tensors: tuple[Tree, ...],
        order: int,
        seed: int,
    ) -> None:
        self._backend, self._fn, self._tensors, self._seed = backend, fn, tensors, seed
        self._watched = floating_leaves(backend, tensors) if order else []
        self._gradients: list[Tensor | None] = []
        self._second: list[Tensor | None] = []
        self.value: Tree = None
        if order < 2:
            self._first(differentiable=False)
            return
        outer = Recorded(backend, lambda: self._first(differentiable=True), self._watched)
        found = self._named(GRADIENT, self._gradients)
        self._second = self._derived(SECOND, outer, found)

    def leaves(self) -> dict[str, Tensor]:
        """Every tensor by name.

        A second gradient that does not exist is zero: which constants are known to be
        constant is the framework's affair.
        """
        found = self._named(VALUE, tree.leaves(self.value)) | self._named(GRADIENT, self._gradients)
        ops, pairs = self._backend.ops, zip(self._watched, self._second, strict=False)
        second = [ops.zeros_like(x) if g is None else g for x, g in pairs]
        return found | self._named(SECOND, second)

    def _named(self, name: str, tensors: Sequence[Tensor | None]) -> dict[str, Tensor]:
        named = named_leaves(name, list(tensors)) if tensors else {}
        return {leaf: tensor for leaf, tensor in named.items() if tensor is not None}

    def _first(self, *, differentiable: bool) -> None:
        run = Recorded(self._backend, lambda: self._fn(*self._tensors), self._watched)
        self.value = run.value
        values = self._named(VALUE, tree.leaves(run.value))
        targets = {k: v for k, v in values.items() if floating_leaves(self._backend, v)}
        self._gradients = self._derived(GRADIENT, run, targets, differentiable=differentiable)

    def _derived(
        self,
        name: str,
        run: Recorded[Any],
        targets: dict[str, Tensor],
        *,
        differentiable: bool = False,
    ) -> list[Tensor | None]:
        """The gradient of every watched input; ``None`` where it has none."""
        if not targets or not self._watched:
            return [None] * len(self._watched)
        upstream = [self._weights(leaf, tensor) for leaf, tensor in targets.items()]
        try:
            return run.gradients(
                list(targets.values()), self._watched, upstream, differentiable=differentiable
            )
        except DualnetError:
            raise
        except Exception as error:  # each framework has its own, down to LookupError
            what = name.removesuffix(" of input")
            option = "second_gradients" if name == SECOND else "gradients"
            raise TapeError(
                f"{self._backend.name} cannot take the {what} of this function "
                f"({type(error).__name__}: {error}); give it one with dn.custom_gradient, or "
                f"leave it out with {option}=False"
            ) from error

    def _weights(self, leaf: str, tensor: Tensor) -> Tensor:
        state, device = self._backend.state, self._backend.device
        return state.from_numpy(
            contraction(self._seed, leaf, state.shape(tensor)),
            dtype=state.dtype_name(tensor),
            device=device.native(device.device_of(tensor)),
        )
