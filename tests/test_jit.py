"""Compiled functions give the numbers of eager ones, gradients and updates included."""

from __future__ import annotations

import gradient_cases as cases
import numpy as np
import pytest
import tensorflow as tf
import torch
from gradient_cases import EXACT, close, number, tensor

import dualnet as dn
from dualnet import nn, ops, optim
from dualnet.errors import ForeignTensorError

#: What says that nothing may leave the graph; TensorFlow's functions always are one.
WHOLE = {"torch": {"fullgraph": True}, "tensorflow": {}}
X = np.random.default_rng(0).normal(size=(8, 5))
Y = np.random.default_rng(1).integers(0, 3, size=8)


@pytest.fixture(autouse=True)
def current(request):
    """Makes the ``backend`` of a test, if it has one, the current one in float64."""
    torch.compiler.reset()
    if "backend" in request.fixturenames:
        with dn.using(request.getfixturevalue("backend"), dtype="float64"):
            yield
    else:
        yield


# PyTorch's compiler looks at .grad of what is no leaf, and warns of that; it makes an instance
# of the class that a custom gradient is, and warns of that.
looked = pytest.mark.filterwarnings("ignore:The .grad attribute:UserWarning")
custom = pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")


def losses(compile_step, steps=4):
    """A low-level training step: tape, dropout, batch norm with its state, Adam."""
    layers = [nn.Dense(6, activation="tanh"), nn.Dropout(0.3), nn.BatchNorm(), nn.Dense(3)]
    model = dn.Model(nn.Sequential(*layers), input_shape=(5,), dtype="float64", seed=0)
    optimizer = optim.Adam(0.01).bind(model)

    @compile_step
    def step(x, y):
        with dn.GradientTape() as tape:
            loss = dn.losses.cross_entropy(y, model(x, training=True))
        optimizer.apply(tape.gradient(loss, model.trainable_variables))
        return loss

    x, y = tensor(X), tensor(Y, "int64")
    return [number(step(x, y)) for _ in range(steps)], model.state()


def test_a_training_step_in_one_graph(backend):
    eager, wanted = losses(lambda step: step)
    compiled, found = losses(dn.jit(**WHOLE[backend]))
    np.testing.assert_allclose(compiled, eager, rtol=EXACT)
    assert found["dropout.calls"] == wanted["dropout.calls"]
    for path, value in found.items():
        np.testing.assert_allclose(value, wanted[path], atol=EXACT, err_msg=path)


def penalised_step(x, v, w):
    """A gradient of a gradient, and an update of what the loss was computed from."""
    with dn.GradientTape() as outer:
        with dn.GradientTape() as inner:
            loss = ops.mean(ops.matmul(ops.tanh(ops.matmul(x, v)), w) ** 2)
        gradient = inner.gradient(loss, v)
        penalty = loss + ops.sum(gradient**2)
    for variable, slope in zip((v, w), outer.gradient(penalty, (v, w)), strict=True):
        variable.assign_sub(0.1 * slope)
    return penalty


def test_nested_tapes_in_one_graph(backend):
    x, found = tensor(X), []
    for step in (penalised_step, dn.jit(penalised_step, **WHOLE[backend])):
        v, w = dn.Variable(np.ones((5, 4))), dn.Variable(np.ones((4, 2)))
        found.append([number(step(x, v, w)) for _ in range(3)])
    np.testing.assert_allclose(*found, rtol=EXACT)


def test_a_tape_around_a_function_with_a_tape(backend):
    """What a compiled function computes with its own tape can be differentiated again."""
    w = dn.Variable(2.0)

    def slope(x):
        with dn.GradientTape() as tape:
            y = x * w**3
        return tape.gradient(y, w)

    compiled, x = dn.jit(slope, **WHOLE[backend]), tensor(5.0)
    assert number(compiled(x)) == 60.0, "compiled first with no tape around it"
    with dn.GradientTape() as tape:
        inner = compiled(x)
    assert number(tape.gradient(inner, w)) == 60.0
    assert number(compiled(x)) == 60.0


@looked
def test_watching_inside(backend):
    """PyTorch's compiler leaves the graph for it; the numbers are the same."""

    def slope(x):
        with dn.GradientTape() as tape:
            tape.watch(x)
            y = ops.sum(x**3)
        return tape.gradient(y, x)

    x = tensor([1.0, 2.0])
    close(dn.jit(slope)(x), [3.0, 12.0], EXACT)
    assert not getattr(x, "requires_grad", False)


@dn.custom_gradient
def own_gradient(x):
    return x**2, lambda upstream: upstream * x * 7.0


def cube(x):
    return ops.sum(x**3)


POINT = np.array([0.3, -1.2, 2.0])
TRANSFORMED = {
    "grad": (dn.grad(cube), 3 * POINT**2),
    "value_and_grad": (lambda x: dn.value_and_grad(cube)(x)[1], 3 * POINT**2),
    "hessian": (dn.hessian(cube), np.diag(6 * POINT)),
    "jacobian": (dn.jacobian(lambda x: x**2), np.diag(2 * POINT)),
    "vmap of grad": (dn.vmap(dn.grad(lambda x: x**3)), 3 * POINT**2),
    "jvp of grad": (lambda x: dn.jvp(dn.grad(cube), (x,), (x,))[1], 6 * POINT**2),
    "vjp": (lambda x: dn.vjp(ops.sin, x)[1](x)[0], POINT * np.cos(POINT)),
    "stop_gradient": (dn.grad(lambda x: ops.sum(x * dn.stop_gradient(x))), POINT),
}


@pytest.mark.parametrize("name", TRANSFORMED)
def test_transformations_in_one_graph(backend, name):
    function, wanted = TRANSFORMED[name]
    close(dn.jit(function, **WHOLE[backend])(tensor(POINT)), wanted, EXACT)


@custom
def test_custom_gradient_under_a_tape_in_one_graph(backend):
    w = dn.Variable(POINT)

    def gradient():
        with dn.GradientTape() as tape:
            y = ops.sum(own_gradient(w))
        return tape.gradient(y, w)

    close(dn.jit(gradient, **WHOLE[backend])(), 7 * POINT, EXACT)


@custom
@looked
def test_custom_gradient_in_a_compiled_transformation(backend):
    """PyTorch's compiler, which would give wrong numbers, is made to leave the graph for it."""
    function = dn.grad(lambda x: ops.sum(own_gradient(x)))
    close(dn.jit(function)(tensor(POINT)), 7 * POINT, EXACT)


@pytest.mark.parametrize("name", cases.SCALAR)
def test_transformations_of_compiled_functions(backend, name):
    case = cases.SCALAR[name]
    close(dn.grad(dn.jit(case.function))(tensor(case.point)), case.gradient(case.point), EXACT)


# Dispatch and options


def test_one_function_for_both_backends(both):
    double = dn.jit(lambda x, *, scale: x * 2.0 * scale)
    for x in (torch.ones(2), tf.ones(2), torch.ones(3)):
        found = double(x, scale=3.0)
        assert type(found) is type(x)
        np.testing.assert_array_equal(dn.to_numpy(found), np.full(len(x), 6.0))


def test_it_is_compiled_once():
    traced = []

    @dn.jit
    def double(x):
        traced.append(x)
        return x * 2.0

    for _ in range(3):
        double(tf.ones(2))
    assert len(traced) == 1
    assert double.__name__ == "double"


def test_without_tensors_the_current_backend_compiles(backend):
    traced = []

    @dn.jit
    def made():
        traced.append(dn.registry.load("tensorflow").jit.tracing())
        return ops.ones((2,)) if backend == "tensorflow" else torch.ones(2)

    assert dn.backend_of(made()) == backend
    assert traced == [backend == "tensorflow"]


def test_arrays_are_made_tensors(backend):
    found = dn.jit(lambda p: p["a"] + p["b"])({"a": np.ones(2), "b": np.ones(2)})
    assert dn.backend_of(found) == backend
    close(found, [2.0, 2.0], 0.0)


def test_an_option_of_the_framework_passes(backend):
    option = {"torch": {"backend": "eager"}, "tensorflow": {"jit_compile": True}}[backend]
    close(dn.jit(**option)(lambda x: x + 1.0)(tensor([1.0])), [2.0], 0.0)


def test_an_unknown_option_is_the_frameworks_error(backend):
    with pytest.raises(TypeError, match="unexpected keyword argument 'nonsense'"):
        dn.jit(lambda x: x, nonsense=True)(tensor(1.0))


def test_foreign_tensors():
    with pytest.raises(ForeignTensorError, match=r"dn\.transfer"):
        dn.jit(lambda x, y: x)(torch.ones(1), tf.ones(1))
