"""Two samples are told apart where they differ, and by chance where they don't."""

from __future__ import annotations

import numpy as np
import pytest

from training.evaluation.two_sample import mean_discrepancy, two_sample_accuracy


def test_samples_of_one_distribution_are_not_told_apart() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.standard_normal((2, 150, 5))
    found = two_sample_accuracy(one, other, range(150), range(150, 300))
    assert found == pytest.approx({"linear": 0.5, "boosted": 0.5}, abs=0.1)


@pytest.mark.slow
def test_a_difference_of_mean_is_found_by_both_and_one_of_shape_by_trees() -> None:
    rng = np.random.default_rng(1)
    one, other = rng.standard_normal((2, 120, 3))
    moved = two_sample_accuracy(one, other + np.array([2.0, 0.0, 0.0]), range(120), range(120, 240))
    assert min(moved.values()) > 0.75
    wider = two_sample_accuracy(one, other * np.array([6.0, 1.0, 1.0]), range(120), range(120, 240))
    assert wider["boosted"] > 0.75
    assert wider["linear"] < 0.65


@pytest.mark.slow
def test_many_draws_of_a_few_recordings_weigh_no_more_than_these() -> None:
    rng = np.random.default_rng(2)
    one, other = rng.standard_normal((60, 4)), rng.standard_normal((240, 4))
    found = two_sample_accuracy(one, other, range(60), list(range(60)) * 4)
    assert found == pytest.approx({"linear": 0.5, "boosted": 0.5}, abs=0.12)


def test_two_notes_cannot_be_cross_validated() -> None:
    assert two_sample_accuracy(np.zeros((1, 2)), np.ones((1, 2)), [0], [1]) == {}


def test_the_discrepancy_of_one_distribution_is_nothing() -> None:
    rng = np.random.default_rng(3)
    one, other = rng.standard_normal((2, 400, 4))
    groups = np.repeat(np.arange(20), 20).tolist()
    found = mean_discrepancy(one, other, groups, [20 + group for group in groups])
    assert abs(found.squared) < 0.01
    assert found.p > 0.05


@pytest.mark.parametrize("paired", [True, False], ids=["the same pieces", "other pieces"])
def test_a_discrepancy_is_found(paired: bool) -> None:
    rng = np.random.default_rng(4)
    one, other = rng.standard_normal((2, 400, 4))
    groups = np.repeat(np.arange(20), 20).tolist()
    others = groups if paired else [20 + group for group in groups]
    found = mean_discrepancy(one, other + np.array([1.0, 0.0, 0.0, 0.0]), groups, others)
    assert found.squared > 0.02
    assert found.p < 0.01


def test_what_pieces_have_of_their_own_is_no_difference_of_the_sides() -> None:
    """Rows that depend on their piece are not so many free ones."""
    rng = np.random.default_rng(5)
    groups = np.repeat(np.arange(6), 60).tolist()
    own = rng.standard_normal((2, 6, 1, 3)).repeat(60, axis=2).reshape(2, 360, 3)
    one, other = own + 0.2 * rng.standard_normal((2, 360, 3))
    found = mean_discrepancy(one, other, groups, [6 + group for group in groups])
    assert found.p > 0.05
