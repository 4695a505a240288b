"""Studies: the grid, the folder, the statistics, the forms of the report."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
import signal
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

import dualnet as dn
from dualnet import nn, parity
from dualnet.cli import main
from dualnet.parity.studies import StudyReport, running
from dualnet.parity.studies.grid import make_grid, named_nets
from dualnet.parity.studies.statistics import spread, t_quantile


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


NET = nn.Sequential(nn.Dense(4, activation="tanh"), nn.Dense(3))
X, Y = numbers(12, 4).astype("float32"), np.arange(12) % 3
BASE = {"loss": "cross_entropy", "optimizer": "sgd", "verbose": 0, "backends": ("torch", "torch")}


@pytest.fixture(scope="module")
def real():
    """One real report; what a study makes of it does not depend on how it came about."""
    options = {"loss": "cross_entropy", "optimizer": "sgd", "metrics": ["accuracy"]}
    return parity.compare(
        NET, X, Y, **options, batch_size=4, proof_steps=1, backends=("torch", "tensorflow")
    )


@pytest.fixture
def fake(monkeypatch, real):
    """A ``compare`` that costs nothing; its calls, and what it raises, given as a function."""

    def compare(net, x, y, **options):
        calls.append({"net": net, "x": x, "y": y, **options})
        made.before(options)
        names = options["backends"]
        names = names if names[0] != names[1] else (names[0], f"{names[0]} (2)")
        seed = options["seed"]
        settings = dataclasses.replace(
            real.settings,
            backends=tuple(options["backends"]),
            seed=seed,
            dtype=options["dtype"],
        )
        scores = {"loss": (0.5 + seed, 0.5 + seed + made.gap(seed)), "accuracy": (0.9, 0.9)}
        both = {
            name: {measure: pair[side] for measure, pair in scores.items()}
            for side, name in enumerate(names)
        }
        return dataclasses.replace(
            real,
            verdict=made.verdict(options),
            settings=settings,
            scores=both,
            seconds={names[0]: 2.0, names[1]: 3.0},
        )

    calls: list[dict] = []
    made = SimpleNamespace(
        calls=calls,
        before=lambda options: None,
        gap=lambda seed: 0.0,
        verdict=lambda options: "agree",
    )
    monkeypatch.setattr(running, "compare", compare)
    monkeypatch.setattr(running.gc, "collect", lambda: 0)  # there is nothing to collect
    return made


def small(**options) -> StudyReport:
    data = options.pop("data", (X, Y))
    return dn.study(options.pop("nets", NET), data, **BASE | options)


# The grid


def test_every_point_is_compared_once(fake):
    report = small(
        nets={"a": NET, "b": nn.Dense(3)},
        backends=("torch", "tensorflow"),
        seeds=(0, 1, 2),
        dtypes=("float32", "float64"),
        devices=("cpu", "cpu:0"),
    )
    points = {
        (cell.net, cell.backends, cell.seed, cell.dtype, cell.device) for cell in report.cells
    }
    assert len(points) == len(report.cells) == len(fake.calls) == 2 * 3 * 2 * 2
    assert {call["net"] for call in fake.calls} == {NET, nn.Dense(3)}
    for cell, call in zip(report.cells, fake.calls, strict=True):
        assert (cell.seed, cell.dtype, cell.device) == (call["seed"], call["dtype"], call["device"])


def test_what_an_axis_names_twice_counts_once():
    grid = make_grid(["a"], ("torch", "tensorflow"), [1, np.int64(1), 0], "float32", ["cpu", "cpu"])
    assert (len(grid), grid.seeds, grid.dtypes, grid.devices) == (2, (1, 0), ("float32",), ("cpu",))
    assert grid.pairs == (("torch", "tensorflow"),)


def test_every_pair_of_several_backends(monkeypatch):
    from dualnet import registry

    monkeypatch.setattr(registry, "load", lambda name: None)
    monkeypatch.setattr(registry, "installed", lambda: ("a", "b", "c"))
    pairs = (("a", "b"), ("a", "c"), ("b", "c"))
    assert make_grid(["n"], ("a", "b", "c"), 0, "float32", "cpu").pairs == pairs
    assert make_grid(["n"], None, 0, "float32", "cpu").pairs == pairs


def test_networks_are_named_after_their_class_or_themselves():
    found = named_nets([nn.Dense(1), nn.Dense(2), nn.Dense(3, name="mine")])
    assert found == {"dense": nn.Dense(1), "dense_2": nn.Dense(2), "mine": nn.Dense(3, name="mine")}


def test_options_by_network(fake):
    small(
        nets={"a": NET, "b": nn.Dense(1)},
        data={"a": (X, Y), "b": (X, X[:, :1])},
        loss={"a": "cross_entropy", "b": "mse"},
        optimizer={"a": "adam", "b": dn.optim.SGD(0.5)},
        metrics={"a": ["accuracy"], "b": []},
    )
    first, second = fake.calls
    assert (first["loss"], second["loss"]) == (dn.losses.CrossEntropy(), dn.losses.get("mse"))
    assert (first["optimizer"], second["optimizer"]) == (dn.optim.Adam(), dn.optim.SGD(0.5))
    assert (first["y"] is Y, second["y"].shape) == (True, (12, 1))
    assert (len(first["metrics"]), len(second["metrics"])) == (1, 0)


def test_forms_of_data(fake):
    held_out = (X[:2], Y[:2])
    whole = SimpleNamespace(x_train=X, y_train=Y, x_test=X[:2], y_test=Y[:2])
    weight = np.ones(12)
    small(data=(X, Y), validation_data=held_out)
    small(data=whole)
    small(data=(X, Y, weight))
    small(data=lambda seed: (X[seed:], Y[seed:]), seeds=(0, 3), sample_weight=weight)
    dn.study(NET, X, Y, **BASE)
    sizes = [len(call["x"]) for call in fake.calls]
    assert sizes == [12, 12, 12, 12, 9, 12]
    for call in fake.calls[:2]:
        assert all(map(np.array_equal, call["validation_data"], held_out))
    assert fake.calls[2]["sample_weight"] is weight
    assert fake.calls[3]["sample_weight"] is weight
    assert fake.calls[2]["validation_data"] is None


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"nets": {}}, dn.ConfigError, "needs a network"),
        ({"nets": {"a": 3}}, dn.ConfigError, "a is 3; give a definition"),
        (
            {"loss": {"b": "mse"}},
            dn.ConfigError,
            "loss is given for b; the networks are sequential",
        ),
        ({"loss": "mes"}, dn.UnknownName, "did you mean 'mse'"),
        ({"optimizer": "adma"}, dn.UnknownName, "did you mean 'adam'"),
        ({"metrics": ["acuracy"]}, dn.UnknownName, "accuracy"),
        ({"seeds": ()}, dn.ConfigError, "seeds is empty"),
        ({"seeds": (-1,)}, dn.ConfigError, "a seed must be in"),
        ({"dtypes": ("float8",)}, dn.DtypeError, "float8"),
        ({"devices": ("gppu",)}, dn.DeviceNotFound, "gppu"),
        ({"backends": ("torch",)}, dn.ConfigError, "give two names"),
        ({"backends": "torch"}, dn.ConfigError, "give two names"),
        ({"backends": ("torch", "jax")}, dn.BackendNotFound, "jax"),
        ({"epochs": 0}, dn.ConfigError, "epochs"),
        ({"batch_size": 0.5}, dn.ConfigError, "batch_size"),
        ({"verbose": 3}, dn.ConfigError, "verbose=3"),
        ({"data": X}, dn.ConfigError, "a ndarray is no data to train on"),
        ({"data": (X, Y, Y), "sample_weight": Y}, dn.ConfigError, "given twice"),
    ],
)
def test_bad_arguments_are_refused_before_the_first_cell(options, error, text, fake, tmp_path):
    with pytest.raises(error, match=text):
        small(folder=tmp_path / "runs", **options)
    assert fake.calls == []
    assert not (tmp_path / "runs").exists()


# Cells that fail


def broken_at(*seeds):
    def before(options):
        if options["seed"] in seeds:
            raise dn.DeviceNotFound("no such device")

    return before


def test_a_failing_cell_does_not_stop_the_others(fake):
    fake.before = broken_at(1)
    report = small(seeds=(0, 1, 2))
    assert [cell.verdict for cell in report.cells] == ["agree", None, "agree"]
    assert report.cells[1].error == "DeviceNotFound: no such device"
    assert not report.ok
    (summary,) = report.summary
    assert (summary.seeds, summary.failed) == ((0, 2), (1,))
    assert "failed: a comparison raised an error (2 agree, 1 failed of 3 cells)" in str(report)


def test_every_cell_may_fail(fake):
    fake.before = broken_at(0)
    report = small()
    assert (report.summary[0].worst, report.summary[0].measures) == (None, ())
    assert "no such device" in str(report)


def test_stop_on_error_keeps_what_is_finished(fake, tmp_path):
    fake.before = broken_at(1)
    with pytest.raises(dn.DeviceNotFound):
        small(seeds=(0, 1, 2), stop_on_error=True, folder=tmp_path)
    fake.before = broken_at()
    small(seeds=(0, 1, 2), stop_on_error=True, folder=tmp_path)
    assert [call["seed"] for call in fake.calls] == [0, 1, 1, 2]


def test_data_with_nan_is_an_error_of_its_cells():
    report = small(data=(np.full_like(X, np.nan), Y), backends=("torch", "torch"))
    assert report.cells[0].error.startswith("NonFiniteError: x has 48 values")


def test_a_missing_device_is_an_error_of_its_cells():
    report = small(devices=("gpu:31",))
    assert report.cells[0].error.startswith("DeviceNotFound: torch has no device 'gpu:31'")


# The folder


def test_finished_cells_are_kept(fake, tmp_path):
    first = small(seeds=(0, 1), folder=tmp_path / "deep" / "runs")
    again = small(seeds=(0, 1), folder=tmp_path / "deep" / "runs")
    assert len(fake.calls) == 2
    assert again == first
    for cell in first.cells:
        report = dn.report.Report.load(tmp_path / "deep" / "runs" / cell.file)
        assert (report.verdict, report.settings.seed) == (cell.verdict, cell.seed)


def test_a_grid_may_grow(fake, tmp_path):
    small(seeds=(0, 1), folder=tmp_path)
    grown = small(
        nets={"sequential": NET, "other": nn.Dense(3)},
        seeds=(1, 2),
        dtypes=("float32", "float64"),
        folder=tmp_path,
    )
    assert (len(grown.cells), len(fake.calls)) == (8, 2 + 7)
    small(seeds=(0, 1, 2), folder=tmp_path)
    assert len(fake.calls) == 9


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"nets": {"sequential": nn.Dense(3)}}, "network sequential is another"),
        ({"optimizer": dn.optim.SGD(0.5)}, "optimizer of sequential is another"),
        ({"loss": "mse"}, "loss of sequential is another"),
        ({"metrics": ["accuracy"]}, "metrics of sequential is another"),
        ({"epochs": 7}, "epochs is 1 there and 7 here"),
        ({"steps": 7}, "steps is None there and 7 here"),
        ({"data": (X + 1, Y)}, "data of sequential is .* there and .* here"),
        ({"data": (X, Y, np.ones(12))}, "data of sequential"),
        ({"validation_data": (X, Y)}, "data of sequential"),
    ],
)
def test_another_study_in_the_folder_is_refused(options, text, fake, tmp_path):
    small(folder=tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(dn.ConfigError, match=f"holds another study: .*{text}.*another folder"):
        small(folder=tmp_path, **options)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    assert len(fake.calls) == 1


def test_changed_code_is_another_study(fake, tmp_path):
    def layer(body):
        file = tmp_path / "mine.py"
        file.write_text(
            "from dualnet import nn\nclass Mine(nn.Layer):\n"
            f"    def forward(self, x):\n        return {body}\n"
        )
        space: dict = {"__name__": "mine"}
        exec(compile(file.read_text(), str(file), "exec"), space)
        return space["Mine"]()

    small(nets=layer("x"), folder=tmp_path / "runs")
    small(nets=layer("x"), folder=tmp_path / "runs")
    assert len(fake.calls) == 1
    with pytest.raises(dn.ConfigError, match="network mine is another"):
        small(nets=layer("2 * x"), folder=tmp_path / "runs")


def test_native_modules_and_functions_have_a_place_in_a_folder(fake, tmp_path):
    import torch

    net = nn.Native(torch=lambda: torch.nn.Linear(4, 3))
    options = {"nets": net, "loss": lambda y, p, w=None: p.sum(), "folder": tmp_path}
    small(**options)
    small(**options)
    assert len(fake.calls) == 1
    json.loads((tmp_path / "study.json").read_text())


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"schema": "dualnet.report/1"}', None])
def test_a_damaged_cell_is_computed_again_and_said_so(content, fake, tmp_path, capsys):
    first, second = small(seeds=(0, 1), folder=tmp_path).cells
    bad = tmp_path / first.file
    bad.write_bytes((tmp_path / second.file).read_bytes() if content is None else content)
    report = small(seeds=(0, 1), folder=tmp_path, verbose=2)
    assert [call["seed"] for call in fake.calls] == [0, 1, 0]
    (note,) = report.notes
    assert "seed 0, float32 on cpu: computed again, since" in note
    assert note in capsys.readouterr().out
    assert small(seeds=(0, 1), folder=tmp_path).notes == ()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"schema": "dualnet.study-folder/1"}'])
def test_a_damaged_description_is_refused(content, fake, tmp_path):
    small(folder=tmp_path)
    (tmp_path / "study.json").write_text(content)
    with pytest.raises(dn.ReportError, match=r"study.json is damaged; give another folder"):
        small(folder=tmp_path)


def test_a_folder_that_cannot_be_one(fake, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(dn.ReportError, match="give another folder"):
        small(folder=tmp_path / "file")


def test_names_that_differ_in_what_a_file_cannot_have(fake, tmp_path):
    nets = {"a/b": NET, "a\\b": NET, "AB": NET, "ab": NET, "../ab": NET, "é" * 300: NET}
    report = small(nets=nets, folder=tmp_path)
    files = [cell.file for cell in report.cells]
    assert len({file.lower() for file in files}) == len(nets)
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted([*files, "study.json"])


def test_an_interrupted_study_goes_on(fake, tmp_path, capsys):
    def stop(options):
        if options["seed"] == 1:
            raise KeyboardInterrupt

    fake.before = stop
    with pytest.raises(KeyboardInterrupt) as caught:
        small(seeds=(0, 1, 2), folder=tmp_path)
    assert caught.value.__notes__ == [
        f"1 of 3 cells are finished, kept in {tmp_path}; the same call goes on from there"
    ]
    fake.before = broken_at()
    assert small(seeds=(0, 1, 2), folder=tmp_path).ok
    assert [call["seed"] for call in fake.calls] == [0, 1, 1, 2]


KILLED = """
import os, signal, sys
import dualnet as dn, numpy as np
from dualnet import nn
from dualnet.report import values
once = []
def killed(self, *args):  # in the middle of writing the second cell
    once.append(1)
    if len(once) == 2:
        os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
    return right(self, *args)
right, values.Report.save = values.Report.save, killed
x = np.linspace(-1, 1, 16).reshape(8, 2)
dn.study(nn.Dense(1), (x, x[:, :1]), **eval(sys.argv[2]), folder=sys.argv[1])
"""
LEFT = {
    "loss": "mse",
    "optimizer": "sgd",
    "seeds": (0, 1, 2),
    "backends": ("torch", "torch"),
    "batch_size": 4,
    "proof_steps": 1,
    "verbose": 2,
}


def test_a_killed_study_leaves_no_half_file_and_goes_on(tmp_path, capsys):
    command = [sys.executable, "-c", KILLED, str(tmp_path), repr(LEFT)]
    died = subprocess.run(command, capture_output=True, text=True, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr
    files = [file for file in tmp_path.iterdir() if file.suffix == ".json"]
    assert len(files) == 2  # the description and the first cell
    for file in files:
        json.loads(file.read_text())
    x = np.linspace(-1, 1, 16).reshape(8, 2)
    dn.study(nn.Dense(1), (x, x[:, :1]), **LEFT, folder=tmp_path)
    told = capsys.readouterr().out.splitlines()
    assert [line.split()[-2] == "kept" for line in told] == [True, False, False]


# How it is shown while it runs


def test_lines_in_a_log(fake, capsys):
    fake.before = broken_at(1)
    small(seeds=(0, 1), verbose="auto")
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("cell 1/2  sequential, torch and torch, seed 0, float32 on cpu  ")
    assert first.endswith("agree")
    assert second.endswith("failed: DeviceNotFound: no such device")


def test_silence(fake, capsys):
    small(verbose=0)
    assert capsys.readouterr().out == ""


def test_bars_on_a_terminal(fake, monkeypatch, capsys):
    fake.before = lambda options: [options["progress"](done, 3) for done in (1, 2, 3)]
    small(seeds=(0, 1), verbose=1)
    told = capsys.readouterr().out
    assert "cell 2/2  sequential" in told
    assert told.count("agree") == 2


def test_progress_is_called_after_each_cell(fake):
    told = []
    report = small(seeds=(0, 1), progress=lambda *found: told.append(found))
    assert told == [(1, 2, report.cells[0]), (2, 2, report.cells[1])]


# The statistics


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 5, 10, 29, 30, 101, 1000])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_quantiles_of_student(degrees, confidence):
    wanted = stats.t.ppf(0.5 + confidence / 2, degrees)
    # 1e-12: sums of up to 500 rounded terms; the quantile of 1 degree magnifies them by 600
    assert t_quantile(degrees, confidence) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("n", [2, 3, 8])
def test_spread_is_that_of_scipy(n):
    values = numbers(n, seed=n)
    found = spread(values)
    low, high = stats.t.interval(0.95, n - 1, values.mean(), stats.sem(values))
    # 1e-12: a few roundings of float64
    assert found.interval == pytest.approx((low, high), rel=1e-12)
    assert found.deviation == pytest.approx(values.std(ddof=1), rel=1e-12)


def test_one_value_has_no_deviation():
    found = spread([2.5])
    assert (found.n, found.mean) == (1, 2.5)
    assert found.deviation is found.margin is found.interval is None


def test_infinity_spreads():
    found = spread([1.0, math.inf])
    assert found.mean == math.inf
    assert math.isnan(found.deviation)


def test_the_interval_holds_the_truth_in_95_of_100_studies():
    draws = numbers(2000, 3, seed=5)
    held = sum(low <= 0 <= high for low, high in (spread(row).interval for row in draws))
    assert held / 2000 == pytest.approx(0.95, abs=0.015)  # 3 standard errors


def test_differences_are_paired_by_seed(fake):
    gaps = {0: 0.1, 1: 0.3, 2: 0.2}
    fake.gap = gaps.get
    (summary,) = small(seeds=(0, 1, 2)).summary
    loss, accuracy = summary.measures
    assert loss.name == "loss"
    first, second = loss.sides.values()
    assert (first.mean, first.deviation) == (1.5, 1.0)
    assert second.mean == pytest.approx(1.7)
    test = stats.ttest_rel(np.array([0.6, 1.8, 2.7]), np.array([0.5, 1.5, 2.5]))
    interval = test.confidence_interval(0.95)
    # 1e-9: the differences lose digits of the values
    assert loss.difference.interval == pytest.approx((interval.low, interval.high), rel=1e-9)
    assert accuracy.difference.interval == (0.0, 0.0)
    assert (summary.ratio, summary.seconds["torch"].mean) == (1.5, 2.0)


def test_verdicts_are_counted_and_the_worst_is_named(fake):
    verdicts = {0: "identical", 1: "noise", 2: "agree", 3: "agree"}
    fake.verdict = lambda options: verdicts[options["seed"]]
    report = small(seeds=(0, 1, 2, 3))
    (summary,) = report.summary
    assert summary.verdicts == {"identical": 1, "agree": 2, "noise": 1}
    assert list(summary.verdicts) == ["identical", "agree", "noise"]
    assert (summary.worst, report.ok) == ("noise", True)
    fake.verdict = lambda options: "diverged"
    assert not small().ok


# The forms of the report


@pytest.fixture
def mixed(fake):
    """A report with everything in it: two networks, three seeds, a failure, a divergence."""
    fake.before = lambda options: broken_at(2)(options)
    fake.gap = lambda seed: math.nan if seed == 1 else 1e-3
    fake.verdict = lambda options: "diverged" if options["seed"] == 1 else "agree"
    return small(nets={"<b>a</b>": NET, "b|c": nn.Dense(3)}, seeds=(0, 1, 2), metrics=["accuracy"])


def same(a, b):
    """Equal, NaN included."""
    return json.dumps(a.to_dict()) == json.dumps(b.to_dict())


def test_json_goes_both_ways(mixed, tmp_path):
    mixed.save(tmp_path / "study.json")
    assert same(StudyReport.load(tmp_path / "study.json"), mixed)
    data = json.loads((tmp_path / "study.json").read_text())
    assert (data["schema"], data["ok"]) == ("dualnet.study/1", False)
    assert data["summary"][0]["measures"][0]["difference"]["mean"] == "nan"
    assert len(data["cells"]) == 6


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("{", "damaged or no JSON"),
        ("[]", "holds no study"),
        ('{"schema": "dualnet.study/9"}', "dualnet.study/9; this dualnet reads dualnet.study/1"),
        ('{"schema": "dualnet.study/1"}', "lacks 'cells'"),
    ],
)
def test_files_that_are_no_study(content, text, tmp_path):
    (tmp_path / "bad.json").write_text(content)
    with pytest.raises(dn.ReportError, match=text):
        StudyReport.load(tmp_path / "bad.json")
    with pytest.raises(dn.ReportError, match="cannot read"):
        StudyReport.load(tmp_path / "missing.json")


def test_csv_has_a_line_for_each_cell_and_backend(mixed, tmp_path):
    mixed.to_csv(tmp_path / "study.csv")
    with (tmp_path / "study.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    # a failed cell of one backend with itself has one line: no second name came to be
    assert len(lines) == 2 * (2 + 2 + 1)
    assert lines[0]["net"] == "<b>a</b>"
    assert (lines[0]["backend"], lines[1]["backend"]) == ("torch", "torch (2)")
    assert float(lines[1]["loss"]) - float(lines[0]["loss"]) == pytest.approx(1e-3)
    assert lines[4]["error"] == "DeviceNotFound: no such device"
    assert (lines[4]["verdict"], lines[4]["loss"]) == ("", "")


def test_html_is_one_page_that_asks_for_nothing(mixed, tmp_path):
    from xml.etree import ElementTree

    mixed.to_html(tmp_path / "study.html")
    page = (tmp_path / "study.html").read_text()
    assert "<b>a</b>" not in page
    assert "&lt;b&gt;a&lt;/b&gt;" in page
    for word in ("<script", "http:", "https:", "url(", "@import"):
        assert word not in page
    body = page[page.index("<body>") :].removesuffix("</html>\n")
    svgs = [part.partition("</svg>")[0] + "</svg>" for part in body.split("<svg")[1:]]
    assert len(svgs) == 2  # the differences of loss and accuracy
    for svg in svgs:
        ElementTree.fromstring("<svg" + svg)
        assert "nan" not in "".join(part for part in svg.split() if part.startswith(("x", "c")))
    assert page.count('class="cell agree"') == page.count('class="cell failed"') == 2


def test_markdown_escapes_and_tells_all(mixed):
    text = mixed.to_markdown()
    assert text.startswith("### diverged: ")
    assert "b\\|c" in text
    assert "DeviceNotFound: no such device" in text


def test_text_ends_with_the_verdict(mixed):
    told = str(mixed)
    last = " ".join(told.rpartition("verdict: ")[2].split())  # as wide as the terminal
    assert last.startswith("diverged: a real difference between the")
    assert last.endswith("(2 agree, 2 diverged, 2 failed of 6 cells)")
    assert "loss" in told


def test_names_leave_out_what_is_the_same_everywhere(fake):
    told = str(small(dtypes=("float32", "float64")))
    assert "sequential, float32 " in told
    assert "device: cpu" in told
    assert "sequential, float32, cpu" not in told


# All of it


def test_a_real_study_on_both_frameworks(tmp_path):
    options = {"steps": 3, "proof_steps": 2, "batch_size": 4, "seeds": (0, 1)}
    report = small(
        **options,
        backends=("torch", "tensorflow"),
        metrics=["accuracy"],
        folder=tmp_path,
        validation_data=(X[:6], Y[:6]),
    )
    assert report.ok
    (summary,) = report.summary
    assert list(summary.measures[0].sides) == ["torch", "tensorflow"]
    assert [measure.name for measure in summary.measures] == ["loss", "accuracy"]
    # 1e-5: float32 rounding over 3 steps
    assert abs(summary.measures[0].difference.mean) < 1e-5
    assert report.environment["dualnet"] == dn.__version__
    assert str(report) == str(
        small(
            **options,
            backends=("torch", "tensorflow"),
            metrics=["accuracy"],
            folder=tmp_path,
            validation_data=(X[:6], Y[:6]),
        )
    )


# The command

FILE = """
import numpy as np
from dualnet import nn
x = np.random.default_rng(0).normal(size=(20, 4)); y = x[:, :1]
problem = {"net": {"a": nn.Dense(1), "b": nn.Dense(1)}, "x": x, "y": y, "loss": "mse",
           "optimizer": "sgd", "seed": 7, "dtype": "float64"}
"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "mine.py").write_text(FILE)
    return f"{tmp_path / 'mine.py'}:problem"


def test_the_command_writes_every_form(file, fake, tmp_path, capsys):
    forms = ("html", "json", "csv", "markdown")
    files = [word for form in forms for word in (f"--{form}", str(tmp_path / f"out.{form}"))]
    assert main(["study", file, "--folder", str(tmp_path / "runs"), *files]) == 0
    assert "\nverdict: agree: " in capsys.readouterr().out
    assert all((tmp_path / f"out.{form}").stat().st_size for form in forms)
    cells = StudyReport.load(tmp_path / "out.json").cells
    assert [(cell.net, cell.seed, cell.dtype) for cell in cells] == [
        ("a", 7, "float64"),
        ("b", 7, "float64"),
    ]
    assert len(list((tmp_path / "runs").iterdir())) == 3


def test_arguments_win_over_the_file(file, fake):
    given = ["--seeds", "0,1", "--dtypes", "float32", "--devices", "cpu", "--epochs", "2"]
    given += ["--backends", "tensorflow,torch", "--batch-size", "5", "--steps", "4"]
    assert main(["study", file, *given]) == 0
    assert len(fake.calls) == 4
    call = fake.calls[-1]
    assert (call["seed"], call["dtype"], call["backends"]) == (
        1,
        "float32",
        ("tensorflow", "torch"),
    )
    assert (call["epochs"], call["batch_size"], call["steps"]) == (2, 5, 4)


def test_the_exit_status(file, fake, capsys):
    fake.verdict = lambda options: "diverged"
    assert main(["study", file]) == 1
    fake.verdict, fake.before = (lambda options: "noise"), broken_at(7)
    assert main(["study", file]) == 1
    assert main(["study", file, "--stop-on-error"]) == 2
    assert "dualnet study: no such device" in capsys.readouterr().err
    for wrong in (["--seeds", "a"], ["--dtypes", "float32,"], ["--dtypes", "float8"]):
        assert main(["study", file, *wrong]) == 2


def test_interrupting_the_command(file, fake, tmp_path, capsys):
    def stop(options):
        raise KeyboardInterrupt

    fake.before = stop
    with pytest.raises(SystemExit) as caught:
        main(["study", file, "--folder", str(tmp_path / "runs")])
    assert caught.value.code == 130
    assert "0 of 2 cells are finished" in capsys.readouterr().err


def test_help_tells_the_exit_status_and_loads_no_framework():
    code = (
        "import sys; from dualnet.cli import main; main(['study', '--help']); "
        "sys.exit(bool({'torch', 'tensorflow'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "exit status" in done.stdout
