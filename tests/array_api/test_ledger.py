"""The ledger of the array API suite, without the suite."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
LEDGER = tomllib.loads((HERE / "ledger.toml").read_text())
PACKAGES = ("dualnet_torch", "dualnet_tf")


def test_each_line_has_a_reason_and_each_reason_a_line() -> None:
    used = {reason for package in PACKAGES for reason in LEDGER[package].values()}
    assert used == set(LEDGER["reasons"])


def test_the_docs_count_as_the_ledger_does() -> None:
    page = (HERE.parents[1] / "docs" / "array_api.md").read_text()
    told = re.findall(r"^\| `(\w+)` \| .* \| (\d+) \| (\d+) \|$", page, re.MULTILINE)
    counts = [Counter(LEDGER[package].values()) for package in PACKAGES]
    wanted = {reason: tuple(str(count[reason]) for count in counts) for reason in LEDGER["reasons"]}
    assert {reason: tuple(numbers) for reason, *numbers in told} == wanted
    for package in PACKAGES:
        passed = 1366 - len(LEDGER[package])  # the suite has as many tests of this version
        assert f"| {passed} / 1366 = {100 * passed / 1366:.1f} % | {passed} / {passed} =" in page
