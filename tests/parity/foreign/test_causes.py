"""Every cause of the catalogue, planted; and what must not be explained."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dualnet.parity.foreign.causes import CATALOGUE, explain, table
from tests.parity.foreign import cause_cases
from tests.parity.foreign.cause_cases import CASES

ROWS = [pytest.param(name, make, id=title) for title, name, make in CASES]


@pytest.mark.parametrize(("name", "make"), ROWS)
def test_cause_is_named_and_its_correction_was_tried(name, make):
    parting = make()
    cause = explain(parting)
    assert cause is not None
    assert cause.name == name
    assert cause.after <= parting.gate < cause.before


@pytest.mark.parametrize(("name", "make"), ROWS)
def test_cause_is_found_from_either_side(name, make):
    parting = mirrored(make())
    cause = explain(parting)
    assert cause is not None
    assert cause.after <= parting.gate


def mirrored(parting):
    update = parting.update
    if update is not None:
        update = replace(update, result_a=update.result_b, result_b=update.result_a)
    pairs = ("output", "gradients", "state", "before", "alone")
    values = {
        f"{word}_{side}": getattr(parting, f"{word}_{other}")
        for word in pairs
        for side, other in ("ab", "ba")
    }
    return replace(parting, a=parting.b, b=parting.a, update=update, **values)


@pytest.mark.parametrize(("name", "make"), ROWS)
def test_random_perturbation_is_no_cause(name, make):
    parting = make()
    if parting.phase == "weight":  # other weights are what they are
        assert explain(perturbed(parting)).name == "weights not transferred"
    else:
        assert explain(perturbed(parting)) is None


def perturbed(parting):
    """Side b as it is, but for a random part of 1e-6 in every number."""
    random = np.random.default_rng(3)

    def noisy(x):
        return x * (1.0 + 1e-6 * random.normal(size=np.shape(x)))

    found = replace(
        parting,
        gradients_b={n: noisy(g) for n, g in parting.gradients_a.items()},
        state_b={n: noisy(s) for n, s in parting.state_a.items()},
    )
    if parting.update is not None:
        update = replace(parting.update, result_b=noisy(parting.update.result_a))
        return replace(found, b=parting.a, update=update)
    if parting.output_a is not None:
        found = replace(found, output_b=noisy(parting.output_a))
    return found if parting.phase != "weight" else replace(found, b=_moved(parting.a, noisy))


def _moved(facts, noisy):
    return replace(facts, weights={n: noisy(w) for n, w in facts.weights.items()})


def test_equal_layers_have_no_cause():
    parting = cause_cases.batch_norm_epsilon()
    same = replace(parting.distance, relative=0.0)
    assert explain(replace(parting, output_b=parting.output_a, distance=same)) is None


def test_every_entry_has_a_case():
    named = {name for _, name, _ in CASES}
    assert {entry.name for entry in CATALOGUE} - named == set()


def test_text_says_what_each_side_does_and_what_to_change():
    cause = explain(cause_cases.batch_norm_epsilon())
    assert "epsilon=1e-05 in BatchNorm2d (a), epsilon=0.001 in BatchNorm2d (b)" in cause.text
    assert "instead of" in cause.text
    assert "epsilon=0.001 in BatchNorm2d (a)" in cause.correction


def test_page_shows_the_catalogue():
    page = Path(__file__).parents[3] / "docs" / "foreign_causes.md"
    assert table() in page.read_text(encoding="utf-8")
