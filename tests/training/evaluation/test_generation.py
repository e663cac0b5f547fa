"""Generated notes beside recorded ones."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from instrument.listening.descriptors import LABELS
from instrument.model.graphs import Instrument
from training.data.features import FeatureCache
from training.evaluation.generation import (
    SHORTEST_FRAMES,
    comparable_recordings,
    compare,
    gestures,
    recorded_table,
    two_sample_accuracy,
)


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


def test_only_notes_with_half_a_second_of_sustain_are_compared(
    synthetic_cache: FeatureCache,
) -> None:
    everything = range(len(synthetic_cache.name))
    length = synthetic_cache.release - synthetic_cache.onset
    found = comparable_recordings(synthetic_cache, everything)
    assert found == [r for r in everything if length[r] >= SHORTEST_FRAMES]


def test_the_vibrato_of_recordings_is_measured(synthetic_cache: FeatureCache) -> None:
    molto_vibrato = [1, 4, 7]
    metrics = gestures("recorded", recorded_table(synthetic_cache, molto_vibrato))
    assert metrics["recorded_vibrato_share"] == 1.0
    assert metrics["recorded_vibrato_hz"] == pytest.approx(5.1, abs=0.3)


@pytest.mark.slow
def test_recordings_are_played_with_every_seed_and_compared(
    synthetic_cache: FeatureCache, tiny: Instrument
) -> None:
    steps: list[int] = []
    short = dataclasses.replace(synthetic_cache, release=synthetic_cache.onset + 150)
    found = compare(short, tiny, [1, 4, 7], 2, lambda: steps.append(1))
    assert len(steps) == 6
    assert found.recorded.shape == (3, len(LABELS))
    assert set(found.generated_recording) <= {1, 4, 7}
    assert not np.array_equal(found.generated[:3], found.generated[3:6])
    assert found.metrics().keys() >= {
        "told_apart_linear",
        "real_apart_boosted",
        "distance_attack_ms",
        "generated_vibrato_share",
    }
