"""``dualnet study``: comparisons over seeds, dtypes and devices, and their summary."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from dualnet.cli import problems
from dualnet.cli.arguments import integers, positive, shape, words, writable, written
from dualnet.cli.output import add_files
from dualnet.report.saving import write_text

if TYPE_CHECKING:
    from dualnet.parity.studies import StudyReport

__all__ = ["add_to", "run"]

#: The options of ``study`` that are arguments of the same name.
OPTIONS = (
    "backends",
    "batch_size",
    "devices",
    "dtypes",
    "epochs",
    "folder",
    "proof_steps",
    "seeds",
    "steps",
)
#: What a shell gives a program that was interrupted from the keyboard.
INTERRUPTED = 130

EPILOG = """\
what can be studied: iris, digits or FILE.py:NAME, as for `dualnet compare`.  In a file, net
may also be a dict of networks by name; loss, optimizer and metrics too.

With --folder every finished comparison is kept, and the same command goes on where it was
interrupted; further seeds, dtypes, devices and networks may be added later.

examples:
  dualnet study iris --seeds 0,1,2
  dualnet study model.py:problem --seeds 0,1,2,3,4 --dtypes float32,bfloat16 \\
      --folder runs --html study.html --csv study.csv

exit status: 0 identical, agree or noise in every cell; 1 one diverged or could not be computed;
2 usage
"""


def add_to(commands: Any) -> None:
    """Adds the command to the parser's commands."""
    parser = commands.add_parser(
        "study",
        help="compare over seeds, dtypes and devices, and sum up",
        description="Compares networks on two backends or more for every seed, dtype and device, "
        "and reports mean, deviation and difference of their scores, times and verdicts.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", metavar="iris|digits|FILE.py:NAME", help="see below")
    parser.add_argument("--seeds", type=integers, metavar="N,N,…", help="default 0")
    parser.add_argument("--dtypes", type=words, metavar="D,D,…", help="default float32")
    parser.add_argument("--devices", type=words, metavar="D,D,…", help="default cpu")
    parser.add_argument(
        "--backends", type=words, metavar="A,B,…", help="every pair is compared; default all"
    )
    parser.add_argument("--epochs", type=positive, help="times to walk the data")
    parser.add_argument("--batch-size", type=positive, help="samples in a step")
    parser.add_argument("--steps", type=positive, help="the most steps of a comparison")
    parser.add_argument("--proof-steps", type=positive, help="first steps to prove (default 20)")
    parser.add_argument(
        "--input-shape", type=shape, metavar="N,N,…", help="of one sample, for a bare network"
    )
    parser.add_argument("--folder", type=Path, help="keep every comparison, and go on from it")
    parser.add_argument("--stop-on-error", action="store_true", help="stop at a failed cell")
    add_files(parser)
    parser.add_argument("--json", type=writable, metavar="FILE", help="write every figure")
    parser.add_argument("--csv", type=writable, metavar="FILE", help="write a line per cell")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> bool:
    """Studies, prints and writes; whether every cell was computed and none diverged."""
    from dualnet.parity.studies import study  # loads with the first study, not for --help

    problem = problems.named(args.what, args.input_shape)
    options = {**_axes(problem.options), **_chosen(args)}
    try:
        report = study(
            problem.net, problem.x, problem.y, stop_on_error=args.stop_on_error, **options
        )
    except KeyboardInterrupt as stop:
        print("\n".join(["interrupted", *getattr(stop, "__notes__", [])]), file=sys.stderr)
        sys.exit(INTERRUPTED)
    _show(report)
    for name, write in _forms(report).items():
        if (file := getattr(args, name)) is not None:
            written(file, write)
    return report.ok


def _forms(report: StudyReport) -> dict[str, Callable[[Path], None]]:
    """What writes each file that may be asked for."""
    return {
        "html": report.to_html,
        "json": report.to_json,
        "csv": report.to_csv,
        "markdown": lambda file: write_text(file, report.to_markdown()),
    }


def _axes(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a comparison as those of a study: its seed and dtype are axes."""
    names = {"seed": "seeds", "dtype": "dtypes"}
    return {names.get(name, name): value for name, value in options.items()}


def _chosen(args: argparse.Namespace) -> dict[str, Any]:
    """The options of ``study`` that were given."""
    return {name: value for name in OPTIONS if (value := getattr(args, name)) is not None}


def _show(report: StudyReport) -> None:
    from dualnet.parity.studies.text import show  # same

    show(report, Console(highlight=False))
