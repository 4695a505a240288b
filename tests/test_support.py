"""No public name is without a row, and the page that says so is up to date."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dualnet.errors import ConfigError
from dualnet.testing import coverage
from tests.proofs import ELSEWHERE, proofs

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "support.md"


@pytest.fixture(scope="module")
def table() -> list[coverage.Support]:
    return coverage.supported(proofs())


def test_every_public_name_has_a_row(table: list[coverage.Support]) -> None:
    assert [support.item for support in table if not support.rows] == []
    assert {support.item.kind for support in table} == set(coverage.KINDS)


def test_what_a_row_elsewhere_names_is_there() -> None:
    for _, name, _, file in ELSEWHERE:
        assert re.search(rf"\b{name}\b", (ROOT / file).read_text(encoding="utf-8")), name


def test_the_page_is_up_to_date(table: list[coverage.Support]) -> None:
    hint = "write it again with python -m dualnet.testing.coverage --markdown docs/support.md"
    assert PAGE.read_text(encoding="utf-8") == coverage.markdown(table), hint


def test_a_name_without_a_row_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    bare = [coverage.Support(coverage.Item("layer", "Dense", ("Linear",)), 0, (), ())]
    assert "Dense = Linear  0" in coverage.text(bare)
    assert "| `Dense = Linear` | 0 |" in coverage.markdown(bare)
    with pytest.raises(ConfigError, match="a row of the layer 'Dence', which is not public"):
        coverage.supported([*proofs(), coverage.Proof("layer", "Dence", "formula")])
    with pytest.raises(SystemExit, match="2"):
        coverage.main(["--tests", str(tmp_path)])
    assert "run this in a checkout of dualnet" in capsys.readouterr().err
