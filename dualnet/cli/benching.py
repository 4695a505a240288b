"""``dualnet bench``: dualnet timed beside native loops, Keras and Lightning."""

from __future__ import annotations

import argparse
from typing import Any

from rich.console import Console

from dualnet.cli.arguments import positive, words, writable, written
from dualnet.cli.output import progress

__all__ = ["add_to", "run"]

EPILOG = """\
workloads: mlp cnn lstm transformer resnet embedding (trained, and predicted), gru cache (decoded),
eager (single operations).  Sizes follow a colon: mlp:hidden=512,batch=16.

contestants: torch tensorflow tensorflow-data dualnet-torch dualnet-tensorflow keras-torch
keras-tensorflow lightning; native, dualnet and keras stand for both of a kind, jit=True and
jit=False for dualnet compiled so, which takes part only if named.  What is not installed is left
out.

Every measurement is a process of its own; in each round every contestant takes its turn.

examples:
  dualnet bench
  dualnet bench mlp lstm --contestants native,dualnet --rounds 3 --html bench.html
  dualnet bench mlp:depth=16 --steps 200 --json bench.json

exit status: 0 all was measured; 1 interrupted, a process failed, or networks are not equal;
2 usage
"""


def add_to(commands: Any) -> None:
    """Adds the command to the parser's commands."""
    parser = commands.add_parser(
        "bench",
        help="time dualnet beside native loops, Keras and Lightning",
        description="Times training, prediction, start and memory of the same networks in "
        "dualnet, in loops written by hand, in Keras 3 and in Lightning.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help="see below; default all")
    parser.add_argument("--rounds", type=positive, default=5, help="default 5")
    parser.add_argument(
        "--steps", type=positive, help="batches that are timed; default each workload's own number"
    )
    parser.add_argument(
        "--contestants", type=words, default=(), metavar="A,B,…", help="see below; default all"
    )
    parser.add_argument("--json", type=writable, metavar="FILE", help="write every figure")
    parser.add_argument("--html", type=writable, metavar="FILE", help="write a page with plots")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> bool:
    """Measures, prints and writes; whether all could be measured."""
    from dualnet.bench.contestants import chosen  # loads with the first race, not for --help
    from dualnet.bench.page import write_html  # same
    from dualnet.bench.rounds import raced  # same
    from dualnet.bench.text import show  # same
    from dualnet.bench.workloads import KINDS, parsed  # same

    workloads = {word: parsed(word) for word in args.workloads or KINDS}
    contestants = chosen(args.contestants)
    with progress("measuring") as told:
        results = raced(workloads, contestants, rounds=args.rounds, steps=args.steps, progress=told)
    show(results, Console(highlight=False))
    if args.json is not None:
        written(args.json, results.to_json)
    if args.html is not None:
        written(args.html, lambda path: write_html(results, path))
    return results.ok
