"""Frozen, comparable, JSON-able values: what every definition in dualnet is.

A layer, an initializer, an optimizer or a schedule is a *value*: a frozen dataclass of
hyperparameters.  Deriving from :class:`Configurable` makes a class one, without a
decorator, and gives it equality, a short ``repr``, ``to_config`` and ``from_config``.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Self, TypeVar, cast

import numpy as np
from typing_extensions import dataclass_transform

from dualnet import kinds
from dualnet.errors import ConfigError, DualnetError, unknown_name

__all__ = ["Configurable", "class_name", "decode", "encode", "known", "named", "snake_case"]

T = TypeVar("T")


def _freeze(value: Any) -> Any:
    """Lists become tuples, so that values can be compared and hashed; NumPy's numbers Python's."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, list) or type(value) is tuple:
        return tuple(_freeze(item) for item in value)
    return value


@dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field,))
class Configurable:
    """Base of every definition; subclasses become frozen dataclasses.

    A subclass may define ``check`` to validate its hyperparameters; it runs once, at
    construction.
    """

    #: Subclasses made at run time (a layer materialised on a backend) set this to skip
    #: the dataclass machinery and the search by name.
    _derived: ClassVar[bool] = False
    _kinds: ClassVar[dict[str, tuple[Any, ...]]]

    def __init_subclass__(cls, *, derived: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._derived = derived
        if not derived:  # equality is written below, once: to generate it for each class is slow
            dataclasses.dataclass(frozen=True, eq=False, repr=False, match_args=False)(cls)

    def __post_init__(self) -> None:
        for field in dataclasses.fields(cast(Any, self)):
            value = getattr(self, field.name)
            if isinstance(value, (list, tuple, np.generic)):
                object.__setattr__(self, field.name, _freeze(value))
        try:
            self.check()
        except DualnetError:
            raise
        except Exception:
            self._check_kinds()
            raise
        self._check_kinds()

    def _check_kinds(self) -> None:
        """Raises :class:`ConfigError` for a value that is not what its annotation says."""
        for field in dataclasses.fields(cast(Any, self)):
            value = getattr(self, field.name)
            if value is field.default:
                continue
            allowed = self._kinds_of(field.name)
            if not any(kinds.fits(value, kind) for kind in allowed):
                raise ConfigError(
                    f"{type(self).__name__}: {field.name} must be "
                    f"{kinds.described(allowed)}, got {value!r}"
                )

    def check(self) -> None:
        """Raises :class:`~dualnet.errors.ConfigError` if a hyperparameter is out of range."""

    @classmethod
    def _kinds_of(cls, field: str) -> tuple[Any, ...]:
        """The types that a field may have, read once and kept with the class, to go with it."""
        if "_kinds" not in cls.__dict__:
            cls._kinds = {}
        if field not in cls._kinds:
            cls._kinds[field] = kinds.allowed(cls, field)
        return cls._kinds[field]

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.fields() == other.fields()

    def __hash__(self) -> int:
        return hash(tuple(self.fields().values()))

    def __repr__(self) -> str:
        in_order = sorted(dataclasses.fields(cast(Any, self)), key=lambda f: bool(f.kw_only))
        shown = [
            f"{field.name}={getattr(self, field.name)!r}"
            for field in in_order  # as they are given: those by name only are the last
            if not _is_default(field, getattr(self, field.name))
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    def replace(self, **changes: Any) -> Self:
        """A copy with some hyperparameters changed.

        Raises:
            ConfigError: there is no hyperparameter of this name, or its value is out of range.
        """
        known = self.fields()
        for name in changes:
            if name not in known:
                raise unknown_name(f"hyperparameter of {type(self).__name__}", name, known)
        return cast(Self, _construct(type(self), {**known, **changes}))

    def fields(self) -> dict[str, Any]:
        """Hyperparameters by name, in order of definition."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(cast(Any, self))}

    def to_config(self) -> dict[str, Any]:
        """This value as plain JSON data; ``from_config`` is the inverse."""
        return cast(dict[str, Any], encode(self))

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The value that ``to_config`` described.

        Raises:
            ConfigError: the configuration is malformed, or of another kind of value.
            UnknownName: it names a class that has not been defined or imported.
        """
        value = decode(config, cls)
        if not isinstance(value, cls):
            raise ConfigError(f"this configuration describes {value!r}, not a {cls.__name__}")
        return value


def _is_default(field: dataclasses.Field[Any], value: Any) -> bool:
    default = field.default
    if default is dataclasses.MISSING and field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
    return default is value or (type(default) is type(value) and bool(default == value))


def snake_case(name: str) -> str:
    """A class name as a name in ``snake_case``.

    >>> snake_case("MaxPool2D"), snake_case("LSTM"), snake_case("BatchNorm")
    ('max_pool2d', 'lstm', 'batch_norm')
    """
    name = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return name.lower()


def class_name(cls: type) -> str:
    """How a class is named in a configuration: ours as users write it, others in full.

    >>> from dualnet import nn
    >>> class_name(nn.Dense)
    'nn.Dense'
    """
    package, _, inner = cls.__module__.partition(".")
    if package == "dualnet" and inner:
        return f"{inner.split('.')[0]}.{cls.__name__}"
    return f"{cls.__module__}.{cls.__qualname__}"


def named(spec: Any, base: type[T], names: Mapping[str, Callable[[], T]], wanted: str) -> T:
    """The value of one kind that a name, in snake or camel case, or such a value stands for.

    Args:
        base: the class of all values of this kind.
        names: what makes the value of a name.
        wanted: what is said where it is neither.

    Raises:
        UnknownName: nothing has this name.
        ConfigError: neither a name nor a value of this kind.
    """
    if isinstance(spec, base):
        return spec
    if not isinstance(spec, str):
        raise ConfigError(f"{wanted}, got {spec!r}")
    name = snake_case(spec)
    if name not in names:
        raise unknown_name(base.__name__.lower(), spec, names)
    return names[name]()


def known(base: type[T]) -> Iterator[type[T]]:
    """Every class below ``base`` that is a definition, once each."""
    waiting, met = list(base.__subclasses__()), set()
    while waiting:
        cls = waiting.pop(0)
        if cls not in met and not cls.__dict__.get("_derived", False):
            met.add(cls)
            yield cls
            waiting.extend(cls.__subclasses__())


def _find(name: str) -> type[Configurable]:
    found = {class_name(cls): cls for cls in known(Configurable)}
    if name not in found:
        error = unknown_name("class", name, found)
        error.add_note("import the module that defines it before loading")
        raise error
    return found[name]


def encode(value: Any, seen: dict[int, int] | None = None) -> Any:
    """A value as JSON data.

    A definition that occurs twice (a shared layer) is written once and referred to by
    its order of appearance, so that sharing survives the round trip.
    """
    seen = {} if seen is None else seen
    if isinstance(value, Configurable):
        if id(value) in seen:
            return {"ref": seen[id(value)]}
        seen[id(value)] = len(seen)
        fields = {key: encode(item, seen) for key, item in value.fields().items()}
        return {"class": class_name(type(value)), "config": fields}
    if isinstance(value, dict):
        return {"dict": {key: encode(item, seen) for key, item in value.items()}}
    if isinstance(value, (tuple, list)):
        return [encode(item, seen) for item in value]
    if callable(value) or inspect.ismodule(value):
        raise ConfigError(f"{value!r} is code and cannot be written as a configuration")
    try:
        json.dumps(value)
    except TypeError as error:
        raise ConfigError(f"{value!r} cannot be written as JSON") from error
    return value


def decode(data: Any, base: type = Configurable, seen: list[Any] | None = None) -> Any:
    """The inverse of :func:`encode`; lists come back as tuples."""
    seen = [] if seen is None else seen
    if isinstance(data, list):
        return tuple(decode(item, base, seen) for item in data)
    if not isinstance(data, dict):
        return data
    if set(data) == {"dict"}:
        return {key: decode(item, base, seen) for key, item in data["dict"].items()}
    if set(data) == {"ref"}:
        return _referred(data["ref"], seen)
    if set(data) != {"class", "config"} or not isinstance(data["config"], dict):
        raise ConfigError(f"expected {{'class': …, 'config': …}}, got keys {sorted(data)}")
    cls, place = _find(data["class"]), len(seen)
    seen.append(None)
    fields = {key: decode(item, base, seen) for key, item in data["config"].items()}
    unknown = set(fields) - {field.name for field in dataclasses.fields(cast(Any, cls))}
    if unknown:
        raise ConfigError(f"{data['class']} has no hyperparameter {sorted(unknown)}")
    seen[place] = _construct(cls, fields)
    return seen[place]


def _referred(place: Any, seen: list[Any]) -> Any:
    if not isinstance(place, int) or not 0 <= place < len(seen) or seen[place] is None:
        raise ConfigError(f"reference {place!r} points at no earlier definition")
    return seen[place]


def _construct(cls: type[Configurable], fields: dict[str, Any]) -> Configurable:
    """An instance with these fields, past any convenience constructor, and checked."""
    value = object.__new__(cls)
    for field in dataclasses.fields(cast(Any, cls)):
        if field.name in fields:
            object.__setattr__(value, field.name, fields[field.name])
        elif field.default is not dataclasses.MISSING:
            object.__setattr__(value, field.name, field.default)
        elif field.default_factory is not dataclasses.MISSING:
            object.__setattr__(value, field.name, field.default_factory())
        else:
            raise ConfigError(f"{class_name(cls)} needs {field.name!r}; the configuration lacks it")
    value.__post_init__()
    return value
