"""Models written by hand in both frameworks agree; what one has that the other lacks is told."""

from __future__ import annotations

import functools

import pytest

from dualnet import optim
from dualnet.parity import ModelReport, compare_models
from tests.parity.foreign.pairs import PAIRS

OPTIMIZERS = {"a->b": optim.SGD(0.05, momentum=0.9), "b->a": optim.Adam(1e-2)}


@functools.cache
def report(name: str, transfer: str) -> ModelReport:
    """The pair after a transfer, three training steps included."""
    torch_model, keras_model, inputs = PAIRS[name]()
    options = {"transfer": transfer, "train_steps": 3, "optimizers": OPTIMIZERS[transfer]}
    found = compare_models(torch_model, keras_model, inputs, **options)
    again = compare_models(torch_model, keras_model, inputs)  # with what has been written
    assert again.ok, again
    return found


@pytest.mark.parametrize("transfer", OPTIMIZERS)
@pytest.mark.parametrize("name", PAIRS)
def test_equal_mathematics_agree(name: str, transfer: str) -> None:
    found = report(name, transfer)
    assert found.verdict == "agree", found
    assert found.first is found.cause is found.parting is None
    assert found.dtype == "float64"
    assert len(found.steps) == 3
    worst = max(d.relative for step in found.steps for d in step.distances.values())
    assert 0 < worst < 1e-11  # float64 rounding is 1e-16 to 1e-14, near dead biases more


@pytest.mark.parametrize("name", PAIRS)
def test_every_layer_with_weights_is_compared_in_every_phase(name: str) -> None:
    found = report(name, "a->b")
    torch_model, _, _ = PAIRS[name]()
    weighted = {path.rpartition(".")[0] for path, _ in torch_model.named_parameters()}
    held = {row.path_a for row in found.rows}
    for path in weighted:
        assert any(p == path or path.startswith(f"{p}.") or p.startswith(f"{path}.") for p in held)
    for row in found.rows:
        assert {"forward", "training", "gradient"} <= set(row.phases)
        assert ("state" in row.phases) == (row.kind == "BatchNorm")
        assert all(m.own is not None and m.own.relative < 1e-13 for m in row.phases.values())


def test_a_stack_is_compared_layer_by_layer() -> None:
    rows = report("lstm", "a->b").rows
    paths = [(row.path_a, row.kind) for row in rows]
    assert paths == [("lstm.0", "LSTM"), ("lstm.1", "LSTM"), ("head", "Dense")]


def test_flattening_in_another_order_is_seen_and_said() -> None:
    (note,) = report("mobilenet", "a->b").notes
    assert "'8' gets the features of an image in another order" in note


@pytest.mark.parametrize(
    ("name", "options", "phase", "kind", "detail"),
    [
        ("mobilenet", {"max_value": None}, "forward", "Activation", ""),
    ],
)
def test_a_mistake_is_found_where_it_is(
    name: str, options: dict[str, object], phase: str, kind: str, detail: str
) -> None:
    torch_model, keras_model, inputs = PAIRS[name](**options)
    found = compare_models(
        torch_model,
        keras_model,
        inputs,
        transfer="a->b",
        train_steps=1,
        optimizers=optim.SGD(0.1),
    )
    assert found.verdict == "diverged"
    assert (found.first.phase, found.first.kind) == (phase, kind), found
    assert detail in found.first.name
    assert found.parting.phase == phase
    assert found.first.distance.relative > 1e3 * found.first.gate


def test_one_layers_error_is_not_charged_to_the_next() -> None:
    torch_model, keras_model, inputs = PAIRS["resnet"](epsilon=1e-3)
    found = compare_models(torch_model, keras_model, inputs, transfer="a->b")
    convolutions = [row.phases["forward"] for row in found.rows if row.kind == "Conv2D"][1:]
    assert all(measure.own.relative < 1e-13 for measure in convolutions)  # they are innocent
    assert all(measure.inherited.relative > 1e-6 for measure in convolutions)  # and downstream


def test_without_training_steps_no_update_is_looked_at() -> None:
    torch_model, keras_model, inputs = PAIRS["lstm"](second_bias=True)
    found = compare_models(torch_model, keras_model, inputs, transfer="a->b")
    assert found.ok, found
    assert [set(step.distances) for step in found.steps] == [{"loss", "gradient", "state"}]
