"""Healthy runs, chaotic ones among them: none is called ``diverged``."""

from __future__ import annotations

import pytest

from tests.parity.healthy_cases import HEALTHY


@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_run_is_not_called_diverged(name, run):
    case = HEALTHY[name]
    report = run(case.net, case.x, case.y, **case.options)
    assert report.verdict in case.expected, str(report)
    assert (report.ok, report.first) == (True, None)
