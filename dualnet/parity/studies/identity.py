"""What a study is, as text: so that a folder can tell it from another study."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from dualnet.config import Configurable, class_name

__all__ = ["described", "differences"]


def described(value: Any, seen: dict[int, int] | None = None) -> Any:
    """A value as JSON data that is the same in every process, and differs where it does.

    Unlike a configuration it need not be read back, so code has a place in it: a function, and
    every class that is not dualnet's, is told by its name and a hash of its source, where there
    is one.  What it calls is not looked into.
    """
    seen = {} if seen is None else seen
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Configurable):
        if id(value) in seen:
            return {"ref": seen[id(value)]}
        seen[id(value)] = len(seen)
        fields = {name: described(field, seen) for name, field in value.fields().items()}
        return {"class": class_name(type(value)), **_source(type(value)), "fields": fields}
    if isinstance(value, Mapping):
        return {str(key): described(item, seen) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [described(item, seen) for item in value]
    if callable(value) and hasattr(value, "__qualname__"):
        return {"code": f"{value.__module__}.{value.__qualname__}", **_source(value)}
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What both say, and say differently, each in words."""
    return [
        _difference(name, old[name], new[name])
        for name in new
        if name in old and json.dumps(old[name]) != json.dumps(new[name])
    ]


def _difference(name: str, old: Any, new: Any) -> str:
    if isinstance(old, (dict, list)) or isinstance(new, (dict, list)):
        return f"{name} is another"
    return f"{name} is {old} there and {new} here"


def _source(value: Any) -> dict[str, str]:
    """A hash of the code of a function, or of the methods of a class; ours has a version."""
    parts = _methods(value) if isinstance(value, type) else [value]
    text = "\n".join(_text(part) for part in parts if _foreign(part))
    return {"source": blake2b(text.encode(), digest_size=8).hexdigest()} if text.strip() else {}


def _methods(cls: type) -> list[Any]:
    """The functions of a class and of the classes it derives from, in an order of their own."""
    return [
        vars(each)[name] for each in cls.__mro__ if _foreign(each) for name in sorted(vars(each))
    ]


def _foreign(part: Any) -> bool:
    module = getattr(part, "__module__", None) or "dualnet"
    return module.partition(".")[0] not in ("dualnet", "builtins", "typing")


def _text(part: Any) -> str:
    try:
        return inspect.getsource(part) if inspect.isfunction(part) else ""
    except OSError:  # typed into an interpreter, or made by a program
        return ""
