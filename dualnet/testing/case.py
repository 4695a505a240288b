"""The test that is running: what it was told on the command line, and how to tell it again."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Case", "Options", "Reference", "current"]

#: What may stand in the name of a file on every system.
SAFE = re.compile(r"[^A-Za-z0-9_.\[\]-]+")


@dataclass(frozen=True)
class Options:
    """What the command line says.

    Attributes:
        backends: the chosen ones, or else those installed.
        dtype: the default of fixture and assertions; ``None`` leaves each its own.
        seed: of weights, batches and directions, where a test gives none.
        write: whether references are written.
        folder: where references are; ``None`` for ``__dualnet__`` beside each test file.
    """

    backends: tuple[str, ...]
    dtype: str | None = None
    seed: int = 0
    write: bool = False
    folder: Path | None = None

    def references(self, file: Path, root: Path) -> Path:
        """The folder for the references of the tests in a file."""
        if self.folder is None:
            return file.parent / "__dualnet__" / file.stem
        inside = file.relative_to(root) if file.is_relative_to(root) else Path(file.name)
        return self.folder / inside.with_suffix("")

    def flags(self) -> list[str]:
        """The options that say this again, but for ``write``."""
        optional = (("dtype", self.dtype), ("snapshot-dir", self.folder))
        chosen = [("backends", ",".join(self.backends)), ("seed", self.seed), *optional]
        return [f"--dualnet-{name}={value}" for name, value in chosen if value is not None]


@dataclass(frozen=True)
class Reference:
    """What one assertion gave, kept in a file.

    Attributes:
        path: the file.
        backend: which writes it, or is held to it.
        test: id of the test.
        writing: a command that writes it.
        written: whether it is to be written now, rather than read.
    """

    path: Path
    backend: str
    test: str
    writing: str
    written: bool


@dataclass(frozen=True)
class Case:
    """One test under these options.

    Attributes:
        test: its id, without the name of a backend, so that it is the same wherever it runs.
        folder: where its references are.
        select: what makes pytest run this test alone.
        drawn: whether its inputs are drawn by hypothesis, so that they differ between runs.
    """

    options: Options
    test: str
    folder: Path
    select: tuple[str, ...]
    drawn: bool
    _numbers: Iterator[int] = field(default_factory=itertools.count, repr=False)

    @property
    def replay(self) -> str:
        """A command that runs this test as it has run now."""
        return _command([*self.select, *self.options.flags()])

    @property
    def _writing(self) -> str:
        """A command that writes this test's references."""
        flags = [flag for flag in self.options.flags() if not flag.startswith("--dualnet-backends")]
        return _command([*self.select, *flags, "--dualnet-snapshots=write"])

    def reference(self, name: str | None) -> Reference:
        """The next reference of this test, or the one with this name."""
        return Reference(
            self._snapshot(name),
            self.options.backends[0],
            self.test,
            self._writing,
            self.options.write,
        )

    def _snapshot(self, name: str | None) -> Path:
        number = name if name is not None else str(next(self._numbers))
        return self.folder / f"{_file_name(self.test)}-{_file_name(number)}.safetensors"


def _command(words: list[str]) -> str:
    return " ".join(["pytest", *map(_quoted, words)])


def _quoted(word: str) -> str:
    """A word in double quotes, which every shell understands, if it needs any.

    >>> print(_quoted("tests/test_x.py::test_y[torch]"), _quoted("--dualnet-seed=0"))
    "tests/test_x.py::test_y[torch]" --dualnet-seed=0
    """
    if re.fullmatch(r"[\w./:=,+-]+", word):
        return word
    return '"' + re.sub(r'(["\\$`])', r"\\\1", word) + '"'


def _file_name(text: str) -> str:
    """A text as part of a file's name; where it had to be changed, with a hash of it."""
    name = SAFE.sub("_", text)[:100]
    if name == text:
        return name
    import hashlib  # rarely needed, and pytest waits for what is imported above

    return f"{name}-{hashlib.blake2b(text.encode(), digest_size=4).hexdigest()}"


#: The test that is running, if pytest runs one.
current: ContextVar[Case | None] = ContextVar("dualnet_case", default=None)
