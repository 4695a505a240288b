"""Memory of a comparison does not grow with its number of steps."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dualnet import nn
from tests.parity.conftest import labels, numbers

STEPS = 3000


def resident():
    """MiB of memory that the process holds."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.mark.long
def test_memory_does_not_grow_with_the_steps(run):
    held = []

    def note(done, total):
        if done > STEPS // 6:  # all is compiled
            held.append(resident())

    net = nn.Sequential(nn.Dense(64, activation="relu"), nn.Dropout(0.2), nn.Dense(3))
    report = run(net, numbers(256, 32), labels(256, 3), steps=STEPS, epochs=STEPS, progress=note)
    assert report.practice.steps == STEPS
    # MiB; one float32 for each weight and step would be 27, and pages come and go by some.
    assert held[-1] - held[0] < 8
