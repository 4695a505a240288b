"""Bugs planted in one backend: each is called ``diverged``, in its phase, step and layer."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest

from tests.parity.bugs import (
    gradient_bugs,
    late_bugs,
    layer_bugs,
    loss_bugs,
    mask_bugs,
    state_bugs,
    update_bugs,
)

TABLES = (layer_bugs, gradient_bugs, loss_bugs, mask_bugs, state_bugs, update_bugs, late_bugs)
BUGS = {name: bug for table in TABLES for name, bug in table.BUGS.items()}
ROWS = [(name, side) for name, bug in BUGS.items() for side in bug.sides]


def test_no_name_is_given_twice():
    assert len(BUGS) == sum(len(table.BUGS) for table in TABLES)


@pytest.mark.parametrize(("name", "side"), ROWS)
def test_bug_is_found_where_it_is(name, side, run, plant):
    bug = BUGS[name]
    plant(side, bug.where, bug.make)
    report = run(bug.net, bug.x, bug.y, **bug.options)
    first = report.first
    assert (report.verdict, report.ok) == ("diverged", False), str(report)
    assert (first.step, first.phase, first.layer) == (bug.step, bug.phase, bug.layer), first
    assert fnmatchcase(first.path, bug.path or f"{bug.layer}*"), first
    assert first.dtype == bug.dtype
