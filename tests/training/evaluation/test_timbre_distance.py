"""The distance in timbre is what it says, whatever the level and the onset."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from instrument.arrays import Float32, Float64
from training.evaluation.timbre_distance import matched, timbre_distances_db

RATE = 48_000
Note = Callable[..., tuple[Float32, Float64]]


@pytest.mark.parametrize("gain_db", [-6.0, 10.0])
def test_the_distance_of_a_gain_is_the_gain(gain_db: float, violin_note: Note) -> None:
    audio, _ = violin_note(69, noise_db=-35.0, silence=0.0)
    louder = (audio * 10.0 ** (gain_db / 20.0)).astype(np.float32)
    distance = timbre_distances_db(louder, audio, RATE)
    assert len(distance) == 1 + len(audio) // 192
    assert distance[10:-10] == pytest.approx(abs(gain_db), rel=0.01)
    assert timbre_distances_db(audio, audio, RATE).max() == 0.0


def test_two_takes_of_noise_are_eight_decibels_apart() -> None:
    rng = np.random.default_rng(1)
    one, other = (0.1 * rng.normal(size=RATE // 2).astype(np.float32) for _ in range(2))
    assert timbre_distances_db(one, other, RATE)[10:-10].mean() == pytest.approx(7.9, abs=0.3)


@pytest.mark.parametrize("shift", [-12, 0, 25])
def test_a_note_is_brought_to_the_level_and_onset_of_another(shift: int, violin_note: Note) -> None:
    target, _ = violin_note(69)
    moved = np.roll(0.3 * target, shift * 192).astype(np.float32)
    sounding = slice(0, 250 * 192)
    got = matched(moved, target, RATE, 25, 200, shift)
    assert np.abs(got - target)[sounding].max() < 1e-5
