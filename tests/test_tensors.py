"""Tensors and variables as values: making, reading, moving, assigning."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
import torch

import dualnet as dn
from dualnet import ops
from dualnet.errors import (
    BackendNotFound,
    DeviceNotFound,
    DtypeError,
    ForeignTensorError,
    ShapeError,
    StateError,
)

DTYPES = [*dn.dtypes.ALL]
OTHER = {"torch": "tensorflow", "tensorflow": "torch"}


@pytest.fixture(autouse=True)
def current(request):
    """Makes the ``backend`` of a test, if it has one, the current one."""
    if "backend" in request.fixturenames:
        with dn.using(request.getfixturevalue("backend")):
            yield
    else:
        yield


# transfer


@pytest.mark.parametrize("share", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_moves_unchanged(backend, dtype, share):
    x = ops.asarray([[0, 1, 2], [3, 4, 5]], dtype=dtype)
    moved = dn.transfer(x, OTHER[backend], share=share)
    assert dn.backend_of(moved) == OTHER[backend]
    assert dn.dtypes.canonical(moved.dtype) == dtype
    np.testing.assert_array_equal(dn.to_numpy(moved), dn.to_numpy(x))


@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (1,), (3, 2)])
def test_every_shape_moves(backend, shape):
    moved = dn.transfer(ops.ones(shape), OTHER[backend])
    np.testing.assert_array_equal(dn.to_numpy(moved), np.ones(shape))


@pytest.mark.parametrize(
    "view",
    [
        pytest.param(lambda x: x[1:], id="offset"),  # TensorFlow ends the process over such memory
        pytest.param(lambda x: x[::2], id="strided"),
        pytest.param(lambda x: x.reshape(10, 10).T, id="transposed"),
    ],
)
@pytest.mark.parametrize("share", [False, True])
def test_torch_views_that_tensorflow_cannot_hold(view, share):
    x = view(torch.arange(100.0))
    moved = dn.transfer(x, "tensorflow", share=share)
    np.testing.assert_array_equal((moved * 2.0).numpy(), 2 * x.numpy())


def test_a_copy_is_independent():
    x = torch.zeros(16)
    moved = dn.transfer(x, "tensorflow")
    back = dn.transfer(moved, "torch")
    x[0], back[1] = 1.0, 2.0
    np.testing.assert_array_equal(moved.numpy(), np.zeros(16))


def test_shared_memory_is_shared():
    x = torch.zeros(16)
    moved = dn.transfer(x, "tensorflow", share=True)
    x[0] = 1.0
    assert float(moved[0]) == 1.0


def test_gradient_is_cut(backend):
    w = dn.Variable(3.0)
    with dn.GradientTape(persistent=True) as tape:
        there_and_back = dn.transfer(dn.transfer(w * w, OTHER[backend]), backend)
        y = there_and_back * w
        z = dn.transfer(w * w, backend, share=True) * w
    assert dn.to_numpy(tape.gradient(y, w)) == 9.0
    assert dn.to_numpy(tape.gradient(z, w)) == 9.0


def test_trees_and_variables_move(backend):
    moved = dn.transfer({"a": dn.Variable([1.0]), "b": (ops.ones(2),)}, OTHER[backend])
    assert dn.backend_of(moved["a"]) == dn.backend_of(moved["b"][0]) == OTHER[backend]


def test_what_cannot_move(backend):
    with pytest.raises(ForeignTensorError, match="ndarray is no tensor"):
        dn.transfer(np.ones(2), "torch")
    with pytest.raises(BackendNotFound, match="unknown backend 'jax'"):
        dn.transfer(ops.ones(2), "jax")


def test_moving_out_of_a_compiled_function():
    with pytest.raises(StateError, match="return it first"):
        dn.jit(lambda x: dn.transfer(x, "torch"))(tf.ones(2))


# Reading


def test_to_numpy_copies(backend):
    x = dn.Variable([1.0, 2.0])
    array = dn.to_numpy(x)
    array[0] = 9.0
    np.testing.assert_array_equal(dn.to_numpy(x), [1.0, 2.0])
    assert array.dtype == np.float32


def test_to_numpy_of_trees_numbers_and_arrays(backend):
    found = dn.to_numpy({"a": ops.ones(2), "b": (3.0, np.zeros(1))})
    assert all(type(leaf) is np.ndarray for leaf in dn.tree.leaves(found))
    assert dn.to_numpy(ops.asarray([1.5], dtype="bfloat16")).dtype == np.float32


def test_backend_and_device(backend):
    for x in (ops.ones(2), dn.Variable(1.0)):
        assert dn.backend_of(x) == backend
        assert dn.device_of(x) == "cpu:0"
    for function in (dn.backend_of, dn.device_of):
        with pytest.raises(ForeignTensorError, match=r"float is no tensor.*dn\.asarray"):
            function(1.0)


# Variables


def test_variable_is_native(backend):
    kind = {"torch": torch.nn.Parameter, "tensorflow": tf.Variable}[backend]
    assert isinstance(dn.Variable(1.0), kind)


@pytest.mark.parametrize(
    ("value", "options", "wanted"),
    [
        (1.0, {}, "float32"),
        ([1.0, 2.0], {}, "float32"),
        (1, {}, "int64"),
        (True, {}, "bool"),
        (np.ones(2), {}, "float64"),
        (np.ones(2, np.float16), {}, "float16"),
        (1, {"dtype": "float64"}, "float64"),
        (1.0, {"dtype": "bfloat16"}, "bfloat16"),
    ],
)
def test_dtype_of_a_variable(backend, value, options, wanted):
    variable = dn.Variable(value, **options)
    assert dn.dtypes.canonical(variable.dtype) == wanted
    np.testing.assert_array_equal(dn.to_numpy(variable), np.asarray(value))


def test_current_dtype_is_that_of_python_floats(backend):
    with dn.using(dtype="float64"):
        variable = dn.Variable(0.1)
    assert dn.to_numpy(variable) == 0.1, "a float32 on the way would show"


def test_variable_from_a_tensor_of_either_backend(backend):
    for other in OTHER:
        with dn.using(other):
            x = ops.asarray([1.0, 2.0], dtype="bfloat16")
        variable = dn.Variable(x)
        assert dn.backend_of(variable) == backend
        assert dn.dtypes.canonical(variable.dtype) == "bfloat16"


def test_trainable(backend):
    trainable = dn.registry.load(backend).layers.is_trainable
    assert trainable(dn.Variable(1.0))
    assert not trainable(dn.Variable(1.0, trainable=False))
    assert not trainable(dn.Variable(1)), "integers have no gradient"


def test_variables_that_cannot_be(backend):
    with pytest.raises(DtypeError, match="'float23'"):
        dn.Variable(1.0, dtype="float23")
    with pytest.raises(DeviceNotFound, match="gpu:7"):
        dn.Variable(1.0, device="gpu:7")
    with pytest.raises(DtypeError, match="unknown dtype"):
        dn.Variable("text")


def test_own_assignments(backend):
    variable = dn.Variable([1.0, 2.0])
    variable.assign(np.array([3.0, 4.0], np.float32))
    variable.assign_add([1.0, 1.0])
    variable.assign_sub(ops.asarray([0.5, 0.5]))
    np.testing.assert_array_equal(dn.to_numpy(variable), [3.5, 4.5])
    refusal = {"torch": ShapeError, "tensorflow": (ValueError, tf.errors.InvalidArgumentError)}
    for method in (variable.assign, variable.assign_add, variable.assign_sub):
        with pytest.raises(refusal[backend], match=r"[Ss]hape.*[\(\[]1"):
            method([1.0])


def test_own_assignment_of_another_dtype():
    """TensorFlow's own refuses it; PyTorch would cast."""
    variable = dn.Variable([1.0, 2.0])
    with pytest.raises(DtypeError, match=r"torch\.float64 for a variable of torch\.float32"):
        variable.assign(torch.ones(2, dtype=torch.float64))


def test_assign(backend):
    variable = dn.Variable([1.0, 2.0])
    for value in (ops.asarray([3.0, 4.0]), np.array([3.0, 4.0], np.float32), [3.0, 4.0]):
        dn.assign(variable, value)
        np.testing.assert_array_equal(dn.to_numpy(variable), [3.0, 4.0])
        dn.assign(variable, [0.0, 0.0])


def test_assign_is_outside_any_gradient(backend):
    w, state = dn.Variable(2.0), dn.Variable(1.0, trainable=False)
    with dn.GradientTape() as tape:
        dn.assign(state, w * 3.0)
        y = w * state
    assert dn.to_numpy(tape.gradient(y, w)) == 6.0


def test_assignments_that_do_not_fit(backend):
    variable = dn.Variable([1.0, 2.0])
    with dn.using(OTHER[backend]):
        foreign = ops.ones(2)
    with pytest.raises(ForeignTensorError, match=r"move it with dn\.transfer"):
        dn.assign(variable, foreign)
    with pytest.raises(ShapeError, match=r"shape \(\) for a variable of shape \(2,\)"):
        dn.assign(variable, 1.0)
    with pytest.raises(DtypeError, match="a float64 value for a float32 variable"):
        dn.assign(variable, np.ones(2))
    with pytest.raises(ForeignTensorError, match="ndarray is no tensor"):
        dn.assign(np.ones(2), 1.0)
    np.testing.assert_array_equal(dn.to_numpy(variable), [1.0, 2.0])
