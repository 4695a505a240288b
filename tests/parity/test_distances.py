"""Distances: against their definitions, and sane for every number there is."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dualnet.errors import ShapeError
from dualnet.parity.distances import ZERO, distance, distances, largest, norm, worst_index
from dualnet.report.values import Distance

KINDS = ["float16", "float32", "float64"]


def pairs(elements=None):
    """Two arrays of one shape and dtype, any numbers in them."""
    shapes = arrays.array_shapes(min_dims=0, max_dims=2, max_side=4)
    return st.tuples(st.sampled_from(KINDS), shapes).flatmap(
        lambda kind: st.tuples(
            *(arrays.arrays(kind[0], kind[1], elements=elements) for _ in range(2))
        )
    )


@given(pairs())
def test_no_number_breaks_a_distance(pair):
    a, b = pair
    found = distance(a, b)
    for value in (found.absolute, found.relative, found.ulps):
        assert value >= 0.0
    assert found == distance(b, a)
    assert distance(a, a) == ZERO


@given(pairs())
def test_zero_distance_is_equality(pair):
    a, b = pair
    same = bool(np.array_equal(a, b, equal_nan=True))
    assert (distance(a, b) == ZERO) == same
    assert (distance(a, b).ulps == 0) == same


@given(pairs(st.floats(-1e3, 1e3, width=16)))
def test_finite_distances_follow_their_definition(pair):
    a, b = (array.astype(np.float64) for array in pair)
    found = distance(a, b)
    size = max(np.linalg.norm(a), np.linalg.norm(b))
    assert found.absolute == np.abs(a - b).max()
    expected = np.linalg.norm(a - b) / size if size else 0.0
    assert found.relative == pytest.approx(expected, rel=1e-12)  # two orders of summing squares


@pytest.mark.parametrize("kind", KINDS)
@given(steps=st.integers(1, 1000), start=st.floats(-10, 10, width=16))
def test_ulps_count_the_numbers_between(kind, steps, start):
    a = np.array(start, kind)
    b = a
    for _ in range(min(steps, 50)):
        b = np.nextafter(b, np.array(np.inf, kind))
    assert distance(a, b).ulps == min(steps, 50)


@pytest.mark.parametrize(
    ("a", "b", "ulps"),
    [
        (0.0, -0.0, 0.0),
        (5e-324, -5e-324, 2.0),
        (1.0, np.nextafter(1.0, 2.0), 1.0),
        (-1.7976931348623157e308, 1.7976931348623157e308, 2.0 * 0x7FEFFFFFFFFFFFFF),
    ],
)
def test_ulps_across_zero_and_at_the_ends(a, b, ulps):
    assert distance(np.array(a), np.array(b)).ulps == ulps


def test_nan_and_infinity_in_the_same_place_are_no_difference():
    a = np.array([np.nan, np.inf, -np.inf, 1.0])
    assert distance(a, a.copy()) == ZERO
    assert distance(a, a + np.array([0, 0, 0, 0.5])).absolute == 0.5


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_nan_or_infinity_on_one_side_is_an_infinite_distance(wrong):
    found = distance(np.array([1.0, 2.0]), np.array([1.0, wrong]))
    assert found == Distance(math.inf, math.inf, math.inf)
    assert distance(np.array([np.inf]), np.array([-np.inf])).relative == math.inf


def test_numbers_whose_squares_over_or_underflow():
    huge, tiny = np.array([1e300, 1e300]), np.array([1e-300, 1e-300])
    assert distance(huge, 2 * huge).relative == pytest.approx(0.5, rel=1e-15)  # exact but for √2
    assert distance(tiny, 2 * tiny).relative == pytest.approx(0.5, rel=1e-15)  # same
    assert norm([huge]) == pytest.approx(math.sqrt(2) * 1e300, rel=1e-15)  # same


def test_the_floor_is_the_least_norm():
    a, b = np.array([1e-9]), np.array([3e-9])
    assert distance(a, b, floor=1.0).relative == pytest.approx(2e-9, rel=1e-12)  # one rounding
    assert distance(a, b).relative == pytest.approx(2 / 3, rel=1e-12)  # same


def test_integers_booleans_and_complex_numbers():
    big = np.array([2**62, -(2**62)])
    assert distance(big, big + 1).absolute == 1.0
    assert distance(np.array([-(2**63)]), np.array([2**63 - 1])).ulps == float(2**64 - 1)
    assert distance(np.array([True, False]), np.array([True, True])).absolute == 1.0
    assert distance(np.array([1 + 2j]), np.array([1 + 2.5j])).absolute == 0.5


def test_bfloat16_has_its_own_ulps_and_mixed_dtypes_the_coarser():
    a = np.float32([1.0])
    assert distance(a, a + np.float32(2.0**-7), dtype="bfloat16").ulps == 1.0
    assert distance(np.float32([1.0]), np.float64([1.0 + 2.0**-23])).ulps == 1.0


def test_shapes_and_paths_that_differ():
    with pytest.raises(ShapeError, match=r"\(2,\) and \(3,\)"):
        distance(np.zeros(2), np.zeros(3))
    found = distances({"w": np.zeros(2), "b": np.zeros(1)}, {"w": np.zeros(3)})
    assert [d.absolute for d in found.values()] == [math.inf, math.inf]


def test_the_largest_and_where():
    found = {"a": Distance(3, 0.1, 1), "b": Distance(1, 0.2, 5)}
    assert largest(found) == ("b", Distance(3, 0.2, 5))
    assert largest({}) == ("", ZERO)
    assert worst_index(np.zeros((2, 3)), np.eye(2, 3) * [[1], [-4]]) == (1, 1)
    assert worst_index(np.array(1.0), np.array(2.0)) == ()
    assert distance(np.zeros((0, 3)), np.zeros((0, 3))) == ZERO
