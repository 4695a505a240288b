"""What the commands read from their arguments, and how they write their files."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

__all__ = ["integers", "pair", "positive", "shape", "words", "writable", "written"]


def positive(text: str) -> int:
    """A positive integer."""
    value = int(text) if text.isdecimal() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive integer")
    return value


def pair(text: str) -> tuple[str, ...]:
    """Two names with a comma between them."""
    names = tuple(text.split(","))
    if len(names) != 2 or not all(names):
        raise argparse.ArgumentTypeError(f"{text!r} is not two names with a comma between them")
    return names


def shape(text: str) -> tuple[int, ...]:
    """Sizes with commas between them."""
    sizes = [size for size in text.split(",") if size]
    if not sizes or not all(size.isdecimal() and int(size) for size in sizes):
        raise argparse.ArgumentTypeError(f"{text!r} is not a shape such as 28,28,1")
    return tuple(int(size) for size in sizes)


def writable(text: str) -> Path:
    """A path that can be written to, found out before the training and not after it."""
    path = Path(text)
    if path.is_dir() or not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is not a file in an existing folder")
    return path


def words(text: str) -> tuple[str, ...]:
    """Names with commas between them."""
    found = tuple(text.split(","))
    if not all(found):
        raise argparse.ArgumentTypeError(f"{text!r} is not names with commas between them")
    return found


def integers(text: str) -> tuple[int, ...]:
    """Whole numbers, not negative, with commas between them."""
    found = text.split(",")
    if not all(word.isdecimal() for word in found):
        raise argparse.ArgumentTypeError(f"{text!r} is not numbers such as 0,1,2")
    return tuple(int(word) for word in found)


def written(path: Path, write: Callable[[Path], None]) -> None:
    """Writes a file and says so.

    Raises:
        ReportError: it cannot be written.
    """
    write(path)
    print(f"written: {path}")
