"""The ``dualnet`` command: what it prints, writes and returns."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import dualnet as dn
from dualnet import registry
from dualnet.cli import main
from tests.parity import made_reports

FILE = """
import numpy as np
from dualnet import nn
x = np.random.default_rng(0).normal(size=(20, 4)); y = x[:, :1]
net = nn.Sequential(nn.Dense(3, activation="tanh"), nn.Dense(1))
whole = {"net": net, "x": x, "y": y, "batch_size": 5, "loss": "mae", "optimizer": "sgd"}
def build(): return net, x, y
def with_options(): return net, x, y, {"epochs": 2, "batch_size": 10}
inp = nn.Input((4,)); graph = nn.Graph(inp, nn.Dense(2)(inp))
number = 3
lacking = {"net": net, "X": x}
def broken(): return 1 / 0
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(FILE)
    return path


def test_iris_is_learned_and_agrees(capsys, tmp_path):
    page, data = tmp_path / "r.html", tmp_path / "r.json"
    assert main(["compare", "iris", "--html", str(page), "--json", str(data)]) == 0
    told = capsys.readouterr().out
    assert "\nverdict: agree: torch and tensorflow" in told
    assert f"written: {page}" in told
    report = json.loads(data.read_text())
    assert all(scores["accuracy"] >= 0.95 for scores in report["scores"].values())
    assert page.read_text().startswith("<!doctype html>")


def test_a_saved_report_is_shown_again(file, capsys, tmp_path):
    data, page, text = (tmp_path / name for name in ("r.json", "r.html", "r.md"))
    assert main(["compare", f"{file}:whole", "--steps", "2", "--json", str(data)]) == 0
    told = capsys.readouterr().out
    assert main(["report", str(data), "--html", str(page), "--markdown", str(text)]) == 0
    again = capsys.readouterr().out
    assert again.split("written:")[0] == told.split("written:")[0]
    assert page.read_text().startswith("<!doctype html>")
    assert text.read_text().startswith("### ")


def test_a_saved_reports_verdict_is_the_exit_status(capsys, tmp_path):
    made_reports.report("diverged").save(tmp_path / "r.json")
    assert main(["report", str(tmp_path / "r.json")]) == 1
    assert "\nverdict: diverged: " in capsys.readouterr().out


@pytest.mark.long
def test_digits_are_learned_and_agree(capsys, tmp_path):
    data = tmp_path / "r.json"
    assert main(["compare", "digits", "--json", str(data)]) == 0
    report = json.loads(data.read_text())
    assert all(scores["accuracy"] >= 0.97 for scores in report["scores"].values())
    assert len(report["history"]["torch"]["loss"]) == 8


@pytest.mark.parametrize("name", ["whole", "build", "with_options", "graph"])
def test_a_file_of_the_users(name, file, capsys):
    assert main(["compare", f"{file}:{name}", "--quick"]) == 0
    assert "first divergence: none" in capsys.readouterr().out


def test_a_bare_network_needs_a_shape(file, capsys):
    assert main(["compare", f"{file}:net"]) == 2
    assert "--input-shape" in capsys.readouterr().err
    assert main(["compare", f"{file}:net", "--input-shape", "4", "--steps", "2"]) == 0


def test_options_win_over_the_file(file, tmp_path):
    data = tmp_path / "r.json"
    given = ["--batch-size", "20", "--epochs", "3", "--dtype", "float64", "--seed", "5"]
    given += ["--backends", "tensorflow,torch", "--steps", "2", "--proof-steps", "1"]
    assert main(["compare", f"{file}:whole", *given, "--json", str(data)]) == 0
    settings = json.loads(data.read_text())["settings"]
    assert settings["backends"] == ["tensorflow", "torch"]
    assert (settings["batch_size"], settings["epochs"], settings["seed"]) == (20, 3, 5)
    assert (settings["dtype"], settings["optimizer"][:3]) == ("float64", "SGD")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "COMMAND"),
        (["compare"], "FILE.py:NAME"),
        (["compare", "iris", "--epochs", "0"], "not a positive integer"),
        (["compare", "iris", "--dtype", "float8"], "float8"),
        (["compare", "iris", "--backends", "torch"], "not two names"),
        (["compare", "iris", "--backends", "torch,jax"], "jax"),
        (["compare", "iris", "--html", "/nowhere/r.html"], "existing folder"),
        (["compare", "iris", "--input-shape", "a"], "not a shape"),
        (["compare", "mnist"], "Known: digits, iris, or give FILE.py:NAME"),
        (["compare", "irs"], "did you mean 'iris'?"),
        (["compare", "nowhere.py:net"], "no file nowhere.py"),
        (["compare", "FILE:nothing"], "defines no 'nothing'"),
        (["compare", "FILE:number"], "is a int; it should be"),
        (["compare", "FILE:lacking"], "lacks x, y and has X unknown"),
        (["compare", "FILE:broken"], "ZeroDivisionError"),
        (["report"], "FILE.json"),
        (["report", "nowhere.json"], "cannot read nowhere.json: No such file"),
        (["report", "FILE"], "is damaged or no JSON"),
        (["report", "FILE", "--html", "/nowhere/r.html"], "existing folder"),
    ],
)
def test_misuse_is_refused_with_status_2(arguments, text, file, capsys):
    given = [argument.replace("FILE", str(file)) for argument in arguments]
    assert main(given) == 2
    assert text in capsys.readouterr().err


def test_a_file_that_cannot_be_executed(tmp_path, capsys):
    (tmp_path / "bad.py").write_text("import no_such_module_here")
    assert main(["compare", f"{tmp_path / 'bad.py'}:net"]) == 2
    assert "no_such_module_here" in capsys.readouterr().err


def test_an_error_of_the_network_is_no_divergence(tmp_path, capsys):
    (tmp_path / "odd.py").write_text(
        "from dualnet import nn; import numpy as np\n"
        "class Odd(nn.Layer):\n"
        "    def forward(self, x): return x.no_such_attribute\n"
        "net = {'net': Odd(), 'x': np.ones((4, 2)), 'y': np.ones(4)}"
    )
    assert main(["compare", f"{tmp_path / 'odd.py'}:net"]) == 2
    assert "no_such_attribute" in capsys.readouterr().err


def test_a_divergence_has_status_1(file, capsys, monkeypatch):
    space = registry.load("tensorflow").optim
    right = space.apply

    def twice(rule, variables, gradients, *rest):
        right(rule, variables, [2 * g for g in gradients], *rest)

    monkeypatch.setattr(space, "apply", twice)
    assert main(["compare", f"{file}:whole", "--quick"]) == 1
    assert "\nverdict: diverged: " in capsys.readouterr().out


def test_the_doctor_finds_all_well(capsys):
    assert main(["doctor"]) == 0
    told = capsys.readouterr().out
    assert told.count("ok ") == 5
    for part in ("torch", "tensorflow", "version", "threads", "devices", "all is well"):
        assert part in told


def test_the_doctor_says_what_is_missing(capsys, monkeypatch):
    monkeypatch.setattr(registry, "installed", lambda: ("torch",))
    assert main(["doctor"]) == 1
    assert "pip install 'dualnet[tensorflow]'" in capsys.readouterr().out
    assert main(["compare", "iris"]) == 2
    assert "pip install 'dualnet[tensorflow]'" in capsys.readouterr().err


def test_the_doctor_finds_wrong_bits(capsys, monkeypatch):
    random = registry.load("tensorflow").random
    right = random.words
    monkeypatch.setattr(random, "words", lambda *a, **o: right(*a, **{**o, "key": 1}))
    assert main(["doctor"]) == 1
    assert "FAILED  shared random words on tensorflow" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("DUALNET_BACKEND", "torhc", "BackendNotFound: "),
        ("DUALNET_DEVICE", "gpu:31", "DeviceNotFound: "),
        ("DUALNET_DTYPE", "float31", "DtypeError: "),
    ],
)
def test_the_doctor_finds_a_bad_setting(variable, value, told, capsys, monkeypatch):
    monkeypatch.setenv(variable, value)
    monkeypatch.setattr(registry, "installed", lambda: ("torch",))
    assert main(["doctor"]) == 1
    assert f"FAILED  {variable}: {told}" in capsys.readouterr().out


def test_the_package_is_a_command():
    command = [sys.executable, "-m", "dualnet", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"dualnet {dn.__version__}\n"


@pytest.mark.parametrize("command", [[], ["compare"], ["report"], ["doctor"]])
def test_help_tells_the_exit_status(command, capsys):
    assert main([*command, "--help"]) == 0
    assert "exit status" in capsys.readouterr().out


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"dualnet {dn.__version__}\n"


def test_help_loads_no_framework():
    code = (
        "import sys; from dualnet.cli import main; main(['compare', '--help']); "
        "sys.exit(bool({'torch', 'tensorflow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_command_is_installed():
    command = Path(sys.executable).with_name("dualnet")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("dualnet ")
