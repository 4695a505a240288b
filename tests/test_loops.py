"""Many steps in one call: the same bits as step by step, whatever is cut from whatever data."""

from __future__ import annotations

import gc
import mmap
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from optim_cases import COURSES

import dualnet as dn
from dualnet import callbacks, nn, optim, registry
from dualnet.training import feeding, walking

RNG = np.random.default_rng(3)
X = RNG.standard_normal((53, 4))
Y = RNG.integers(0, 3, 53)
STATM = Path("/proc/self/statm")
NET = nn.Sequential(nn.Dense(8, activation="relu"), nn.Dropout(0.2), nn.BatchNorm(), nn.Dense(3))


class EachBatch(callbacks.Callback):
    """Lets no two steps be one call."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def on_batch_begin(self, batch: int) -> None:
        self.seen.append(batch)

    def on_test_batch_begin(self, batch: int) -> None:
        """Is here."""

    def on_predict_batch_begin(self, batch: int) -> None:
        """Is here."""


def made(backend: str, rule: Any = "adam", net: nn.Layer = NET, **options: Any) -> dn.Model:
    model = dn.Model(net, (4,), backend=backend, dtype="float64", seed=5)
    model.compile(rule, "cross_entropy", ["accuracy"], **options)
    return model


def trained(model: dn.Model, *watching: callbacks.Callback, **options: Any) -> dict[str, Any]:
    """All that a run gives: measures, weights, slots and outputs."""
    weight = np.linspace(0.5, 2.0, len(X))
    history = model.fit(
        X,
        Y,
        batch_size=8,
        epochs=3,
        verbose=0,
        sample_weight=weight,
        validation_data=(X, Y),
        callbacks=watching,
        **options,
    )
    measures = {f"history {name}": np.array(values) for name, values in history.history.items()}
    outputs = {"outputs": model.predict(X, batch_size=8, callbacks=watching)}
    return {**measures, **model.state(), **model.bound_optimizer().state(), **outputs}


def assert_same(one: dict[str, Any], other: dict[str, Any], rtol: float = 0.0) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_allclose(value, other[name], rtol, 0.01 * rtol, err_msg=name)


def test_steps_in_one_call_are_the_steps_one_by_one(backend: str) -> None:
    alone = EachBatch()
    apart = trained(made(backend), alone)
    assert alone.seen == [*range(7)] * 3
    assert_same(trained(made(backend)), apart, 0.0 if backend == "torch" else 1e-13)  # other graph


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("jit", ["auto", False])
def test_backends_agree_on_many_steps(shuffle: bool, jit: bool | str) -> None:
    runs = [trained(made(b, jit=jit), shuffle=shuffle) for b in ("torch", "tensorflow")]
    assert_same(*runs, 1e-10)  # float64, 21 steps through batch norm


def kinds() -> list[optim.Optimizer]:
    """One rule of each kind."""
    return list({type(course.rule): course.rule for course in COURSES}.values())


@pytest.mark.parametrize("rule", kinds(), ids=lambda rule: type(rule).__name__)
def test_every_optimizer_in_a_loop(rule: optim.Optimizer) -> None:
    """Beside :mod:`test_optim_training`, where each step is a call."""
    found = []
    for backend in ("torch", "tensorflow"):
        model = made(backend, rule, nn.Sequential(nn.Dense(3)))
        model.compiled.steps(model).train.steps = 6
        model.fit(X, Y, batch_size=8, epochs=1, verbose=0)
        found.append({**model.state(), **model.bound_optimizer().state()})
    assert_same(*found, 1e-11)  # float64, 7 steps


@pytest.mark.parametrize("limit", [0, 1 << 30])
def test_data_that_is_too_large_to_hold(
    backend: str, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeding, "RESIDENT", limit)
    kept = []
    real = feeding._Resident.__init__
    monkeypatch.setattr(
        feeding._Resident, "__init__", lambda *args: (kept.append(1), real(*args))[1]
    )
    run = trained(made(backend))
    assert bool(kept) is bool(limit)
    monkeypatch.undo()
    assert_same(run, trained(made(backend)), 0.0 if backend == "torch" else 1e-13)  # other graph


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("jit", ["auto", False])
def test_a_walk_stacks_what_steps_give(backend: str, ordered: bool, jit: bool | str) -> None:
    """Trees with gaps and masks go in; batches come in order, whole."""
    there = registry.load(backend)
    data = {"a": X, "b": (Y, None)}, nn.Masked(X, X > 0), None
    order = RNG.permutation(len(X))
    native = dn.tree.map(lambda leaf: leaf if leaf is None else there.loops.hold(leaf), data)
    walk = there.loops.walk(
        lambda a, b, c: ({"x": a["a"], "y": a["b"][0]}, dn.ops.where(b.mask, b.values, 0.0)),
        jit=jit,
    )
    rows = there.loops.hold(order) if ordered else None
    for first, last in ((2, 5), (0, 1)):
        at = (order if ordered else np.arange(len(X)))[first * 8 : last * 8].reshape(-1, 8)
        found = dn.tree.map(there.state.to_numpy, walk(native, rows, 8, first, last))
        assert_same(found[0], {"x": X[at], "y": Y[at]})
        np.testing.assert_array_equal(found[1], np.maximum(X, 0.0)[at])


def test_a_run_that_is_over_holds_no_data(backend: str) -> None:
    model, x = made(backend), RNG.standard_normal((61, 4))
    y, freed = np.resize(Y, 61), weakref.ref(x)
    model.fit(x, y, batch_size=8, epochs=2, verbose=0)
    model.evaluate(x, y, batch_size=8)
    model.predict(x, batch_size=8)
    del x
    gc.collect()
    kind = registry.load(backend).state.TENSOR_TYPES[0]
    alive = [t for t in gc.get_objects() if issubclass(type(t), kind)]
    assert freed() is None
    assert not [t for t in alive if "61, 4" in str(t.shape)]


def test_outputs_of_no_numbers_are_joined(backend: str) -> None:
    model = dn.Model(nn.Lambda(lambda x: x[:, :0]), (4,), backend=backend)
    assert model.predict(X, batch_size=8).shape == (53, 0)


def test_an_input_in_a_tuple_stays_in_it(backend: str) -> None:
    there = registry.load(backend)
    x, y = there.loops.hold(X), there.loops.hold(Y)
    walk = there.loops.walk(lambda x, y, weight: (x[0], y), jit="auto")
    found = walk(((x,), y, None), None, 8, 1, 2)
    np.testing.assert_array_equal(there.state.to_numpy(found[0]), X[None, 8:16])


def test_other_numbers_of_samples_are_traced_no_more() -> None:
    traces = []

    class Counting(nn.Layer):
        def forward(self, x):
            traces.append(self.training)
            return x

    model = made("tensorflow", net=nn.Sequential(Counting(), nn.Dense(3)))
    for samples in (16, 32, 48):
        model.fit(X[:samples], Y[:samples], batch_size=8, epochs=2, verbose=0)
        model.evaluate(X[:samples], Y[:samples], batch_size=8)
        model.predict(X[:samples], batch_size=8)
    before = len(traces)
    assert traces.count(True) == 1
    for samples in (17, 35, 52, 51, 38):  # a smaller batch at the end, for any size in the end
        model.predict(X[:samples], batch_size=8)
    assert len(traces) - before <= 2


def test_a_module_that_writes_into_its_input_leaves_the_data_alone() -> None:
    net = nn.Sequential(nn.Native(torch=lambda: torch.nn.ReLU(inplace=True)), nn.Dense(3))
    model, x = made("torch", net=net), X.copy()
    for shuffle in (True, False):
        model.fit(x, Y, batch_size=8, verbose=0, shuffle=shuffle)
    model.evaluate(x, Y)
    model.predict(x)
    np.testing.assert_array_equal(x, X)


def test_only_our_layers_are_lent_the_data() -> None:
    class Mine(nn.Dense):
        pass

    known = nn.Sequential(nn.Dense(3, "relu"), nn.Bidirectional(nn.LSTM(2)), nn.Dropout(0.5))
    assert known.only_reads()
    functions = nn.Lambda(np.negative), nn.Dense(3, activation=np.negative), nn.Native(torch=object)
    for layer in (*functions, Mine(3), nn.MultiHeadAttention(2, 4)):
        assert not layer.only_reads()
        assert not nn.Sequential(nn.Sequential(layer), nn.Dense(3)).only_reads()


@pytest.mark.parametrize("view", ["read-only", "backwards", "columns"])
def test_arrays_that_no_tensor_can_share(backend: str, view: str) -> None:
    x = {"read-only": X.copy(), "backwards": X[::-1].copy()[::-1], "columns": np.asfortranarray(X)}
    x[view].flags.writeable = view != "read-only"
    expected = made(backend).predict(X)
    np.testing.assert_array_equal(made(backend).predict(x[view]), expected)


@pytest.mark.long
@pytest.mark.skipif(not STATM.exists(), reason="memory is read where Linux tells it")
@pytest.mark.parametrize("alone", [False, True], ids=["many", "one by one"])
def test_ten_thousand_steps_take_no_more_memory(backend: str, alone: bool) -> None:
    model = dn.Model(NET, (4,), backend=backend)
    model.compile("adam", "cross_entropy", ["accuracy"])
    x, y = np.tile(X, (30, 1)).astype("float32"), np.tile(Y, 30)
    watching = [EachBatch()] if alone else []

    def train(steps: int) -> int:
        model.fit(x, y, batch_size=16, epochs=steps // 100 + 1, verbose=0, callbacks=watching)
        gc.collect()
        return int(STATM.read_text().split()[1]) * mmap.PAGESIZE

    before = train(1_500)
    grown = train(10_000) - before
    assert grown < 4 << 20  # of 10,000 steps: 400 bytes each, less than one tensor of any kind


def test_calls_grow_to_a_tenth_of_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(walking.time, "perf_counter", lambda: now[0])

    class Backend:
        class jit:  # noqa: N801 - stands for a module
            train_step = staticmethod(lambda step, jit: step)

        class loops:  # noqa: N801 - stands for a module
            @staticmethod
            def walk(step, jit, reads):
                def walked(data, order, size, first, last):
                    now[0] += data * (last - first)

                return walked

    walker = walking.Walker(Backend, None, "auto")  # type: ignore[arg-type] # only what is used
    seen = []
    for seconds in (4.0, 2**-6, 2**-6, 2**-5, 2**-20, 2**-20, 2**-20):
        walker.many(seconds, None, 8, 0, walker.steps)
        seen.append(walker.steps)
    assert seen == [1, 6, 6, 3, 24, 64, 64]
