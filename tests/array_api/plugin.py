"""Runs the array API suite alike each time, and holds it to the ledger.

``make array-api`` loads it with ``-p``; the suite itself is the user's copy.  Each line of the
ledger names a test that must fail, and why: a failure that has no line fails the run, and so does
a line whose test passes.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from tests.array_api import shim

#: The tests that fail, by the package that is tested.
LEDGER = tomllib.loads((Path(__file__).parent / "ledger.toml").read_text())

#: How many examples the ledger was made with: of more, more operators of native tensors fail.
EXAMPLES = 20


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """The same examples each time, without the search for smaller ones that fail."""
    settings.register_profile(
        "dualnet",
        max_examples=config.getoption("--hypothesis-max-examples"),
        derandomize=True,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        report_multiple_bugs=False,
    )
    settings.load_profile("dualnet")
    shim.install()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks the tests of the ledger; a line without a test is an error."""
    lines = _lines()
    strict = config.getoption("--hypothesis-max-examples") == EXAMPLES
    collected = {_name(item.nodeid): item for item in items}
    files = {name.partition("::")[0] for name in collected}
    for name, reason in lines.items():
        if name in collected:
            text = LEDGER["reasons"][reason]
            collected[name].add_marker(pytest.mark.xfail(reason=text, strict=strict))
        elif name.partition("::")[0] in files:
            raise pytest.UsageError(f"the ledger names {name}, which is no test of this suite")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints how many tests passed, of all and of those that the ledger does not excuse."""
    found = terminalreporter.stats
    passed, failed, excused, skipped, exceptions = (
        len(found.get(kind, ())) for kind in ("passed", "failed", "xfailed", "skipped", "xpassed")
    )
    passed += exceptions
    terminalreporter.section(f"array API suite, {_package()}")
    terminalreporter.line(
        f"{passed} passed, {failed} failed, {excused} failed as the ledger says, {skipped} skipped"
    )
    for told, whole in (("of all", passed + failed + excused), ("of ours", passed + failed)):
        if whole:
            terminalreporter.line(f"{told}: {passed}/{whole} = {100 * passed / whole:.1f} %")


def _package() -> str:
    """The package that is tested."""
    return os.environ["ARRAY_API_TESTS_MODULE"].partition(".")[0]


def _lines() -> dict[str, str]:
    """The tests of the package that must fail, each with the name of its reason."""
    return LEDGER[_package()]


def _name(nodeid: str) -> str:
    return nodeid.removeprefix("array_api_tests/")
