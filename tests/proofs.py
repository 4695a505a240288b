"""What the tables of cases show, row by row, for ``python -m dualnet.testing.coverage``."""

from __future__ import annotations

import functools
import types
from collections.abc import Iterable, Iterator
from typing import Any

import callback_cases
import layer_cases
import loss_cases
import metric_cases
import optim_cases
import schedule_cases
import test_constraints
import test_initializers
import test_regularizers
from test_ops import ROWS

from dualnet import losses, nn
from dualnet.testing.coverage import Proof

ALL = ("value", "gradient", "second derivative", "compiled")
FIRST = ("value", "gradient", "compiled")
VALUE = ("value",)
#: Names of libraries, as their users say them.
LIBRARIES = {
    "numpy": "NumPy",
    "scipy": "SciPy",
    "sklearn": "scikit-learn",
    "torch": "PyTorch",
    "keras": "Keras",
    "tensorflow": "Keras",
}
CHAPTERS = {
    "fft": "Fourier transform",
    "linalg": "linear algebra",
    "nn": "network function",
}
#: What no table can have a row of: what it is held to, and the tests that do it.
ELSEWHERE = [
    ("array function", "assign", "what was put there", "tests/test_tensors.py"),
    ("array function", "can_cast", "NumPy", "tests/test_dtypes.py"),
    ("array function", "finfo", "NumPy", "tests/test_ops.py"),
    ("array function", "iinfo", "NumPy", "tests/test_ops.py"),
    ("array function", "isdtype", "the standard's table", "tests/test_dtypes.py"),
    ("array function", "result_type", "the standard's table", "tests/test_dtypes.py"),
    ("array function", "stop_gradient", "derivatives by hand", "tests/test_tape.py"),
    ("initializer", "Constant", "values by hand", "tests/test_initializers.py"),
    ("initializer", "Identity", "values by hand", "tests/test_initializers.py"),
    ("initializer", "Ones", "values by hand", "tests/test_initializers.py"),
    ("initializer", "Orthogonal", "QᵀQ = 1, SciPy's law", "tests/test_initializers.py"),
    ("initializer", "STFT", "Keras", "tests/test_initializers.py"),
    ("initializer", "Zeros", "values by hand", "tests/test_initializers.py"),
    ("layer", "Cell", "a cell of a user by hand", "tests/test_recurrent.py"),
    ("layer", "Graph", "its layers by hand", "tests/test_definitions.py"),
    ("layer", "Lambda", "its function", "tests/test_wrapped.py"),
    ("layer", "Masking", "masks by hand", "tests/test_masks.py"),
    ("layer", "Native", "the modules by themselves", "tests/test_layers.py"),
    (
        "optimizer",
        "LBFGS",
        "torch.optim.LBFGS, up to 300 steps on three problems; scipy.optimize",
        "tests/test_optim_lbfgs.py",
    ),
]


def proofs() -> list[Proof]:
    """All rows of all tables."""
    return [
        *_functions(),
        *_layers(),
        *_losses(),
        *_of("metric", ((type(c.metric), named(c.reference)) for c in metric_cases.CASES)),
        *_of(
            "optimizer",
            (
                (type(c.rule), f"{named(c.reference)}, 300 steps on three problems")
                for c in optim_cases.COURSES
            ),
        ),
        *_of("initializer", ((type(i), "SciPy's law") for i, *_ in test_initializers.LAWS), VALUE),
        *_of("regularizer", ((type(ours), "Keras") for ours, _ in test_regularizers.SAME), FIRST),
        *_of("constraint", ((type(ours), "Keras") for ours, _ in test_constraints.SAME)),
        *_of("schedule", ((type(c.schedule), c.against) for c in schedule_cases.CASES)),
        *_of("callback", ((r.callback, r.against) for r in callback_cases.ROWS), VALUE),
        *(Proof(kind, name, f"{against}, {file}") for kind, name, against, file in ELSEWHERE),
    ]


def _functions() -> Iterator[Proof]:
    for row in ROWS:
        chapter, _, name = row.name.rpartition(".")
        shows = ["value"]
        if row.grad:
            shows += ["gradient", "second derivative"]
        if not row.eager:
            shows.append("compiled")
        kind = CHAPTERS.get(chapter, "array function")
        yield Proof(kind, name, named(row.reference), tuple(shows))


def _layers() -> Iterator[Proof]:
    public = [case for case in layer_cases.CASES if hasattr(nn, type(case.layer).__name__)]
    for case in public:
        yield Proof("layer", type(case.layer).__name__, "its formula in float64", ALL)


def _losses() -> Iterator[Proof]:
    classes = {cls.function: cls.__name__ for cls in losses.NAMES.values()}
    rows = [(case.loss, named(case.reference), ALL) for case in loss_cases.CASES]
    rows += [(loss, "Keras", ("value",)) for loss, *_ in loss_cases.KERAS]
    for loss, against, shows in rows:
        yield Proof("loss function", loss.__name__, against, shows)
        yield Proof("loss", classes[loss], against, shows)


def _of(
    kind: str,
    rows: Iterable[tuple[type, str]],
    shows: tuple[str, ...] = ("value", "compiled"),
) -> Iterator[Proof]:
    for cls, against in rows:
        yield Proof(kind, cls.__name__, against, shows)


def named(reference: Any) -> str:
    """The libraries that a reference calls; its own formula if it calls none but arithmetic."""
    found = sorted({LIBRARIES[root] for root in roots(reference, set()) if root in LIBRARIES})
    return ", ".join(found) or "formula"


def roots(thing: Any, met: set[int]) -> Iterator[str]:
    """The top packages of all that a function calls, through the helpers of the tests."""
    if id(thing) in met:
        return
    met.add(id(thing))
    if isinstance(thing, functools.partial):
        for part in (thing.func, *thing.args, *thing.keywords.values()):
            yield from roots(part, met)
    elif isinstance(thing, types.FunctionType) and not _library(thing.__module__):
        for cell in thing.__closure__ or ():
            yield from roots(cell.cell_contents, met)
        for name in _names(thing.__code__):
            if name in thing.__globals__:
                yield from roots(thing.__globals__[name], met)
    elif isinstance(thing, types.ModuleType):
        yield thing.__name__.partition(".")[0]
    elif callable(thing):
        yield (getattr(thing, "__module__", "") or "numpy").partition(".")[0]


def _library(module: str) -> bool:
    return module.partition(".")[0] in LIBRARIES


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)
