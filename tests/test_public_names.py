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
        if name not in ("no_attribute", "unknown_name"):
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


@pytest.mark.parametrize(
    ("module", "name", "ours"),
    [
        ("dualnet", "Modle", "Model"),
        ("dualnet.nn", "Linear", "Dense"),
        ("dualnet.nn", "Conv2d", "Conv2D"),
        ("dualnet.nn", "MaxPool2d", "MaxPool2D"),
        ("dualnet.nn", "BatchNorm2d", "BatchNorm"),
        ("dualnet.nn", "SiLU", "Activation('silu')"),
        ("dualnet.nn", "Sigmoid", "Activation('sigmoid')"),
        ("dualnet.ops", "cat", "concat"),
        ("dualnet.ops.nn", "sigmiod", "sigmoid"),
        ("dualnet.metrics", "MeanIoU", "IoU"),
        ("dualnet.optim", "Adma", "Adam"),
        ("dualnet.optim", "MultiOptimizer", "Group"),
        ("dualnet.optim", "RMSPorp", "RMSprop"),
    ],
)
def test_a_name_that_is_not_there_is_told_of_ours(module: str, name: str, ours: str) -> None:
    found = importlib.import_module(module)
    assert not hasattr(found, name)
    with pytest.raises(AttributeError) as caught:
        getattr(found, name)
    text = f"module {module!r} has no attribute {name!r}; did you mean {ours}?"
    assert str(caught.value) == text


def test_another_librarys_words_lead_to_public_names() -> None:
    from dualnet import errors

    public = {
        name
        for part in (dualnet.metrics, dualnet.nn, dualnet.ops, dualnet.optim)
        for name in part.__all__
    }
    assert {ours.split("(")[0] for ours in errors.ELSEWHERE.values()} <= public
