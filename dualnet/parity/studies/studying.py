"""``dn.study``: comparisons over networks, seeds, dtypes, devices and backends, in one report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from os import PathLike
from pathlib import Path
from typing import Any

from dualnet import losses, optim
from dualnet import metrics as metrics_  # which is also the name of an argument
from dualnet.callbacks.display import check_verbose
from dualnet.nn.layer import Layer
from dualnet.parity.studies.folder import Folder
from dualnet.parity.studies.grid import Grid, by_net, make_grid, named_nets
from dualnet.parity.studies.identity import described
from dualnet.parity.studies.running import Progress, Run, Task
from dualnet.parity.studies.sources import Source, as_source
from dualnet.parity.studies.values import StudyReport
from dualnet.random.layout import checked_integer
from dualnet.typing import Tree

__all__ = ["study"]

#: What every comparison of a study has in common.
OPTIONS = ("epochs", "batch_size", "steps", "proof_steps", "input_shape")


def study(
    nets: Layer | Mapping[str, Layer] | Sequence[Layer],
    data: Any,
    y: Tree = None,
    *,
    loss: Any,
    optimizer: Any,
    metrics: Any = (),
    backends: Sequence[str] | None = None,
    seeds: int | Sequence[int] = (0,),
    dtypes: str | Sequence[str] = ("float32",),
    devices: str | Sequence[str] = ("cpu",),
    epochs: int = 1,
    batch_size: int = 32,
    steps: int | None = None,
    proof_steps: int | None = None,
    validation_data: tuple[Tree, Tree] | None = None,
    sample_weight: Tree = None,
    input_shape: Tree = None,
    folder: str | PathLike[str] | None = None,
    stop_on_error: bool = False,
    verbose: int | str = "auto",
    progress: Progress | None = None,
) -> StudyReport:
    """Compares networks on two backends or more, over seeds, dtypes and devices.

    Every cell of the grid is one call of :func:`dualnet.compare`; the report sums them up over
    the seeds, with the difference between the backends and its confidence interval.
    ``docs/studies.md`` has an example and the formulas.

    A comparison that raises an error is a failed cell; the others go on.  With a folder, every
    finished comparison is kept in it, and the same call goes on where it was interrupted.

    Args:
        nets: a definition, several by name, or several that are named after their class.
        data: ``(x, y)`` or ``(x, y, sample_weight)``; a data set such as
            :func:`dualnet.data.load_digits` gives, whose test data are for the scores; a
            function of the seed that returns either; or the inputs, with the targets next.
        y: the targets, if ``data`` is the inputs.
        loss, optimizer, metrics: as for :meth:`dualnet.Model.compile`.  These and ``data`` may
            be mappings from each network's name to its own.
        backends: every pair of them is compared; all that are installed if not given.
        seeds: of weights, batch order and masks.
        dtypes: of the free runs; each comparison has its proof in float64.
        devices: where both train.
        epochs, batch_size, steps, proof_steps, validation_data, sample_weight, input_shape: as
            for :func:`dualnet.compare`.
        folder: keeps the report of every cell; made if it is not there.
        stop_on_error: raise what a comparison raises, after the finished cells are kept.
        verbose: 0 is silent, 1 shows bars, 2 a line per cell, ``"auto"`` bars on a terminal
            and lines elsewhere.
        progress: called after each cell with the cells done, the cells there are, and the cell.

    Raises:
        BackendNotFound: fewer than two backends are installed, or one named is not.
        ConfigError: an argument that no cell could use, or a folder that holds another study.
        DtypeError: a dtype that no model can compute in.
        ReportError: the folder cannot be read or written.

    >>> import numpy as np
    >>> from dualnet import nn, parity
    >>> net = nn.Sequential(nn.Dense(4, activation="tanh"), nn.Dense(1))
    >>> x = np.linspace(-1, 1, 16).reshape(8, 2)
    >>> report = parity.study(net, (x, x[:, :1]), loss="mse", optimizer="sgd", seeds=(0, 1),
    ...                       batch_size=4, verbose=0)
    >>> [cell.verdict for cell in report.cells], report.ok
    (['agree', 'agree'], True)
    """
    check_verbose(verbose)
    named = named_nets(nets)
    grid = make_grid(tuple(named), backends, seeds, dtypes, devices)
    given = by_net("data", data, grid.nets) if y is None else dict.fromkeys(grid.nets, data)
    sources = {
        name: as_source(each, y, sample_weight, validation_data) for name, each in given.items()
    }
    tasks = _tasks(named, sources, loss, optimizer, metrics)
    options = _options(epochs, batch_size, steps, proof_steps, input_shape)
    kept = None if folder is None else Folder(Path(folder), _identity(grid, tasks, options))
    return Run(grid, tasks, options, kept, stop_on_error).report(verbose, progress)


def _tasks(
    nets: Mapping[str, Layer],
    sources: Mapping[str, Source],
    loss: Any,
    optimizer: Any,
    chosen: Any,
) -> dict[str, Task]:
    """Each network with what is its own; names become values here."""
    names = tuple(nets)
    found_losses = {name: losses.get(each) for name, each in by_net("loss", loss, names).items()}
    optimizers = by_net("optimizer", optimizer, names)
    measures = by_net("metrics", chosen, names)
    return {
        name: Task(
            net,
            sources[name],
            found_losses[name],
            optim.get(optimizers[name]),
            tuple(metrics_.get(metric, found_losses[name]) for metric in measures[name]),
        )
        for name, net in nets.items()
    }


def _options(
    epochs: int, batch_size: int, steps: int | None, proof_steps: int | None, input_shape: Tree
) -> dict[str, Any]:
    """The options that every comparison has, checked."""
    counts = {
        "epochs": epochs,
        "batch_size": batch_size,
        "steps": steps,
        "proof_steps": proof_steps,
    }
    given = {name: n for name, n in counts.items() if n is not None}
    checked = {name: checked_integer(name, n, 1, 1 << 32) for name, n in given.items()}
    return {**checked, "input_shape": input_shape}


def _identity(grid: Grid, tasks: Mapping[str, Task], options: Mapping[str, Any]) -> dict[str, Any]:
    """What the cells depend on, by name; a grid that grows adds names and changes none."""
    told: dict[str, Any] = {"dualnet": version("dualnet")}
    told |= {name: described(options.get(name)) for name in OPTIONS}
    for name, task in tasks.items():
        told[f"network {name}"] = described(task.net)
        told[f"loss of {name}"] = described(task.loss)
        told[f"optimizer of {name}"] = described(task.optimizer)
        told[f"metrics of {name}"] = described(task.metrics)
        for seed in (0,) if task.source.constant else grid.seeds:
            key = f"data of {name}" + ("" if task.source.constant else f", seed {seed}")
            told[key] = task.source.make(seed).digest()
    return told
