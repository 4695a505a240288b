"""Every public name, and what it was checked against: ``python -m dualnet.testing.coverage``.

Run in a checkout, it reads the tables of cases that the tests run over (``tests/proofs.py``
lists them), prints one line for each public function, layer, loss, metric, optimizer and so
on, and ends with status 1 if one has no row.  ``--markdown FILE`` writes the page
``docs/support.md``.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dualnet.errors import ConfigError

__all__ = ["Item", "KINDS", "Proof", "Support", "items", "main", "markdown", "supported", "text"]

#: What a row may show, in the order of the table's columns.
SHOWN = ("value", "gradient", "second derivative", "compiled")


@dataclass(frozen=True)
class Proof:
    """One row of a table of cases.

    Attributes:
        kind: one of :data:`KINDS`.
        name: the public name it is a row of.
        against: what both backends are held to, beside each other.
        shows: which of :data:`SHOWN`.
    """

    kind: str
    name: str
    against: str
    shows: tuple[str, ...] = ("value",)


@dataclass(frozen=True)
class Item:
    """A public name of the vocabulary, and its other names."""

    kind: str
    name: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Support:
    """A public name and all that its rows show."""

    item: Item
    rows: int
    shows: tuple[str, ...]
    against: tuple[str, ...]


def _functions(module: Any) -> dict[str, Any]:
    """The functions of a module that are listed there."""
    named = {name: getattr(module, name) for name in module.__all__}
    return {name: f for name, f in named.items() if inspect.isroutine(f)}


def _below(base: str) -> Callable[[Any], dict[str, Any]]:
    """The classes of a module below one of its classes."""

    def classes(module: Any) -> dict[str, Any]:
        root = getattr(module, base)
        named = {name: getattr(module, name) for name in module.__all__}
        return {
            name: cls
            for name, cls in named.items()
            if isinstance(cls, type) and issubclass(cls, root) and cls is not root
        }

    return classes


def _loss_functions(module: Any) -> dict[str, Any]:
    """The functions of a module that its loss classes stand for."""
    losses = {cls.function for cls in module.NAMES.values()}
    return {name: f for name, f in _functions(module).items() if f in losses}


#: Kind to the module it is in and to what of the module belongs to it.
KINDS: dict[str, tuple[str, Callable[[Any], dict[str, Any]]]] = {
    "array function": ("dualnet.ops", _functions),
    "linear algebra": ("dualnet.ops.linalg", _functions),
    "Fourier transform": ("dualnet.ops.fft", _functions),
    "network function": ("dualnet.ops.nn", _functions),
    "layer": ("dualnet.nn", _below("Layer")),
    "loss": ("dualnet.losses", _below("Loss")),
    "loss function": ("dualnet.losses", _loss_functions),
    "metric": ("dualnet.metrics", _below("Metric")),
    "optimizer": ("dualnet.optim", _below("Optimizer")),
    "schedule": ("dualnet.optim", _below("Schedule")),
    "initializer": ("dualnet.initializers", _below("Initializer")),
    "regularizer": ("dualnet.regularizers", _below("Regularizer")),
    "constraint": ("dualnet.constraints", _below("Constraint")),
    "callback": ("dualnet.callbacks", _below("Callback")),
}


def items() -> list[Item]:
    """The public vocabulary; a class with several names is one item.

    >>> [item for item in items() if item.name == "BatchNorm"]
    [Item(kind='layer', name='BatchNorm', aliases=('BatchNormalization',))]
    """
    return [item for kind, (module, find) in KINDS.items() for item in _of(kind, module, find)]


def _of(kind: str, module: str, find: Callable[[Any], dict[str, Any]]) -> Iterator[Item]:
    names: dict[int, list[str]] = {}
    for name, thing in sorted(find(importlib.import_module(module)).items()):
        called = getattr(thing, "__name__", name)
        names.setdefault(id(thing), []).insert(0 if name == called else sys.maxsize, name)
    for first, *others in sorted(names.values()):
        yield Item(kind, first, tuple(others))


def supported(proofs: Iterable[Proof]) -> list[Support]:
    """Every item with what its rows show; an item without rows has ``rows == 0``.

    Raises:
        ConfigError: a row is of a name that is not public.
    """
    by_name: dict[tuple[str, str], list[Proof]] = {}
    for proof in proofs:
        by_name.setdefault((proof.kind, proof.name), []).append(proof)
    found = [_support(item, by_name) for item in items()]
    if by_name:
        kind, name = next(iter(by_name))
        raise ConfigError(f"there is a row of the {kind} {name!r}, which is not public")
    return found


def _support(item: Item, by_name: dict[tuple[str, str], list[Proof]]) -> Support:
    names = (item.name, *item.aliases)
    rows = [proof for name in names for proof in by_name.pop((item.kind, name), [])]
    shows = {shown for row in rows for shown in row.shows}
    against = dict.fromkeys(row.against for row in rows)
    return Support(item, len(rows), tuple(s for s in SHOWN if s in shows), tuple(against))


def _cells(support: Support) -> list[str]:
    item = support.item
    names = " = ".join((item.name, *item.aliases))
    marks = ["✓" if shown in support.shows else "" for shown in SHOWN]
    return [names, str(support.rows), *marks, "; ".join(support.against)]


HEADER = ("name", "rows", *SHOWN, "checked against")


def text(table: Sequence[Support]) -> str:
    """The table as plain text, a block for each kind."""
    blocks = []
    for kind in KINDS:
        rows = [list(HEADER), *(_cells(s) for s in table if s.item.kind == kind)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        blocks.append("\n".join([f"{kind} ({len(rows) - 1})", *lines]))
    return "\n\n".join(blocks)


INTRODUCTION = """# What is there, and what it was checked against

Every public name has rows in the tables that the tests run over; where no table can have a row,
the last column names the file of its tests. Each row runs on PyTorch and on TensorFlow; array
functions, layers, losses, metrics and optimizers do in float64 and in float32. The two are held to
each other and to the reference named in the last column. *Compiled* is
`torch.compile(fullgraph=True)` and `tf.function`.

This page is written by `python -m dualnet.testing.coverage --markdown docs/support.md`; a test
fails when it is not up to date.
"""


def markdown(table: Sequence[Support]) -> str:
    """The table as a page, a section for each kind."""
    sections = [INTRODUCTION]
    for kind in KINDS:
        lines = [_cells(s) for s in table if s.item.kind == kind]
        rows = [list(HEADER), ["---"] * len(HEADER), *([f"`{n}`", *rest] for n, *rest in lines)]
        body = "\n".join(f"| {' | '.join(row)} |" for row in rows)
        sections.append(f"## {kind.capitalize()}s ({len(lines)})\n\n{body}\n")
    return "\n".join(sections).replace("losss", "losses")


def _proofs(folder: Path) -> list[Proof]:
    """What ``proofs.py`` in a folder of tests lists.

    Raises:
        ConfigError: there is none.
    """
    if not (folder / "proofs.py").exists():
        raise ConfigError(
            f"{folder / 'proofs.py'} is not there; run this in a checkout of dualnet, or name its "
            "folder of tests with --tests"
        )
    sys.path[:0] = [str(folder), str(folder.parent)]
    found: list[Proof] = importlib.import_module("proofs").proofs()
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the table; 1 if a public name has no row."""
    parser = argparse.ArgumentParser(prog="python -m dualnet.testing.coverage", description=__doc__)
    parser.add_argument("--tests", type=Path, default=Path("tests"), help="folder of the tests")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write a page instead")
    args = parser.parse_args(argv)
    try:
        table = supported(_proofs(args.tests.resolve()))
    except ConfigError as error:
        parser.error(str(error))
    if args.markdown is None:
        print(text(table))
    else:
        args.markdown.write_text(markdown(table), encoding="utf-8")
    without = [f"{s.item.kind} {s.item.name}" for s in table if not s.rows]
    print(f"\n{len(table)} public names, {len(without)} without a row")
    for name in without:
        print(f"  no row: {name}")
    return 1 if without else 0


if __name__ == "__main__":
    sys.exit(main())
