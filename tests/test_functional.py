"""Functions made of functions: gradients, products, Jacobians, maps, and their nesting."""

from __future__ import annotations

import gradient_cases as cases
import numpy as np
import pytest
import tensorflow as tf
import torch
from gradient_cases import EXACT, close, number, tensor

import dualnet as dn
from dualnet import ops
from dualnet.errors import (
    ConfigError,
    DtypeError,
    ForeignTensorError,
    ShapeError,
    TapeError,
)

ROWS = np.array([[1.0, 2.0, -0.5], [0.3, -1.0, 4.0]])


@pytest.fixture(autouse=True)
def current(request):
    """Makes the ``backend`` of a test, if it has one, the current one in float64."""
    if "backend" in request.fixturenames:
        with dn.using(request.getfixturevalue("backend"), dtype="float64"):
            yield
    else:
        yield


# Known derivatives


@pytest.mark.parametrize("name", cases.ELEMENTWISE)
def test_derivatives_per_element(backend, name):
    """``vmap(grad)`` of a function of one number, and that again."""
    case = cases.ELEMENTWISE[name]
    close(dn.vmap(dn.grad(case.function))(case.points), case.first(case.points), EXACT)
    second = dn.vmap(dn.grad(dn.grad(case.function)))
    close(second(case.points), case.second(case.points), EXACT)


@pytest.mark.parametrize("name", cases.ELEMENTWISE)
def test_forward_mode_gives_the_same(backend, name):
    case = cases.ELEMENTWISE[name]
    ones = np.ones_like(case.points)
    value, change = dn.jvp(case.function, (case.points,), (ones,))
    close(change, case.first(case.points), EXACT)
    close(value, dn.to_numpy(case.function(tensor(case.points))), EXACT)


@pytest.mark.parametrize("name", cases.SCALAR)
def test_gradient_and_hessian(backend, name):
    case = cases.SCALAR[name]
    value, gradient = dn.value_and_grad(case.function)(case.point)
    close(value, dn.to_numpy(case.function(tensor(case.point))), EXACT)
    close(gradient, case.gradient(case.point), EXACT)
    close(dn.hessian(case.function)(case.point), case.hessian(case.point), EXACT)


@pytest.mark.parametrize("name", cases.SCALAR)
def test_hessian_times_vector_without_the_hessian(backend, name):
    case = cases.SCALAR[name]
    v = np.linspace(-1.0, 1.0, case.point.size)
    found = dn.jvp(dn.grad(case.function), (case.point,), (v,))[1]
    close(found, case.hessian(case.point) @ v, EXACT)


@pytest.mark.parametrize("name", cases.SCALAR)
def test_both_backends_agree(both, name):
    case, found = cases.SCALAR[name], []
    for backend in both:
        with dn.using(backend):
            found.append(dn.to_numpy(dn.hessian(case.function)(case.point)))
    np.testing.assert_allclose(*found, rtol=EXACT, atol=EXACT)


def test_third_derivative(backend):
    close(dn.grad(dn.grad(dn.grad(ops.sin)))(0.7), -np.cos(0.7), EXACT)


def network(weights, x):
    hidden = ops.tanh(ops.matmul(x, weights["w1"]) + weights["b1"])
    return ops.sum(ops.matmul(hidden, weights["w2"]) ** 2)


def weights_of_network():
    rng = np.random.default_rng(3)
    shapes = {"w1": (3, 4), "b1": (4,), "w2": (4, 2)}
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def test_gradient_of_a_network_against_differences(backend):
    weights = weights_of_network()
    found = dn.grad(network)(weights, tensor(ROWS))
    for name in weights:

        def loss(value, name=name):
            return number(network(dict_of_tensors({**weights, name: value}), tensor(ROWS)))

        wanted = cases.central_difference(loss, weights[name])
        close(found[name], wanted, 1e-8)  # the error of a central difference


def dict_of_tensors(arrays):
    return {name: tensor(value) for name, value in arrays.items()}


def test_hessian_of_a_network_against_differences_of_its_gradient(backend):
    weights = weights_of_network()
    found = dn.to_numpy(dn.hessian(network)(weights, tensor(ROWS)))
    gradient = dn.grad(network)
    for one in weights:
        for other in weights:
            assert found[one][other].shape == weights[one].shape + weights[other].shape
            np.testing.assert_allclose(
                np.moveaxis(
                    found[one][other], range(weights[one].ndim), range(-weights[one].ndim, 0)
                ),
                found[other][one],
                atol=1e-12,  # the Hessian is symmetric up to rounding
            )

    def entry(value):
        moved = gradient({**weights, "b1": value}, tensor(ROWS))["w2"]
        return dn.to_numpy(moved)[1, 0]

    wanted = cases.central_difference(entry, weights["b1"])
    close(found["w2"]["b1"][1, 0], wanted, 1e-8)  # the error of a central difference


# Arguments and results


def test_argnums(backend):
    def f(x, y, z):
        return x * y**2 * z

    assert number(dn.grad(f)(2.0, 3.0, 5.0)) == 45.0
    assert number(dn.grad(f, argnums=-1)(2.0, 3.0, 5.0)) == 18.0
    found = dn.grad(f, argnums=(2, 0))(2.0, 3.0, 5.0)
    assert isinstance(found, tuple)
    assert [number(g) for g in found] == [18.0, 45.0]


def test_keywords_and_constants_pass_by(backend):
    def f(x, power, *, scale, note):
        assert note == "kept"
        return ops.sum(scale * x**power)

    found = dn.grad(f)(tensor([1.0, 2.0]), 3, scale=np.array([1.0, 10.0]), note="kept")
    close(found, [3.0, 120.0], EXACT)


def test_aux_passes_by(backend):
    def f(x):
        return ops.sum(x * x), {"twice": 2.0 * x, "note": "kept", "none": None}

    gradient, aux = dn.grad(f, has_aux=True)(tensor([1.0, 2.0]))
    close(gradient, [2.0, 4.0], EXACT)
    close(aux["twice"], [2.0, 4.0], EXACT)
    assert (aux["note"], aux["none"]) == ("kept", None)
    (value, aux), _ = dn.value_and_grad(f, has_aux=True)(tensor([1.0, 2.0]))
    assert number(value) == 5.0
    assert aux["note"] == "kept"


def test_an_argument_without_influence_has_zeros(backend):
    """Functions are total: zeros, where a tape gives None."""
    found = dn.grad(lambda x, y: ops.sum(y), argnums=(0, 1))(tensor([1.0, 2.0]), tensor([3.0]))
    close(found[0], [0.0, 0.0], 0.0)
    close(found[1], [1.0], 0.0)
    close(dn.grad(lambda x: 3.0)(tensor([1.0, 2.0])), [0.0, 0.0], 0.0)
    close(dn.jvp(lambda x, y: y, (1.0, 2.0), (1.0, 0.0))[1], 0.0, 0.0)


def test_trees(backend):
    def f(p):
        return ops.sum(p["a"] * p["b"][0]) + p["b"][1] ** 2

    found = dn.grad(f)({"a": np.array([1.0, 2.0]), "b": (np.array([3.0, 4.0]), 5.0)})
    close(found["a"], [3.0, 4.0], EXACT)
    assert isinstance(found["b"], tuple)
    close(found["b"][0], [1.0, 2.0], EXACT)
    close(found["b"][1], 10.0, EXACT)


def test_numbers_take_the_dtype_of_the_tensors_beside_them(backend):
    with dn.using(dtype="float32"):
        alone = dn.grad(lambda x: x * x)(3.0)
        beside = dn.grad(lambda x, y: ops.sum(x * y))(3.0, np.ones(2))
    assert ops.isdtype(alone.dtype, "real floating")
    assert dn.to_numpy(alone).dtype == np.float32
    assert dn.to_numpy(beside).dtype == np.float64


def test_the_backend_is_that_of_the_arguments(both):
    tensors = {"torch": torch.ones(2), "tensorflow": tf.ones(2)}
    for backend in both:
        other = both[1 - both.index(backend)]
        with dn.using(other):
            found = dn.grad(lambda x, y: ops.sum(x * y))(np.ones(2, np.float32), tensors[backend])
        assert dn.backend_of(found) == backend


def test_a_tensor_used_as_constant_too_is_a_constant(backend):
    x = tensor(3.0)
    close(dn.grad(lambda y: x * y)(x), 3.0, EXACT)
    close(dn.jvp(lambda y: x * y, (x,), (1.0,))[1], 3.0, EXACT)


def test_arguments_are_left_as_they_were(backend):
    array = np.array([1.0, 2.0])
    x, w = tensor(array), dn.Variable(array)
    dn.hessian(lambda x, w: ops.sum(x**2 * w**2), argnums=(0, 1))(x, w)
    for kept in (x, w):
        close(kept, array, 0.0)
    if backend == "torch":
        assert (x.requires_grad, x.grad, w.requires_grad, w.grad) == (False, None, True, None)


def test_a_tape_around_sees_through(backend):
    w = dn.Variable(2.0)
    with dn.GradientTape() as tape:
        slope = dn.grad(lambda x: x**3 * w)(1.0)
    assert number(slope) == 6.0
    assert number(tape.gradient(slope, w)) == 3.0


# Products, Jacobians


def test_pullback(backend):
    x = tensor([1.0, 2.0])
    value, pullback = dn.vjp(lambda x, y: {"p": x * y, "s": ops.sum(x)}, x, 3.0)
    close(value["p"], [3.0, 6.0], EXACT)
    for factor in (1.0, 2.0):  # it may be called again
        found = pullback({"p": np.array([1.0, 10.0]) * factor, "s": 100.0 * factor})
        close(found[0], np.array([103.0, 130.0]) * factor, EXACT)
        close(found[1], 21.0 * factor, EXACT)


def test_jacobian_of_trees(backend):
    def f(x, y):
        return {"a": x[:2] * y, "b": ops.sum(x)}

    found = dn.jacobian(f, argnums=(0, 1))(tensor([1.0, 2.0, 3.0]), 5.0)
    close(found["a"][0], [[5.0, 0.0, 0.0], [0.0, 5.0, 0.0]], EXACT)
    close(found["a"][1], [1.0, 2.0], EXACT)
    close(found["b"][0], [1.0, 1.0, 1.0], EXACT)
    close(found["b"][1], 0.0, EXACT)


def test_jacobian_of_a_matrix_function(backend):
    x = np.arange(4.0).reshape(2, 2)
    found = dn.to_numpy(dn.jacobian(lambda x: ops.matmul(x, x))(x))
    eye = np.eye(2)
    wanted = np.einsum("ik,lj->ijkl", eye, x) + np.einsum("ik,jl->ijkl", x, eye)
    np.testing.assert_allclose(found, wanted, atol=EXACT)


def test_jacobian_of_a_mapped_function_and_map_of_a_jacobian(backend):
    def f(x):
        return ops.sum(x**3)

    whole = dn.to_numpy(dn.jacobian(dn.vmap(f))(ROWS))
    per_row = dn.to_numpy(dn.vmap(dn.jacobian(f))(ROWS))
    np.testing.assert_allclose(per_row, 3 * ROWS**2, atol=EXACT)
    np.testing.assert_allclose(whole[0, 0], per_row[0], atol=EXACT)
    np.testing.assert_allclose(whole[0, 1], 0.0, atol=EXACT)


# vmap


def test_gradients_per_sample(backend):
    weights = weights_of_network()
    per_sample = dn.vmap(dn.grad(network), in_axes=(None, 0))(weights, ROWS[:, None, :])
    for name, batch in per_sample.items():
        for row, gradient in enumerate(dn.to_numpy(batch)):
            alone = dn.grad(network)(weights, tensor(ROWS[row : row + 1]))[name]
            close(alone, gradient, EXACT)


@pytest.mark.parametrize(
    ("in_axes", "out_axes", "wanted"),
    [
        ((0, 0), 0, "ij,ij->ij"),
        ((0, 0), 1, "ij,ij->ji"),
        ((0, None), 0, "ij,kj->ikj"),
        ((-1, None), -1, "ij,ki->kij"),
    ],
)
def test_axes(backend, in_axes, out_axes, wanted):
    found = dn.vmap(lambda x, y: x * y, in_axes=in_axes, out_axes=out_axes)
    other = ROWS if in_axes[0] == 0 else ROWS[:, :2]
    close(found(ROWS, other), np.einsum(wanted, ROWS, other), EXACT)


def test_axes_as_trees(backend):
    f = dn.vmap(
        lambda p, c: {"sum": p["a"] + p["b"] * c, "same": c},
        in_axes=({"a": 0, "b": 1}, None),
        out_axes={"sum": 1, "same": 0},
    )
    found = f({"a": ROWS, "b": ROWS.T}, 2.0)
    close(found["sum"], 3 * ROWS.T, EXACT)
    close(found["same"], [2.0, 2.0], EXACT)


def test_nested_maps(backend):
    x, y = ROWS[0], ROWS[1]
    table = dn.vmap(dn.vmap(lambda a, b: a * b, in_axes=(None, 0)), in_axes=(0, None))
    close(table(x, y), np.outer(x, y), EXACT)


def test_map_of_forward_mode(backend):
    found = dn.vmap(lambda x, v: dn.jvp(ops.sin, (x,), (v,))[1])(ROWS[0], ROWS[1])
    close(found, np.cos(ROWS[0]) * ROWS[1], EXACT)


def test_forward_over_forward_and_reverse_over_forward(backend):
    def slope(x):
        return dn.jvp(ops.sin, (x,), (1.0,))[1]

    close(dn.jvp(slope, (0.7,), (1.0,))[1], -np.sin(0.7), EXACT)
    close(dn.grad(slope)(0.7), -np.sin(0.7), EXACT)


# custom_gradient, stop_gradient


def test_custom_gradient_of_several_arguments(backend):
    @dn.custom_gradient
    def f(x, y):
        e = x * x

        def backward(upstream):
            return upstream * e * 10.0, upstream * y

        return e * y, backward

    assert number(f(tensor(2.0), tensor(3.0))) == 12.0
    assert [number(g) for g in dn.grad(f, argnums=(0, 1))(2.0, 3.0)] == [40.0, 3.0]
    assert number(dn.grad(dn.grad(f))(2.0, 3.0)) == 40.0, "through what backward uses of forward"
    close(dn.vmap(dn.grad(f), in_axes=(0, None))(ROWS[0], 3.0), 10 * ROWS[0] ** 2, EXACT)
    close(
        dn.jacobian(dn.grad(lambda x: ops.sum(f(x, x))))(ROWS[0]), np.diag(20 * ROWS[0] + 1), EXACT
    )


def test_custom_gradient_of_trees(backend):
    @dn.custom_gradient
    def f(pair, scale):
        def backward(of_sum, of_product):
            return {"a": of_sum, "b": of_product * 7.0}, None

        return (pair["a"] + pair["b"], pair["a"] * pair["b"] * scale), backward

    def total(pair):
        added, product = f(pair, 2)
        return added + 10.0 * product

    found = dn.grad(total)({"a": 2.0, "b": 3.0})
    assert (number(found["a"]), number(found["b"])) == (1.0, 70.0)


def test_custom_gradient_under_a_tape(backend):
    @dn.custom_gradient
    def straight_through(x):
        return ops.round(x), lambda upstream: upstream

    w = dn.Variable([0.2, 1.7])
    with dn.GradientTape() as outer:
        with dn.GradientTape() as tape:
            y = ops.sum(straight_through(w) ** 2)
        gradient = tape.gradient(y, w)
        total = ops.sum(gradient)
    close(gradient, [0.0, 4.0], EXACT)
    close(outer.gradient(total, w), [2.0, 2.0], EXACT)


def test_custom_gradient_hides_the_variables_inside(backend):
    w = dn.Variable(3.0)

    @dn.custom_gradient
    def f(x):
        return x * w, lambda upstream: upstream * 5.0

    x = tensor(2.0)
    with dn.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    found = tape.gradient(y, (x, w))
    assert number(found[0]) == 5.0
    assert found[1] is None


def test_stop_gradient(backend):
    close(dn.grad(lambda x: x * dn.stop_gradient(x))(3.0), 3.0, EXACT)
    close(dn.grad(dn.grad(lambda x: x**2 * dn.stop_gradient(x)))(3.0), 6.0, EXACT)
    with pytest.raises(TapeError, match="argument is float, not a tensor"):
        dn.stop_gradient(3.0)


# Errors


@pytest.mark.parametrize("transform", [dn.grad, dn.value_and_grad, dn.hessian])
def test_a_value_that_is_no_scalar(backend, transform):
    with pytest.raises(TapeError, match=r"shape \(2,\).*ops\.sum.*dn\.jacobian"):
        transform(lambda x: x * x)(tensor([1.0, 2.0]))
    with pytest.raises(TapeError, match=r"gave \(\*, \*\).*has_aux=True"):
        transform(lambda x: (ops.sum(x), x))(tensor([1.0, 2.0]))


@pytest.mark.parametrize("argnums", [2, -3, (0, 2), (0, 0), (), "x", 1.0, True])
@pytest.mark.parametrize("transform", [dn.grad, dn.jacobian])
def test_wrong_argnums(backend, transform, argnums):
    with pytest.raises(ConfigError, match="argnums="):
        transform(lambda x, y: x * y, argnums=argnums)(1.0, 2.0)


def test_aux_that_is_missing(backend):
    with pytest.raises(ConfigError, match=r"must give \(value, aux\)"):
        dn.grad(lambda x: x, has_aux=True)(1.0)


def test_integers(backend):
    with pytest.raises(DtypeError, match=r"the integer 3; write 3\.0"):
        dn.grad(lambda x: x)(3)
    with pytest.raises(DtypeError, match="a differentiated argument is int64"):
        dn.grad(lambda x: ops.sum(x))(np.array([1, 2]))
    with pytest.raises(DtypeError, match="a result of the function is int64"):
        dn.grad(lambda x: ops.sum(ops.astype(x, "int64")))(tensor([1.0]))


def test_arguments_that_are_no_tensors(backend):
    with pytest.raises(TapeError, match="a differentiated argument is str"):
        dn.grad(lambda x: 1.0)("three")
    with pytest.raises(TapeError, match="a result of the function is NoneType"):
        dn.grad(lambda x: None)(1.0)


def test_foreign_arguments(both):
    with pytest.raises(ForeignTensorError, match=r"dn\.transfer"):
        dn.grad(lambda x, y: x)(torch.ones(()), tf.ones(()))
    with pytest.raises(ForeignTensorError, match=r"dn\.transfer"):
        dn.grad(lambda x: tf.ones(()))(torch.ones(()))


def test_tangents_and_upstream_gradients_of_another_shape(backend):
    with pytest.raises(ShapeError, match=r"a tangent has shape \(3,\), but its primal"):
        dn.jvp(ops.sin, (ROWS[0, :2],), (ROWS[0],))
    with pytest.raises(ConfigError, match=r"primals must be a tuple.*write \(primal,\)"):
        dn.jvp(ops.sin, 1.0, (1.0,))
    _, pullback = dn.vjp(ops.sin, ROWS[0])
    with pytest.raises(ShapeError, match=r"an? upstream gradient has shape \(2,\)"):
        pullback(ROWS[0, :2])
    with pytest.raises(ConfigError, match="no primals"):
        dn.vjp(ops.sin)


def test_maps_that_do_not_fit(backend):
    f = dn.vmap(lambda x, y: x)
    with pytest.raises(ShapeError, match="sizes 2, 3; they must be equal"):
        f(ROWS, ROWS.T)
    with pytest.raises(ShapeError, match=r"axis 0 of an argument of shape \(\).*None in in_axes"):
        f(ROWS, 1.0)
    with pytest.raises(ConfigError, match="in_axes has 1 entries for 2 arguments"):
        dn.vmap(lambda x, y: x, in_axes=(0,))(ROWS, ROWS)
    with pytest.raises(ConfigError, match="maps over no argument"):
        dn.vmap(lambda x: x, in_axes=None)(ROWS)
    with pytest.raises(ConfigError, match=r"in_axes=\{'a': 0\} does not fit"):
        dn.vmap(lambda x: x, in_axes=({"a": 0},))(ROWS)
    with pytest.raises(ConfigError, match="out_axes=None"):
        dn.vmap(lambda x: x, out_axes=None)(ROWS)


def test_errors_keep_their_type_under_a_map(backend):
    def f(x):
        raise ConfigError("from inside")

    with pytest.raises(ConfigError, match="from inside"):
        dn.vmap(f)(ROWS)


def test_custom_gradients_that_do_not_fit(backend):
    x = tensor([1.0, 2.0])
    with pytest.raises(ConfigError, match=r"must give \(value, backward\)"):
        dn.custom_gradient(lambda x: x)(x)
    one_for_two = dn.custom_gradient(lambda x, y: (x * y, lambda upstream: upstream))
    with pytest.raises(TapeError, match="function of 2 arguments"):
        dn.grad(one_for_two, argnums=(0, 1))(1.0, 2.0)
    short = dn.custom_gradient(lambda x: (ops.sum(x), lambda upstream: upstream))
    with pytest.raises(ShapeError, match=r"given by backward has shape \(\)"):
        dn.grad(short)(x)


# Models


def test_input_gradients_of_a_model_in_training(backend):
    """Dropout counts its calls and batch norm its statistics under every transformation."""
    layers = [dn.nn.Dense(4), dn.nn.Dropout(0.3), dn.nn.BatchNorm(), dn.nn.Dense(1)]
    model = dn.Model(dn.nn.Sequential(*layers), input_shape=(3,), dtype="float64", seed=0)
    before = model.state()

    def loss(x):
        return ops.sum(model(x, training=True) ** 2)

    x = tensor(ROWS)
    model.load_state(before)
    with dn.GradientTape() as tape:
        tape.watch(x)
        value = loss(x)
    wanted, after = dn.to_numpy(tape.gradient(value, x)), model.state()
    assert after["dropout.calls"] == before["dropout.calls"] + 1
    model.load_state(before)
    close(dn.grad(loss)(x), wanted, EXACT)
    for path, value in model.state().items():
        np.testing.assert_array_equal(value, after[path])
    model.load_state(before)
    directional = dn.jvp(loss, (x,), (x,))[1]
    close(directional, np.sum(wanted * ROWS), EXACT)
    assert model.state()["dropout.calls"] == after["dropout.calls"]


class Last(dn.nn.Layer):
    """Keeps the first number it has seen."""

    def build(self, shape):
        self.add_weight("seen", (), "zeros", trainable=False)

    def forward(self, x):
        ops.assign(self.seen, ops.sum(x))
        return x


def test_state_that_would_differ_per_example():
    """TensorFlow keeps one of the values, and has no way to tell."""
    model = dn.Model(Last(), input_shape=(3,), dtype="float64", seed=0, backend="torch")
    with pytest.raises(dn.errors.StateError, match=r"under vmap.*evaluation mode"):
        dn.vmap(model)(torch.ones(2, 5, 3, dtype=torch.float64))
