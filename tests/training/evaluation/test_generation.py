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
)


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
