"""One measurement, in a process that does nothing else; its result is a line of JSON.

The process imports the contestant's library before this module, and takes the time of it.
"""

from __future__ import annotations

import importlib
import json
import math
import resource
import sys
import time
import timeit
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from dualnet.bench.contestants import CONTESTANTS, Module
from dualnet.bench.workloads import Eager, Workload, named

__all__ = ["PROGRAM", "main", "measured"]

#: What the process runs: a contestant's import, timed, and then :func:`main`.
PROGRAM = """\
import time
begun = time.perf_counter()
{statement}
imported = time.perf_counter() - begun
from dualnet.bench.measuring import main
main(imported)
"""
#: Eager calls are timed in so many parts, of which the fastest counts.
PARTS = 5

Figures = dict[str, float]


def main(imported: float) -> None:
    """Reads what to measure from the argument, and prints what was found as the last line."""
    task = json.loads(sys.argv[1])
    sizes = task["workload"]
    workload = named(sizes.pop("name"), sizes)
    found = measured(task["contestant"], workload, task["steps"], imported)
    print(f"\n{json.dumps(found)}", flush=True)


def measured(contestant: str, workload: Workload, steps: int, imported: float) -> dict[str, Any]:
    """The figures of one contestant at one workload.

    Args:
        contestant: its name.
        workload: what it computes.
        steps: batches that are timed, rounded up to whole epochs.
        imported: seconds that its library took to load.
    """
    begun = time.perf_counter()
    name = f"dualnet_bench.{CONTESTANTS[contestant].module}"
    module = cast(Module, importlib.import_module(name))
    loaded = imported + time.perf_counter() - begun
    if isinstance(workload, Eager):
        return {"figures": {"import": imported, **_eager(module, steps)}}
    figures, more = _network(module, workload, steps, loaded)
    return {"figures": {"import": imported, **figures}, **more}


def _eager(module: Module, times: int) -> Figures:
    """Microseconds of a call of each kind."""
    part = max(1, times // PARTS)
    found = {}
    for name, call in module.eager().items():
        call()
        found[name] = min(timeit.repeat(call, number=part, repeat=PARTS)) / part * 1e6
    return found


def _network(
    module: Module, workload: Workload, steps: int, loaded: float
) -> tuple[Figures, dict[str, Any]]:
    x, y = workload.data()
    start, targets = tuple(each[: workload.batch] for each in x), y
    epochs = math.ceil(steps / workload.batches)
    begun = time.perf_counter()
    contender = module.build(workload)
    more: dict[str, Any] = {"parameters": contender.parameters()}
    figures: Figures = {}
    if targets is None:
        contender.predict(start)
        figures["first_step"] = loaded + time.perf_counter() - begun
    else:
        more["loss"] = contender.train(start, targets[: workload.batch], 1)[-1]
        figures["first_step"] = loaded + time.perf_counter() - begun
        contender.train(x, targets, 1)  # whatever is compiled for this data is compiled here
        seconds = _seconds(lambda: contender.train(x, targets, epochs))
        figures["train"] = epochs * workload.batches / seconds
        figures["peak"] = _peak()
    contender.predict(x)
    seconds = _seconds(lambda: [contender.predict(x) for _ in range(epochs)])
    figures["predict"] = epochs * workload.samples / seconds
    figures.setdefault("peak", _peak())
    return figures, more


def _seconds(work: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _peak() -> float:
    """The most memory that this process has had, in MiB."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux; getrusage would count the parent's memory before the start
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)
