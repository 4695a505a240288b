"""The two backends are mirrors of each other and satisfy the protocols.

What types alone do not show is held here: the same files with the same public definitions in
the same order, and every protocol's names with the same parameters.
"""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import Any

import pytest

from dualnet import protocols, registry
from dualnet.protocols import ops as chapters
from dualnet.protocols.ops import nn

ROOT = Path(__file__).parent.parent
PACKAGES = {"torch": "dualnet_torch", "tensorflow": "dualnet_tf"}


def files(package: str) -> list[str]:
    folder = ROOT / package
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.py"))


def definitions(path: Path) -> list[str]:
    """The public names that a module's own statements define, in order."""
    found: list[str] = []
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.append(node.name)
        elif isinstance(node, ast.Assign):
            found += [target.id for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.append(node.target.id)
    return [name for name in dict.fromkeys(found) if not name.startswith("_")]


def functions(path: Path) -> list[str]:
    """Those of the definitions that are not constants."""
    return [name for name in definitions(path) if not name.isupper()]


#: What only one of the two needs, and why; a name that is no longer one-sided fails.
ONE_SIDED: dict[str, tuple[set[str], str]] = {
    "layers.py": (
        {"Adopted", "ModuleDict", "ModuleList"},
        "PyTorch has containers, and takes a foreign module as a child as it is",
    ),
    "foreign/calling.py": (
        {"layout", "without_function"},
        "a Keras layer holds its activation, and says its data layout",
    ),
    "foreign/weightless.py": (
        {"function_options"},
        "a Keras layer may hold any function, whose options then lie in the function",
    ),
    "optim.py": ({"List", "Slots"}, "types, of what the fused kernels of each take"),
}


#: Files that only one of the two needs, and why; one that is no longer one-sided fails.
ONE_SIDED_FILES = {
    "ops/nn/_lstm.py": "TensorFlow's kernel has no gradient that is right; PyTorch's has one"
}


def test_both_backends_have_the_same_files() -> None:
    one, other = (set(files(package)) for package in PACKAGES.values())
    assert one ^ other == set(ONE_SIDED_FILES)


@pytest.mark.parametrize(
    "name", [n for n in files("dualnet_torch") if "/_" not in f"/{n}".replace("__init__", "")]
)
def test_both_files_define_the_same_names_in_the_same_order(name: str) -> None:
    one, other = (functions(ROOT / package / name) for package in PACKAGES.values())
    assert set(one) ^ set(other) == ONE_SIDED.get(name, (set(), ""))[0]
    assert [n for n in one if n in other] == [n for n in other if n in one]


def test_a_definition_that_is_missing_would_be_seen(tmp_path: Path) -> None:
    one, other = tmp_path / "one.py", tmp_path / "other.py"
    one.write_text("def relu(x): ...\nelu = gelu = relu\nclass Module: ...\n")
    other.write_text("def relu(x): ...\ngelu = elu = relu\n_private = 1\n")
    assert functions(one) == ["relu", "elu", "gelu", "Module"]
    assert functions(other) == ["relu", "gelu", "elu"]


def declared(protocol: type) -> dict[str, Any]:
    """The methods and properties that a protocol and its bases declare."""
    return {
        name: member
        for base in reversed(protocol.__mro__)
        if base.__module__.startswith("dualnet")
        for name, member in vars(base).items()
        if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property))
    }


def part(backend: str, path: str) -> Any:
    """A sub-module of a backend, or the backend itself."""
    found: Any = registry.load(backend)
    for name in path.split(".") if path else ():
        found = getattr(found, name)
    return found


PARTS: dict[str, type] = {
    "": protocols.Backend,
    "control": protocols.Control,
    "device": protocols.Devices,
    "foreign": protocols.Foreign,
    "jit": protocols.Jit,
    "layers": protocols.Layers,
    "loops": protocols.Loops,
    "ops": protocols.Ops,
    "ops.fft": chapters.Fourier,
    "ops.linalg": chapters.Linalg,
    "ops.nn": chapters.NN,
    "optim": protocols.Optim,
    "random": protocols.Random,
    "state": protocols.State,
    "tape": protocols.Tape,
}
MEMBERS = [
    (path, name, member) for path, kind in PARTS.items() for name, member in declared(kind).items()
]


def assert_callable_as(implementation: Any, wanted: list[inspect.Parameter]) -> None:
    """Every call that the protocol allows means the same here: names, kinds, defaults."""
    theirs = list(inspect.signature(implementation).parameters.values())
    by_place = [p for p in wanted if p.kind is p.POSITIONAL_ONLY]
    for ours, place in zip(theirs, by_place, strict=False):
        assert ours.kind in (ours.POSITIONAL_ONLY, ours.POSITIONAL_OR_KEYWORD)
        assert ours.default == place.default
    named = {p.name: p for p in theirs[len(by_place) :]}
    for p in wanted[len(by_place) :]:
        assert named[p.name].default == p.default
        assert p.kind in (named[p.name].kind, p.KEYWORD_ONLY)
    extra = set(named) - {p.name for p in wanted}
    assert all(named[name].default is not inspect.Parameter.empty for name in extra)


#: Native functions that show no signature; that they take one tensor is all there is to say.
BUILTINS = {("ops.nn", "relu"), ("ops.nn", "sigmoid")}


@pytest.mark.parametrize("backend", PACKAGES)
@pytest.mark.parametrize(
    ("path", "name", "member"), MEMBERS, ids=[f"{m[0]}.{m[1]}" for m in MEMBERS]
)
def test_a_backend_has_what_the_protocol_declares(
    backend: str, path: str, name: str, member: Any
) -> None:
    implementation = getattr(part(backend, path), name)
    if isinstance(member, property):
        return
    wanted = list(inspect.signature(member).parameters.values())[1:]
    if inspect.isbuiltin(implementation):
        assert (path, name) in BUILTINS
        assert [p.kind.description for p in wanted] == ["positional-only"]
        return
    assert_callable_as(implementation, wanted)
    if implementation.__module__.startswith("dualnet"):
        ours = list(inspect.signature(implementation).parameters)
        assert sorted(ours) == sorted(p.name for p in wanted)


@pytest.mark.parametrize("backend", PACKAGES)
def test_ops_has_no_more_than_its_protocol(backend: str) -> None:
    for path in ("ops", "ops.fft", "ops.linalg", "ops.nn"):
        kind = PARTS[path]
        module = part(backend, path)
        assert sorted(module.__all__) == list(module.__all__)
        assert set(module.__all__) == set(declared(kind))


def test_every_method_of_the_protocols_is_documented() -> None:
    for path, name, member in MEMBERS:
        if not isinstance(member, property):
            assert inspect.getdoc(member), f"{path}.{name}"


def test_the_chapters_are_all_of_ops() -> None:
    ours = (chapters.Creation, chapters.Inspection, *chapters.CHAPTERS)
    one_by_one = [declared(chapter) for chapter in ours]
    names = [name for chapter in one_by_one for name in chapter]
    assert len(names) == len(set(names))
    assert set(names) | {"failure", "fft", "linalg", "nn"} == set(declared(protocols.Ops))
    assert {n for chapter in nn.CHAPTERS for n in declared(chapter)} == set(declared(chapters.NN))
