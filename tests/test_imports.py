"""What an import loads, and what it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest


def run(code: str, **environment: str) -> str:
    """Standard output of a fresh interpreter."""
    import os

    environ = {k: v for k, v in os.environ.items() if not k.startswith("DUALNET_")} | environment
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environ
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


LOADED = "import sys; print(sorted({'torch', 'tensorflow', 'keras'} & set(sys.modules)))"


def test_import_loads_no_framework() -> None:
    assert run(f"import dualnet; {LOADED}") == "[]"


@pytest.mark.parametrize(
    ("name", "loaded"), [("torch", "['torch']"), ("tensorflow", "['keras', 'tensorflow']")]
)
def test_one_backend_does_not_load_the_other(name: str, loaded: str) -> None:
    code = f"import dualnet as dn; dn.Model(dn.nn.Dense(1), (2,), backend={name!r}); {LOADED}"
    assert run(code) in (loaded, loaded.replace("'keras', ", ""))


@pytest.mark.parametrize("order", [("torch", "tensorflow"), ("tensorflow", "torch")])
def test_both_orders_work(order: tuple[str, str]) -> None:
    code = f"""
import dualnet as dn, numpy as np
x = np.ones((2, 3), "float32")
outs = [dn.Model(dn.nn.Dense(2), (3,), backend=b).predict(x) for b in {order!r}]
print(np.allclose(*outs, atol=1e-6))  # float32 rounding"""
    assert run(code) == "True"


def test_start_up_is_quiet() -> None:
    code = "import dualnet as dn; dn.Model(dn.nn.Dense(1), (2,), backend='tensorflow')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""


@pytest.mark.parametrize("names", [("torch", "tensorflow"), ("tensorflow", "tensorflow")])
def test_two_threads_make_their_first_models(names: tuple[str, str]) -> None:
    code = f"""
import os, threading, dualnet as dn
outs = []
def first(name):
    outs.append(dn.Model(dn.nn.Dense(1), (2,), backend=name).count_params())
threads = [threading.Thread(target=first, args=(name,)) for name in {names!r}]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
os.write(2, b"still there")
print(outs)"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("[3, 3]\n", "still there")


def test_environment_chooses_the_backend() -> None:
    code = (
        "import dualnet as dn; m = dn.Model(dn.nn.Dense(1), (2,)); print(m.backend.name, m.dtype)"
    )
    assert run(code, DUALNET_BACKEND="tensorflow", DUALNET_DTYPE="float64") == "tensorflow float64"
    assert run(code, DUALNET_BACKEND="torch") == "torch float32"


def test_a_missing_framework_is_named_with_the_cure() -> None:
    code = """
import importlib.util, sys
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *a: None if name == "tensorflow" else find(name, *a)
import dualnet as dn
try:
    dn.set_backend("tensorflow")
except dn.BackendNotFound as error:
    print(error)"""
    text = run(code)
    assert "'tensorflow'" in text
    assert "not installed" in text
    assert "Installed here: torch" in text
    assert "pip install 'dualnet[tensorflow]'" in text
