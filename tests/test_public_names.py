"""What is public is listed, sorted, there, and documented."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import pytest

import dualnet

PRIVATE = {"dualnet.__main__"}


def modules() -> list[str]:
    """Every module of the core."""
    found = pkgutil.walk_packages(dualnet.__path__, "dualnet.")
    return ["dualnet", *(info.name for info in found if info.name not in PRIVATE)]


@pytest.mark.parametrize("name", modules())
def test_all_is_sorted_and_there(name: str) -> None:
    module = importlib.import_module(name)
    listed = getattr(module, "__all__", None)
    if listed is None:
        assert name.startswith("dualnet.protocols.") or "._" in name, f"{name} has no __all__"
        return
    assert list(listed) == sorted(set(listed))
    for public in listed:
        assert hasattr(module, public), f"{name}.{public}"


def test_the_top_is_documented() -> None:
    for name in dualnet.__all__:
        value = getattr(dualnet, name)
        if name != "__version__":
            assert inspect.getdoc(value), name


def test_every_error_is_at_the_top() -> None:
    from dualnet import errors

    for name in errors.__all__:
        if name != "unknown_name":
            assert getattr(dualnet, name) is getattr(errors, name)


#: Names of the design that users and other packages rely on.
CONTRACT = [
    "Model",
    "Variable",
    "GradientTape",
    "grad",
    "value_and_grad",
    "vjp",
    "jvp",
    "jacobian",
    "hessian",
    "vmap",
    "custom_gradient",
    "stop_gradient",
    "jit",
    "asarray",
    "to_numpy",
    "transfer",
    "device_of",
    "backend_of",
    "using",
    "set_backend",
    "deterministic",
    "set_precision",
    "load",
    "compare",
    "parity",
    "nn",
    "ops",
    "optim",
    "losses",
    "metrics",
    "callbacks",
    "data",
    "random",
    "initializers",
]


@pytest.mark.parametrize("name", CONTRACT)
def test_contract(name: str) -> None:
    assert name in dualnet.__all__
