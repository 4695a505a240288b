"""How a name in ``dualnet.ops`` finds its kernel, and what it does when it finds none."""

from __future__ import annotations

import inspect
import threading
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import torch

import dualnet as dn
from dualnet import ops, registry
from dualnet.namespace import CONSTANTS, STANDARD
from dualnet.ops._dispatch import backend_of, dispatcher
from dualnet.protocols import ops as protocols
from dualnet.typing import Tensor

BACKENDS = ("torch", "tensorflow")
ONES = {"torch": torch.ones(3), "tensorflow": tf.ones(3)}
OTHER = {"torch": "tensorflow", "tensorflow": "torch"}


def is_of(backend: str, tensor: Any) -> bool:
    return dn.backend_of(tensor) == backend


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_tensor_decides_whatever_is_current(backend: str) -> None:
    with dn.using(OTHER[backend]):
        assert is_of(backend, ops.add(ONES[backend], ONES[backend]))
        assert is_of(backend, ops.concat([ONES[backend], ONES[backend]]))
        assert is_of(backend, ops.einsum("i,i->", ONES[backend], ONES[backend]))
        assert is_of(backend, ops.zeros_like(ONES[backend]))
        assert is_of(backend, ops.asarray(ONES[backend]))
        assert is_of(backend, ops.subtract(1.0, ONES[backend]))
        assert is_of(backend, ops.where(True, 1.0, ONES[backend]))


@pytest.mark.parametrize("backend", BACKENDS)
def test_numbers_and_arrays_go_to_the_current_backend(backend: str) -> None:
    array = np.arange(3.0)
    with dn.using(backend, device="cpu"):
        for value in (
            ops.sqrt(2.0),
            ops.add(1.0, 2.0),
            ops.where(True, 1, 2),
            ops.clip(0.5, 0.0, 0.25),
            ops.sin(array),
            ops.add(array, 1.0),
            ops.add(1.0, array),
            ops.concat([array, array]),
            ops.einsum("i,i->", array, array),
            ops.reshape(array, (3, 1)),
            ops.take(array, np.array([1])),
            ops.zeros((2,)),
        ):
            assert is_of(backend, value)
        assert float(ops.clip(0.5, 0.0, 0.25)) == 0.25
        assert ops.result_type(ops.sin(array)) == "float64"
        assert ops.result_type(ops.sqrt(2.0)) == "float32"


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_array_beside_a_tensor_becomes_one(backend: str) -> None:
    with dn.using(OTHER[backend]):
        for value in (
            ops.add(ONES[backend], np.ones(3, "float32")),
            ops.add(np.ones(3, "float32"), ONES[backend]),
            ops.concat([ONES[backend], np.ones(1, "float32")]),
            ops.take(ONES[backend], np.array([0, 2])),
            ops.clip(ONES[backend], np.zeros(3, "float32")),
            ops.diff(ONES[backend], prepend=np.zeros(1, "float32")),
        ):
            assert is_of(backend, value)
            assert ops.result_type(value) == "float32"


@pytest.mark.parametrize("backend", BACKENDS)
def test_numpy_scalars_are_weak_beside_a_tensor_and_typed_alone(backend: str) -> None:
    with dn.using(backend, device="cpu"):
        for scalar in (np.float64(0.5), np.float32(0.5), np.int64(2)):
            for value in (ops.multiply(ONES[backend], scalar), ops.multiply(scalar, ONES[backend])):
                assert is_of(backend, value)
                assert ops.result_type(value) == "float32"
        assert ops.result_type(ops.sqrt(np.float64(0.5))) == "float64"
        assert ops.result_type(ops.sqrt(np.float16(0.5))) == "float16"


FOREIGN = [
    lambda a, b: ops.add(a, b),
    lambda a, b: ops.maximum(a, b),
    lambda a, b: ops.matmul(a, b),
    lambda a, b: ops.where(ops.greater(a, 0.0), a, b),
    lambda a, b: ops.where(ops.greater(b, 0.0), a, 0.0),
    lambda a, b: ops.clip(a, b),
    lambda a, b: ops.concat([a, b]),
    lambda a, b: ops.stack([a, b]),
    lambda a, b: ops.einsum("i,i->", a, b),
    lambda a, b: ops.broadcast_arrays(a, b),
    lambda a, b: ops.meshgrid(a, b),
    lambda a, b: ops.take(a, ops.astype(b, "int64")),
    lambda a, b: ops.take_along_axis(a, ops.astype(b, "int64")),
    lambda a, b: ops.searchsorted(a, b),
    lambda a, b: ops.searchsorted(a, a, sorter=ops.astype(b, "int64")),
    lambda a, b: ops.tensordot(a, b, axes=1),
    lambda a, b: ops.vecdot(a, b),
    lambda a, b: ops.diff(a, prepend=b),
    lambda a, b: ops.repeat(a, ops.astype(b, "int64")),
    lambda a, b: ops.subtract(a, ops.astype(b, "int64")),
]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("call", FOREIGN, ids=lambda f: inspect.getsource(f).strip()[13:-1])
def test_tensors_of_two_frameworks_are_refused(backend: str, call: Any) -> None:
    with pytest.raises(dn.ForeignTensorError, match=r"move one with dn.transfer\(tensor, "):
        call(ONES[backend], ONES[OTHER[backend]])


def test_subclasses_and_variables_are_tensors_of_their_backend() -> None:
    class Mine(torch.Tensor):
        pass

    for tensor, backend in (
        (torch.nn.Parameter(torch.ones(3)), "torch"),
        (torch.ones(3).as_subclass(Mine), "torch"),
        (tf.Variable(tf.ones(3)), "tensorflow"),
    ):
        value = ops.add(tensor, 1.0)
        assert is_of(backend, value)
        np.testing.assert_array_equal(dn.to_numpy(value), [2.0, 2.0, 2.0])


def fresh(kernel: Any) -> Any:
    """A dispatching function that was never called, with this kernel on every backend."""

    class Chapter:
        def f(self, x: Tensor, y: Tensor, /) -> Tensor:
            """Stands for a chapter of the protocols."""

    return dispatcher(Chapter.f, lambda backend: SimpleNamespace(f=kernel))


@pytest.mark.parametrize("kind", ["Parameter", "Variable"])
def test_the_first_call_may_be_one_that_is_compiled(kind: str) -> None:
    with dn.using("torch", device="cpu"):
        weight = dn.Variable(np.full(3, 2.0, "float32"))
    if kind == "Parameter":
        weight = torch.nn.Parameter(weight.detach())
    function = fresh(registry.load("torch").ops.multiply)

    @torch.compile(fullgraph=True, backend="eager")
    def first(x: Any) -> Any:
        return function(weight, x) + function(3.0, x)

    np.testing.assert_array_equal(first(torch.ones(3)).detach().numpy(), [5.0, 5.0, 5.0])


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_no_tensor_is_refused(backend: str) -> None:
    with dn.using(backend, device="cpu"):
        for value in ([1.0, 2.0], "text", None, object()):
            with pytest.raises(dn.DtypeError, match=f"got {type(value).__name__}; make a tensor"):
                ops.exp(value)
            with pytest.raises(dn.DtypeError, match="make a tensor"):
                ops.add(ONES[backend], value)
        with pytest.raises(dn.ShapeError, match="at least one"):
            ops.concat([])


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_wrong_call_stays_a_type_error(backend: str) -> None:
    with pytest.raises(TypeError, match="colour"):
        ops.sum(ONES[backend], colour=1)
    with pytest.raises(TypeError):
        ops.add(ONES[backend])


@pytest.mark.parametrize("error", [MemoryError, RuntimeError, KeyError, TypeError])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_kernel_that_fails_is_run_once(backend: str, error: type[Exception]) -> None:
    runs = []

    def failing(x: Any, y: Any, /) -> Any:
        runs.append((x, y))
        raise error("it has drawn")

    function = fresh(failing)
    for first, second in (
        (ONES[backend], ONES[backend]),
        (ONES[backend], 2.0),
        (2.0, ONES[backend]),
    ):
        runs.clear()
        with pytest.raises(error, match="it has drawn"):
            function(first, second)
        assert len(runs) == 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_array_that_a_kernel_refuses_is_made_a_tensor(backend: str) -> None:
    def strict(x: Any, y: Any, /) -> Any:
        if isinstance(y, np.ndarray):
            raise TypeError("no arrays")
        return y

    assert is_of(backend, fresh(strict)(ONES[backend], np.ones(3)))


@pytest.mark.parametrize("backend", BACKENDS)
def test_errors_that_are_not_the_arguments_fault_pass_unchanged(backend: str) -> None:
    def exhausted(x: Any, y: Any, /) -> Any:
        raise MemoryError("no room")

    with pytest.raises(MemoryError, match="no room") as caught:
        fresh(exhausted)(ONES[backend], 1.0)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_explained_error_keeps_the_frameworks_as_its_cause(backend: str) -> None:
    with pytest.raises(dn.ShapeError, match=r"^add\(float32\[3\], float32\[4\]\): ") as caught:
        ops.add(ONES[backend], ops.concat([ONES[backend], ONES[backend][:1]]))
    assert type(caught.value.__cause__).__module__.split(".")[0] in ("builtins", "tensorflow")
    assert "{{" not in str(caught.value)


DECLARED = {
    name: method
    for chapter in (protocols.Creation, *protocols.CHAPTERS)
    for name, method in vars(chapter).items()
    if inspect.isfunction(method) and not name.startswith("_")
}


@pytest.mark.parametrize("name", DECLARED)
def test_a_function_shows_the_protocols_signature_and_documentation(name: str) -> None:
    function, method = getattr(ops, name), DECLARED[name]
    ours = list(inspect.signature(function).parameters.values())
    assert ours == list(inspect.signature(method).parameters.values())[1:]
    assert function.__doc__ == method.__doc__
    assert function.__name__ == name


def test_all_names_everything() -> None:
    beside = {"assign", "can_cast", "fft", "finfo", "iinfo", "isdtype", "linalg", "nn"}
    beside |= {"result_type", "stop_gradient", *CONSTANTS, *STANDARD}
    beside |= {name for module in ops.COMPOSED for name in module.__all__}
    assert set(ops.__all__) == set(DECLARED) | beside
    with pytest.raises(AttributeError, match="no attribute 'convolve'"):
        _ = ops.convolve


@pytest.mark.parametrize("backend", BACKENDS)
def test_creation_takes_a_device_by_name(backend: str) -> None:
    with dn.using(backend):
        assert dn.device_of(ops.zeros((2,), device="cpu")) == "cpu:0"
        assert dn.device_of(ops.asarray(ONES[backend], device="cpu:0")) == "cpu:0"
        assert dn.device_of(ops.ones_like(ONES[backend], device="cpu:0")) == "cpu:0"
        with pytest.raises(dn.DeviceNotFound, match="tpu:7"):
            ops.ones((2,), device="tpu:7")
        with pytest.raises(dn.DeviceNotFound, match="not a device name"):
            ops.ones((2,), device="cellar")


def test_each_thread_has_its_own_current_backend() -> None:
    found = {}

    def make(backend: str, barrier: threading.Barrier) -> None:
        with dn.using(backend, device="cpu"):
            barrier.wait()
            found[backend] = dn.backend_of(ops.zeros((1,)))

    barrier = threading.Barrier(2)
    threads = [threading.Thread(target=make, args=(b, barrier)) for b in BACKENDS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {backend: backend for backend in BACKENDS}


def test_backend_of_looks_into_trees() -> None:
    assert backend_of({"a": [1, (ONES["torch"],)]}).name == "torch"
    with dn.using("tensorflow"):
        assert backend_of([1, 2.0]).name == "tensorflow"
    with pytest.raises(dn.ForeignTensorError):
        backend_of([ONES["torch"], {"x": ONES["tensorflow"]}])


@pytest.mark.parametrize("backend", BACKENDS)
def test_assign_and_stop_gradient(backend: str) -> None:
    with dn.using(backend, device="cpu", dtype="float64"):
        variable = dn.Variable(np.array([1.0, 2.0]))
        ops.assign(variable, ops.asarray([3.0, 4.0]))
        np.testing.assert_array_equal(dn.to_numpy(variable), [3.0, 4.0])
        with dn.GradientTape() as tape:
            total = ops.sum(ops.multiply(variable, ops.stop_gradient(variable)))
        gradient = tape.gradient(total, variable)
        np.testing.assert_array_equal(dn.to_numpy(gradient), [3.0, 4.0])
