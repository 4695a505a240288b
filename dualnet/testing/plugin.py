"""The plugin for pytest: options, the fixture ``backend``, and the case for the assertions.

pytest imports this module in every run, so it imports neither a framework nor NumPy.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dualnet import registry
from dualnet.errors import BackendNotFound
from dualnet.testing.assertions import assert_parity as the_assertion
from dualnet.testing.case import Case, Options, current

__all__ = ["assert_parity", "pytest_addoption", "pytest_configure", "pytest_runtest_protocol"]

OPTIONS = pytest.StashKey[Options]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options ``--dualnet-…``."""
    group = parser.getgroup("dualnet", "dualnet: parity of PyTorch and TensorFlow")
    group.addoption(
        "--dualnet-backends",
        metavar="NAMES",
        help="backends to test, such as torch,tensorflow (default: those installed)",
    )
    group.addoption(
        "--dualnet-dtype",
        metavar="DTYPE",
        help="default dtype of the fixture backend and of assert_parity",
    )
    group.addoption(
        "--dualnet-seed",
        metavar="SEED",
        type=int,
        default=0,
        help="seed of weights, batches and directions in assert_parity (default: 0)",
    )
    group.addoption(
        "--dualnet-snapshots",
        choices=("read", "write"),
        default="read",
        help="read: where there is one backend, assert_parity holds it to the references written "
        "before (default); write: write them",
    )
    group.addoption(
        "--dualnet-snapshot-dir",
        metavar="FOLDER",
        help="where the references are (default: __dualnet__ beside each test file)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Looks at the options, and makes the fixture ``backend`` of them.

    Raises:
        pytest.UsageError: an unknown or missing backend, or an unknown dtype.
    """
    options = _options(config)
    config.stash[OPTIONS] = options
    fixtures = ModuleType("dualnet_fixtures")
    vars(fixtures)["backend"] = _backend_fixture(options)
    config.pluginmanager.register(fixtures, "dualnet-fixtures")


def _options(config: pytest.Config) -> Options:
    folder, dtype = config.getoption("dualnet_snapshot_dir"), config.getoption("dualnet_dtype")
    return Options(
        _backends(config.getoption("dualnet_backends")),
        None if dtype is None else _dtype(dtype),
        _seed(config.getoption("dualnet_seed")),
        config.getoption("dualnet_snapshots") == "write",
        None if folder is None else config.invocation_params.dir / folder,
    )


def _backends(chosen: str | None) -> tuple[str, ...]:
    if chosen is None:
        return registry.installed()
    found = tuple(name.strip() for name in chosen.split(",") if name.strip())
    if not found or len(set(found)) < len(found):
        raise pytest.UsageError(
            f"--dualnet-backends={chosen}: give different names, such as torch,tensorflow"
        )
    for name in found:
        try:
            registry.require(name)
        except BackendNotFound as error:
            raise pytest.UsageError(f"--dualnet-backends={chosen}: {error}") from error
    return found


def _dtype(chosen: str) -> str:
    from dualnet import dtypes
    from dualnet.errors import DtypeError

    try:
        return dtypes.policy(chosen).name
    except DtypeError as error:
        raise pytest.UsageError(f"--dualnet-dtype={chosen}: {error}") from error


def _seed(chosen: int) -> int:
    if not 0 <= chosen < 1 << 64:
        raise pytest.UsageError(f"--dualnet-seed={chosen}: give an integer from 0 to 2**64 - 1")
    return chosen


def _backend_fixture(options: Options) -> Any:
    """The fixture, made when the options are known, so that a project may have its own.

    Where nothing is installed it is the first known backend, whose loading says what to do.
    """

    def backend(request: pytest.FixtureRequest) -> Generator[str]:
        """The name of each backend in turn; the test runs inside ``dn.using(backend)``."""
        from dualnet.context import using

        with using(request.param, dtype=options.dtype):
            yield request.param

    return pytest.fixture(params=options.backends or registry.names()[:1])(backend)


@pytest.fixture(scope="session")
def assert_parity() -> Callable[..., None]:
    """:func:`dualnet.testing.assert_parity`."""
    return the_assertion


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Tells the assertions which test is running."""
    token = current.set(_case(item))
    try:
        return (yield)
    finally:
        current.reset(token)


def _case(item: pytest.Item) -> Case:
    config, options = item.config, item.config.stash[OPTIONS]
    _, separator, inside = item.nodeid.partition("::")
    file = os.path.relpath(item.path, config.invocation_params.dir)
    marks = config.getoption("markexpr")
    select = (Path(file).as_posix() + separator + inside, *(("-m", marks) if marks else ()))
    drawn = bool(getattr(getattr(item, "obj", None), "is_hypothesis_test", False))
    folder = options.references(item.path, config.rootpath)
    return Case(options, _common_id(item, inside), folder, select, drawn)


def _common_id(item: pytest.Item, inside: str) -> str:
    """The test's id without the value of the fixture ``backend``."""
    callspec = getattr(item, "callspec", None)
    backend = None if callspec is None else callspec.params.get("backend")
    name, bracket, values = inside.partition("[")
    if backend is None or not bracket:
        return inside
    parts = values.removesuffix("]").split("-")
    if backend in parts:
        parts.remove(backend)
    return f"{name}[{'-'.join(parts)}]" if parts else name
