"""The distribution: what pyproject.toml, constraints.txt, the Makefile and .ci/run promise."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PACKAGES = ("dualnet", "dualnet_bench", "dualnet_tf", "dualnet_torch")

with (ROOT / "pyproject.toml").open("rb") as file:
    PROJECT = tomllib.load(file)["project"]


def _direct_requirements():
    lists = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    requirements = [Requirement(text) for texts in lists for text in texts]
    return [r for r in requirements if r.name != PROJECT["name"]]


def _constraints():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def _declared_entry_points():
    groups = PROJECT["entry-points"] | {"console_scripts": PROJECT["scripts"]}
    return [
        (group, name, target) for group, points in groups.items() for name, target in points.items()
    ]


@pytest.mark.parametrize(("group", "name", "target"), _declared_entry_points())
def test_entry_points_are_installed_and_load(group, name, target):
    (point,) = metadata.entry_points(group=group, name=name)
    assert point.value == target, "the installed metadata is stale: run `make venv`"
    assert point.load() is not None


def test_versions_agree():
    import dualnet

    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert dualnet.__version__ == metadata.version("dualnet") == PROJECT["version"] == headings[0]


def test_constraints_pin_every_direct_requirement_within_its_range():
    pins = {canonicalize_name(pin.name): str(pin.specifier) for pin in _constraints()}
    assert all(re.fullmatch(r"==[0-9.]+", pin) for pin in pins.values())
    requirements = _direct_requirements()
    assert requirements
    for requirement in requirements:
        pin = pins[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(pin.removeprefix("==")), f"{requirement}: {pin}"


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_says_that_it_is_typed(package):
    assert (ROOT / package / "py.typed").is_file()


def test_ci_entry_can_be_run():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)


def test_every_install_uses_the_constraints():
    for file in (ROOT / "Makefile", ROOT / ".ci" / "run"):
        for line in file.read_text().splitlines():
            assert "pip install" not in line or "-c constraints.txt" in line, line


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_a_clean_clone_can_test_in_one_command(tmp_path):
    plan = subprocess.run(
        ["make", "--dry-run", "test", f"VENV={tmp_path / 'venv'}", "ARGS=-k some"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    steps = ["-m venv", "pip install", "-m pytest -n"]
    assert [plan.index(step) for step in steps] == sorted(plan.index(step) for step in steps)
    assert "-k some" in plan
