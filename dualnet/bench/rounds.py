"""Rounds of measurements, each in a process of its own, the contestants taking turns."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from dualnet.bench.contestants import Contestant
from dualnet.bench.measuring import PROGRAM
from dualnet.bench.results import Measurement, Results
from dualnet.bench.workloads import Workload
from dualnet.errors import ConfigError

__all__ = ["Progress", "raced"]

#: Packages whose versions are told.
PACKAGES = ("numpy", "torch", "tensorflow", "tensorflow-cpu", "keras", "lightning", "dualnet")
#: Variables that change how fast the frameworks are.
VARIABLES = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
#: Of every process: TensorFlow's log is chatter.
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3"}

#: Is told how many measurements are done, of how many, and what is about to be measured.
Progress = Callable[[int, int, str], None]

#: The number of the round, the name of the workload, and who computes it.
Task = tuple[int, str, Contestant]


def raced(
    workloads: Mapping[str, Workload],
    contestants: Sequence[Contestant],
    *,
    rounds: int = 5,
    steps: int | None = None,
    progress: Progress = lambda done, total, what: None,
) -> Results:
    """Measures every contestant at every workload, once in every round.

    Contestants that are not installed are left out, with a note.  One that fails is noted, and
    the others go on.  Ctrl-C ends the race; what was measured before is kept.

    Args:
        workloads: what is computed, by the name that it has in the results.
        contestants: by whom.
        rounds: how often.
        steps: batches that are timed; each workload's own number if not given.

    Raises:
        ConfigError: none of the contestants is installed.
    """
    missing = {each.name: each.missing() for each in contestants}
    there = [each for each in contestants if not missing[each.name]]
    if not there:
        raise ConfigError(
            f"none of {', '.join(missing)} can run here: the first needs "
            f"{', '.join(next(iter(missing.values()), ()))}, which is not installed"
        )
    tasks = list(_turns(workloads, there, rounds))
    found: list[Measurement] = []
    try:
        for done, (turn, name, contestant) in enumerate(tasks):
            progress(done, len(tasks), f"{name}, {contestant.name}")
            workload = workloads[name]
            figures = _measured(workload, contestant, steps or workload.steps)
            found.append(Measurement(name, contestant.name, turn, **figures))
    except KeyboardInterrupt:
        if not found:
            raise
    return Results(
        tuple(found),
        {name: workload.described() for name, workload in workloads.items()},
        rounds,
        {name: needs for name, needs in missing.items() if needs},
        _environment(),
        unfinished=len(tasks) - len(found),
    )


def _turns(
    workloads: Mapping[str, Workload], contestants: Sequence[Contestant], rounds: int
) -> Iterator[Task]:
    """Round by round; every other one in reverse, so that none always comes after the same."""
    for turn in range(rounds):
        order = contestants if turn % 2 == 0 else contestants[::-1]
        for name, workload in workloads.items():
            yield from ((turn, name, each) for each in order if each.takes(workload))


def _measured(workload: Workload, contestant: Contestant, steps: int) -> dict[str, Any]:
    """What a process has found, as fields of a :class:`Measurement`."""
    task = {"contestant": contestant.name, "workload": workload.described(), "steps": steps}
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            PROGRAM.format(statement=contestant.statement),
            json.dumps(task),
        ],
        env={**os.environ, **QUIET, **contestant.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    told = done.stderr if done.returncode else done.stdout
    last = (told.strip() or f"status {done.returncode}").splitlines()[-1]
    if done.returncode:
        return {"figures": {}, "error": last}
    found: dict[str, Any] = json.loads(last)
    return found


def _environment() -> dict[str, str]:
    """What the figures depend on."""
    found = {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
    }
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    found.update((name, os.environ[name]) for name in VARIABLES if name in os.environ)
    return found
