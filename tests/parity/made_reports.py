"""Made-up reports: what `compare` would have found, without a framework."""

from __future__ import annotations

import math

from dualnet.report import (
    Distance,
    Divergence,
    Finding,
    FreeRunRow,
    LayerRow,
    LockStepRow,
    Mode,
    Report,
    Settings,
)

LABELS = ("torch", "tensorflow")
LOCK_STEP = ("forward", "loss", "gradient", "state", "update")
FREE = ("loss", "weights", "slots", "state", "gradient", "metrics")
GATES = {"float64": 1e-12, "float32": 1e-5}


def apart(relative):
    return Distance(relative, relative, float(relative > 0) * 3)


def lock_step_row(step, paths, size=1e-15):
    """A step whose last gradient is `size` apart, and everything else less."""
    found = {
        phase: {path: size / (len(paths) - place) for place, path in enumerate(paths)}
        for phase in LOCK_STEP
    }
    cross = {phase: apart(max(by_path.values())) for phase, by_path in found.items()}
    control = {phase: apart(size / 2) for phase in LOCK_STEP if phase != "update"}
    truth = {label: {phase: apart(size / 3) for phase in LOCK_STEP} for label in LABELS}
    return LockStepRow(step, cross, control, truth, found)


def free_row(step, cross, control=1e-7, bound=1e-6):
    return FreeRunRow(
        step,
        {"torch": 1.0 / (1 + step), "tensorflow": 1.0 / (1 + step) + cross},
        dict.fromkeys(FREE, apart(cross)),
        dict.fromkeys(FREE, apart(control)),
        {label: {"weights": apart(cross / 2)} for label in LABELS} if step < 3 else {},
        bound,
    )


def mode(dtype="float64", lock_step=(), free_run=(), **more):
    """A mode; its findings are those of its rows."""
    findings = [
        Finding(phase, row.step, max(by_path, key=by_path.get), row.cross[phase], GATES[dtype])
        for row in lock_step[-1:]
        for phase, by_path in row.paths.items()
    ]
    return Mode(
        dtype,
        tuple(lock_step),
        tuple(findings),
        more.get("dead", ()),
        more.get("flips", ()),
        len(free_run),
        tuple(free_run),
        more.get("excess", ()),
    )


def divergence(path="conv.kernel", layer="conv"):
    return Divergence(
        3,
        "gradient",
        path,
        layer,
        (path,),
        apart(1e-3),
        1e-12,
        0.0,
        "float64",
        (2, 0),
        {"torch": 0.25, "tensorflow": 0.5},
    )


def layer(path, own=1e-16):
    return LayerRow(path, "Conv2D", apart(1e-15), apart(own), apart(1e-15), apart(own))


def report(verdict="agree", **more):
    """A report of any verdict, whose every field holds something unless told otherwise."""
    paths = more.pop("paths", ("conv.kernel", "conv.bias", "norm.moving_mean"))
    diverged = verdict == "diverged"
    sizes = [1e-15, 0.0, 2e-15, 1e-3 if diverged else 1e-15]
    rows = [lock_step_row(step, paths, size) for step, size in enumerate(sizes)]
    settings = Settings(
        LABELS,
        "Sequential(<b>|*x*)",
        "SGD()",
        "MSE()",
        "float32",
        "cpu:0",
        epochs=1,
        batch_size=8,
        seed=0,
        parameters=12,
    )
    fields = {
        "verdict": verdict,
        "reason": "because <it> is",
        "first": divergence() if diverged else None,
        "settings": settings,
        "proof": mode(
            lock_step=rows,
            free_run=[free_row(step, 1e-15, 1e-15, 1e-14) for step in range(4)],
            dead=("conv.bias",),
            flips=("relu at unit (0, 1)",),
        ),
        "practice": mode(
            "float32",
            [lock_step_row(step, paths, 1e-6) for step in (0, 1, 2, 50, 90)],
            [free_row(step, 1e-7) for step in range(6)],
        ),
        "layers": (layer("conv", 1e-3 if diverged else 1e-16), layer("norm#1")),
        "history": {label: {"loss": [1.0, 0.5]} for label in LABELS},
        "scores": {label: {"loss": 0.5, "accuracy": 0.75} for label in LABELS},
        "seconds": {"torch": 0.25, "tensorflow": 0.5},
        "environment": {"python": "3 & <more>"},
    }
    return Report(**fields | more)


def empty(verdict="agree"):
    """A report in which nothing was measured."""
    return report(
        verdict,
        proof=mode(),
        practice=mode("float32"),
        layers=(),
        history={},
        scores={},
        seconds={},
        environment={},
    )


def broken():
    """A report full of NaN and infinities, zeros and single points."""
    odd = [
        FreeRunRow(
            0,
            {"torch": math.nan, "tensorflow": math.inf},
            {"loss": apart(math.inf), "weights": Distance(math.nan, math.nan, math.nan)},
            {"loss": apart(0.0), "weights": apart(math.inf)},
            {"torch": {"weights": apart(math.inf)}},
            1e-6,
        )
    ]
    return report(
        "noise",
        proof=mode(lock_step=[lock_step_row(7, ("w",), math.inf)]),
        practice=mode("float32", [lock_step_row(0, ("w",), 0.0)], odd, excess=(0,)),
        layers=(layer("conv", math.inf), layer("norm", math.nan)),
        history={"torch": {"loss": [math.nan, 1.0]}, "tensorflow": {"loss": [-math.inf]}},
        scores={"torch": {"loss": math.nan}, "tensorflow": {"accuracy": 1.0}},
        seconds={"torch": 0.0},
    )


def large():
    """A report of 200 variables, 100 steps in lock-step and 80 layers."""
    paths = [f"encoder.block_{at}.attention.query.kernel" for at in range(200)]
    return report(
        "noise",
        proof=mode(
            lock_step=[lock_step_row(step, paths) for step in range(100)],
            dead=tuple(paths),
            flips=tuple(paths),
        ),
        practice=mode(
            "float32",
            free_run=[
                free_row(s, min(1e-7 * 2.0 ** min(s, 99), 9.0), min(1e-8 * 4.0 ** min(s, 99), 9.0))
                for s in (*range(9), 100, 5000)
            ],
        ),
        layers=tuple(layer(f"encoder.block_{at}", at * 1e-18) for at in range(80)),
        history={label: {"loss": [1.0 / k for k in range(1, 101)]} for label in LABELS},
    )
