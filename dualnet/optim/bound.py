"""An optimizer at work: slots, step counter and learning rate beside the variables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from dualnet import ops, registry, tree
from dualnet.dtypes import wide
from dualnet.errors import (
    ConfigError,
    DtypeError,
    ForeignTensorError,
    NonFiniteError,
    ShapeError,
    StateError,
)
from dualnet.optim import clipping
from dualnet.optim.accumulation import Accumulation
from dualnet.optim.base import Optimizer
from dualnet.optim.check import check_nonnegative
from dualnet.optim.groups import parted
from dualnet.optim.keeping import beside
from dualnet.optim.naming import common_backend, described, named_variables
from dualnet.optim.scalar import Number
from dualnet.optim.scaling import Scaling
from dualnet.optim.schedules import Schedule
from dualnet.shapes import fits
from dualnet.typing import NDArray, Tensor, Tree
from dualnet.variables import take_over

__all__ = ["BoundOptimizer", "Closure", "evaluated"]

#: Names in :meth:`BoundOptimizer.state` that belong to no variable.
STEP, LEARNING_RATE = "step", "learning_rate"

Gradients = Sequence[Tensor | None]
#: Variables, and by name what is kept for each.
Held = tuple[list[Tensor], dict[str, list[Tensor | None]]]
#: Computes the loss where the variables are, and its gradients as :meth:`BoundOptimizer.apply`
#: takes them.
Closure = Callable[[], tuple[Tensor, Tree]]

ADVICE = (
    "Lower the learning rate, look for NaN in the data, or leave such steps out with "
    "nonfinite='skip'"
)


class BoundOptimizer:
    """What :meth:`Optimizer.bind` gives: ``apply`` changes variables, slots and step in place.

    Works eagerly and inside a function compiled with ``dn.jit``; make it outside.

    Attributes:
        rule: the optimizer's definition.
        variables: the native variables, in the order in which gradients are given.
        paths: their names in :meth:`state`.
    """

    def __init__(self, rule: Optimizer, model: Tree) -> None:
        named = named_variables(model)
        self.rule = rule
        self.paths = tuple(named)
        self.variables = list(named.values())
        self._backend = backend = common_backend(named)
        state = backend.state
        self._dtypes = [state.dtype_name(v) for v in self.variables]
        self._shapes = [state.shape(v) for v in self.variables]
        self._half = any(wide(dtype) != dtype for dtype in self._dtypes)
        self._parts = parted(rule, self.paths)
        self._slots = self._first_slots()
        #: What each part updates where all its variables have gradients, as they mostly do.
        self._whole = [self._held_at(part.rule, part.places) for part in self._parts]
        constraints = model.constraints() if hasattr(model, "constraints") else {}
        self._constraints = [(i, constraints[p]) for i, p in enumerate(named) if p in constraints]
        self._sums = (
            Accumulation(backend, self.variables, rule.accumulate) if rule.accumulate > 1 else None
        )
        self._scaling = Scaling(backend, rule.loss_scale) if rule.loss_scale is not None else None
        self._counter = backend.optim.counter(0)
        self._skipped = backend.optim.counter(0)
        rate = rule.learning_rate
        self._schedule = rate if isinstance(rate, Schedule) else None
        self._rate = backend.optim.scalar(0.0 if isinstance(rate, Schedule) else float(rate))

    def _first_slots(self) -> dict[str, list[Tensor | None]]:
        """What each part keeps, by name and place; ``None`` where a variable has no such slot."""
        slots: dict[str, list[Tensor | None]] = {}
        for part in self._parts:
            for name in part.rule.kept:
                held = slots.setdefault(name, [None] * len(self.variables))
                for place in part.places:
                    held[place] = self._slot(part.rule, name, self.variables[place])
        return slots

    def _held_at(self, rule: Optimizer, places: list[int]) -> Held:
        """The variables at some places, and what is kept for them."""
        slots = {name: [self._slots[name][i] for i in places] for name in rule.kept}
        return [self.variables[i] for i in places], slots

    def _slot(self, rule: Optimizer, name: str, variable: Tensor) -> Tensor | None:
        first = rule.first(name, self._backend.state.to_numpy(variable))
        return None if first is None else beside(self._backend, variable, first)

    def __repr__(self) -> str:
        return f"BoundOptimizer({self.rule!r}, {len(self.variables)} variables, step {self.step})"

    @property
    def step(self) -> int:
        """How many updates have been made."""
        return int(self._backend.optim.read(self._counter))

    @property
    def skipped(self) -> int:
        """How many updates were left out because of a NaN or infinite gradient norm."""
        return int(self._backend.optim.read(self._skipped))

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next update.

        It can be set while training, also between calls of a compiled step.

        Raises:
            StateError: it is set although a schedule decides it.
            ConfigError: it is set to something else than a finite number, zero or more.
        """
        return float(self._current_rate(self._backend.optim.read(self._counter)))

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        if self._schedule is not None:
            raise StateError(
                f"the learning rate follows {self._schedule!r} and cannot be set; "
                "make the optimizer with a number to set it by hand"
            )
        check_nonnegative(type(self.rule).__name__, learning_rate=value)
        take_over(self._backend, {LEARNING_RATE: self._rate}, {LEARNING_RATE: value}, owner="it")

    def _current_rate(self, step: Number) -> Number:
        if self._schedule is not None:
            return self._schedule(step)
        return self._backend.optim.read(self._rate)

    def apply(self, gradients: Tree) -> None:
        """One update of every variable that has a gradient.

        Args:
            gradients: a list, or a tree like the one that was bound, with a tensor or
                ``None`` for each variable.

        Raises:
            ShapeError: another number of gradients, or a gradient of another shape.
            ForeignTensorError: a gradient that is no tensor of the variables' framework.
            DtypeError: a gradient of another dtype than its variable.
            NonFiniteError: the norm of the gradients is NaN or infinite, if
                ``nonfinite="error"``; nothing has changed then.
        """
        self._take(self._checked(tree.leaves(gradients)), good=True)

    def minimize(self, closure: Closure) -> Tensor:
        """One update with the gradients that a function computes; of every optimizer.

        ::

            def closure():
                with dn.GradientTape() as tape:
                    loss = dn.losses.mse(y, model(x, training=True))
                return loss, tape.gradient(loss, model.trainable_variables)

            loss = optimizer.minimize(closure)

        :class:`~dualnet.optim.LBFGS` calls the function again and again, with the variables
        elsewhere each time; the others call it once, and :meth:`apply`.

        Args:
            closure: gives ``(loss, gradients)`` with the variables as they are.

        Returns:
            The loss before the update.

        Raises:
            ConfigError: the function gives something else.
            As :meth:`apply`.
        """
        loss, gradients = evaluated(closure)
        self.apply(gradients)
        return self._backend.tape.stop_gradient(loss)

    def scaled(self, loss: Tensor) -> Tensor:
        """The loss whose gradients :meth:`apply_scaled` takes; the loss itself without scale."""
        return loss if self._scaling is None else self._scaling.scaled(loss)

    def unscaled(self, gradients: Gradients) -> list[Tensor | None]:
        """Gradients of the loss itself, of those of a loss that :meth:`scaled` made larger."""
        return list(gradients if self._scaling is None else self._scaling.divided(gradients))

    def apply_scaled(self, gradients: Tree) -> None:
        """:meth:`apply`, for the gradients of a loss that :meth:`scaled` made larger.

        Gradients with NaN or infinity lower the scale, and the update is left out; among
        several calls of one update (``accumulate``) theirs count as zero.

        Raises:
            As :meth:`apply`.
        """
        if self._scaling is None:
            self.apply(gradients)
            return
        found, good = self._scaling.unscaled(self._checked(tree.leaves(gradients)))
        self._take(found, good)
        self._scaling.adapt(good)

    def _take(self, found: Gradients, good: Number) -> None:
        """One call's gradients: an update, or a part of one.

        Args:
            good: whether they are numbers, and not the zeros put in their place.
        """
        if self._sums is None:
            if good is not False:
                self._update(found, due=good)
            return
        sums, due = self._sums.added(found)
        if due is not False:
            self._update(sums, due)
        self._sums.keep(sums, due)

    def _update(self, found: Gradients, due: Number) -> None:
        """One update, if it is due.

        Args:
            due: ``True``, or a boolean tensor inside a compiled function.
        """
        found, finite = self._clipped(found)
        if finite is False:
            self._refuse()
            return
        made = _both(due, finite)
        guard = None if made is True else made
        step = self._backend.optim.read(self._counter)
        rate = self._current_rate(step)
        for part, whole in zip(self._parts, self._whole, strict=True):
            places = [i for i in part.places if found[i] is not None]
            if not places:
                continue
            variables, slots = whole if places == part.places else self._held_at(part.rule, places)
            gradients: list[Any] = [found[i] for i in places]
            self._backend.optim.apply(
                part.rule, variables, gradients, slots, step + 1, part.rate(step, rate), guard
            )
        self._constrain(found, guard)
        self._count(due, made)

    def _constrain(self, found: Gradients, guard: Tensor | None) -> None:
        """Puts the weights that have moved back to where their constraints allow."""
        state = self._backend.state
        with self._backend.tape.no_gradient():
            for place, constraint in self._constraints:
                if found[place] is None:
                    continue
                variable, dtype = self.variables[place], self._dtypes[place]
                value = ops.astype(constraint(ops.astype(variable, wide(dtype))), dtype)
                value = value if guard is None else ops.where(guard, value, variable)
                state.assign(variable, value)

    def _clipped(self, gradients: Gradients) -> tuple[Gradients, Any]:
        """Gradients within the rule's bounds, and whether they may be applied at all."""
        rule = self.rule
        if rule.clipvalue is not None:
            gradients = clipping.clip_by_value(gradients, rule.clipvalue)
        if rule.clipnorm is not None:
            gradients = clipping.clip_by_norm(gradients, rule.clipnorm)
        limit = rule.global_clipnorm
        if (limit is None and rule.nonfinite is None) or not _any(gradients):
            return gradients, True
        norm = clipping.global_norm(gradients)
        if limit is not None:
            gradients = clipping.scaled(gradients, norm, limit)
        return gradients, self._backend.optim.read(ops.isfinite(norm))

    def check_finite(self) -> None:
        """Says late what a compiled step could not say: that it left out an update.

        Raises:
            NonFiniteError: updates were left out, and ``nonfinite="skip"`` did not ask for it.
        """
        if self.rule.nonfinite == "skip":
            return
        if self._scaling is not None and self._scaling.exhausted:
            raise NonFiniteError(
                f"the gradients are NaN or infinite though their loss is no longer scaled. {ADVICE}"
            )
        if self.skipped:
            raise NonFiniteError(
                f"the norm of the gradients was NaN or infinite in {self.skipped} compiled steps, "
                f"which were left out. {ADVICE}"
            )

    def _refuse(self) -> None:
        """What happens in place of an update that would write NaN."""
        if self.rule.nonfinite != "skip":
            raise NonFiniteError(
                f"the norm of the gradients is NaN or infinite at step {self.step + 1}; nothing "
                f"was changed. {ADVICE}"
            )
        self._backend.optim.count(self._skipped)

    def _count(self, due: Number, made: Number) -> None:
        """Counts the step as made, or as left out where a compiled function finds it not finite."""
        assign = self._backend.state.assign
        if made is True:
            self._backend.optim.count(self._counter)
            return
        here = ops.astype(made, "int64")
        assign(self._counter, self._counter + here)
        assign(
            self._skipped, self._skipped + (1 if due is True else ops.astype(due, "int64")) - here
        )

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """A block in which the variables hold what the rule has averaged.

        That is the average of ``ema``, or the ``x`` of
        :class:`~dualnet.optim.ScheduleFreeAdamW`; in a group whose rule averages nothing they
        hold what they held.  After the block they hold what they held
        before::

            with model.optimizer.averaged():
                model.evaluate(x, y)

        Raises:
            StateError: the rule averages nothing.
        """
        averaging = [part for part in self._parts if part.rule.averages]
        if not averaging:
            raise StateError(f"{self.rule!r} keeps no average; make it with ema=0.999")
        state = self._backend.state
        named = dict(zip(self.paths, self.variables, strict=True))
        before = {path: state.to_numpy(variable) for path, variable in named.items()}
        for part in averaging:
            for place in part.places:
                variable, dtype = self.variables[place], self._dtypes[place]
                held = {name: self._slots[name][place] for name in part.rule.kept}
                average = part.rule.average(ops.astype(variable, wide(dtype)), held)
                state.assign(variable, ops.astype(average, dtype))
        try:
            yield
        finally:
            take_over(self._backend, named, before, owner="the model")

    # Checks

    def _checked(self, gradients: list[Tensor | None]) -> list[Tensor | None]:
        if len(gradients) != len(self.variables):
            raise ShapeError(
                f"{len(gradients)} gradients for {len(self.variables)} variables; give one for "
                "each, None where there is none"
            )
        for place, g in enumerate(gradients):
            if g is not None:
                self._check(place, g)
        if not self._half:
            return gradients
        pairs = zip(gradients, self._dtypes, strict=True)
        return [g if g is None else ops.astype(g, wide(dtype)) for g, dtype in pairs]

    def _check(self, place: int, g: Tensor) -> None:
        state = self._backend.state
        if not state.is_tensor_type(type(g)):
            raise ForeignTensorError(
                f"the gradient of {self.paths[place]!r} is {described(g)}; its variable is a "
                f"tensor of {self._backend.name}"
            )
        if not fits(state.shape(g), self._shapes[place]):
            raise ShapeError(
                f"the gradient of {self.paths[place]!r} has shape {state.shape(g)}, its variable "
                f"{self._shapes[place]}; were they given in the order of the variables?"
            )
        if g.dtype != self.variables[place].dtype:
            raise DtypeError(
                f"the gradient of {self.paths[place]!r} is {state.dtype_name(g)}, its variable "
                f"{self._dtypes[place]}; cast it with ops.astype"
            )

    # State

    def state(self) -> dict[str, NDArray]:
        """Slots by ``"<slot>.<path>"``, ``"step"``, and ``"learning_rate"`` if it can be set.

        Equal on every backend; :meth:`load_state` on either continues the run.
        """
        return {name: self._backend.state.to_numpy(t) for name, t in self._held().items()}

    def load_state(self, state: Mapping[str, NDArray]) -> None:
        """Takes over what :meth:`state` gave; all of it, or nothing.

        Raises:
            StateError: names are missing or unknown (another optimizer, another model), or a
                value is of a kind that its slot cannot hold.
            ShapeError: a slot has another shape than its variable.
        """
        owner = f"{self.rule!r} on these variables"
        take_over(self._backend, self._held(), state, owner=owner)

    def _held(self) -> dict[str, Tensor]:
        """Every tensor that belongs to the optimizer, by name."""
        held = {STEP: self._counter}
        if self._schedule is None:
            held[LEARNING_RATE] = self._rate
        for slot, tensors in self._slots.items():
            named = zip(self.paths, tensors, strict=True)
            held |= {f"{slot}.{path}": t for path, t in named if t is not None}
        if self._sums is not None:
            held |= self._sums.held(self.paths)
        if self._scaling is not None:
            held |= self._scaling.held()
        return held


def evaluated(closure: Closure) -> tuple[Tensor, Tree]:
    """What a function gives for :meth:`BoundOptimizer.minimize`.

    Raises:
        ConfigError: it is no function, or does not give a loss of one number and gradients.
    """
    if not callable(closure):
        raise ConfigError(
            f"minimize takes a function that returns (loss, gradients), got {described(closure)}"
        )
    found: Any = closure()
    if not isinstance(found, tuple) or len(found) != 2:
        raise ConfigError(
            f"the function to minimize gave {described(found)}; it returns (loss, gradients)"
        )
    loss, gradients = found
    backend = registry.of_type(type(loss))
    if backend is None or backend.state.shape(loss) != ():
        raise ConfigError(
            f"the loss of the function to minimize is {described(loss)}; it is a tensor of one "
            "number, as ops.mean gives"
        )
    return loss, gradients


def _both(due: Number, finite: Number) -> Number:
    """``due and finite``, each of which is ``True`` or a tensor."""
    if due is True or finite is True:
        return finite if due is True else due
    return ops.logical_and(due, finite)


def _any(gradients: Gradients) -> bool:
    return any(g is not None for g in gradients)
