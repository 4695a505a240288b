"""The free run by itself: steps in blocks, the control's start, when it asks for a look."""

from __future__ import annotations

import numpy as np
import pytest

from dualnet import losses, metrics, nn, optim
from dualnet.data import Batches
from dualnet.parity.freerun import FreeRun
from dualnet.parity.lane import Lane, Problem
from tests.parity.conftest import labels, numbers

DATA = Batches(numbers(24, 4), labels(24, 3), None, batch_size=8, shuffle=True, seed=0)
LABELS = ("torch", "torch (2)")


def lanes(count):
    """As many lanes of one small problem, on one backend."""
    net = nn.Sequential(nn.Dense(5, activation="tanh"), nn.Dense(3))
    loss = losses.get("cross_entropy")
    measures = (metrics.get("accuracy", loss),)
    problem = Problem(net, loss, optim.get("adam"), measures, (4,), "cpu", 0)
    return [Lane(problem, "torch", "float32", next(DATA.epoch(0))) for _ in range(count)]


@pytest.fixture(scope="module")
def made():
    """Five steps, one by one and in blocks, each of two lanes and a control."""
    single, blocks = FreeRun(lanes(3), LABELS), FreeRun(lanes(3), LABELS)
    batches = [*DATA.epoch(0), *DATA.epoch(1)][:5]
    for number, batch in enumerate(batches):
        single.step(number, batch)
    blocks.run(batches[:4])
    blocks.step(4, batches[4])
    return single, blocks


def test_steps_in_blocks_are_the_same_steps(made):
    single, blocks = made
    assert single.steps == blocks.steps == 5
    assert [row.step for row in single.rows] == [0, 1, 2, 3, 4]
    assert [row.step for row in blocks.rows] == [4]
    for one, other in zip(single.lanes, blocks.lanes, strict=True):
        held, again = one.snapshot(), other.snapshot()
        for a, b in ((held.model, again.model), (held.optimizer, again.optimizer)):
            assert all(np.array_equal(a[path], b[path]) for path in a)
    assert blocks.rows[0].loss == single.rows[4].loss
    assert [dict(each) for each in single.totals] == [dict(each) for each in blocks.totals]


def test_twins_stay_together_and_the_control_starts_one_ulp_away(made):
    single, _ = made
    zero = {row.cross[phase].relative for row in single.rows for phase in row.cross}
    assert zero == {0.0}
    first = single.rows[0].control["weights"].relative
    assert 0 < first < 1e-5  # an ulp of float32 is 1.2e-7, and Adam's first step magnifies it
    assert single.rows[0].loss.keys() == set(LABELS)


def test_a_look_is_asked_for_once_and_again_when_the_run_is_twice_as_long():
    run = FreeRun(lanes(2), LABELS)
    start = run.lanes[1].snapshot()
    moved = {path: value + 0.1 for path, value in start.model.items()}
    run.lanes[1].restore(type(start)(moved, start.optimizer))
    batch = next(DATA.epoch(0))
    asked = [number for number in range(1, 10) if run.step(number, batch)]
    assert asked == run.excess == [1, 2, 4, 8]
