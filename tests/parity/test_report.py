"""Every form of the report, on made-up findings: what it says, how it looks, how it is kept."""

from __future__ import annotations

import dataclasses
import html.parser
import io
import json
import math
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console

from dualnet import ReportError, nn
from dualnet.parity import Report
from dualnet.parity.gates import CONTROL_FACTOR
from dualnet.report import figures, tables
from dualnet.report.heat import level
from dualnet.report.plain import SCHEMA, fields, from_plain
from dualnet.report.plots import Line, Plot
from dualnet.report.scales import Places, Steps, linear, logarithmic
from dualnet.report.schema import TYPES, json_schema
from dualnet.report.text import show
from dualnet.report.wording import number
from tests.parity import made_reports
from tests.parity.conftest import labels, numbers
from tests.parity.made_reports import free_row, layer, mode, report

DOCS = Path(__file__).parents[2] / "docs"
MADE = {
    "identical": report("identical"),
    "agree": report(),
    "noise": report("noise"),
    "diverged": report("diverged"),
    "empty": made_reports.empty(),
    "diverged, empty": made_reports.empty("diverged"),
    "broken": made_reports.broken(),
    "large": made_reports.large(),
}
made = pytest.mark.parametrize("each", MADE.values(), ids=MADE)
CHAOTIC = "chaotic from step 2 on: the control has left the bound"


def page_of(each, tmp_path):
    each.to_html(tmp_path / "report.html")
    return (tmp_path / "report.html").read_text("utf-8")


# Text


def test_text_says_what_was_found_and_the_verdict_last():
    text = str(report("diverged"))
    parts = (
        "network: Sequential(<b>|*x*)",
        "proof: float64, in lock-step, 4 steps",
        "gradient ◀",
        "proof: float64, trained freely, 4 steps",
        "practice: float32, in lock-step, 5 steps",
        "practice: float32, trained freely, 6 steps",
        "conv ◀",
        "steps per second",
        "first divergence: step 3, gradient, 'conv.kernel' (layer 'conv')",
        "note: dead parameters, whose true gradient is zero, left out: conv.bias",
        "note: kinks, where rounding decides the derivative",
        "\nverdict: diverged: torch and tensorflow: a real difference between the backends\n",
        "because <it> is",
    )
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert text.endswith("because <it> is")


def test_layers_are_told_where_they_matter():
    assert "own gradient" in str(report("diverged"))
    assert "own gradient" not in str(report())


def test_a_chaotic_run_has_a_horizon():
    rows = [free_row(step, 1e-7, 10.0 ** (step - 7), bound=5e-6) for step in range(5)]
    chaotic = report("noise", practice=mode("float32", free_run=rows))
    assert CHAOTIC in str(chaotic)
    assert CHAOTIC in chaotic.to_markdown()
    assert "chaotic" not in str(report("noise"))


@made
@pytest.mark.parametrize("width", [24, 40, 64, 80, 100, 200])
def test_text_fits_and_no_line_ends_in_blanks(each, width):
    text = io.StringIO()
    show(each, Console(file=text, width=width))
    lines = text.getvalue().splitlines()
    assert not any(line != line.rstrip() for line in lines)
    assert max(map(len, lines)) <= width
    assert any("verdict:" in line for line in lines)


def test_text_is_as_wide_as_the_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    assert 50 < max(map(len, str(report()).splitlines())) <= 60


def test_a_narrow_table_is_a_list(monkeypatch):
    monkeypatch.setenv("COLUMNS", "44")
    listed = """
gradient
  worst at: norm.moving_mean (step 3)
  cross     1.0e-15    gate      1.0e-12
  control   1.0e-15    absolute  1.0e-15
  ulps            3
"""
    assert listed in str(report())


def test_colours_on_a_terminal():
    text = io.StringIO()
    console = Console(file=text, force_terminal=True, width=100, color_system="standard")
    show(report("diverged"), console)
    assert "\x1b[1;31mgradient ◀" in text.getvalue()
    assert "\x1b[1;31mverdict: diverged" in text.getvalue()


def test_the_repr_is_short():
    assert repr(report()) == "<Report agree: torch and tensorflow, 6 steps in float32>"


def test_numbers_are_short():
    found = [number(value) for value in (0.0, 1.26e-7, math.inf, math.nan, None)]
    assert found == ["0", "1.3e-07", "inf", "nan", "–"]


def test_steps_per_second_leave_out_the_first():
    assert tables.results(report()).rows == (
        ("torch", "0.5", "0.75", "0.25", "20"),
        ("tensorflow", "0.5", "0.75", "0.5", "10"),
    )


def test_what_was_not_measured_has_no_column():
    plain = report(seconds={}, practice=mode("float32", free_run=[free_row(9, 1e-7)]))
    assert tables.results(plain).columns == ("backend", "loss", "accuracy")
    free = tables.measured(plain)[-1]
    assert free.columns == ("phase", "cross", "control", "bound at the end", "absolute")


def test_long_tables_are_cut_to_the_worst():
    layers = tables.layers(MADE["large"])
    assert layers.note == "the worst 24 of 80"
    assert [row[0] for row in layers.rows] == [f"encoder.block_{at}" for at in range(56, 80)]
    assert tables.history(MADE["large"]).note == "the first and last 10 of 100 epochs"
    assert "and 192 more" in str(MADE["large"])


def test_the_guilty_layer_is_shown_among_many():
    many = tuple(layer(f"other_{at}", 1e-2) for at in range(100))
    guilty = tables.layers(report("diverged", layers=(*many, layer("conv#1", 1e-16))))
    assert guilty.rows[guilty.marked[0]][0] == "conv#1"


# Markdown


def test_markdown_escapes_what_is_markup():
    text = report().to_markdown()
    assert r"Sequential(\<b\>\|\*x\*)" in text
    assert r"because \<it\> is" in text


@made
def test_markdown_is_short_where_it_is_not_folded(each):
    text = each.to_markdown()
    open_, folded = re.sub(r"<details>.*?</details>", "", text, flags=re.DOTALL), text
    assert open_.count("\n| :--") <= 2
    assert "details" not in open_
    assert open_.startswith("### ")
    assert len(folded) < 60_000  # GitHub takes 65,536 characters in a comment
    for line in re.findall(r"^\|.*\|$", text, re.MULTILINE):
        assert len(re.findall(r"(?<!\\)\|", line)) > 2


def test_markdown_tells_the_divergence_once():
    diverged = report("diverged", reason=str(made_reports.divergence()))
    assert diverged.to_markdown().partition("<details>")[0].count("step 3, gradient") == 1
    assert "First divergence: none" in report().to_markdown()


# The page


class Balance(html.parser.HTMLParser):
    """Holds that every element that is opened is closed, in order."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@made
def test_the_page_is_well_formed_and_without_references(each, tmp_path):
    page = page_of(each, tmp_path)
    assert not re.search(r"https?:|src=|href=|@import|url\(|<script|\son\w+=", page)
    balance = Balance()
    balance.feed(page)
    assert not balance.open
    assert "because &lt;it&gt; is" in page
    assert len(page) < 1_000_000


@made
def test_drawings_stay_inside_their_frames(each, tmp_path):
    for svg in re.findall(r"<svg.*?</svg>", page_of(each, tmp_path), re.DOTALL):
        drawing = ElementTree.fromstring(svg)
        _, _, width, height = map(float, drawing.get("viewBox").split())
        for shape in drawing.iter():
            for x, y in points(shape):
                assert 0 <= x <= width
                assert 0 <= y <= height


def points(shape):
    """Every point that a shape goes through; a label's ends, roughly."""
    pairs = shape.get("points", "").split()
    yield from (tuple(map(float, pair.split(","))) for pair in pairs)
    for x, y in (("x1", "y1"), ("x2", "y2"), ("cx", "cy")):
        if shape.get(x) is not None:
            yield float(shape.get(x)), float(shape.get(y))
    if shape.tag == "rect":
        x, y = (float(shape.get(name, 0)) for name in ("x", "y"))
        yield x, y
        yield x + float(shape.get("width")), y + float(shape.get("height"))
    if shape.tag == "text":
        x, y, length = float(shape.get("x")), float(shape.get("y")), 5 * len(shape.text)
        part = {"start": 0.0, "middle": 0.5, "end": 1.0}[shape.get("text-anchor", "start")]
        yield x - part * length, y
        yield x + (1 - part) * length, y


def test_the_page_draws_what_was_measured(tmp_path):
    page = page_of(report("diverged"), tmp_path)
    assert page.index("<h1>") < page.index("<h2>Layers") < page.index("<h2>Training")
    titles = re.findall(r"<figcaption>(.*?)<", page)
    measured = ("slots", "state", "gradient", "metrics")
    assert titles == [
        "in lock-step, float64: relative distance per phase",
        "in lock-step, float64: what differs, and where",
        "distance of the loss in float64, relative",
        "distance of the weights in float64, relative",
        *(f"{phase}, float64" for phase in measured),
        "in lock-step, float32: relative distance per phase",
        "in lock-step, float32: what differs, and where",
        *(f"{phase}, float32" for phase in measured),
        "loss in float32",
        "distance of the loss in float32, relative",
        "distance of the weights in float32, relative",
    ]
    assert "first divergence: step 3, gradient (float64)" in page
    assert page.count("<polyline") > 40
    assert 'class="heat h9"' in page


def test_nothing_measured_draws_nothing(tmp_path):
    assert "<svg" not in page_of(made_reports.empty(), tmp_path)


def test_one_step_and_zeros_are_for_the_tables():
    one, same = [free_row(0, 1e-7)], [free_row(step, 0.0, 0.0) for step in range(3)]
    moved = [free_row(step, 0.0, 1e-7) for step in range(3)]
    for rows, drawn, judged in ((one, 0, 0), (same, 0, 2), (moved, 4, 2)):
        each = mode("float32", free_run=rows)
        assert len(list(figures.others(each))) == drawn
        assert len(list(figures.distances(report(), each))) == judged


def test_one_step_is_not_plotted(tmp_path):
    each = report(practice=mode("float32", free_run=[free_row(0, 1e-7)]))
    page = page_of(each, tmp_path)
    assert "loss in float32" not in page
    assert "practice: float32, trained freely, 1 step<" in page


def test_a_divergence_is_printed_once():
    each = report("diverged")
    once = dataclasses.replace(each, reason=str(each.first))
    assert "first divergence" in str(each)
    assert "first divergence" not in str(once)


def test_a_report_that_agrees_begins_with_training(tmp_path):
    page = page_of(report(), tmp_path)
    assert page.index("<h2>Training") < page.index("<h2>Layers")


def test_a_page_of_many_variables_shows_the_worst(tmp_path):
    page = page_of(MADE["large"], tmp_path)
    assert "gradient, gate 1.0e-12, the worst 16 of 200" in page
    assert "steps; the worst of each span" in page
    assert "encoder.block_199.attention.query.kernel" in page
    assert "gradient of encoder.block_199.attention.query.kernel, step 3–5: relative" in page


def test_the_band_goes_up_to_what_the_control_allows():
    controls = (1e-8, 4e-8, 2e-8)
    rows = [free_row(step, 1e-7, size) for step, size in enumerate(controls)]
    plot = next(figures.distances(report(), mode("float32", free_run=rows)))
    allowed, control = plot.bands
    assert control.points == [(0, 0.0, 1e-8), (1, 0.0, 4e-8), (2, 0.0, 2e-8)]
    assert [point[1] for point in allowed.points] == list(controls)
    assert [point[2] / CONTROL_FACTOR for point in allowed.points] == [1e-8, 4e-8, 4e-8]


def test_horizon_excess_and_divergence_are_marked():
    rows = [free_row(step, 1e-7, 10.0 ** (step - 7), bound=5e-6) for step in range(5)]
    chaotic = mode("float32", free_run=rows, excess=(4,))
    plot = next(figures.distances(report("diverged"), chaotic))
    assert [(mark.step, mark.name.split(":")[0]) for mark in plot.marks] == [
        (3, "first divergence"),
        (4, "beyond bound and control"),
        (2, "horizon"),
    ]


def test_a_single_step_is_a_dot():
    drawn = Plot("one", [Line("a", [(0, 1e-7)], "one")]).svg()
    assert drawn.count("<circle") == 1


def test_nan_interrupts_a_line_and_gaps_break_it_unless_joined():
    def runs(values, **options):
        drawn = Plot("p", [Line("a", values, "one")], **options).svg()
        return len(re.findall("<polyline", drawn)) - 1  # one is the legend's

    assert runs([(0, 1.0), (1, math.nan), (2, 1.0)]) == 2
    assert runs([(0, 1.0), (9, 1.0)]) == 1
    assert runs([(0, 1.0), (9, 1.0)], joined=False) == 2


@pytest.mark.parametrize(
    ("axis", "places", "shown"),
    [
        (linear([0.0, 10.0], 0, 105), {-1.0: 0, 5.0: 52.5, 99.0: 105}, ["0", "2", "10"]),
        (linear([], 0, 10), {0.0: 5}, ["0"]),
        (linear([3.0], 0, 10), {3.0: 5}, ["3"]),
        (
            logarithmic([1e-9, 1e-6], 100, 0),
            {1e-9: 100, 1e-6: 0, 0.0: 100, math.inf: 0},
            ["1e-9", "1e-6"],
        ),
        (logarithmic([0.0, 1e-2, 1.0, math.inf], 0, 4), {0.0: 0, 1e-2: 1, math.inf: 4}, "0 1 ∞"),
        (logarithmic([1.0], 0, 1), {1.0: 0}, ["1", "1e1"]),
        (logarithmic([0.0, math.nan], 0, 2), {0.0: 0, 1.0: 1}, ["0", "1"]),
        (Steps(30, 0, 300), {0: 0, 15: 150, 30: 300}, ["0", "5", "30"]),
        (Steps(0, 0, 300), {0: 0}, ["0"]),
        (Steps(9999, 0, 4), {0: 0, 99: 2, 9999: 4}, ["0", "9999"]),
        (Places([0, 1, 500], 0, 300), {0: 50, 1: 150, 500: 250}, ["0", "1", "500"]),
    ],
)
def test_axes(axis, places, shown):
    for value, place in places.items():
        assert axis.at(value) == pytest.approx(place)
    found = [label for _, label in axis.ticks()]
    assert set(shown.split() if isinstance(shown, str) else shown) <= set(found)
    assert len(found) == len(set(found)) < 12


def test_heat_is_a_decade_of_the_gate():
    sizes = (0.0, 1e-17, 5e-16, 5e-15, 5e-14, 5e-13, 1e-12, 5e-12, 5e-10, 5e-7, 1.0, math.nan)
    assert [level(size, 1e-12) for size in sizes] == [0, 1, 2, 3, 4, 5, 5, 6, 7, 8, 9, 9]


# Keeping


def same(a, b):
    """Whether two values are equal, types and NaN included."""
    if isinstance(a, float):
        return type(a) is type(b) and (a == b or (math.isnan(a) and math.isnan(b)))
    if dataclasses.is_dataclass(a):
        return type(a) is type(b) and same(vars(a), vars(b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (tuple, list)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


@made
def test_a_report_is_read_as_it_was_saved(each, tmp_path):
    each.save(tmp_path / "r.json")
    assert same(Report.load(tmp_path / "r.json"), each)


@made
def test_json_is_strict_and_satisfies_the_schema(each, tmp_path):
    each.to_json(tmp_path / "r.json")

    def refuse(text):
        raise AssertionError(f"{text} is no JSON")

    data = json.loads((tmp_path / "r.json").read_text("utf-8"), parse_constant=refuse)
    assert data == each.to_dict()
    satisfied(data, SCHEMA_AS_DATA, SCHEMA_AS_DATA)


SCHEMA_AS_DATA = json_schema()
KINDS = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
    "integer": int,
    "number": (int, float),
}


def satisfied(data, schema, whole):
    """Holds data to a JSON Schema, in the words of which ours is made."""
    if "$ref" in schema:
        schema = whole["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    if "anyOf" in schema:
        assert any(fits(data, each, whole) for each in schema["anyOf"]), data
        return
    if "type" in schema:
        assert isinstance(data, KINDS[schema["type"]]), (data, schema)
        assert schema["type"] == "boolean" or not isinstance(data, bool)
    assert data in schema.get("enum", [data])
    assert data == schema.get("const", data)
    if isinstance(data, list):
        assert schema.get("minItems", 0) <= len(data) <= schema.get("maxItems", math.inf)
        for item in data:
            satisfied(item, schema["items"], whole)
    if isinstance(data, dict):
        assert set(schema.get("required", ())) <= set(data)
        known = schema.get("properties", {})
        for key, value in data.items():
            satisfied(value, known[key] if known else schema["additionalProperties"], whole)


def fits(data, schema, whole):
    try:
        satisfied(data, schema, whole)
    except AssertionError:
        return False
    return True


def test_the_schema_refuses_what_is_wrong():
    good = report().to_dict()
    assert fits(good, SCHEMA_AS_DATA, SCHEMA_AS_DATA)
    for wrong in (
        {"verdict": "perhaps"},
        {"schema": "dualnet.report/1"},
        {"seconds": {"torch": "fast"}},
        {"first": 3},
        {"more": 1},
    ):
        with pytest.raises((AssertionError, KeyError)):
            satisfied(good | wrong, SCHEMA_AS_DATA, SCHEMA_AS_DATA)


def test_the_schemas_file_is_the_schema():
    assert json.loads((DOCS / "report.schema.json").read_text("utf-8")) == SCHEMA_AS_DATA


def test_every_field_is_documented_and_described():
    text = (DOCS / "report_schema.md").read_text("utf-8")
    assert SCHEMA in text
    sections = dict(re.findall(r"^## `(\w+)`.*?\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    assert list(sections) == [kind.__name__ for kind in TYPES]
    for kind in TYPES:
        listed = re.findall(r"^\| `(\w+)` \|", sections[kind.__name__], re.MULTILINE)
        extra = ["schema", "ok"] if kind is Report else []
        assert listed == [*extra, *fields(kind)]
        schema = SCHEMA_AS_DATA if kind is Report else SCHEMA_AS_DATA["$defs"][kind.__name__]
        assert all(each.get("description") for each in schema["properties"].values()), kind


def changed(**new):
    return json.dumps(report().to_dict() | new)


def without(name):
    data = report().to_dict()
    del data[name]
    return json.dumps(data)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot read .*No such file"),
        ("", "damaged or no JSON"),
        (changed()[:500], "damaged or no JSON"),
        ("[" * 100_000, "damaged or no JSON"),
        (b"\xff\xfe\x00", "damaged or no JSON"),
        ("[1, 2]", "holds no report of dualnet"),
        ('{"schema": "other/2"}', "holds no report of dualnet"),
        ('{"schema": 2}', "holds no report of dualnet"),
        (changed(schema="dualnet.report/1"), "schema dualnet.report/1.*reads dualnet.report/2"),
        (without("proof"), "the report lacks 'proof'"),
        (changed(verdict="perhaps"), "verdict is 'perhaps', none of identical, agree"),
        (changed(seconds={"torch": "1"}), "seconds.torch is '1', where a number should be"),
        (changed(seconds={"torch": True}), "seconds.torch is True, where a number should be"),
        (changed(seconds={"torch": 10**400}), "seconds.torch is too large"),
        (changed(layers={}), "layers is {}, where an array should be"),
        (changed(layers=[[]]), r"layers\[0\] is \[\], where an object should be"),
        (changed(settings=[]), r"settings is \[\], where an object should be"),
        (changed(first={"step": 1.5}), "first.step is 1.5, where an integer should be"),
        (changed(reason=None), "reason is None, where a string should be"),
        (changed(settings=report().to_dict()["settings"] | {"backends": ["a"]}), "1 items, not 2"),
    ],
)
def test_files_that_are_no_reports(content, told, tmp_path):
    path = tmp_path / "r.json"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ReportError, match=told) as caught:
        Report.load(path)
    assert str(path) in str(caught.value)
    assert isinstance(caught.value, OSError)


def test_fields_of_a_later_version_are_left_out():
    assert from_plain(report().to_dict() | {"later": 1}) == report()


def test_a_crash_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "r.json"
    report().save(path)
    before = path.read_bytes()

    def fail(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    for write in (report("noise").save, report("noise").to_html, report("noise").to_json):
        with pytest.raises(ReportError, match="No space left on device; give another file"):
            write(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(ReportError, match="give another file"):
        report().to_html(tmp_path)


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "r.json")
    report().save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert Report.load(tmp_path / "r.json") == report()


def test_a_real_report(run, mlp, tmp_path):
    """What `compare` gives has every form, and is read as it was saved."""
    found = run(mlp, numbers(24, 4), labels(24, 3), metrics=["accuracy"])
    found.save(tmp_path / "r.json")
    loaded = Report.load(tmp_path / "r.json")
    assert same(loaded, found)
    assert (str(loaded), loaded.to_markdown()) == (str(found), found.to_markdown())
    assert page_of(loaded, tmp_path).count("<figure") >= 5
    satisfied(found.to_dict(), SCHEMA_AS_DATA, SCHEMA_AS_DATA)


def test_a_real_divergence_marks_its_layer(run, plant, tmp_path):
    def off(right):
        return lambda x, **options: right(x, **options) * (1 + 1e-8)

    plant("tensorflow", "nn.sigmoid", off)
    net = nn.Sequential(nn.Dense(5), nn.Dense(5, activation="sigmoid"), nn.Dense(3))
    found = run(net, numbers(24, 4), labels(24, 3))
    assert "forward ◀" in str(found)
    assert re.search(r'class=marked><td class="words">forward ◀', page_of(found, tmp_path))
