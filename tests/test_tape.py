"""The gradient tape: values against hand-derived ones, nesting, and every error."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading

import gradient_cases as cases
import numpy as np
import pytest
import tensorflow as tf
import torch
from gradient_cases import EXACT, close, number, tensor

import dualnet as dn
from dualnet import ops
from dualnet.errors import (
    DtypeError,
    ForeignTensorError,
    NotWatchedError,
    ShapeError,
    TapeError,
    UsedTapeError,
)


@pytest.fixture(autouse=True)
def current(request):
    """Makes the ``backend`` of a test, if it has one, the current one in float64."""
    if "backend" in request.fixturenames:
        with dn.using(request.getfixturevalue("backend"), dtype="float64"):
            yield
    else:
        yield


def derivative(function, x):
    with dn.GradientTape() as tape:
        tape.watch(x)
        y = ops.sum(function(x))
    return tape.gradient(y, x)


@pytest.mark.parametrize("name", cases.ELEMENTWISE)
def test_first_and_second_derivatives_are_the_known_ones(backend, name):
    case = cases.ELEMENTWISE[name]
    x = tensor(case.points)
    with dn.GradientTape() as outer:
        outer.watch(x)
        first = derivative(case.function, x)
        total = ops.sum(first)
    close(first, case.first(case.points), EXACT)
    close(outer.gradient(total, x), case.second(case.points), EXACT)


@pytest.mark.parametrize("name", cases.SCALAR)
def test_gradients_and_hessians_are_the_known_ones(backend, name):
    case = cases.SCALAR[name]
    x = tensor(case.point)
    with dn.GradientTape() as outer:
        outer.watch(x)
        gradient = derivative(case.function, x)
    close(gradient, case.gradient(case.point), EXACT)
    close(outer.jacobian(gradient, x), case.hessian(case.point), EXACT)


@pytest.mark.parametrize("name", cases.SCALAR)
def test_both_backends_agree(both, name):
    case = cases.SCALAR[name]
    found = []
    for backend in both:
        with dn.using(backend, dtype="float64"):
            found.append(dn.to_numpy(derivative(case.function, tensor(case.point))))
    np.testing.assert_allclose(*found, rtol=EXACT, atol=EXACT)


def test_third_derivative_of_sine(backend):
    x = dn.Variable(0.7)
    with dn.GradientTape() as third, dn.GradientTape() as second:
        with dn.GradientTape() as first:
            y = ops.sin(x)
        dy = first.gradient(y, x)
        d2y = second.gradient(dy, x)
    close(dy, np.cos(0.7), EXACT)
    close(d2y, -np.sin(0.7), EXACT)
    close(third.gradient(d2y, x), -np.cos(0.7), EXACT)


def test_weights_of_a_network_against_differences(backend):
    net = dn.nn.Sequential(dn.nn.Dense(5, activation="tanh"), dn.nn.Dense(1))
    model = dn.Model(net, input_shape=(3,), backend=backend, dtype="float64", seed=1)
    x = np.linspace(-1, 1, 12).reshape(4, 3)
    variables = model.named_trainable_variables()
    with dn.GradientTape() as tape:
        loss = ops.mean(model(x) ** 2)
    gradients = tape.gradient(loss, variables)
    state = model.state()

    for path in variables:

        def loss_at(value, path=path):
            model.load_state({**state, path: value})
            return number(ops.mean(model(x) ** 2))

        wanted = cases.central_difference(loss_at, state[path])
        close(gradients[path], wanted, 1e-8)  # the error of a central difference


def test_result_has_the_structure_of_the_sources(backend):
    a, b, c = dn.Variable(2.0), dn.Variable(3.0), dn.Variable(4.0)
    with dn.GradientTape() as tape:
        y = a * b
    found = tape.gradient(y, {"pair": (a, b), "rest": [c]})
    assert set(found) == {"pair", "rest"}
    assert isinstance(found["pair"], tuple)
    assert [number(g) for g in found["pair"]] == [3.0, 2.0]
    assert found["rest"] == [None], "not connected: None, not zeros (PARITY 1.8, both)"


def test_a_source_given_twice_and_a_target_that_is_a_source(backend):
    w = dn.Variable(3.0)
    with dn.GradientTape(persistent=True) as tape:
        y = w * w
    assert [number(g) for g in tape.gradient(y, [w, w])] == [6.0, 6.0]
    assert number(tape.gradient(w, w)) == 1.0


def test_targets_add_up_and_output_gradients_weigh_them(backend):
    x = tensor([1.0, 2.0])
    with dn.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y, z = x * x, ops.sum(x)
    seeds = (tensor([1.0, 10.0]), tensor(100.0))
    close(tape.gradient((y, z), x, output_gradients=seeds), [102.0, 140.0], EXACT)
    close(tape.gradient(y, x, output_gradients=seeds[0]), [2.0, 40.0], EXACT)


def test_a_result_of_the_block_can_be_a_source(backend):
    x = dn.Variable(2.0)
    with dn.GradientTape(persistent=True) as tape:
        y = x * x
        z = y * y
    assert number(tape.gradient(z, y)) == 8.0
    assert number(tape.gradient(z, x)) == 32.0


def test_persistent_tape_gives_many(backend):
    x = dn.Variable(2.0)
    with dn.GradientTape(persistent=True) as tape:
        y = x**3
        z = y * x
    assert [number(tape.gradient(t, x)) for t in (y, z, y)] == [12.0, 32.0, 12.0]


def test_persistent_tape_differentiates_its_own_gradient(backend):
    x = dn.Variable(2.0)
    with dn.GradientTape(persistent=True) as tape:
        y = x**3
        dy = tape.gradient(y, x)
    assert number(tape.gradient(dy, x)) == 12.0


def test_gradient_inside_the_block(backend):
    x = dn.Variable(2.0)
    with dn.GradientTape() as tape:
        y = x**3
        dy = tape.gradient(y, x)
        dy * 2.0
    assert number(dy) == 12.0


def test_overlapping_tapes_each_give_their_gradient(backend):
    x = dn.Variable(3.0)
    with dn.GradientTape() as one, dn.GradientTape() as two:
        y = x * x
    assert number(one.gradient(y, x)) == 6.0
    assert number(two.gradient(y, x)) == 6.0


def test_jacobian(backend):
    a, b = dn.Variable([1.0, 2.0, 3.0]), dn.Variable(5.0)
    with dn.GradientTape() as tape:
        y = a[:2] * a[1:] * b
    found = tape.jacobian(y, {"a": a, "b": b, "c": dn.Variable(0.0)})
    close(found["a"], [[10.0, 5.0, 0.0], [0.0, 15.0, 10.0]], EXACT)
    close(found["b"], [2.0, 6.0], EXACT)
    assert found["c"] is None


def test_stop_recording_stops_every_open_tape(backend):
    x = dn.Variable(2.0)
    with dn.GradientTape(persistent=True) as outer, dn.GradientTape(persistent=True) as inner:
        y = x * x
        with inner.stop_recording():
            hidden = x * x
        total = y + hidden
    for tape in (outer, inner):
        assert number(tape.gradient(total, x)) == 4.0
        assert tape.gradient(hidden, x) is None


def test_a_tape_opened_while_another_is_stopped_records(backend):
    x = dn.Variable(2.0)
    with dn.GradientTape() as outer:
        y = x * x
        with outer.stop_recording(), dn.GradientTape() as inner:
            z = x**3
            dz = inner.gradient(z, x)
        total = y * dz
    assert number(dz) == 12.0
    assert number(outer.gradient(total, x)) == 48.0


def test_gradient_while_stopped_ends_the_recording(backend):
    x = dn.Variable(2.0)
    with dn.GradientTape() as outer:
        with dn.GradientTape() as tape:
            y = x * x
            with tape.stop_recording():
                dy = tape.gradient(y, x)
        z = dy * x
    assert number(dy) == 4.0
    assert number(outer.gradient(z, x)) == 4.0, "dy was taken unrecorded: a constant"


def test_stop_gradient(backend):
    x = dn.Variable(3.0)
    with dn.GradientTape() as tape:
        y = x * dn.stop_gradient({"x": x})["x"]
    assert number(tape.gradient(y, x)) == 3.0


def test_records_inside_the_frameworks_own_no_grad_blocks(backend):
    x = dn.Variable(3.0)
    with torch.no_grad(), dn.GradientTape() as tape:
        y = x * x
    assert number(tape.gradient(y, x)) == 6.0
    assert torch.is_grad_enabled()


def test_an_error_in_the_block_closes_the_tape(backend):
    x = dn.Variable(3.0)
    tape = dn.GradientTape()
    with pytest.raises(ZeroDivisionError), tape:
        1 / 0  # noqa: B018 - the error is the point
    with dn.GradientTape() as other:
        y = x * x
    assert other._overlaps is False
    assert number(other.gradient(y, x)) == 6.0


def test_gradient_of_an_embedding_is_dense(backend):
    table = dn.Variable(np.arange(6.0).reshape(3, 2))
    with dn.GradientTape() as tape:
        y = ops.sum(ops.nn.embedding(tensor([2, 0, 2], "int64"), table) ** 2)
    gradient = tape.gradient(y, table)
    assert dn.backend_of(gradient) == backend
    assert not isinstance(gradient, tf.IndexedSlices)
    close(gradient, [[0.0, 2.0], [0.0, 0.0], [16.0, 20.0]], EXACT)


def test_torch_tensors_are_left_as_they_were():
    plain, own = torch.ones(2), torch.ones(2, requires_grad=True)
    with dn.GradientTape() as outer:
        outer.watch(plain, own)
        with dn.GradientTape() as inner:
            inner.watch(plain)
            y = ops.sum(plain * plain * own)
        dy = inner.gradient(y, plain)
        assert plain.requires_grad, "the outer tape still watches it"
        z = ops.sum(dy * plain)
    close(outer.gradient(z, plain), [4.0, 4.0], EXACT)
    assert not plain.requires_grad
    assert own.requires_grad
    assert own.grad is None


def test_a_forgotten_tape_leaves_torch_tensors_as_they_were():
    plain = torch.ones(2)
    with dn.GradientTape() as tape:
        tape.watch(plain)
    assert plain.requires_grad
    del tape
    gc.collect()
    assert not plain.requires_grad


def test_two_threads_on_two_backends(both):
    """Each thread nests tapes of its own; neither sees the other's."""
    meet, found = threading.Barrier(2, timeout=60), {}

    def work(backend):
        with dn.using(backend, dtype="float64"):
            x = dn.Variable(2.0)
            for turn in range(20):
                with dn.GradientTape() as outer:
                    meet.wait()
                    with dn.GradientTape() as inner:
                        y = x**4
                        meet.wait()
                    dy = inner.gradient(y, x)
                    meet.wait()
                found[backend, turn] = number(dy), number(outer.gradient(dy, x))

    threads = [threading.Thread(target=work, args=(backend,)) for backend in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 40
    assert set(found.values()) == {(32.0, 48.0)}


def test_a_tape_in_one_thread_is_not_seen_in_another(backend):
    x, seen = dn.Variable(2.0), []

    def work():
        with dn.GradientTape() as tape:
            y = x * x
        seen.append((tape._overlaps, number(tape.gradient(y, x))))

    with dn.GradientTape():
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert seen == [(False, 4.0)]


# Errors: type and text


def spent():
    x = dn.Variable(2.0)
    with dn.GradientTape() as tape:
        y = x * x
    tape.gradient(y, x)
    return tape, y, x


def test_second_gradient_of_a_spent_tape(backend):
    tape, y, x = spent()
    with pytest.raises(UsedTapeError, match=r"GradientTape\(persistent=True\)"):
        tape.gradient(y, x)
    with pytest.raises(UsedTapeError, match="has given its gradient"):
        tape.jacobian(y, x)


def test_a_tape_is_for_one_block(backend):
    tape, _, _ = spent()
    with pytest.raises(TapeError, match="one block; make a new GradientTape"), tape:
        pass


def test_a_tape_that_never_opened(backend):
    x = dn.Variable(2.0)
    with pytest.raises(TapeError, match="recorded nothing"):
        dn.GradientTape().gradient(x, x)


@pytest.mark.parametrize("make", [tensor, lambda v: dn.Variable(v, trainable=False)])
def test_unwatched_source(backend, make):
    w, x = dn.Variable(2.0), make(3.0)
    with dn.GradientTape() as tape:
        y = w * x
    with pytest.raises(NotWatchedError, match=r"source 1 of 2 .* tape\.watch"):
        tape.gradient(y, [w, x])


def test_watched_and_untrainable_variables_have_gradients(backend):
    x = dn.Variable(3.0, trainable=False)
    with dn.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    assert number(tape.gradient(y, x)) == 6.0


def test_watched_and_unused_is_none(backend):
    x, w = tensor(3.0), dn.Variable(1.0)
    with dn.GradientTape() as tape:
        tape.watch(x)
        y = w * w
    assert tape.gradient(y, x) is None


def test_watching_after_the_block(backend):
    with dn.GradientTape() as tape:
        pass
    with pytest.raises(TapeError, match="call it there"):
        tape.watch(tensor(1.0))


def test_no_tensor(backend):
    w = dn.Variable(2.0)
    with dn.GradientTape(persistent=True) as tape:
        y = w * w
        with pytest.raises(TapeError, match="a watched tensor is ndarray, not a tensor"):
            tape.watch(np.ones(2))
    for target, source in ((3.0, w), (y, None), (y, "w")):
        with pytest.raises(TapeError, match="not a tensor of a framework"):
            tape.gradient(target, source)


def test_target_that_is_no_scalar(backend):
    """PARITY 1.8: PyTorch raises, TensorFlow sums without a word; here both raise."""
    x = dn.Variable([1.0, 2.0])
    with dn.GradientTape() as tape:
        y = x * x
    with pytest.raises(TapeError, match=r"shape \(2,\).*ops\.sum.*output_gradients"):
        tape.gradient(y, x)
    close(tape.gradient(y, x, tensor([1.0, 1.0])), [2.0, 4.0], EXACT)  # the error spent nothing


def test_output_gradient_of_another_shape_or_number(backend):
    x = dn.Variable([1.0, 2.0])
    with dn.GradientTape() as tape:
        y = x * x
    with pytest.raises(ShapeError, match=r"shape \(3,\), but its target has shape \(2,\)"):
        tape.gradient(y, x, tensor([1.0, 1.0, 1.0]))
    with pytest.raises(ShapeError, match="2 output gradients for 1 targets"):
        tape.gradient(y, x, [tensor([1.0, 1.0])] * 2)


def test_integers_have_no_gradient(backend):
    """PARITY 1.8: PyTorch raises, TensorFlow gives None; here both raise."""
    w, n = dn.Variable(2.0), tensor([1, 2], "int64")
    with dn.GradientTape(persistent=True) as tape:
        with pytest.raises(DtypeError, match=r"a watched tensor is int64.*cast it"):
            tape.watch(n)
        y = w * w
    with pytest.raises(DtypeError, match="a source is int64"):
        tape.gradient(y, n)
    with pytest.raises(DtypeError, match="a target is bool"):
        tape.gradient(tensor(True, "bool"), w)


def test_foreign_tensors(both):
    a, b = torch.ones((), requires_grad=True), tf.Variable(1.0)
    with dn.GradientTape(persistent=True) as tape:
        y, z = a * a, b * b
        with pytest.raises(ForeignTensorError, match=r"torch and of tensorflow.*dn\.transfer"):
            tape.watch(torch.ones(1), tf.ones(1))
    for target, sources in ((y, b), (y, [a, b]), ([y, z], a)):
        with pytest.raises(ForeignTensorError, match="in one gradient"):
            tape.gradient(target, sources)
    assert number(tape.gradient(y, a)) == 2.0
    assert number(tape.gradient(z, b)) == 2.0


def test_a_backend_loaded_inside_the_block():
    """A tape cannot have recorded a framework that was not there."""
    code = """
import torch
import dualnet as dn
with dn.GradientTape() as tape:
    import tensorflow as tf
    w = tf.Variable(1.0)
    y = w * w
try:
    tape.gradient(y, w)
except dn.TapeError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "tensorflow was first used after this tape opened" in run.stdout
    assert "import tensorflow before the block" in run.stdout


def test_what_was_recorded_before_the_block_and_freed():
    w = torch.nn.Parameter(torch.ones(()))
    before = w.exp()
    torch.autograd.grad(before, w)
    with dn.GradientTape() as tape:
        y = before * w
    with pytest.raises(TapeError, match="recorded before the tape opened"):
        tape.gradient(y, w)


def test_watching_inside_a_functional_transformation_of_torch():
    def function(x):
        with dn.GradientTape() as tape:
            tape.watch(x)
        return x

    with pytest.raises(TapeError, match=r"inside dn\.grad, dn\.vmap"):
        dn.vmap(function)(torch.ones(3))
