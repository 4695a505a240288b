"""``dualnet bench``: that all contestants compute the same thing, and what is made of the times.

Nothing here asserts a time.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

import dualnet as dn
from dualnet.bench import contestants, rounds, workloads
from dualnet.bench.figures import FIGURES, Figure, beside, spread
from dualnet.bench.measuring import measured
from dualnet.bench.page import html
from dualnet.bench.plots import ratios
from dualnet.bench.results import Measurement, Results
from dualnet.bench.tables import notes, tables
from dualnet.cli import main

BACKENDS = ("torch", "tensorflow")
NETWORKS = [kind for kind in workloads.KINDS.values() if kind is not workloads.Eager]
TRAINED = [kind for kind in NETWORKS if issubclass(kind, workloads.Training)]
DECODED = [kind for kind in NETWORKS if kind not in TRAINED]


def name(kind):
    return kind.name


def small(kind):
    """One batch without dropout, so that nothing is drawn, and order does not matter."""
    fields = {"dropout": 0.0} if kind in TRAINED else {}
    return replace(kind().smaller(), batches=1, **fields)


def pair(kind, backend):
    """dualnet and the native loop, from the same weights."""
    workload = small(kind)
    with dn.using(backend, device="cpu", dtype="float32"):
        ours = importlib.import_module("dualnet_bench.ours").build(workload)
    native = importlib.import_module(f"dualnet_bench.{backend}_loop").build(workload)
    native.take_weights(ours.weights())
    return workload, ours, native


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", TRAINED, ids=name)
def test_the_native_loop_trains_as_dualnet_does(kind, backend):
    workload, ours, native = pair(kind, backend)
    x, y = workload.data()
    assert ours.parameters() == native.parameters()
    # float32 rounding, of the softmax and of sums in other orders
    np.testing.assert_allclose(native.predict(x), ours.predict(x), rtol=1e-4, atol=1e-5)
    losses = ours.train(x, y, 3)
    # the same, and where TensorFlow's Adam adds its epsilon, which is 1e-8
    np.testing.assert_allclose(native.train(x, y, 3), losses, rtol=1e-4)
    assert losses[2] < losses[0]


def test_a_pipeline_trains_as_the_loop_in_memory():
    workload, ours, _ = pair(workloads.MLP, "tensorflow")
    x, y = workload.data()
    loop = importlib.import_module("dualnet_bench.tensorflow_data_loop").build(workload)
    loop.take_weights(ours.weights())
    np.testing.assert_allclose(loop.predict(x), ours.predict(x), rtol=1e-5)  # float32 rounding
    np.testing.assert_allclose(loop.train(x, y, 3), ours.train(x, y, 3), rtol=1e-4)  # as above


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", DECODED, ids=name)
def test_the_native_loop_decodes_as_dualnet_does(kind, backend):
    workload, ours, native = pair(kind, backend)
    x, _ = workload.data()
    assert ours.parameters() == native.parameters()
    tokens = ours.predict(x)
    assert tokens.shape == (workload.samples, workload.time)
    np.testing.assert_array_equal(native.predict(x), tokens)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("depth", [2, 3])
def test_deeper_networks_are_the_same_too(depth, backend):
    workload = replace(small(workloads.MLP), depth=depth)
    built = importlib.import_module(f"dualnet_bench.{backend}_loop").build(workload)
    with dn.using(backend):
        ours = importlib.import_module("dualnet_bench.ours").build(workload)
    assert built.parameters() == ours.parameters() == (6 + 1) * 5 + (depth - 1) * 30 + 60


PEER = """
import importlib, json, sys
from dualnet.bench.workloads import KINDS, Eager
module = importlib.import_module(sys.argv[1])
found = {}
for kind in KINDS.values():
    if kind is Eager:
        continue
    workload = kind().smaller()
    x, y = workload.data()
    peer = module.build(workload)
    losses = [] if y is None else peer.train(x, y, 1)
    found[kind.name] = [peer.parameters(), list(peer.predict(x).shape), losses]
print(json.dumps([found, sorted(module.eager())]))
"""


#: Keras is one definition for all its backends; on TensorFlow it traces for half a minute.
PEERS = ["keras-torch", pytest.param("keras-tensorflow", marks=pytest.mark.long), "lightning"]


@pytest.mark.parametrize("peer", PEERS)
def test_peers_train_networks_of_the_same_size(peer):
    contestant = contestants.CONTESTANTS[peer]
    if contestant.missing():
        pytest.skip(f"needs {contestant.missing()}, an extra of its own")
    done = subprocess.run(
        [sys.executable, "-c", PEER, f"dualnet_bench.{contestant.module}"],
        env={**os.environ, **rounds.QUIET, **contestant.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found, eager = json.loads(done.stdout.splitlines()[-1])
    assert eager == (["call", "op", "step"] if contestant.takes(workloads.Eager()) else [])
    for kind in NETWORKS:
        parameters, shape, losses = found[kind.name]
        workload = kind().smaller()
        native = importlib.import_module("dualnet_bench.torch_loop").build(workload)
        assert parameters == native.parameters()
        assert shape == list(native.predict(workload.data()[0]).shape)
        assert np.isfinite(losses).all()
        assert len(losses) == (kind in TRAINED)


@pytest.mark.parametrize("module", ["torch_loop", "tensorflow_loop", "ours"])
def test_eager_calls_compute(module):
    torch.manual_seed(0)  # of native weights
    with dn.using("torch"):
        calls = importlib.import_module(f"dualnet_bench.{module}").eager()
    assert sorted(calls) == ["call", "op", "step"]
    assert dn.to_numpy(calls["op"]()).tolist() == [2.0] * 8
    assert dn.to_numpy(calls["call"]()).shape == (1, 8)
    losses = [float(dn.to_numpy(calls["step"]())) for _ in range(3)]
    assert losses[0] > losses[1] > losses[2] > 0


@pytest.mark.parametrize("kind", workloads.KINDS.values(), ids=name)
def test_workloads_are_described_and_made_again(kind):
    workload = kind().smaller()
    fields = json.loads(json.dumps(workload.described()))
    assert workloads.named(fields.pop("name"), fields) == workload
    assert kind.title
    assert kind.steps >= 1


def test_data_are_the_same_each_time():
    (one, *_), y = workloads.MLP().smaller().data()
    (other, *_), z = workloads.MLP().smaller().data()
    assert (one == other).all()
    assert (y == z).all()
    assert one.shape == (8, 6)


def test_a_process_measures_itself():
    """A whole round, in small: what the processes print is what the results hold."""
    there = contestants.chosen(["torch"])
    told = []
    results = rounds.raced(
        {"mine": workloads.MLP().smaller()},
        there,
        rounds=1,
        steps=2,
        progress=lambda *now: told.append(now),
    )
    assert results.ok, results.failures()
    assert told == [(0, 1, "mine, torch")]
    (network,) = results.measurements
    assert set(network.figures) == {"train", "predict", "first_step", "import", "peak"}
    assert all(value > 0 for value in network.figures.values())
    assert network.figures["first_step"] > network.figures["import"]
    assert network.parameters == 95
    assert results.workloads["mine"]["hidden"] == 5
    assert results.environment["torch"]


def test_eager_calls_are_measured():
    found = measured("torch", workloads.Eager(), steps=5, imported=0.5)
    assert set(found["figures"]) == {"import", "op", "call", "step"}
    assert found["figures"]["import"] == 0.5
    assert all(value > 0 for value in found["figures"].values())


def test_an_interrupted_race_keeps_what_it_has(monkeypatch):
    answers = iter([{"figures": {"train": 5.0}}])

    def one_and_no_more(*_):
        for answer in answers:
            return answer
        raise KeyboardInterrupt

    monkeypatch.setattr(rounds, "_measured", one_and_no_more)
    work, there = {"mlp": workloads.MLP()}, contestants.chosen(["torch"])
    results = rounds.raced(work, there, rounds=3)
    assert [m.figures for m in results.measurements] == [{"train": 5.0}]
    assert not results.ok
    assert list(notes(results)) == ["interrupted before the last 2 measurements"]
    with pytest.raises(KeyboardInterrupt):
        rounds.raced(work, there, rounds=3)


def test_a_process_that_fails_is_told():
    broken = replace(contestants.CONTESTANTS["torch"], statement="raise OSError('gone')")
    results = rounds.raced({"mlp": workloads.MLP().smaller()}, [broken], rounds=1, steps=1)
    assert not results.ok
    assert results.failures() == {("mlp", "torch"): "OSError: gone"}
    assert list(notes(results)) == ["torch has failed at mlp: OSError: gone"]
    assert not list(tables(results))


def test_turns_are_interleaved_and_reversed():
    two = contestants.chosen(["torch", "lightning"])
    work = {"a": workloads.MLP(), "e": workloads.Eager()}
    turns = [(turn, name, each.name) for turn, name, each in rounds._turns(work, two, 2)]
    assert turns == [
        (0, "a", "torch"),
        (0, "a", "lightning"),
        (0, "e", "torch"),
        (1, "a", "lightning"),
        (1, "a", "torch"),
        (1, "e", "torch"),
    ]


def test_spread_is_median_and_half_the_range():
    found = spread([12.0, 9.0, 10.0])
    assert (found.median, found.low, found.high) == (10.0, 9.0, 12.0)
    assert found.relative == pytest.approx(0.15)  # (12 - 9) / 2 / 10
    assert spread([7.0]).relative == 0.0


def test_rounds_are_compared_with_themselves():
    """A round in which the machine was half as fast has the same ratio."""
    ratio = beside(Figure("f", "f"), [20.0, 10.0, 22.0], [10.0, 5.0, 10.0])
    assert (ratio.median, ratio.low, ratio.high) == (2.0, 2.0, 2.2)
    differs = beside(Figure("f", "f", differs=True), [3.0, 4.0], [1.0, 1.0])
    assert (differs.median, differs.low, differs.high) == (2.5, 2.0, 3.0)


def made(**more):
    """Three rounds of two contestants, the second one without its last."""
    native = [{"train": 100.0 * (turn + 1), "import": 1.0, "peak": 50.0} for turn in range(3)]
    ours = [{"train": 150.0 * (turn + 1), "import": 1.25, "peak": 60.0} for turn in range(2)]
    found = [Measurement("mlp", "torch", turn, f, 10) for turn, f in enumerate(native)]
    found += [Measurement("mlp", "dualnet-torch", turn, f, 10) for turn, f in enumerate(ours)]
    sizes = {"mlp": {"name": "mlp", "batch": 4}, "cnn": {"name": "cnn"}}
    fields = {"missing": {"lightning": ("lightning",)}, "environment": {"python": "3"}}
    return Results(tuple(found), sizes, 3, **(fields | more))


def test_tables_have_medians_spreads_and_ratios():
    by_title = {table.title: table for table in tables(made())}
    assert list(by_title) == [
        "training, steps/s on torch",
        "import, s on torch",
        "peak memory, MiB on torch",
    ]
    train = by_title["training, steps/s on torch"]
    assert train.columns == ("workload", "native", "dualnet")
    assert train.rows == (("mlp", "200.0 ±50%", "225.0 ±33% 1.50×"),)
    assert train.note == "more is better"
    assert by_title["import, s on torch"].rows[0][2] == "1.25 ±0% +0.25"
    assert by_title["peak memory, MiB on torch"].rows[0][2] == "60 ±0% 1.20×"


def test_a_figure_that_no_workload_changes_is_shown_once():
    several = made().measurements + (Measurement("cnn", "torch", 0, {"import": 9.0}, 10),)
    table = next(t for t in tables(replace(made(), measurements=several)) if "import" in t.title)
    assert [row[0] for row in table.rows] == ["mlp"]


def test_networks_of_other_sizes_are_told():
    odd = made().measurements + (Measurement("mlp", "tensorflow", 0, {"train": 1.0}, 11),)
    results = replace(made(), measurements=odd)
    assert made().ok
    assert not results.ok
    *_, note = notes(results)
    assert note == (
        "mlp has not as many parameters everywhere: torch 10, dualnet-torch 10, tensorflow 11"
    )


def test_what_is_missing_is_told_with_the_cure():
    (note,) = notes(made())
    assert note == ("lightning is left out: lightning not installed; pip install 'dualnet[bench]'")


def test_plots_mark_native_and_every_contestant():
    drawn = ratios("t < u", {"mlp": {"dualnet": spread([2.0, 3.0]), "keras": spread([0.5])}})
    assert drawn.count("<circle") == 2
    assert 'class="native"' in drawn
    assert "t &lt; u" in drawn
    assert "2.50×" in drawn
    left, right = (float(part.split('"')[0]) for part in drawn.split('cx="')[1:])
    assert right < left  # the slower one is drawn further to the left


def test_the_page_and_the_json_hold_all(tmp_path):
    page = html(made())
    assert page.count("<figure>") == 2  # training and memory; times are told by difference
    assert "225.0 ±33% 1.50×" in page
    made().to_json(tmp_path / "b.json")
    data = json.loads((tmp_path / "b.json").read_text())
    assert data["schema"] == "dualnet.bench/1"
    assert data["measurements"][4]["figures"]["train"] == 300.0
    assert data["missing"] == {"lightning": ["lightning"]}


def test_figures_have_names_of_their_own():
    assert len({figure.name for figure in FIGURES}) == len(FIGURES)


def test_the_command_measures_prints_and_writes(tmp_path, capsys, monkeypatch):
    asked = {}

    def raced(work, there, *, rounds, steps, progress):
        progress(1, 2, "mlp, torch")
        asked.update(work=work, there=[each.name for each in there], rounds=rounds, steps=steps)
        return made()

    monkeypatch.setattr(rounds, "raced", raced)
    page, data = tmp_path / "b.html", tmp_path / "b.json"
    given = ["mlp:hidden=3,batch=4", "gru", "--contestants", "native,dualnet-torch"]
    files = ["--html", str(page), "--json", str(data)]
    assert main(["bench", *given, "--rounds", "3", "--steps", "2", *files]) == 0
    told = capsys.readouterr().out
    assert "training, steps/s on torch (more is better)" in told
    assert f"written: {page}" in told
    assert json.loads(data.read_text())["rounds"] == 3
    assert page.read_text().startswith("<!doctype html>")
    assert asked == {
        "work": {
            "mlp:hidden=3,batch=4": workloads.MLP(hidden=3, batch=4),
            "gru": workloads.GRUDecoding(),
        },
        "there": ["torch", "dualnet-torch", "tensorflow"],
        "rounds": 3,
        "steps": 2,
    }


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["mpl"], "did you mean 'mlp'?"),
        (["mlp:hiden=3"], "did you mean 'hidden'?"),
        (["mlp:hidden"], "'hidden' in 'mlp:hidden' is not field=number"),
        (["mlp:hidden=x"], "is not field=number"),
        (["mlp:hidden=0"], "mlp:hidden must be a positive integer, got 0"),
        (["mlp:hidden=1.5"], "mlp:hidden must be a positive integer, got 1.5"),
        (["mlp:dropout=1"], "mlp:dropout must be at least 0 and below 1, got 1"),
        (["--contestants", "touch"], "did you mean 'torch'?"),
        (["--contestants", "torch,"], "not names with commas"),
        (["--rounds", "0"], "not a positive integer"),
        (["--steps", "-1"], "not a positive integer"),
        (["--json", "/nowhere/b.json"], "existing folder"),
        (["--html", "/nowhere/b.html"], "existing folder"),
    ],
)
def test_misuse_is_refused_with_status_2(arguments, text, capsys):
    assert main(["bench", *arguments]) == 2
    assert text in capsys.readouterr().err


def test_where_nothing_is_installed_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(contestants.importlib.util, "find_spec", lambda name: None)
    assert main(["bench", "mlp", "--contestants", "lightning"]) == 2
    assert "none of lightning can run here" in capsys.readouterr().err


def test_dualnet_compiled_otherwise_takes_part_only_if_named() -> None:
    usual = {each.name for each in contestants.chosen([])}
    for word, form in (("jit=True", "compiled"), ("jit=False", "eager")):
        named = {each.name for each in contestants.chosen([word])}
        assert named == {f"dualnet-{backend}-{form}" for backend in ("torch", "tensorflow")}
        assert not named & usual


def test_dualnet_compiled_otherwise_learns_the_same() -> None:
    """Beside what takes ``compile``'s own choice; XLA, but not PyTorch's slow compiler."""
    from dualnet_bench import ours, ours_compiled, ours_eager

    workload = workloads.MLP().smaller()
    x, y = workload.data()
    with dn.using("tensorflow"):
        usual, *others = (module.build(workload) for module in (ours, ours_compiled, ours_eager))
        expected = usual.train(x, y, 2)
        for other in others:
            np.testing.assert_allclose(other.train(x, y, 2), expected, rtol=1e-5)  # float32
    assert [other.model.compiled.jit for other in others] == [True, False]
