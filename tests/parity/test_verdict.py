"""The verdict's rule, and every form of the report, on made-up findings."""

from __future__ import annotations

import json
import math
import re
from xml.etree import ElementTree

import pytest

from dualnet.parity.gates import CONTROL_FACTOR, free_run_bound, gates
from dualnet.parity.verdict import Tolerance, judge
from dualnet.report import (
    Distance,
    Divergence,
    Finding,
    FreeRunRow,
    Mode,
    Report,
    Settings,
)
from dualnet.report.tables import number

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
    3, "gradient", "dense.kernel", "relu", ("dense.kernel",), apart(1e-3), 1e-11, 0.0, "float64"
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


def report(verdict="diverged", **more):
    settings = Settings(
        ("torch", "tensorflow"),
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
    rows = [*(row(step, 10.0**-step, 1e-7) for step in range(5)), row(9, math.inf, 0.0)]
    return Report(
        verdict,
        "because <it> is",
        DIVERGENCE if verdict == "diverged" else None,
        settings,
        more.get("proof", proof(dead=("conv.bias",), flips=("relu at unit (0, 1)",))),
        more.get("practice", practice(*rows)),
        (),
        {"torch": {"loss": [1.0, math.nan]}, "tensorflow": {"loss": [1.0, 2.0]}},
        {"torch": {"loss": 0.5}, "tensorflow": {"loss": 0.5}},
        {"torch": 0.25, "tensorflow": 0.5},
        {"python": "3 & <more>"},
    )


def test_text_says_verdict_distances_divergence_and_notes():
    text = str(report())
    assert "\nverdict: diverged: torch and tensorflow: a real difference" in text
    for part in ("proof: float64", "practice: float32", "conv.bias", "relu at unit (0, 1)", "inf"):
        assert part in text
    assert "first divergence: step 3, gradient, 'dense.kernel'" in text
    assert not re.search(r"[ \t]$", text, re.MULTILINE)


def test_markdown_escapes_what_is_markup():
    text = report().to_markdown()
    assert r"Sequential(\<b>\|\*x\*)" in text
    assert len(re.findall(r"^\| --- \|", text, re.MULTILINE)) == 4


def test_html_is_one_well_formed_page_without_references(tmp_path):
    report().to_html(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text("utf-8")
    assert not re.search(r"https?:|src=|href=|@import|url\(|<script", page)
    assert "because &lt;it&gt; is" in page
    assert page.index("diverged") < page.index("<svg")
    svgs = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(svgs) == 4
    for svg in svgs:
        points = [shape.get("points") for shape in ElementTree.fromstring(svg).iter()]
        drawn = [line for line in points if line is not None]
        assert drawn
        assert not any("nan" in line or "inf" in line for line in drawn)


def test_html_of_a_report_without_rows(tmp_path):
    report("agree", practice=practice()).to_html(tmp_path / "report.html")
    assert "<svg" not in (tmp_path / "report.html").read_text("utf-8")


def test_json_is_strict_and_holds_everything(tmp_path):
    report().to_json(tmp_path / "report.json")

    def refuse(text):
        raise AssertionError(f"{text} is no JSON")

    data = json.loads((tmp_path / "report.json").read_text("utf-8"), parse_constant=refuse)
    assert data == report().to_dict()
    assert data["schema"] == "dualnet.report/1"
    assert (data["ok"], data["verdict"], data["first"]["path"]) == (
        False,
        "diverged",
        "dense.kernel",
    )
    assert data["history"]["torch"]["loss"] == [1.0, "nan"]
    assert data["practice"]["free_run"][-1]["cross"]["loss"]["relative"] == "inf"
    assert set(data) == {
        "schema",
        "ok",
        "verdict",
        "reason",
        "first",
        "settings",
        "proof",
        "practice",
        "layers",
        "history",
        "scores",
        "seconds",
        "environment",
    }


def test_numbers_are_short():
    assert [number(v) for v in (0.0, 1.26e-7, math.inf, math.nan)] == ["0", "1.3e-07", "inf", "nan"]
