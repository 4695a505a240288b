"""Every Python block of the README and the documentation runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path) -> str:
    """The Python blocks of a page as one script, on the lines where they stand."""
    text = page.read_text(encoding="utf-8")
    lines = [""] * (text.count("\n") + 1)
    for found in re.finditer(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        start = text[: found.start(1)].count("\n")
        body = found.group(1).splitlines()
        lines[start : start + len(body)] = body
    return "\n".join(lines)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_blocks_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DUALNET_BACKEND", "torch")
    exec(compile(blocks(page), str(page), "exec", dont_inherit=True), {"__name__": "docs"})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_named_exist(page: Path) -> None:
    for name in re.findall(r"`((?:docs|examples|tests|dualnet\w*)/[\w./]*)`", page.read_text()):
        assert (ROOT / name).exists(), f"{page.name} names {name}"
