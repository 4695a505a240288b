"""The verdict's rule, on made-up findings."""

from __future__ import annotations

import math

import pytest

from dualnet.parity.gates import CONTROL_FACTOR, free_run_bound, gates
from dualnet.parity.verdict import Tolerance, judge
from dualnet.report import (
    Distance,
    Divergence,
    Finding,
    FreeRunRow,
    Mode,
)

ZERO = Distance(0.0, 0.0, 0.0)
PHASES = ("loss", "gradient", "weights", "state")


def apart(relative):
    return Distance(relative, relative, float(relative > 0) * 3)


def row(step, cross, control, bound=1e-6):
    return FreeRunRow(
        step,
        {"torch": 1.0, "tensorflow": 1.0 + cross},
        dict.fromkeys(PHASES, apart(cross)),
        dict.fromkeys(PHASES, apart(control)),
        {},
        bound,
    )


def proof(relative=1e-16, **more):
    finding = Finding("forward", 0, "output", apart(relative), 1e-12)
    return Mode("float64", (), (finding,), more.get("dead", ()), more.get("flips", ()), 0, (), ())


def practice(*rows, excess=()):
    return Mode("float32", (), (), (), (), len(rows), rows, excess)


DIVERGENCE = Divergence(
    3,
    "gradient",
    "dense.kernel",
    "relu",
    ("dense.kernel",),
    apart(1e-3),
    1e-11,
    0.0,
    "float64",
    (1,),
    {},
)


@pytest.mark.parametrize(
    ("proved", "practised", "divergence", "verdict"),
    [
        (proof(0.0), practice(row(0, 0.0, 1e-7)), None, "identical"),
        (proof(), practice(row(0, 0.0, 1e-7)), None, "agree"),
        (proof(0.0), practice(row(0, 1e-9, 1e-7)), None, "agree"),
        (proof(), practice(row(0, 1e-6, 0.0)), None, "agree"),
        (proof(), practice(row(0, 1e-7, 0.0), row(1, 1e-5, 1e-5)), None, "noise"),
        (proof(), practice(row(0, 1e-2, 1e-9), excess=(0,)), None, "noise"),
        (proof(), practice(row(0, 0.0, 0.0)), DIVERGENCE, "diverged"),
        (proof(), practice(row(0, math.inf, 1e-9), excess=(0,)), None, "noise"),
    ],
)
def test_the_rule(proved, practised, divergence, verdict):
    assert judge(proved, practised, divergence)[0] == verdict


def test_reasons_name_what_decided():
    assert "not one bit" in judge(proof(0.0), practice(row(0, 0.0, 0.0)), None)[1]
    chaotic = judge(proof(), practice(row(0, 0.0, 0.0), row(7, 1e-5, 1e-5)), None)[1]
    assert chaotic.startswith("from step 7 on, loss")
    assert "10 times" in chaotic
    exonerated = judge(proof(), practice(row(2, 1e-2, 0.0), excess=(2, 9)), None)[1]
    assert "the step at 2, 9 is the same on both" in exonerated
    assert (
        "step 3, gradient, 'dense.kernel' (layer 'relu')"
        in judge(proof(), practice(), DIVERGENCE)[1]
    )


def test_tolerance_is_the_bound_or_the_control_so_far():
    tolerance = Tolerance()
    assert not tolerance.exceeded(row(0, 1e-6, 1e-3))
    assert not tolerance.exceeded(row(1, CONTROL_FACTOR * 1e-3, 0.0))
    assert tolerance.exceeded(row(2, 1.01 * CONTROL_FACTOR * 1e-3, 0.0))
    assert Tolerance().exceeded(row(0, math.inf, 1.0))


def test_gates_are_wider_for_narrower_dtypes_and_the_bound_grows():
    for phase in ("forward", "loss", "gradient", "state", "update"):
        sizes = [gates(kind).of(phase) for kind in ("float64", "float32", "float16", "bfloat16")]
        assert sizes == sorted(sizes)
    assert gates("mixed_bfloat16") == gates("bfloat16")
    assert free_run_bound("float32", 3, 4) == pytest.approx(4 * free_run_bound("float32", 0, 1))
    assert free_run_bound("float64", 0, 1) < 1e-14
