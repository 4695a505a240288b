"""How often a verdict is wrong, measured: ``docs/parity_rates.md`` has the tables."""

from __future__ import annotations

import pytest

from tests.parity.rates import BUGS, Rate, detection, false_alarms

#: The smallest bugs, in parts of the value, that are found without fail in float64.
CERTAIN = {"forward": 1e-11, "gradient": 1e-10, "update": 1e-11}
#: Below every gate: to be called a bug, rounding must be larger.
NOTHING = 1e-13


@pytest.mark.parametrize(
    ("rate", "bounds"),
    [
        (Rate(0, 10), (0.0, 0.3085)),
        (Rate(5, 10), (0.1871, 0.8129)),
        (Rate(10, 10), (0.6915, 1.0)),
    ],
)
def test_bounds_are_those_of_clopper_and_pearson(rate, bounds):
    assert rate.bounds == pytest.approx(bounds, abs=5e-5)  # the digits that tables print


@pytest.mark.long
def test_no_healthy_run_is_called_diverged():
    rate = false_alarms()
    assert rate.hits == 0, rate
    assert rate.bounds[1] < 0.02


@pytest.mark.long
@pytest.mark.parametrize("phase", BUGS)
def test_a_bug_of_certain_size_is_always_found_and_placed(phase):
    seen, placed = detection(phase, CERTAIN[phase], seeds=range(1))
    assert seen.hits == placed.hits == seen.runs


@pytest.mark.long
@pytest.mark.parametrize("phase", BUGS)
def test_what_is_no_more_than_rounding_is_no_bug(phase):
    assert detection(phase, NOTHING, seeds=range(1))[0].hits == 0
