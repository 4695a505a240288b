"""Whether a value is of the kind that a field's annotation says, and how to say it in words."""

from __future__ import annotations

import ast
import inspect
import sys
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

__all__ = ["allowed", "described", "fits"]

UNIONS = (typing.Union, types.UnionType)


def allowed(owner: type, field: str) -> tuple[Any, ...]:
    """The types that a class's field may have; ``Any`` for what cannot be told.

    >>> class Point:
    ...     x: "int | None" = None
    ...     y: "float | Nowhere" = 0.0
    >>> allowed(Point, "x"), allowed(Point, "y")
    ((<class 'int'>, <class 'NoneType'>), (<class 'float'>, typing.Any))
    """
    for cls in owner.__mro__:
        annotation = inspect.get_annotations(cls).get(field)
        if annotation is not None:
            return tuple(_members(annotation, cls))
    return (Any,)


def _members(annotation: Any, cls: type) -> Iterable[Any]:
    """The members of a union; one written as text is read where its class was defined."""
    if isinstance(annotation, str):
        for part in _alternatives(ast.parse(annotation, mode="eval").body):
            yield from _members(_read(part, cls), cls)
    elif typing.get_origin(annotation) in UNIONS:
        for part in typing.get_args(annotation):
            yield from _members(part, cls)
    else:
        yield type(None) if annotation is None else annotation


def _alternatives(node: ast.expr) -> Iterable[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        yield from _alternatives(node.left)
        yield from _alternatives(node.right)
    else:
        yield node


def _read(node: ast.expr, cls: type) -> Any:
    """What a type expression means; ``Any`` where its names are there for type checkers only."""
    names = vars(sys.modules[cls.__module__]) if cls.__module__ in sys.modules else {}
    try:
        return eval(compile(ast.Expression(node), cls.__module__, "eval"), dict(names))
    except (NameError, AttributeError, TypeError):
        return Any


def fits(value: Any, kind: Any) -> bool:
    """Whether a value is of a type, as far as that can be told.

    An integer is a float, too; a bool is neither, and NaN is not a number.

    >>> fits(1, float), fits(True, int), fits((1, 2), tuple[int, ...]), fits(("a",), tuple[int])
    (True, False, True, False)
    """
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in UNIONS:
        return any(fits(value, each) for each in args)
    if origin is typing.Literal:
        return value in args
    if kind is tuple or origin is tuple:
        return isinstance(value, tuple) and _items_fit(value, args)
    if kind in (int, float):
        numbers = (int,) if kind is int else (int, float)
        return isinstance(value, numbers) and not isinstance(value, bool) and value == value
    if origin in (Callable, Sequence, Mapping, dict, list, type):
        return callable(value) if origin is Callable else isinstance(value, origin)
    return kind is Any or not isinstance(kind, type) or isinstance(value, kind)


def _items_fit(value: tuple[Any, ...], args: tuple[Any, ...]) -> bool:
    if not args:
        return True
    if args[-1] is Ellipsis:
        return all(fits(item, args[0]) for item in value)
    return len(value) == len(args) and all(map(fits, value, args))


def described(kinds: tuple[Any, ...]) -> str:
    """Types in words.

    >>> described((int, float, type(None)))
    'an int, a float or None'
    """
    words = [_word(kind) for kind in kinds]
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _word(kind: Any) -> str:
    if kind is type(None):
        return "None"
    if typing.get_origin(kind) is Callable:
        return "a function"
    name = kind.__name__ if isinstance(kind, type) and not typing.get_args(kind) else str(kind)
    return f"{'an' if name[0] in 'aeioAEIO' else 'a'} {name}"
