"""The command line: ``dualnet compare``, ``study``, ``report``, ``bench`` and ``doctor``."""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Sequence

from dualnet.cli import benching, comparing, doctor, reporting, studying
from dualnet.errors import DualnetError

__all__ = ["AGREED", "DIVERGED", "MISUSED", "main"]

#: Exit statuses.
AGREED, DIVERGED, MISUSED = 0, 1, 2

DESCRIPTION = "Write a network once, train it on PyTorch or TensorFlow, prove that the two agree."
EPILOG = """\
exit status:
  0  the backends agree (identical, agree or noise); the installation is sound
  1  they diverged; something is missing or wrong
  2  the command was not understood, or cannot be carried out
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit status: 0, 1 or 2.

    Args:
        argv: the arguments after the program's name; those of the process if not given.
    """
    try:
        args = _parser().parse_args(argv)
    except SystemExit as stop:  # argparse has said what is wrong, or what was asked for
        return stop.code if isinstance(stop.code, int) else MISUSED
    try:
        return AGREED if args.run(args) else DIVERGED
    except DualnetError as error:
        print(f"dualnet {args.command}: {error}", file=sys.stderr)
        return MISUSED
    except Exception:  # Python's own exit status for it, 1, means that backends diverged
        traceback.print_exc()
        return MISUSED


class _Version(argparse.Action):
    """Prints the version when it is asked for: reading it is slow."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"dualnet {version('dualnet')}")
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dualnet",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and stop")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in (comparing, studying, reporting, benching, doctor):
        command.add_to(commands)
    return parser
