"""Choosing the backend, the device and the dtype."""

from __future__ import annotations

import threading

import pytest

import dualnet as dn
from dualnet import context, registry
from dualnet.device import parse, select


def test_using_is_scoped_and_nests() -> None:
    with dn.using("tensorflow", dtype="float64"):
        assert context.current_backend().name == "tensorflow"
        with dn.using("torch"):
            assert context.current_backend().name == "torch"
            assert context.current_dtype() == "float64"
        assert context.current_backend().name == "tensorflow"
    assert context.current_dtype() == "float32"


def test_using_is_undone_by_an_exception() -> None:
    with pytest.raises(RuntimeError, match="inside"), dn.using(dtype="float64"):
        raise RuntimeError("inside")
    assert context.current_dtype() == "float32"


def test_threads_do_not_see_each_other(both: tuple[str, str]) -> None:
    seen: dict[str, str] = {}
    barrier = threading.Barrier(2)

    def choose(name: str) -> None:
        with dn.using(name):
            barrier.wait()
            seen[name] = context.current_backend().name
            barrier.wait()

    threads = [threading.Thread(target=choose, args=(name,)) for name in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {name: name for name in both}


def test_set_backend_is_seen_by_every_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_choices", {})
    dn.set_backend("tensorflow", dtype="float64")
    seen: list[str] = []
    thread = threading.Thread(target=lambda: seen.append(context.current_backend().name))
    thread.start()
    thread.join()
    assert seen == ["tensorflow"]
    with dn.using("torch"):
        assert context.current_backend().name == "torch"


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"backend": "tensorflw"}, dn.BackendNotFound, "did you mean 'tensorflow'"),
        ({"backend": "jax"}, dn.BackendNotFound, "Installed here: torch, tensorflow"),
        ({"dtype": "float31"}, dn.DtypeError, "choose one of float32"),
        ({"device": "gpuu"}, dn.DeviceNotFound, "use auto, cpu, gpu"),
    ],
)
def test_a_bad_choice_changes_nothing(
    options: dict[str, str], error: type[Exception], text: str
) -> None:
    before = (context.current_backend(), context.current_dtype(), context.current_device())
    with pytest.raises(error, match=text):
        dn.set_backend(**options)
    with pytest.raises(error, match=text), dn.using(**options):
        pass
    assert before == (context.current_backend(), context.current_dtype(), context.current_device())


def test_a_bad_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUALNET_DTYPE", "float31")
    with pytest.raises(dn.DtypeError, match="float31") as caught:
        context.current_dtype()
    assert "DUALNET_DTYPE" in caught.value.__notes__[0]


def test_a_device_of_the_environment_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    monkeypatch.setenv("DUALNET_DEVICE", "gpu:31")
    with pytest.raises(dn.DeviceNotFound, match="gpu:31") as caught:
        dn.Model(dn.nn.Dense(1), (2,), backend=backend)
    assert "DUALNET_DEVICE" in caught.value.__notes__[0]


@pytest.mark.parametrize(
    ("name", "kind", "index"),
    [
        ("cpu", "cpu", 0),
        ("cuda:1", "gpu", 1),
        ("GPU:3", "gpu", 3),
        ("mps", "mps", 0),
        ("auto", "auto", 0),
    ],
)
def test_device_names(name: str, kind: str, index: int) -> None:
    assert parse(name) == (kind, index)


def test_auto_device_is_one_that_is_there(backend: str) -> None:
    module = registry.load(backend)
    assert select(module, "auto") in module.device.devices()
    assert "cpu:0" in module.device.devices()


def test_a_missing_device_names_those_that_are(backend: str) -> None:
    with pytest.raises(dn.DeviceNotFound, match=rf"{backend} has no device 'gpu:31'.*cpu:0"):
        dn.Model(dn.nn.Dense(1), (2,), backend=backend, device="gpu:31")
