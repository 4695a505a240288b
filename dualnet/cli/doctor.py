"""``dualnet doctor``: what is installed, and whether it works together on this machine."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np

from dualnet import nn, optim, registry
from dualnet.context import current_backend, current_device, current_dtype
from dualnet.device import select
from dualnet.model import Model
from dualnet.protocols import Backend
from dualnet.random import Stream

__all__ = ["add_to", "run"]

#: Environment variables that change what the frameworks compute, or how fast.
FLAGS = (
    "CUDA_VISIBLE_DEVICES",
    "DUALNET_BACKEND",
    "DUALNET_DEVICE",
    "DUALNET_DTYPE",
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "TF_ENABLE_ONEDNN_OPTS",
    "TF_NUM_INTEROP_THREADS",
    "TF_NUM_INTRAOP_THREADS",
)
#: The first words of Philox4x32-10 for key 0 and counter 0 (Random123's known answer).
WORDS = (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)
#: The largest relative distance in one float64 training step.
LIMIT = 1e-12
#: Our own among them, and what each chooses.
SETTINGS: dict[str, Callable[[], str]] = {
    "DUALNET_BACKEND": lambda: current_backend().name,
    "DUALNET_DEVICE": lambda: select(current_backend(), current_device()),
    "DUALNET_DTYPE": current_dtype,
}

#: What a test found: whether it is good, and how that is known.
Outcome = tuple[bool, str]


def add_to(commands: Any) -> None:
    """Adds the command to the parser's commands."""
    parser = commands.add_parser(
        "doctor",
        help="what is installed, and a test that it agrees on this machine",
        description="Lists backends, versions, devices and flags, and proves on this machine "
        "that random numbers, first weights and one float64 training step are the same on both "
        "backends.",
        epilog="exit status: 0 all is well; 1 a backend is missing or a test failed",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> bool:
    """Prints what there is and tests it; whether all is well."""
    have = registry.installed()
    _section("environment", _environment())
    for name in have:
        _section(name, registry.load(name).device.describe().items())
    missing = [name for name in registry.names() if name not in have]
    for name in missing:
        _section(name, [("not installed", f"pip install 'dualnet[{name}]'")])
    print("\ntests")
    results = [_tested(name, test) for name, test in _tests(have)]
    if missing:
        print("\nwithout both backends nothing can be compared; install the missing one")
    well = all(results) and not missing
    print(f"\n{'all is well' if well else 'something is wrong: see above'}")
    return well


def _section(title: str, pairs: Any) -> None:
    print(f"\n{title}")
    for key, value in pairs:
        print(f"  {key:<24}{value}")


def _environment() -> Iterator[tuple[str, str]]:
    yield "dualnet", version("dualnet")
    yield "python", platform.python_version()
    yield "numpy", np.__version__
    yield "platform", f"{sys.platform} {platform.machine()}, {os.cpu_count()} cores"
    for flag in FLAGS:
        if flag in os.environ:
            yield flag, os.environ[flag]


def _tests(have: tuple[str, ...]) -> Iterator[tuple[str, Callable[[], Outcome]]]:
    """The tests that can be made with what is installed."""
    for variable, chosen in SETTINGS.items():
        if os.environ.get(variable):
            yield variable, partial(_setting, chosen)
    for name in have:
        yield f"shared random words on {name}", partial(_words, registry.load(name))
    for name in have:
        yield f"first weights on {name}", partial(_first_weights, name)
    if len(have) >= 2:
        pair = (have[0], have[1])
        yield f"a training step on {' and '.join(pair)}", partial(_training_step, pair)


def _tested(name: str, test: Callable[[], Outcome]) -> bool:
    """Runs one test and prints its line."""
    try:
        good, told = test()
    except Exception as error:  # whatever breaks here is what the user wants to know
        good, told = False, f"{type(error).__name__}: {error}"
    print(f"  {'ok    ' if good else 'FAILED'}  {name}: {told}")
    return good


def _setting(chosen: Callable[[], str]) -> Outcome:
    """What a variable of the environment chooses, which may be nothing that is there."""
    return True, chosen()


def _words(backend: Backend) -> Outcome:
    """The generator's known answer, and a block from the middle of a stream."""
    first = backend.random.words((4,), key=0, site=0, step=0, device=None)
    stream = Stream(7, "doctor", "words", 3)
    drawn = backend.random.words(
        (1000,), key=stream.key, site=stream.site, step=stream.step, device=None
    )
    to_numpy = backend.state.to_numpy
    good = tuple(map(int, to_numpy(first))) == WORDS
    good &= bool(np.array_equal(to_numpy(drawn), stream.words(1000)))
    return good, "Philox4x32-10, bit for bit" if good else "other bits than Philox4x32-10 gives"


def _net() -> nn.Layer:
    return nn.Sequential(nn.Dense(8, activation="tanh"), nn.Dropout(0.25), nn.Dense(3))


def _first_weights(name: str) -> Outcome:
    """The weights of a small network are those that NumPy draws."""
    state = Model(_net(), (5,), backend=name, dtype="float64", device="cpu").state()
    kernel = Stream(0, "init", "dense.kernel").uniform((5, 8), -1.0, 1.0) * (6.0 / 13.0) ** 0.5
    far = float(np.abs(state["dense.kernel"] - kernel).max())
    return far < LIMIT, f"glorot uniform as drawn by NumPy, to {far:.1g}"


def _training_step(pair: tuple[str, str]) -> Outcome:
    """One step of Adam in float64, dropout included, is the same on both."""
    from dualnet.parity import compare  # loads for this test only

    x = Stream(0, "doctor", "x").normal((16, 5))
    y = Stream(0, "doctor", "y").integers(0, 3, (16,))
    report = compare(
        _net(),
        x,
        y,
        loss="cross_entropy",
        optimizer=optim.Adam(1e-2),
        batch_size=16,
        dtype="float64",
        backends=pair,
    )
    worst = max(report.proof.findings, key=lambda finding: finding.distance.relative)
    far = worst.distance.relative
    told = f"{report.verdict}, {worst.phase} furthest apart by {far:.1g} in float64"
    return report.ok and far <= LIMIT, told
