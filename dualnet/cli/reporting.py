"""``dualnet report``: a saved report once more."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from dualnet.cli.output import add_files, deliver
from dualnet.report.values import Report

__all__ = ["add_to", "run"]


def add_to(commands: Any) -> None:
    """Adds the command to the parser's commands."""
    parser = commands.add_parser(
        "report",
        help="show a saved report, or make a page of it",
        description="Shows a report that `dualnet compare --json FILE` or `report.save(FILE)` "
        "has written.  No framework is needed, and nothing in the file is executed.",
        epilog="exit status: 0 identical, agree or noise; 1 diverged; 2 no report, or usage",
    )
    parser.add_argument("file", type=Path, metavar="FILE.json", help="a saved report")
    add_files(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> bool:
    """Prints and writes; whether there was no real difference."""
    report = Report.load(args.file)
    deliver(report, args)
    return report.ok
