"""L-BFGS at work: all variables as one vector, and a loss that is evaluated again and again."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from dualnet import ops, tree
from dualnet.dtypes import promote, wide
from dualnet.errors import ConfigError, NonFiniteError, StateError
from dualnet.optim.bound import BoundOptimizer, Closure, evaluated
from dualnet.optim.history import History, Pair, dot
from dualnet.optim.keeping import beside
from dualnet.optim.line_search import StrongWolfe, Trial
from dualnet.protocols import Backend
from dualnet.typing import NDArray, Tensor, Tree
from dualnet.variables import take_over

if TYPE_CHECKING:
    from dualnet.optim.lbfgs import LBFGS

__all__ = ["BoundLBFGS"]

#: What is kept of all variables at once, by its name in the state.
GRADIENT, MOVE, S, Y = "gradient", "move", "s", "y"


@dataclass(frozen=True)
class _Point:
    """The loss where the variables are, and its gradient as a vector."""

    loss: float
    gradient: Tensor


class BoundLBFGS(BoundOptimizer):
    """What :meth:`LBFGS.bind` gives: :meth:`minimize` changes the variables in place.

    Attributes:
        iterations: how many iterations all updates have made.
        evaluations: how many times they have evaluated the loss.
    """

    rule: LBFGS

    def __init__(self, rule: LBFGS, model: Tree) -> None:
        super().__init__(rule, model)
        if self._constraints:
            raise ConfigError(
                f"{rule!r} takes no constraints: a search along a line would leave them; train "
                "with another optimizer, or without them"
            )
        self._vector = _Vector(self._backend, self.variables)
        self._history = History(rule.history_size)
        self._gradient = self._move = ops.zeros_like(self._vector.read())
        self.iterations = 0
        self.evaluations = 0

    def apply(self, gradients: Tree) -> None:
        """Refuses: gradients at one point are not enough.

        Raises:
            StateError: always.
        """
        raise StateError(
            f"{self.rule!r} evaluates the loss several times in one update; give minimize a "
            "function that computes the loss and its gradients"
        )

    def minimize(self, closure: Closure) -> Tensor:
        """One update: up to ``max_iter`` iterations, with a loss that is evaluated for each.

        Raises:
            StateError: it is called inside a compiled function.
            NonFiniteError: the loss or a gradient is NaN or infinite at a point that was to be
                taken.  As with whatever ``closure`` raises, variables and optimizer are then as
                they were before the call.
            As :meth:`BoundOptimizer.apply`, for the gradients.
        """
        if self._backend.jit.tracing():
            raise StateError(
                "L-BFGS decides by the loss what to do next, which a compiled function cannot; "
                "compile the function that computes the loss and its gradients, and call "
                "minimize outside"
            )
        with self._backend.tape.no_gradient(), self._undone_by_errors():
            loss, gradients = evaluated(closure)
            self._search(closure, self._point(loss, gradients))
            self._backend.optim.count(self._counter)
        return self._backend.tape.stop_gradient(loss)

    @contextmanager
    def _undone_by_errors(self) -> Iterator[None]:
        before, pairs = self._vector.read(), self._history.pairs
        kept = self._gradient, self._move, self.iterations
        try:
            yield
        except BaseException:
            self._vector.write(before)
            self._history.pairs = pairs
            self._gradient, self._move, self.iterations = kept
            raise

    def _search(self, closure: Closure, point: _Point) -> None:
        """The iterations of one update, from a point that has been evaluated."""
        rule, left = self.rule, self.rule.evaluations - 1
        for iteration in range(1, rule.max_iter + 1):
            if self._largest(point.gradient) <= rule.tolerance_grad:
                return
            direction = self._direction(point.gradient)
            length = self.learning_rate * (self._first_part(point) if self.iterations == 1 else 1.0)
            self._move = direction * length
            slope = self._number(dot(point.gradient, direction))
            if slope > -rule.tolerance_change:
                return
            if rule.line_search_fn is None:
                self._vector.write(self._vector.read() + self._move)
                if iteration == rule.max_iter:
                    return
                found, used = self._point(*evaluated(closure)), 1
            else:
                start = Trial(0.0, point.loss, point.gradient, slope)
                found, used = self._searched(closure, start, direction, length, left)
            left -= used
            if (
                left <= 0
                or self._largest(self._move) <= rule.tolerance_change
                or abs(found.loss - point.loss) < rule.tolerance_change
            ):
                return
            point = found

    def _direction(self, gradient: Tensor) -> Tensor:
        """Where to go, once the last move has been learned from."""
        self.iterations += 1
        if self.iterations > 1:
            self._history.add(self._move, gradient - self._gradient)
        self._gradient = gradient
        return self._history.direction(gradient)

    def _searched(
        self, closure: Closure, start: Trial, direction: Tensor, length: float, most: int
    ) -> tuple[_Point, int]:
        """Where a search along a direction ends, and how many evaluations it took."""
        here = self._vector.read()

        def at(length: float) -> Trial:
            self._vector.write(here + length * direction)
            loss, gradient = self._measured(*evaluated(closure))
            loss = math.inf if math.isnan(loss) else loss
            return Trial(length, loss, gradient, self._number(dot(gradient, direction)))

        longest, tolerance = self._largest(direction), self.rule.tolerance_change
        search = StrongWolfe(at, start, longest=longest, tolerance=tolerance, most=most)
        trial = search.run(length)
        self._move = direction * trial.length
        self._vector.write(here + self._move)
        return _Point(trial.loss, trial.gradient), search.evaluations

    def _point(self, loss: Tensor, gradients: Tree) -> _Point:
        """A point that is taken.

        Raises:
            NonFiniteError: it is none that one could go on from.
        """
        value, gradient = self._measured(loss, gradients)
        if not (math.isfinite(value) and math.isfinite(self._largest(gradient))):
            raise NonFiniteError(
                f"the loss ({value}) or its gradient is NaN or infinite; nothing was changed. "
                "Lower the learning rate, search with line_search_fn='strong_wolfe', or look for "
                "NaN in the data"
            )
        return _Point(value, gradient)

    def _measured(self, loss: Tensor, gradients: Tree) -> tuple[float, Tensor]:
        self.evaluations += 1
        return self._number(loss), self._vector.joined(self._checked(tree.leaves(gradients)))

    def _largest(self, vector: Tensor) -> float:
        return self._number(ops.max(ops.abs(vector)))

    def _first_part(self, point: _Point) -> float:
        """Of the learning rate, at the very first iteration."""
        return min(1.0, 1.0 / self._number(ops.sum(ops.abs(point.gradient))))

    def _number(self, scalar: Tensor) -> float:
        return float(self._backend.state.to_numpy(scalar))

    # State

    def _held(self) -> dict[str, Tensor]:
        vectors = {GRADIENT: self._gradient, MOVE: self._move}
        pairs = {S: [p.s for p in self._history.pairs], Y: [p.y for p in self._history.pairs]}
        held = super()._held() | self._counters(self.iterations, self.evaluations)
        for name, vector in vectors.items():
            held |= self._by_path(name, self._vector.parted(vector))
        for name, rows in pairs.items():
            stacked = ops.stack(rows) if rows else ops.zeros_like(self._gradient)[None][:0]
            held |= self._by_path(name, self._vector.parted(stacked))
        return held

    def _by_path(self, name: str, tensors: Sequence[Tensor]) -> dict[str, Tensor]:
        return {f"{name}.{path}": t for path, t in zip(self.paths, tensors, strict=True)}

    def _counters(self, iterations: int, evaluations: int) -> dict[str, Tensor]:
        counter = self._backend.optim.counter
        return {"iterations": counter(iterations), "evaluations": counter(evaluations)}

    def load_state(self, state: Mapping[str, NDArray]) -> None:
        """Takes over what :meth:`state` gave; all of it, or nothing.

        Raises:
            StateError: names are missing or unknown, a value is of a kind that it cannot be, or
                more pairs were kept than ``history_size``.
            ShapeError: something has another shape than its variable.
        """
        pairs = np.shape(state.get(f"{S}.{self.paths[0]}", ()))[:1] or (0,)
        if pairs[0] > self.rule.history_size:
            raise StateError(
                f"the state has {pairs[0]} pairs of changes, {self.rule!r} keeps "
                f"{self.rule.history_size}; raise its history_size"
            )
        read = self._counters(0, 0)
        for name, outer in ((GRADIENT, ()), (MOVE, ()), (S, pairs), (Y, pairs)):
            read |= self._by_path(name, [self._room(v, outer) for v in self.variables])
        own = super()._held()
        take_over(self._backend, own | read, state, owner=f"{self.rule!r} on these variables")
        joined = {
            name: self._vector.joined([read[f"{name}.{path}"] for path in self.paths])
            for name in (GRADIENT, MOVE, S, Y)
        }
        self._gradient, self._move = joined[GRADIENT], joined[MOVE]
        rows = [(joined[S][i], joined[Y][i]) for i in range(pairs[0])]
        self._history.pairs = [Pair(s, y, dot(s, y)) for s, y in rows]
        self.iterations = int(self._number(read["iterations"]))
        self.evaluations = int(self._number(read["evaluations"]))

    def _room(self, variable: Tensor, outer: tuple[int, ...]) -> Tensor:
        shape = (*outer, *self._backend.state.shape(variable))
        return beside(self._backend, variable, np.zeros(shape))


class _Vector:
    """Variables as one vector, in the widest of their dtypes, half precision as float32."""

    def __init__(self, backend: Backend, variables: Sequence[Tensor]) -> None:
        self._backend = backend
        self._variables = variables
        self._shapes = [backend.state.shape(v) for v in variables]
        self._dtypes = [backend.state.dtype_name(v) for v in variables]
        self._dtype = reduce(promote, map(wide, self._dtypes))

    def joined(self, tensors: Sequence[Tensor | None]) -> Tensor:
        """Tensors, one for each variable, as a vector; of stacked ones a stack of vectors.

        ``None`` counts as zeros.
        """
        flat = []
        for variable, given, shape in zip(self._variables, tensors, self._shapes, strict=True):
            tensor = ops.zeros_like(variable) if given is None else given
            outer = tuple(tensor.shape)[: len(tensor.shape) - len(shape)]
            flat.append(ops.reshape(ops.astype(tensor, self._dtype), (*outer, math.prod(shape))))
        return ops.concat(flat, axis=-1)

    def parted(self, vector: Tensor) -> list[Tensor]:
        """The inverse of :meth:`joined`."""
        outer, parts, begin = tuple(vector.shape)[:-1], [], 0
        for shape, dtype in zip(self._shapes, self._dtypes, strict=True):
            end = begin + math.prod(shape)
            part = ops.reshape(vector[..., begin:end], (*outer, *shape))
            parts.append(ops.astype(part, wide(dtype)))
            begin = end
        return parts

    def read(self) -> Tensor:
        """The variables' values."""
        return self.joined(self._variables)

    def write(self, vector: Tensor) -> None:
        """Overwrites the variables."""
        pairs = zip(self._variables, self._dtypes, self.parted(vector), strict=True)
        for variable, dtype, value in pairs:
            self._backend.state.assign(variable, ops.astype(value, dtype))
