"""What commands show while they work, and what they do with a report: print and write it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from dualnet.cli.arguments import writable, written
from dualnet.report.values import Report

__all__ = ["add_files", "deliver", "progress"]


def add_files(parser: argparse.ArgumentParser) -> None:
    """Adds the options that name files to write."""
    parser.add_argument("--html", type=writable, metavar="FILE", help="write a page with plots")
    parser.add_argument(
        "--markdown", type=writable, metavar="FILE", help="write a summary for a pull request"
    )


def deliver(report: Report, args: argparse.Namespace) -> None:
    """Prints a report and writes its files.

    Raises:
        ReportError: a file cannot be written.
    """
    from dualnet.report.saving import write_text  # loads with the first report, not for --help
    from dualnet.report.text import show  # same

    show(report, Console(highlight=False))
    if args.html is not None:
        written(args.html, report.to_html)
    if args.markdown is not None:
        written(args.markdown, lambda path: write_text(path, report.to_markdown()))


@contextmanager
def progress(title: str) -> Iterator[Any]:
    """A bar on a terminal, on standard error; silence elsewhere.

    Gives a function of how much is done, of how much, and, if the title changes, the new one.
    """
    console = Console(file=sys.stderr)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
    with bar:
        task = bar.add_task(title)
        yield lambda done, total, now=title: bar.update(
            task, completed=done, total=total, description=now
        )
