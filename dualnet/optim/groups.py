"""Other hyperparameters for some of the variables, chosen by their paths."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from dualnet.config import Configurable
from dualnet.errors import ConfigError, unknown_name
from dualnet.optim.check import check_positive
from dualnet.optim.scalar import Number
from dualnet.optim.schedules import as_schedule

if TYPE_CHECKING:
    from dualnet.optim.base import Optimizer

__all__ = ["Group", "Part", "check_groups", "parted"]

#: What concerns all variables together, and is therefore the optimizer's alone.
SHARED = (
    "no_decay",
    "groups",
    "clipvalue",
    "clipnorm",
    "global_clipnorm",
    "nonfinite",
    "ema",
    "accumulate",
    "loss_scale",
)


class Group(Configurable):
    """Variables with hyperparameters of their own, or with another optimizer.

    The optimizer takes groups in order, and a variable belongs to the first that matches its
    path; the others keep the optimizer's own hyperparameters::

        optim.AdamW(
            1e-3,
            groups=(
                optim.Group("*.bias", weight_decay=0.0),
                optim.Group("encoder.*", multiplier=0.1),
                optim.Group("head.*", optim.SGD(0.1, momentum=0.9)),
            ),
        )

    All groups count the same steps.  A ``learning_rate`` given here, a number or a schedule, is
    the group's own, and setting the optimizer's leaves it as it is; with ``multiplier`` the
    group follows the optimizer's learning rate wherever it goes.

    Args:
        pattern: a pattern of paths as in ``fnmatch``, or several; each must match a variable.
        optimizer: a whole other optimizer for them.  Clipping, accumulation, averages and the
            loss scale concern all variables together and are not its own.
        multiplier: a factor of the optimizer's learning rate, above zero.
        changes: hyperparameters of the optimizer and their values for these variables.

    Raises:
        ConfigError: there is no pattern, or nothing that is different; or, from the optimizer
            it is given to, a hyperparameter is out of range or concerns all variables together.
        UnknownName: from the optimizer it is given to: a hyperparameter that it does not have.

    >>> Group("*.bias", weight_decay=0.0)
    Group('*.bias', weight_decay=0.0)
    """

    pattern: str | tuple[str, ...]
    optimizer: Optimizer | None = None
    multiplier: float = 1.0
    changes: tuple[tuple[str, Any], ...] = ()

    def __init__(
        self,
        pattern: str | Sequence[str],
        optimizer: Optimizer | None = None,
        *,
        multiplier: float = 1.0,
        **changes: Any,
    ) -> None:
        given = tuple(sorted(changes.items()))
        values = {"pattern": pattern, "optimizer": optimizer, "multiplier": multiplier}
        for name, value in {**values, "changes": given}.items():
            object.__setattr__(self, name, value)
        self.__post_init__()

    def check(self) -> None:
        given: tuple[Any, ...] = self.patterns
        if not given or not all(isinstance(pattern, str) and pattern for pattern in given):
            raise ConfigError(
                f"Group: pattern={self.pattern!r} must be a pattern of paths such as '*.bias', or "
                "a tuple of them"
            )
        check_positive("Group", multiplier=self.multiplier)
        own_rate = self.optimizer is not None or "learning_rate" in dict(self.changes)
        if own_rate and self.multiplier != 1.0:
            raise ConfigError(
                f"{self!r} has its own learning rate, so there is nothing to multiply; leave out "
                "the one or the other"
            )
        if not own_rate and self.multiplier == 1.0 and not self.changes:
            raise ConfigError(f"{self!r} changes nothing; give it a hyperparameter")
        if self.optimizer is not None and self.changes:
            raise ConfigError(
                f"{self!r} has a whole optimizer; give {', '.join(dict(self.changes))} to that one"
            )

    def __repr__(self) -> str:
        shown = [repr(self.pattern)]
        if self.optimizer is not None:
            shown.append(repr(self.optimizer))
        if self.multiplier != 1.0:
            shown.append(f"multiplier={self.multiplier!r}")
        shown += [f"{name}={value!r}" for name, value in self.changes]
        return f"Group({', '.join(shown)})"

    @property
    def patterns(self) -> tuple[str, ...]:
        """The patterns, also where there is one."""
        return self.pattern if isinstance(self.pattern, tuple) else (self.pattern,)

    @property
    def follows(self) -> bool:
        """Whether the optimizer's learning rate is this group's, times ``multiplier``."""
        return self.optimizer is None and "learning_rate" not in dict(self.changes)

    def rule(self, main: Optimizer) -> Optimizer:
        """The optimizer of these variables, where ``main`` is that of all.

        Raises:
            ConfigError: as for the group.
        """
        if self.optimizer is None:
            return main.replace(**self._known(main), groups=())
        _check_other(main, self.optimizer)
        shared = {name: getattr(main, name) for name in SHARED}
        return self.optimizer.replace(**{**shared, "groups": ()})

    def _known(self, main: Optimizer) -> dict[str, Any]:
        kind = type(main).__name__
        for name in dict(self.changes):
            if name in SHARED:
                raise ConfigError(
                    f"{self!r}: {name} concerns all variables together; give it to the {kind} "
                    "that has the group"
                )
            if name not in main.fields():
                raise unknown_name(
                    f"hyperparameter of {kind}", name, sorted(main.fields().keys() - {*SHARED})
                )
        return dict(self.changes)


def _check_other(main: Optimizer, other: Any) -> None:
    kind = type(main).__name__
    if not hasattr(other, "learning_rate"):
        raise ConfigError(
            f"{kind}: a group's optimizer is a value such as optim.SGD(0.1), got {other!r}"
        )
    if other.needs_closure:
        raise ConfigError(
            f"{kind}: {other!r} evaluates the loss of all variables again and again, and cannot "
            "have a group of them; bind it to all"
        )
    shared = {field.name: field.default for field in fields(other) if field.name in SHARED}
    given = [name for name, default in shared.items() if getattr(other, name) != default]
    if given:
        raise ConfigError(
            f"{kind}: {', '.join(given)} of a group's {other!r} concern all variables together; "
            f"give them to the {kind} that has the group"
        )


def check_groups(main: Optimizer) -> None:
    """Raises :class:`ConfigError` if the groups do not fit the optimizer they were given to."""
    given: Any = main.groups
    if not isinstance(given, tuple) or not all(isinstance(group, Group) for group in given):
        raise ConfigError(f"{type(main).__name__}: groups={given!r} must be a tuple of optim.Group")
    for group in main.groups:
        group.rule(main)


@dataclass(frozen=True)
class Part:
    """Variables that are updated alike.

    Attributes:
        rule: their optimizer.
        multiplier: of the learning rate that all follow; ``None`` where ``rule`` has its own.
        places: which variables they are.
    """

    rule: Optimizer
    multiplier: float | None
    places: list[int]

    def rate(self, step: Number, main: Number) -> Number:
        """The learning rate of the update after ``step`` updates.

        Args:
            main: the optimizer's.
        """
        if self.multiplier is None:
            return as_schedule(self.rule.learning_rate)(step)
        return main if self.multiplier == 1.0 else main * self.multiplier


def parted(main: Optimizer, paths: Sequence[str]) -> list[Part]:
    """The variables by rule and learning rate, in order of appearance.

    Raises:
        ConfigError: a pattern matches no variable, or a group comes after others that have
            taken all of its variables.
    """
    groups = [_first_match(main.groups, path) for path in paths]
    _check_matches(main, groups, paths)
    parts: list[Part] = []
    for place, (path, group) in enumerate(zip(paths, groups, strict=True)):
        rule, multiplier = _chosen(main, group, path)
        alike = (p for p in parts if (p.rule, p.multiplier) == (rule, multiplier))
        part = next(alike, None)
        if part is None:
            parts.append(part := Part(rule, multiplier, []))
        part.places.append(place)
    return parts


def _chosen(main: Optimizer, group: Group | None, path: str) -> tuple[Optimizer, float | None]:
    """The rule of one variable, and the factor of the common learning rate."""
    rule = main if group is None else group.rule(main)
    decided = group is not None and "weight_decay" in dict(group.changes)
    if rule.weight_decay and not decided and _matches(main.no_decay, path):
        rule = rule.replace(weight_decay=0.0)
    if group is None:
        return rule, 1.0
    return rule, group.multiplier if group.follows else None


def _first_match(groups: Sequence[Group], path: str) -> Group | None:
    return next((group for group in groups if _matches(group.patterns, path)), None)


def _matches(patterns: Sequence[str], path: str) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in patterns)


def _check_matches(main: Optimizer, found: Sequence[Group | None], paths: Sequence[str]) -> None:
    kind = type(main).__name__
    for group in main.groups:
        for pattern in group.patterns:
            if not any(fnmatchcase(path, pattern) for path in paths):
                raise ConfigError(f"{kind}: {group!r}: {_nothing(pattern, paths)}")
        if not any(group is each for each in found):
            raise ConfigError(
                f"{kind}: {group!r} comes too late: groups before it have all of its variables; "
                "the first that matches has a variable, so put it before them"
            )
    if main.no_decay and not any(_matches(main.no_decay, path) for path in paths):
        raise ConfigError(f"{kind}: no_decay={main.no_decay}: {_nothing(main.no_decay[0], paths)}")


def _nothing(pattern: str, paths: Sequence[str]) -> str:
    near = difflib.get_close_matches(pattern, paths, n=3, cutoff=0.3) or list(paths[:3])
    return f"no variable's path matches {pattern!r}; there are, for example, {', '.join(near)}"
