"""The pytest plugin: options, fixture, failures that replay, and references on disk."""

from __future__ import annotations

import itertools
import re
import shlex
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import dualnet as dn
from dualnet import nn, ops, parity, registry
from dualnet.archive import Archive
from dualnet.errors import ConfigError, ParityError, SnapshotError
from dualnet.testing import assert_parity, courses, functions, networks, snapshots
from dualnet.testing.case import Case, Options, current

HEAD = """
import numpy as np
import pytest
import dualnet as dn
from dualnet import nn, ops
from dualnet.testing import assert_parity

X, Y = np.linspace(-1.0, 1.0, 96).reshape(24, 4), np.arange(24) % 3
TRAINED = {"loss": "cross_entropy", "optimizer": "adam", "batch_size": 8}

def wrong(x, part=1e-9):
    return x * (1.0 if type(x).__module__ == "torch" else 1.0 + part)

class Wrong(nn.Layer):
    def forward(self, x):
        return wrong(x, 1e-7)
"""
#: Left out of runs inside this one: the last collects garbage five times, of two frameworks.
QUICK = ("-pno:cacheprovider", "-pno:xdist", "-pno:unraisableexception")
X, Y = np.linspace(-1.0, 1.0, 96).reshape(24, 4), np.arange(24) % 3
NET = nn.Sequential(nn.Dense(8, activation="tanh"), nn.BatchNorm(), nn.Dropout(0.2), nn.Dense(3))
#: What this file imports, a run inside it does not import anew and throw away.
IMPORTED = (functions, networks, hypothesis)


@pytest.fixture(scope="module", autouse=True)
def warm():
    """Both frameworks with all that they load late, which a run inside this one would unload."""
    assert_parity(NET, X, Y, loss="cross_entropy", optimizer="adam", batch_size=8)


@pytest.fixture
def run(pytester, warm):
    """Writes a test file, if given, and runs pytest in this process."""

    def inside(text: str | None, *arguments: str, head: str = HEAD) -> pytest.RunResult:
        if text is not None:
            pytester.makepyfile(test_it=head + textwrap.dedent(text))
        return pytester.runpytest_inprocess(*QUICK, *arguments)

    return inside


def failure(result: pytest.RunResult) -> str:
    """The lines that begin with ``E``, and a look that none of our own code is shown."""
    text = result.stdout.str()
    assert not re.search(r"dualnet/\w+/\w+\.py", text), text
    return "\n".join(line[1:].strip() for line in text.splitlines() if line.startswith("E "))


# What passes, and where


def test_everything_at_once(run):
    result = run(
        """
        def test_function(assert_parity):
            assert_parity(ops.tanh, X, second_gradients=True, gradcheck=True)

        def test_network():
            assert_parity(nn.Dense(3), X, Y, **TRAINED)

        def test_backend(backend):
            assert dn.context.current_backend().name == backend
            assert dn.backend_of(ops.zeros((2,))) == backend

        class TestInside:
            @pytest.mark.parametrize("k", [1, 2])
            def test_method(self, backend, k):
                assert_parity(lambda x: x * k, X)

        @pytest.mark.parametrize("backend", ["mine"])
        def test_a_parameter_of_this_name(backend):
            assert backend == "mine"
        """,
        "-v",
    )
    result.assert_outcomes(passed=9)
    result.stdout.fnmatch_lines(["*test_backend[[]torch[]]*", "*test_backend[[]tensorflow[]]*"])


def test_a_project_may_have_a_fixture_of_this_name(run, pytester):
    pytester.makeconftest("import pytest\n@pytest.fixture\ndef backend():\n    return 'mine'")
    run("def test_it(backend):\n    assert backend == 'mine'").assert_outcomes(passed=1)


def test_options_reach_fixture_and_assertions(run):
    result = run(
        """
        def test_fixture(backend):
            assert (backend, dn.context.current_dtype()) == ("tensorflow", "float16")

        def test_function():
            def fn(x):
                assert "float16" in str(x.dtype)
                return wrong(x, 0.5)
            assert_parity(fn, X)
        """,
        "--dualnet-backends=tensorflow,torch",
        "--dualnet-dtype=float16",
        "--dualnet-seed=7",
        "-k",
        "function or fixture and tensorflow",
    )
    result.assert_outcomes(passed=1, failed=1)
    text = failure(result)
    assert "np.float16(" in text
    assert "on tensorflow, np.float16(" in text
    flags = "--dualnet-backends=tensorflow,torch --dualnet-seed=7 --dualnet-dtype=float16"
    assert f"replay: pytest test_it.py::test_function {flags}" in text


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("--dualnet-backends=torch,jax", "unknown backend 'jax'"),
        ("--dualnet-backends=tensorflow", "'tensorflow', which is not installed"),
        ("--dualnet-backends=torch,torch", "give different names"),
        ("--dualnet-backends=,", "give different names"),
        ("--dualnet-dtype=int3", "choose one of float32"),
        ("--dualnet-seed=-1", "from 0 to"),
        ("--dualnet-seed=x", "invalid int value"),
        ("--dualnet-snapshots=keep", "invalid choice"),
    ],
)
def test_usage_errors(pytester, monkeypatch, option, text):
    monkeypatch.setattr(registry, "installed", lambda: ("torch",))
    result = pytester.runpytest_inprocess(*QUICK, option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert text in result.stderr.str()


def test_starting_pytest_imports_no_framework(pytester):
    pytester.makepyfile("def test_it(backend):\n    raise AssertionError")
    pytester.makeconftest(
        "import sys\n"
        "def pytest_unconfigure():\n"
        "    print('loaded:', sorted({'torch', 'tensorflow', 'keras'} & set(sys.modules)))\n"
    )
    result = pytester.run(sys.executable, "-m", "pytest", "-s", "--collect-only", "-q")
    result.stdout.fnmatch_lines(["*test_it[[]torch[]]*", "*test_it[[]tensorflow[]]*", "loaded: []"])


# Failures


def test_the_failure_of_a_function_and_its_replay(run):
    """With one case in a class, and with parameters and marks, the replay runs that test alone."""
    result = run(
        """
        class TestInside:
            @pytest.mark.parametrize("k", [1, 2])
            def test_method(self, backend, k):
                assert_parity(lambda x: {"fine": x * k, "off": wrong(x)}, X[:1, :2])
        """,
        "-k",
        "2 and torch",
        "-m",
        "not slow",
    )
    text = failure(result)
    assert re.search(
        r"value 1\[0, 0\] is np.float64\(-1.0\) on torch, np.float64\(-1.000000001\) on "
        r"tensorflow: 4.5e\+06 ulps apart, 1e-09, where .* is allowed",
        text,
    )
    assert "control: one ulp in every input moves it by" in text
    command = re.search("replay: (.*)", text)[1]
    assert command == (
        'pytest "test_it.py::TestInside::test_method[torch-2]" -m "not slow" '
        "--dualnet-backends=torch,tensorflow --dualnet-seed=0"
    )
    again = run(None, *shlex.split(command)[1:])
    again.assert_outcomes(failed=1)
    assert failure(again) == text


def test_the_failure_of_a_network(run):
    result = run(
        """
        def test_it():
            net = nn.Sequential(nn.Dense(4), Wrong(), nn.Dense(3))
            assert_parity(net, X, Y, **TRAINED)
        """
    )
    place, values, control, replay = failure(result).splitlines()[:4]
    assert place.startswith("dualnet.errors.ParityError: diverged: step 0, forward, 'wrong': ")
    assert re.match(
        r"output\[\d+, \d\] is np.* on torch, np.* on tensorflow: .* ulps apart", values
    )
    assert control.startswith("control: one ulp in every input moves it by")
    assert replay.startswith("replay: pytest test_it.py::test_it --dualnet-backends=torch,tensor")


def test_under_hypothesis(run):
    text = """
        from hypothesis import Phase, given, settings, strategies as st

        @settings(
            max_examples=5,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
        )
        @given(st.floats(1.0, 2.0))
        def test_it(number):
            assert_parity(lambda x: {body}, number)
        """
    run(text.format(body="x * x"), "--dualnet-snapshots=write").assert_outcomes(passed=1)
    result = run(text.format(body="wrong(x)"))
    result.assert_outcomes(failed=1)
    assert "value is np.float64(" in failure(result)
    result = run(text.format(body="x * x"), "--dualnet-backends=torch")
    assert "no snapshot for inputs that hypothesis draws, and only torch to run" in failure(result)


# References

REFERENCES = """
    @pytest.mark.parametrize("power", [2, 3])
    def test_function(backend, power):
        assert_parity(lambda x: x**power, X, second_gradients=True, gradcheck=True)
        assert_parity(ops.exp, X, name="exp/1")

    def test_network():
        net = nn.Sequential(
            nn.Dense(8, activation="tanh"), nn.BatchNorm(), nn.Dropout(0.2), nn.Dense(3)
        )
        assert_parity(net, X, Y, **TRAINED)
"""


@pytest.fixture
def written(run, pytester):
    """Writes references on torch alone, and gives their folder."""

    def write(*arguments: str) -> Path:
        result = run(
            REFERENCES, "--dualnet-backends=torch", "--dualnet-snapshots=write", *arguments
        )
        assert set(result.parseoutcomes()) <= {"passed", "deselected"}
        return pytester.path / "__dualnet__" / "test_it"

    return write


def test_one_backend_is_held_to_what_the_other_wrote(run, written):
    folder = written()
    names = sorted(path.name for path in folder.iterdir())
    assert [name for name in names if "exp" not in name] == [
        "test_function[2]-0.safetensors",
        "test_function[3]-0.safetensors",
        "test_network-0.safetensors",
    ]
    assert len(names) == 5
    described, arrays = snapshots.SNAPSHOT.read(folder / "test_function[2]-0.safetensors")
    assert sorted(arrays) == ["gradient of input", "second gradient of input", "value"]
    assert described["dualnet"] == dn.__version__
    assert (described["test"], described["backend"]) == ("test_function[2]", "torch")
    assert described["settings"]["dtype"] == "float64"
    run(REFERENCES, "--dualnet-backends=tensorflow").assert_outcomes(passed=3)
    run(REFERENCES, "--dualnet-backends=torch").assert_outcomes(passed=3)


def test_what_both_agree_on_is_written_where_it_is_told_to(run, pytester):
    options = ("--dualnet-snapshot-dir=refs", "-k", "function")
    run(REFERENCES, "--dualnet-snapshots=write", *options).assert_outcomes(passed=4)
    assert len(list((pytester.path / "refs" / "test_it").iterdir())) == 4
    assert not (pytester.path / "__dualnet__").exists()
    run(REFERENCES, "--dualnet-backends=tensorflow", *options).assert_outcomes(passed=2)


def test_what_they_do_not_agree_on_is_not_written(run, pytester):
    result = run("def test_it():\n    assert_parity(wrong, X)", "--dualnet-snapshots=write")
    result.assert_outcomes(failed=1)
    assert not (pytester.path / "__dualnet__").exists()


def test_files_of_one_name_have_references_of_their_own(tmp_path):
    both = [tmp_path / folder / "test_it.py" for folder in ("a", "b")]
    for options in (Options(()), Options((), folder=tmp_path / "refs")):
        places = {options.references(file, tmp_path) for file in both}
        assert len(places) == 2
    outside = options.references(Path("/elsewhere/test_it.py"), tmp_path)
    assert outside == tmp_path / "refs" / "test_it"


@pytest.mark.parametrize(
    ("test", "old", "new", "texts"),
    [
        (
            "2",
            "x**power",
            "wrong(x**power)",
            ["on torch (snapshot), np.float64(", "on tensorflow: ", "ulps apart", "control: one"],
        ),
        (
            "network",
            "nn.BatchNorm(), ",
            "nn.BatchNorm(epsilon=1e-4), ",
            ["stale snapshot", "network was", "write it again with\npytest test_it.py::test_net"],
        ),
        ("2", "X, second", "X + 1, second", ["stale snapshot", "inputs was"]),
        ("network", '"adam"', '"sgd"', ["stale snapshot", "optimizer was"]),
        ("2", "X, second", 'X, dtype="float32", second', ["dtype was float64, is now float32"]),
        (
            "2",
            'name="exp/1"',
            'name="other"',
            ["there is no snapshot", "--dualnet-snapshots=write"],
        ),
    ],
)
def test_differing_is_told_from_stale_and_missing(run, written, test, old, new, texts):
    text, head = REFERENCES.replace(old, new), HEAD.replace(old, new)
    assert (text, head) != (REFERENCES, HEAD)
    written("-k", test)
    result = run(text, "--dualnet-backends=tensorflow", "-k", test, head=head)
    assert result.parseoutcomes()["failed"] >= 1
    for text in texts:
        assert text in failure(result)


def _one_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-9] ^= 0x40
    path.write_bytes(data)


def _without_layers(path: Path) -> None:
    described, arrays = snapshots.SNAPSHOT.read(path)
    described["content"] = {"layers": [["nowhere"]]}
    snapshots.SNAPSHOT.write(path, described, arrays)


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-40]), "damaged, truncated"),
        (lambda path: path.write_bytes(b"\x80\x04\x95 no such file" * 9), "no safetensors file"),
        (lambda path: save_file(load_file(path), path), "but not a snapshot of dualnet"),
        (lambda path: Archive("dualnet-snapshot", 9, "").write(path, {}, {}), "format version 9"),
        (_one_bit, "what it holds is not what was written"),
        (_without_layers, "cannot be used: 'nowhere'"),
        (lambda path: snapshots.SNAPSHOT.write(path, {}, {}), "cannot be used: 'kind'"),
    ],
)
def test_a_damaged_reference_is_told_and_how_to_write_it(tmp_path, as_case, damage, text):
    case = Case(Options(("torch",), write=True), "test_it", tmp_path, ("it",), False)
    arguments = {"loss": "mse", "optimizer": "sgd", "batch_size": 8}
    as_case(case)
    assert_parity(nn.Dense(1), X, X[:, :1], **arguments)
    damage(tmp_path / "test_it-0.safetensors")
    as_case(replace(case, options=Options(("torch",)), _numbers=itertools.count()))
    with pytest.raises(SnapshotError, match=text) as caught:
        assert_parity(nn.Dense(1), X, X[:, :1], **arguments)
    assert "pytest it --dualnet-seed=0 --dualnet-snapshots=write" in str(caught.value)


@pytest.fixture
def as_case():
    """Makes a case the current one, until the test ends."""
    before = current.get()
    yield current.set
    current.set(before)


def test_a_reference_is_not_larger_than_a_repository_bears(tmp_path, monkeypatch, as_case):
    monkeypatch.setattr(snapshots, "LIMIT", 1000)
    options = Options(("torch",), write=True)
    as_case(Case(options, "t", tmp_path, ("t",), False))
    with pytest.raises(SnapshotError, match="test a smaller input"):
        assert_parity(ops.exp, np.ones(100))
    assert not list(tmp_path.iterdir())


# Steps held to recorded ones


@pytest.fixture(scope="module")
def course(warm):
    training = courses.Training(NET, X, Y, None, "cross_entropy", "adam", None, 8, 0, "cpu")
    return training, courses.Course.record(training, "torch", 2)


def test_a_course_survives_a_file(course):
    training, taken = course
    again = courses.Course.of(taken.arrays(), taken.order())
    assert list(again.steps[1].layers) == list(taken.steps[1].layers)
    again.hold(training, "tensorflow", "torch")


@pytest.mark.parametrize(
    ("kind", "path", "step", "text"),
    [
        ("output", "output", 0, r"step 0, forward, 'output': relative .*\noutput\[0, 1\] is"),
        ("loss", "loss", 1, r"step 1, loss, 'loss'.*\nloss is"),
        ("gradient", "dense.kernel", 1, r"step 1, gradient, 'dense.kernel' \(layer 'dense'\)"),
        ("model", "batch_norm.moving_mean", 0, r"step 0, state, .* \(layer 'batch_norm'\)"),
        ("model", "dense_1.kernel", 0, r"step 0, update, 'dense_1.kernel'(.|\n)*none is needed"),
        ("optimizer", "m.dense_1.kernel", 1, r"step 1, update, 'm.dense_1.kernel'"),
    ],
)
def test_what_differs_is_named_by_step_phase_and_layer(course, kind, path, step, text):
    training, taken = course
    arrays = {name: np.array(value) for name, value in taken.arrays().items()}
    changed = arrays[f"{step}/{kind}/{path}"]
    changed.flat[min(1, changed.size - 1)] += 1e-8
    other = courses.Course.of(arrays, taken.order())
    with pytest.raises(ParityError, match=text) as caught:
        other.hold(training, "tensorflow", "torch")
    assert " on torch, np.float64(" in str(caught.value)
    assert "ulps apart" in str(caught.value)
    assert "control: " in str(caught.value)


def test_what_is_left_of_a_step_that_takes_its_start_back_is_rounding():
    x = np.array([[0.1], [0.7]])
    rule = dn.optim.SGD(1 / (2 * np.mean(x * x)))  # Newton's step: the minimum at once
    net = nn.Dense(1, use_bias=False)
    training = courses.Training(net, x, np.zeros((2, 1)), None, "mse", rule, None, 2, 0, "cpu")
    taken = courses.Course.record(training, "torch", 1)
    arrays = {name: np.array(value) for name, value in taken.arrays().items()}
    left = arrays["0/model/kernel"]
    assert np.abs(left) < 1e-16
    left += 1e-16  # several times what is left of it, and rounding of what it was
    courses.Course.of(arrays, taken.order()).hold(training, "tensorflow", "torch")


# Without pytest, and two models


def test_outside_pytest_there_is_no_replay(as_case):
    as_case(None)
    with pytest.raises(ParityError) as caught:
        assert_parity(lambda x: x * (1 if "torch" in type(x).__module__ else 2), np.ones(2))
    assert "replay" not in str(caught.value)
    with pytest.raises(ConfigError, match="give two names"):
        assert_parity(ops.exp, np.ones(2), backends=("torch",))


def test_two_models_go_to_compare_models(monkeypatch):
    class Report:
        ok = True

        def __str__(self):
            return "they part at layer 3"

    calls, report = [], Report()

    def compare_models(*arguments, **options):
        calls.append((arguments, options))
        return report

    monkeypatch.setattr(parity, "compare_models", compare_models, raising=False)
    assert_parity(np.sin, np.cos, X, transfer="a->b")
    assert calls == [((np.sin, np.cos, X), {"transfer": "a->b"})]
    report.ok = False
    with pytest.raises(ParityError, match=r"they part at layer 3\nreplay: pytest .*two_models"):
        assert_parity(np.sin, np.cos, X)


def test_what_is_neither_is_told():
    with pytest.raises(ConfigError, match="got int; give the function first"):
        assert_parity(3, X)
