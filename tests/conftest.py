"""What every test shares: the backends, and a stop to parity tests that skip."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from dualnet import registry

pytest_plugins = ["pytester"]  # for the tests of our own plugin

BACKENDS = ("torch", "tensorflow")


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """The name of each backend in turn.

    It takes the place of our plugin's, which makes the backend current as well: tests here say
    themselves what is current, and need both backends.
    """
    return request.param


@pytest.fixture
def both() -> tuple[str, str]:
    """Both backends, loaded."""
    for name in BACKENDS:
        registry.load(name)
    return BACKENDS


@pytest.fixture(autouse=True)
def no_tape_stays_open() -> Iterator[None]:
    """TensorFlow records all that follows on a tape that stays open, and keeps it in memory."""
    yield
    if "tensorflow" in sys.modules:
        from tensorflow.python import pywrap_tfe

        assert pywrap_tfe.TFE_Py_TapeSetIsEmpty(), "this test left a tape open"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """A parity test that skips has proved nothing, so it counts as failed."""
    report = (yield).get_result()
    if report.skipped and "parity" in item.nodeid and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped; parity tests need both frameworks"
