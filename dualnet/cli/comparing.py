"""``dualnet compare``: a network trained on two backends, and the verdict."""

from __future__ import annotations

import argparse
from typing import Any

from dualnet.cli import problems
from dualnet.cli.arguments import pair, positive, shape, writable, written
from dualnet.cli.output import add_files, deliver, progress
from dualnet.dtypes import POLICIES

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
  dualnet compare digits --html report.html --json report.json
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
    parser.add_argument("--epochs", type=positive, help="times to walk the data")
    parser.add_argument("--batch-size", type=positive, help="samples in a step")
    parser.add_argument("--steps", type=positive, help="the most steps to take")
    parser.add_argument("--proof-steps", type=positive, help="first steps to look at in lock-step")
    parser.add_argument("--dtype", choices=POLICIES, help="of the free run (default float32)")
    parser.add_argument("--seed", type=int, help="of weights, batches and masks (default 0)")
    parser.add_argument("--device", help="where both train (default cpu)")
    parser.add_argument(
        "--backends",
        type=pair,
        metavar="A,B",
        help="two of the installed ones, such as torch,tensorflow",
    )
    parser.add_argument(
        "--input-shape", type=shape, metavar="N,N,…", help="of one sample, for a bare network"
    )
    add_files(parser)
    parser.add_argument(
        "--json",
        type=writable,
        metavar="FILE",
        help="save the report: every figure, which `dualnet report` shows again",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"at most {QUICK['steps']} steps, {QUICK['proof_steps']} in lock-step",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> bool:
    """Compares, prints and writes; whether there is no real difference."""
    from dualnet.parity import compare  # loads with the first comparison, not for --help

    problem = problems.named(args.what, args.input_shape)
    options = {**problem.options, **(QUICK if args.quick else {}), **_chosen(args)}
    with progress("training on both") as told:
        report = compare(problem.net, problem.x, problem.y, progress=told, **options)
    deliver(report, args)
    if args.json is not None:
        written(args.json, report.save)
    return report.ok


def _chosen(args: argparse.Namespace) -> dict[str, Any]:
    """The options of ``compare`` that were given."""
    names = ("epochs", "batch_size", "steps", "proof_steps", "dtype", "seed", "device", "backends")
    return {name: value for name in names if (value := getattr(args, name)) is not None}
