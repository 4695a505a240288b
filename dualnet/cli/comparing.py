"""``dualnet compare``: a network trained on two backends, and the verdict."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from dualnet.cli import problems
from dualnet.dtypes import POLICIES
from dualnet.errors import ConfigError
from dualnet.report.values import Report

__all__ = ["add_to", "run"]

#: What ``--quick`` sets.
QUICK = {"steps": 30, "proof_steps": 5}

EPILOG = """\
what can be compared:
  iris          150 irises, an MLP with dropout
  digits        1797 handwritten digits, a CNN with batch normalisation and dropout
  FILE.py:NAME  what NAME stands for in a Python file of yours, which is one of
                  a network       a dualnet.nn.Layer; it is trained on made-up numbers, so
                                  give --input-shape unless it is an nn.Graph
                  a dict          {"net": ..., "x": ..., "y": ...} and any of loss, optimizer,
                                  metrics, epochs, batch_size, seed, dtype, validation_data,
                                  sample_weight, input_shape
                  a function      without arguments, that returns such a dict, or a tuple
                                  (net, x, y) or (net, x, y, options)
                Options given here win over those in the file.  The file is executed.

examples:
  dualnet compare iris
  dualnet compare digits --html report.html
  dualnet compare model.py:net --input-shape 28,28,1 --steps 50 --dtype float64

exit status: 0 identical, agree or noise; 1 diverged; 2 usage
"""


def add_to(commands: Any) -> None:
    """Adds the command to the parser's commands."""
    parser = commands.add_parser(
        "compare",
        help="train a network on two backends and measure how far they part",
        description="Trains one network on two backends, from the same weights, on the same "
        "batches, with the same masks, and says whether they part, where first, and why.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", metavar="iris|digits|FILE.py:NAME", help="see below")
    parser.add_argument("--epochs", type=_positive, help="times to walk the data")
    parser.add_argument("--batch-size", type=_positive, help="samples in a step")
    parser.add_argument("--steps", type=_positive, help="the most steps to take")
    parser.add_argument("--proof-steps", type=_positive, help="first steps to prove (default 20)")
    parser.add_argument("--dtype", choices=POLICIES, help="of the free run (default float32)")
    parser.add_argument("--seed", type=int, help="of weights, batches and masks (default 0)")
    parser.add_argument("--device", help="where both train (default cpu)")
    parser.add_argument(
        "--backends",
        type=_pair,
        metavar="A,B",
        help="two of the installed ones, such as torch,tensorflow",
    )
    parser.add_argument(
        "--input-shape", type=_shape, metavar="N,N,…", help="of one sample, for a bare network"
    )
    parser.add_argument("--html", type=_writable, metavar="FILE", help="write a page with plots")
    parser.add_argument("--json", type=_writable, metavar="FILE", help="write every figure")
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"at most {QUICK['steps']} steps, {QUICK['proof_steps']} proved",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> bool:
    """Compares, prints and writes; whether there is no real difference."""
    from dualnet.parity import compare  # loads with the first comparison, not for --help

    problem = problems.named(args.what, args.input_shape)
    options = {**problem.options, **(QUICK if args.quick else {}), **_chosen(args)}
    with _progress() as progress:
        report = compare(problem.net, problem.x, problem.y, progress=progress, **options)
    _show(report)
    for path, write in ((args.html, report.to_html), (args.json, report.to_json)):
        if path is not None:
            _write(path, write)
            print(f"written: {path}")
    return report.ok


def _chosen(args: argparse.Namespace) -> dict[str, Any]:
    """The options of ``compare`` that were given."""
    names = ("epochs", "batch_size", "steps", "proof_steps", "dtype", "seed", "device", "backends")
    return {name: value for name in names if (value := getattr(args, name)) is not None}


def _show(report: Report) -> None:
    from dualnet.report.text import show  # same

    show(report, Console(highlight=False))


def _write(path: Path, write: Any) -> None:
    try:
        write(path)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}; give another file") from error


@contextmanager
def _progress() -> Iterator[Any]:
    """A bar on a terminal, on standard error; silence elsewhere."""
    console = Console(file=sys.stderr)
    bar = Progress(
        TextColumn("training on both"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
    with bar:
        task = bar.add_task("")
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _positive(text: str) -> int:
    value = int(text) if text.isdecimal() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive integer")
    return value


def _pair(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if len(names) != 2 or not all(names):
        raise argparse.ArgumentTypeError(f"{text!r} is not two names with a comma between them")
    return names


def _shape(text: str) -> tuple[int, ...]:
    sizes = [size for size in text.split(",") if size]
    if not sizes or not all(size.isdecimal() and int(size) for size in sizes):
        raise argparse.ArgumentTypeError(f"{text!r} is not a shape such as 28,28,1")
    return tuple(int(size) for size in sizes)


def _writable(text: str) -> Path:
    """A path that can be written to, found out before the training and not after it."""
    path = Path(text)
    if path.is_dir() or not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is not a file in an existing folder")
    return path
