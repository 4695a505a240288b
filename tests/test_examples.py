"""Every example runs under both backends and prints the same results on both."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.py"))
BACKENDS = ("torch", "tensorflow")


def output(path: Path, backend: str, monkeypatch, capsys) -> str:
    """What an example prints under one backend."""
    monkeypatch.setenv("DUALNET_BACKEND", backend)
    monkeypatch.setattr(sys, "argv", [str(path)])
    runpy.run_path(str(path), run_name="__main__")
    return capsys.readouterr().out


def numbers(text: str, label: str) -> list[float]:
    """The numbers that follow a label."""
    return [float(found) for found in re.findall(rf"{label} +([0-9.]+)", text)]


#: What the final test accuracy must reach.
ACCURACY = {"iris": 0.95, "digits": 0.97, "low_level_loop": 0.95, "custom_layer": 0.95}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_parity(path: Path, monkeypatch, capsys) -> None:
    texts = [output(path, backend, monkeypatch, capsys) for backend in BACKENDS]
    assert texts[0]
    for label in ("initial loss", "accuracy"):
        first, second = (numbers(text, label) for text in texts)
        assert first == second, label
    if path.stem in ACCURACY:
        assert numbers(texts[0], "accuracy")[-1] >= ACCURACY[path.stem]


def test_every_example_says_how_to_run_it() -> None:
    for path in EXAMPLES:
        assert f"python examples/{path.name}" in path.read_text(encoding="utf-8"), path.name
