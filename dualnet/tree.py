"""Trees of tensors: dicts, tuples, named tuples and lists, nested as the caller likes.

Dicts are walked in sorted key order, so that two dicts with equal content are walked
alike.  ``None`` is a leaf.  A class of values with tensors inside that is to be walked as well
derives from :class:`Branch`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from dualnet.errors import ShapeError
from dualnet.typing import Tree

__all__ = ["Branch", "leaves", "map", "map_leaves", "structure", "unflatten"]


class Branch:
    """Base of the classes that are nodes of a tree, as tuples are, but are no containers."""

    __slots__ = ()

    def children(self) -> list[Tree]:
        """What is inside, in walking order."""
        raise NotImplementedError

    def rebuilt(self, children: list[Tree]) -> Branch:
        """One of this kind with other things inside."""
        raise NotImplementedError


#: What is walked into; all else is a leaf.
NODES = (dict, tuple, list, Branch)


def _is_namedtuple(tree: Tree) -> bool:
    return isinstance(tree, tuple) and hasattr(tree, "_fields")


def _rebuild(tree: Any, children: list[Tree]) -> Tree:
    """A container like ``tree`` (its type, its keys) holding ``children``."""
    if type(tree) is list:
        return children
    if type(tree) is tuple:
        return tuple(children)
    if isinstance(tree, dict):
        by_key = dict(zip(sorted(tree), children, strict=True))
        return {key: by_key[key] for key in tree}
    if isinstance(tree, Branch):
        return tree.rebuilt(children)
    if _is_namedtuple(tree):
        return type(tree)(*children)
    return tuple(children) if isinstance(tree, tuple) else list(children)


def _children(tree: Any) -> list[Tree] | None:
    """The children of a container in walking order; ``None`` for a leaf."""
    if not isinstance(tree, NODES):
        return None
    if isinstance(tree, dict):
        return [tree[key] for key in sorted(tree)]
    if isinstance(tree, (tuple, list)):
        return list(tree)
    return tree.children()


def leaves(tree: Tree, *, stop: type | None = None) -> list[Any]:
    """The leaves of a tree from left to right; what is of the type ``stop`` is a leaf as well.

    >>> leaves({"b": (1, 2), "a": [3]})
    [3, 1, 2]
    """
    children = None if stop is not None and isinstance(tree, stop) else _children(tree)
    if children is None:
        return [tree]
    found: list[Any] = []
    for child in children:
        if isinstance(child, NODES):
            found += leaves(child, stop=stop)
        else:  # without a call, for most children are leaves
            found.append(child)
    return found


def map(function: Callable[..., Any], tree: Tree, *rest: Tree) -> Tree:  # noqa: A001 - the field's word (jax.tree.map)
    """Applies ``function`` to every leaf (and the matching leaves of ``rest``).

    >>> map(lambda a, b: a + b, {"x": 1, "y": [2]}, {"x": 10, "y": [20]})
    {'x': 11, 'y': [22]}
    """
    children = _children(tree)
    if children is None:
        return function(tree, *rest)
    if not rest:  # as mostly; then children that are leaves need no call of their own
        return _rebuild(
            tree, [map(function, c) if isinstance(c, NODES) else function(c) for c in children]
        )
    others = [_children(other) for other in rest]
    for other, given in zip(others, rest, strict=True):
        if other is None or len(other) != len(children):
            raise ShapeError(
                f"trees differ: {structure(tree)} against {structure(given)}; "
                "give both the same nesting and keys"
            )
    rows = zip(children, *[other or [] for other in others], strict=True)
    return _rebuild(tree, [map(function, *row) for row in rows])


def map_leaves(function: Callable[[Any], Any], tree: Tree, *, stop: type) -> Tree:
    """Applies ``function`` to every leaf, where what is of the type ``stop`` is a leaf as well."""
    children = None if isinstance(tree, stop) else _children(tree)
    if children is None:
        return function(tree)
    return _rebuild(tree, [map_leaves(function, child, stop=stop) for child in children])


def structure(tree: Tree) -> str:
    """The shape of a tree as text, ``*`` for each leaf.

    >>> structure({"x": 1, "y": [2, 3]})
    '{x: *, y: [*, *]}'
    """
    children = _children(tree)
    if children is None:
        return "*"
    inner = [structure(child) for child in children]
    if isinstance(tree, dict):
        pairs = zip(sorted(tree), inner, strict=True)
        return "{" + ", ".join(f"{key}: {text}" for key, text in pairs) + "}"
    if isinstance(tree, Branch):
        return f"{type(tree).__name__}({', '.join(inner)})"
    brackets = "()" if isinstance(tree, tuple) else "[]"
    return brackets[0] + ", ".join(inner) + brackets[1]


def unflatten(tree: Tree, new_leaves: list[Any]) -> Tree:
    """A tree with the structure of ``tree`` and the leaves given, left to right.

    >>> unflatten({"x": 0, "y": [0, 0]}, [1, 2, 3])
    {'x': 1, 'y': [2, 3]}
    """
    stream: Iterator[Any] = iter(new_leaves)

    def filled(node: Tree) -> Tree:
        children = _children(node)
        if children is None:
            return next(stream)
        parts = [filled(c) if isinstance(c, NODES) else next(stream) for c in children]
        return _rebuild(node, parts)

    return filled(tree)
