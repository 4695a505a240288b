"""What commands do with a report: print it, and write it to the files asked for."""

from __future__ import annotations

import argparse

from rich.console import Console

from dualnet.cli.arguments import writable, written
from dualnet.report.values import Report

__all__ = ["add_files", "deliver"]


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
